"""The built site, the sample book and a browser, each made once for all tests that ask for it."""

import os

import book
import pytest
from playwright.sync_api import sync_playwright


@pytest.fixture(scope="session")
def site():
    """The folder of the built site; a build with a warning fails every test that needs it."""
    result = book.build(book.ROOT)
    assert result.returncode == 0, f"the book does not build:\n{result.stdout[-4000:]}"
    return book.SITE


@pytest.fixture(scope="session")
def sample_site(tmp_path_factory):
    """The built sample book, which uses static_interact alone."""
    output = tmp_path_factory.mktemp("sample")
    result = book.build(book.ROOT / "tests/sample_book", output)
    assert result.returncode == 0, f"the sample book does not build:\n{result.stdout[-4000:]}"
    return output / "_build/html"


@pytest.fixture(scope="session")
def server(site):
    """The address of the site on this computer."""
    with book.Server(site) as running:
        yield running.url


@pytest.fixture(scope="session")
def sample_server(sample_site):
    """The address of the sample book on this computer."""
    with book.Server(sample_site) as running:
        yield running.url


@pytest.fixture(scope="session")
def browser():
    """Chromium, the one that the Makefile found."""
    path = os.environ.get("CHROMIUM")
    assert path, "Chromium is missing: run the tests with `make test`, or set CHROMIUM=/path/to/chromium"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def open_page(browser):
    """Open an address in a context of its own; consoles and requests are collected on the page."""
    contexts = []

    def opener(url, **options):
        context = browser.new_context(**({"viewport": book.DESKTOP} | options))
        contexts.append(context)
        page = context.new_page()
        page.problems, page.requested = [], []
        page.on("console", lambda m: page.problems.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        page.on("request", lambda request: page.requested.append(request.url))
        page.goto(url)
        page.wait_for_load_state("load")
        return page

    yield opener
    for context in contexts:
        context.close()
