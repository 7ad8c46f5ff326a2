"""The sample book, built and served, and a browser; these tests need nothing of the book around them."""

import functools
import http.server
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import sliders
from playwright.sync_api import sync_playwright

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
    command = [Path(sys.executable).with_name("jupyter-book"), "build", SAMPLE, "-W", "-n", "--keep-going"]
    done = subprocess.run([*command, "--path-output", output], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return output / "_build/html"


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *_):
        pass


@pytest.fixture(scope="session")
def sample_server(sample_site):
    """The address of the sample book on this computer."""
    handler = functools.partial(QuietHandler, directory=str(sample_site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def open_page(browser):
    """Opens addresses, each in a context of its own (see `sliders.pages`)."""
    with sliders.pages(browser) as opener:
        yield opener
