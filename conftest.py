"""What every test run shares: the numeric environment of the build, what nbval compares, and one browser."""

import os
from pathlib import Path

import matplotlib
import pytest
from measured_book.execution.runner import read_environment
from nbval.plugin import IPyNbCell
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parent
# every kernel that a test starts computes as the build does, or as the file that NUMERIC_ENVIRONMENT names says
os.environ.update(read_environment(ROOT / os.environ.get("NUMERIC_ENVIRONMENT", "assets/numeric.env")))

# the tests of these rooms go to whichever process is free; those of any other file share what they have built
SPREAD = {"browser", "notebooks"}
TOGETHER = {"test_live_code.py", "test_jupyterlab.py", "test_folding_in_browser.py", "test_bare_book.py"}

_compare_outputs = IPyNbCell.compare_outputs


def _compare_texts(self, test, ref, skip_compare=None):
    """Compare everything that is printed or returned, and no pictures: notebooks store none, the build makes them."""
    ignored = {"display_data"}
    if self.cell.source.rstrip().endswith(";"):
        # nbval's kernel keeps no history, in which IPython looks for the semicolon that hides a result
        ignored.add("execute_result")
    test, ref = ([out for out in outputs if out["output_type"] not in ignored] for outputs in (test, ref))
    return _compare_outputs(self, test, ref, skip_compare)


IPyNbCell.compare_outputs = _compare_texts


@pytest.hookimpl(tryfirst=True)  # pytest-xdist reads the groups in the same hook
def pytest_collection_modifyitems(items):
    """Mark what `make check` leaves out, and keep together what shares a small book."""
    for item in items:
        names = getattr(item, "fixturenames", ())
        for fixture, mark in (("site", "built"), ("browser", "browser"), ("classroom", "slow"), ("judged", "slow")):
            if fixture in names:
                item.add_marker(mark)
        if SPREAD.isdisjoint(item.path.parts) or item.path.name in TOGETHER:
            item.add_marker(pytest.mark.xdist_group(str(item.path)))


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
    """Chromium, the one that the Makefile found.

    It is here for the packages' tests, too, which bring a browser only where this file is not: a second Playwright in
    one process fails.
    """
    path = os.environ.get("CHROMIUM")
    assert path, "Chromium is missing: run the tests with `make test`, or set CHROMIUM=/path/to/chromium"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"], env=environment)
        yield running
        running.close()
