"""Run by IPython when a kernel of the build starts (`PYTHONSTARTUP`): freeze sliders, then run files."""


def _start() -> None:
    import os
    import runpy
    import sys
    import traceback

    try:
        from static_interact import settings
        from static_interact.widgets import install

        install()
        for path in settings.read()["startup"]:
            runpy.run_path(path)
    except Exception:
        # IPython would log this and go on, and the page would show figures in the wrong style or dead sliders
        traceback.print_exc()
        print("static_interact: a start-up file failed (see above), so this kernel ends.", file=sys.stderr, flush=True)
        os._exit(3)


_start()
del _start
