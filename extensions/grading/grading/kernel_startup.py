"""Run by IPython when a kernel in the sandbox starts: a cell that uses up the memory costs no other cell its points."""


def _prepare():
    import resource

    def after_memory_error(shell, kind, error, traceback, tb_offset=None):
        # what the cell hoarded is still there; without a reserve not even the next cell could be read
        resource.setrlimit(resource.RLIMIT_DATA, (resource.getrlimit(resource.RLIMIT_DATA)[1],) * 2)
        shell.showtraceback((kind, error, None), tb_offset=0)

    get_ipython().set_custom_exc((MemoryError,), after_memory_error)  # noqa: F821 (IPython provides it)


_prepare()
del _prepare
