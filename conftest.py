"""Settings of every test run: the numeric environment of the build, and what nbval compares."""

import os
from pathlib import Path

import pytest
from measured_book.execution.runner import read_environment
from nbval.plugin import IPyNbCell

ROOT = Path(__file__).parent
# every kernel that a test starts computes as the build does, or as the file that NUMERIC_ENVIRONMENT names says
os.environ.update(read_environment(ROOT / os.environ.get("NUMERIC_ENVIRONMENT", "assets/numeric.env")))

# the tests of these rooms go to whichever process is free; those of any other file share what they have built
SPREAD = {"browser", "notebooks"}
TOGETHER = {"test_live_code.py", "test_jupyterlab.py", "test_exercises.py"}

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


def pytest_collection_modifyitems(items):
    """Mark what `make check` leaves out, and keep together what shares a classroom or a small book."""
    for item in items:
        names = getattr(item, "fixturenames", ())
        for fixture, mark in (("site", "built"), ("browser", "browser"), ("classroom", "slow")):
            if fixture in names:
                item.add_marker(mark)
        if SPREAD.isdisjoint(item.path.parts) or item.path.name in TOGETHER:
            item.add_marker(pytest.mark.xdist_group(str(item.path)))
