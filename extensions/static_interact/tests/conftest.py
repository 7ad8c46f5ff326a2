"""The sample book, built and served, and a browser; these tests need nothing of the book around them."""

import contextlib
import functools
import http.server
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import ipywidgets
import kinds
import matplotlib
import matplotlib.pyplot as plt
import nbformat
import pytest
import sliders
from IPython.core.formatters import DisplayFormatter
from IPython.core.interactiveshell import InteractiveShell
from ipywidgets.widgets import interaction
from ipywidgets.widgets.widget import Widget
from matplotlib_inline.backend_inline import configure_inline_support
from playwright.sync_api import sync_playwright
from static_interact.widgets import install

SAMPLE = Path(__file__).parent / "sample_book"


class OwnBrowser:
    """A plugin with the fixture `browser`."""

    @pytest.fixture(scope="session")
    @classmethod
    def browser(cls):
        """Chromium: the one that CHROMIUM names, else the system's, else Playwright's own."""
        path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
        with sync_playwright() as playwright:
            running = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
            yield running
            running.close()


def pytest_configure(config):
    """Bring a browser, unless these tests run beside others that have one: a process bears one Playwright."""
    if not any(hasattr(plugin, "browser") for plugin in config.pluginmanager.get_plugins()):
        config.pluginmanager.register(OwnBrowser())


@pytest.fixture(scope="session")
def sample_site(tmp_path_factory):
    """The folder of the sample book's pages, strictly built."""
    output = tmp_path_factory.mktemp("sample")
    source = shutil.copytree(SAMPLE, output / "source")
    nbformat.write(kinds.notebook(), source / "kinds.ipynb")
    command = [Path(sys.executable).with_name("jupyter-book"), "build", source, "-W", "-n", "--keep-going"]
    done = subprocess.run([*command, "--path-output", output], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return output / "_build/html"


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *_):
        pass


class StrictHandler(QuietHandler):
    """Serves files that may use nothing but this server's, and run no script of their own."""

    def end_headers(self):
        """Add the policy."""
        self.send_header("Content-Security-Policy", "default-src 'self'")
        super().end_headers()


@contextlib.contextmanager
def served(folder, handler):
    """The address at which the files of a folder are, for a ``with`` block."""
    handler = functools.partial(handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="session")
def sample_server(sample_site):
    """The address of the sample book on this computer."""
    with served(sample_site, QuietHandler) as address:
        yield address


@pytest.fixture(scope="session")
def strict_server(sample_site):
    """The same under a strict policy."""
    with served(sample_site, StrictHandler) as address:
        yield address


@pytest.fixture
def open_page(browser):
    """Opens addresses, each in a context of its own (see `sliders.pages`)."""
    with sliders.pages(browser) as opener:
        yield opener


@pytest.fixture(scope="module")
def shell():
    """An IPython shell in this process, set up as a build's kernel is."""
    instance = InteractiveShell.instance()
    slider_makers = ("interact", "interact_manual", "interactive_output")
    names = [(module, name) for module in (ipywidgets, ipywidgets.widgets, interaction) for name in slider_makers]
    names += [(Widget, name) for name in ("open", "observe", "_ipython_display_")]
    names += [(DisplayFormatter, "format")]
    names += [(ipywidgets, name) for name in ("jslink", "jsdlink", "link", "dlink")]
    names += [(ipywidgets.interactive, "__init__"), (ipywidgets.Output, "__enter__"), (ipywidgets.Output, "__exit__")]
    with pytest.MonkeyPatch.context() as patch, plt.rc_context():
        for owner, name in names:
            patch.setattr(owner, name, getattr(owner, name, None), raising=False)
        backend = matplotlib.get_backend()
        plt.switch_backend("module://matplotlib_inline.backend_inline")
        configure_inline_support.current_backend = "unset"  # it would not set up a second shell
        configure_inline_support(instance, "inline")
        install()
        yield instance
        plt.close("all")
        plt.switch_backend(backend)
    InteractiveShell.clear_instance()
