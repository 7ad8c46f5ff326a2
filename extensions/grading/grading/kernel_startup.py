"""Run by IPython when a kernel in the sandbox starts: a cell that uses up a limit costs no other cell its points."""


def _prepare():
    import builtins
    import os
    import resource
    import sys
    import types

    printable = 12 * 2**20  # characters a cell; `SandboxedExecute.output_limit` bounds what is kept of a notebook
    shell = get_ipython()  # noqa: F821 (IPython provides it)

    def after_memory_error(shell, kind, error, traceback, tb_offset=None):
        # what the cell hoarded is still there; without a reserve not even the next cell could be read
        resource.setrlimit(resource.RLIMIT_DATA, (resource.getrlimit(resource.RLIMIT_DATA)[1],) * 2)
        shell.showtraceback((kind, error, None), tb_offset=0)

    # IPython remembers what cells print, and messages wait to be fetched: a loop that prints without end would fill the
    # memory within seconds and could take the kernel along
    def bound(stream):
        write, printed = stream.write, 0

        def begin_cell(info=None):
            nonlocal printed
            printed = 0

        def bounded_write(text):
            nonlocal printed
            if printed > printable:
                raise RuntimeError(f"the cell printed more than {printable:,} characters: does it ever end?")
            printed += len(text)
            return write(text)

        stream.write = bounded_write
        shell.events.register("pre_run_cell", begin_cell)

    def pretend_colab():
        # students leave Colab's imports in their cells; here its functions do nothing
        try:
            import google  # other packages may lie in it
        except ImportError:
            google = types.ModuleType("google")
        google.__path__ = getattr(google, "__path__", [])
        for name in ("google.colab", *(f"google.colab.{part}" for part in ("files", "drive", "output", "userdata"))):
            module = types.ModuleType(name)
            module.__path__ = []
            module.__getattr__ = lambda attribute: missing(attribute)
            sys.modules[name] = module
            if name != "google.colab":
                setattr(sys.modules["google.colab"], name.rpartition(".")[2], module)
        google.colab = sys.modules["google.colab"]
        sys.modules.setdefault("google", google)

    def missing(name):
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *arguments, **options: None

    def keep_messages():
        # beyond 1,000 that wait ZeroMQ drops messages, also the one that a cell has ended, which would be waited for
        shell.kernel.iopub_thread.socket.sndhwm = 50_000

    shell.set_custom_exc((MemoryError,), after_memory_error)
    shell.kernel.iopub_thread.schedule(keep_messages)
    # `exit()` would stop the kernel a tenth of a second later: the machine's speed would decide which cells still run
    shell.ask_exit = lambda: None
    bound(sys.stdout)
    bound(sys.stderr)
    pretend_colab()
    runner = {"__name__": "check_runner", "__builtins__": dict(vars(builtins))}
    path = os.path.join(os.path.dirname(os.environ["PYTHONSTARTUP"]), "check_runner.py")
    with open(path, encoding="utf-8") as file:
        exec(compile(file.read(), path, "exec"), runner)
    runner["serve"](shell)


_prepare()
del _prepare
