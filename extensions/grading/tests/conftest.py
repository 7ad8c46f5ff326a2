"""A browser for the tests that look at pages as students do."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright


class OwnBrowser:
    """A plugin with the fixture `browser`."""

    @pytest.fixture(scope="session")
    @classmethod
    def browser(cls) -> Iterator[Browser]:
        """Chromium: the one that CHROMIUM names, else the system's, else Playwright's own."""
        path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
        with sync_playwright() as playwright:
            running = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
            yield running
            running.close()


def pytest_configure(config: pytest.Config) -> None:
    """Bring a browser, unless these tests run beside others that have one: a process bears one Playwright."""
    if not any(hasattr(plugin, "browser") for plugin in config.pluginmanager.get_plugins()):
        config.pluginmanager.register(OwnBrowser())
