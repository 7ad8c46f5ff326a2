"""The built site, made once for all tests that ask for it, and pages of it in the browser."""

import os

import book
import pytest
import sliders
from filelock import FileLock


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory):
    """A folder that all processes of this test run share."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder


@pytest.fixture(scope="session")
def site(run_folder):
    """The folder of the built site; a build with a warning fails every test that needs it.

    One process of this test run builds it for all. With BOOK_BUILT in the environment it is there already: `make test`
    has just built it, as strictly.
    """
    if not os.environ.get("BOOK_BUILT"):
        log = run_folder / "site.log"
        with FileLock(run_folder / "site.lock"):
            if not log.exists():
                result = book.build(book.ROOT)
                log.write_text(f"{result.returncode}\n{result.stdout}", encoding="utf-8")
        code, text = log.read_text(encoding="utf-8").split("\n", 1)
        assert code == "0", f"the book does not build:\n{text[-4000:]}"
    return book.SITE


@pytest.fixture(scope="session")
def server(site):
    """The address of the site on this computer."""
    with book.Server(site) as running:
        yield running.url


@pytest.fixture
def open_page(browser):
    """Opens addresses, each in a context of its own (see `sliders.pages`)."""
    with sliders.pages(browser) as opener:
        yield opener
