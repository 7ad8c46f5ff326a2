"""The built site, the sample book and a browser, each made once for all tests that ask for it."""

import os
from pathlib import Path

import book
import matplotlib
import pytest
from filelock import FileLock
from playwright.sync_api import sync_playwright


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory):
    """A folder that all processes of this test run share."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder


def _built_once(run_folder, name, source, output=None):
    """Build the book in `source` unless another process of this test run did; the log is kept under `name`."""
    log = run_folder / f"{name}.log"
    with FileLock(run_folder / f"{name}.lock"):
        if not log.exists():
            result = book.build(source, output)
            log.write_text(f"{result.returncode}\n{result.stdout}", encoding="utf-8")
    code, text = log.read_text(encoding="utf-8").split("\n", 1)
    assert code == "0", f"the book in {source} does not build:\n{text[-4000:]}"


@pytest.fixture(scope="session")
def site(run_folder):
    """The folder of the built site; a build with a warning fails every test that needs it.

    With BOOK_BUILT in the environment it is there already: `make test` has just built it, as strictly.
    """
    if not os.environ.get("BOOK_BUILT"):
        _built_once(run_folder, "site", book.ROOT)
    return book.SITE


@pytest.fixture(scope="session")
def sample_site(run_folder):
    """The built sample book, which uses static_interact alone."""
    output = run_folder / "sample"
    _built_once(run_folder, "sample", book.ROOT / "extensions/static_interact/tests/sample_book", output)
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


# What a page falls back on where the book's own fonts do not come: families that matplotlib brings, wider than most.
# Letters are fitted to pixels as everywhere: fontconfig, left alone, fits them so that lines change their length.
FALLBACKS = {
    "serif": "DejaVu Serif",
    "sans-serif": "DejaVu Sans",
    "system-ui": "DejaVu Sans",
    "monospace": "DejaVu Sans Mono",
}
FONTCONFIG = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig><dir>{folder}</dir><cachedir>{folder}/cache</cachedir>{aliases}
<match target="pattern"><edit name="hintstyle"><const>hintslight</const></edit></match></fontconfig>
"""
ALIAS = "<alias binding='same'><family>{}</family><prefer><family>{}</family></prefer></alias>"


@pytest.fixture(scope="session")
def environment(tmp_path_factory):
    """The environment for a browser: with the same fonts on every computer, whichever it has."""
    folder = tmp_path_factory.mktemp("fonts")
    for path in Path(matplotlib.get_data_path(), "fonts/ttf").glob("DejaVu*.ttf"):
        (folder / path.name).symlink_to(path)
    aliases = "".join(ALIAS.format(*pair) for pair in FALLBACKS.items())
    (folder / "fonts.conf").write_text(FONTCONFIG.format(folder=folder, aliases=aliases), encoding="utf-8")
    return os.environ | {"FONTCONFIG_FILE": str(folder / "fonts.conf")}


@pytest.fixture(scope="session")
def browser(environment):
    """Chromium, the one that the Makefile found."""
    path = os.environ.get("CHROMIUM")
    assert path, "Chromium is missing: run the tests with `make test`, or set CHROMIUM=/path/to/chromium"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"], env=environment)
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
