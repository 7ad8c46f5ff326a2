"""Run by IPython when a kernel in the sandbox starts: a cell that uses up a limit costs no other cell its points."""


def _prepare():
    import resource
    import sys

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

    shell.set_custom_exc((MemoryError,), after_memory_error)
    bound(sys.stdout)
    bound(sys.stderr)


_prepare()
del _prepare
