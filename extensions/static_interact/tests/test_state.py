"""What calls leave behind: each position starts from the same state, and in the end all is as after one live call."""

import logging
import os
import random
import signal
import sys
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from IPython.core.displaypub import CapturingDisplayPublisher
from static_interact import copies
from static_interact.errors import StaticInteractError
from static_interact.freeze import freeze

pytestmark = pytest.mark.usefixtures("shell")
in_both_ways = pytest.mark.parametrize("in_copies", [True, False], ids=["in copies", "in turn"])
left_behind = []


def frozen(function, in_copies=None, max_seconds=60, **arguments):
    return freeze(function, arguments, max_frames=120, max_seconds=max_seconds, in_copies=in_copies)


def texts(bundle):
    return ["".join(part["text"] for part in bundle["frames"][i]) for i in bundle["index"]]


@pytest.fixture(autouse=True)
def forget():
    """Nothing is left behind, and no copy runs on."""
    left_behind.clear()
    before = _children()
    yield
    assert _children() == before


def _children():
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()


def keep(n):
    left_behind.append(n)
    print(n, len(left_behind))


def test_each_position_knows_nothing_of_the_others_and_only_the_default_leaves_something():
    assert texts(frozen(keep, n=(1, 5))) == ["1 1", "2 1", "3 1", "4 1", "5 1"]
    assert left_behind == [3]


def test_without_copies_the_default_comes_last_and_the_author_is_told_of_what_stays(capsys):
    bundle = frozen(keep, in_copies=False, n=(1, 3))
    assert left_behind[-1] == 2
    assert bundle["default"] == 1 and texts(bundle)[1] == "2 1"
    assert "keep(n=2) shows something else when it is called again" in capsys.readouterr().err
    frozen(lambda n: print(n), in_copies=False, n=(1, 3))
    assert capsys.readouterr().err == ""


@in_both_ways
def test_the_generators_of_random_numbers_are_where_one_call_leaves_them(in_copies, capsys):
    torch = pytest.importorskip("torch")

    def draw(n):
        numbers = [(random.random(), np.random.rand(), torch.rand(1).item()) for _ in range(n)]
        print(numbers[0])

    def seed():
        random.seed(0)
        np.random.seed(0)
        torch.manual_seed(0)

    def following():
        return random.random(), np.random.rand(), torch.rand(1).item()

    seed()
    bundle = frozen(draw, in_copies, n=(1, 3))
    after = following()
    seed()
    draw(2)
    assert after == following()
    assert len(bundle["frames"]) == 1, "each position draws the same first numbers"
    assert "shows something else" not in capsys.readouterr().err


def test_copies_draw():
    def add(n):
        plt.plot([0, n])

    bundle = frozen(add, n=(1, 3))
    assert plt.get_fignums() == []
    assert len(bundle["frames"]) == 3


def test_a_copy_says_the_same_with_libraries_that_had_threads():
    torch = pytest.importorskip("torch")
    threads = torch.get_num_threads()
    matrix = torch.rand(600, 600)
    try:
        torch.set_num_threads(2)
        matrix @ matrix  # the threads are there now
        bundle = frozen(lambda n: print(round((n * matrix @ matrix).mean().item(), 2)), n=(1, 4))
    finally:
        torch.set_num_threads(threads)
    mean = float(texts(bundle)[0])
    assert [float(text) for text in texts(bundle)] == pytest.approx([mean, 2 * mean, 3 * mean, 4 * mean], abs=0.1)


def test_what_copies_write_to_standard_error_is_told_once(capsys):
    def warn(n):
        print("careful", file=sys.stderr)
        if n == 5:
            print("three", file=sys.stderr)
        print(n)

    frozen(warn, n=(1, 5))
    # once for all copies that say no more, once with what only one of them says, once for the default
    assert sorted(capsys.readouterr().err.split()) == ["careful", "careful", "careful", "three"]


def test_progress_bars_of_copies_are_not_told(capsys):
    def progress(n):
        sys.stderr.write(f"  0%\r 50% {n}\r100% {n}\n")
        print("50 %\r100 %")

    bundle = frozen(progress, n=(1, 3))
    assert texts(bundle) == ["100 %"] * 3
    assert capsys.readouterr().err == "  0%\r 50% 2\r100% 2\n", "the call that is made live"


def test_loggers_write_into_the_frame_or_to_the_author(capsys):
    logger = logging.getLogger("a library")
    handlers = [logging.StreamHandler(stream) for stream in (sys.stdout, sys.stderr)]
    for handler in handlers:
        logger.addHandler(handler)
    try:
        assert texts(frozen(lambda n: logger.error(n), n=(1, 3))) == ["1", "2", "3"]
    finally:
        for handler in handlers:
            logger.removeHandler(handler)
    told = capsys.readouterr()
    assert told.out == "" and sorted(told.err.split()) == ["1", "2", "3"]


def end(n):
    if n == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    if n == 4:
        os._exit(0)
    if n == 5:
        sys.exit("enough")
    print(n)


@pytest.mark.parametrize(
    ("last", "message"),
    [
        (3, r"end\(n=3\) brought no frame: its process was ended by SIGKILL"),
        (4, r"end\(n=4\) brought no frame: its process ended itself"),
        (5, r"end\(n=5\) brought no frame: SystemExit: enough"),
    ],
)
def test_a_copy_that_ends_is_named(last, message):
    with pytest.raises(StaticInteractError, match=message):
        frozen(end, n=[1, last])


def test_copies_that_take_too_long_are_ended():
    def wait(n):
        time.sleep(0 if n == 2 else 3600)

    with pytest.raises(StaticInteractError, match="for 0 of 4 positions, more than the budget of 0.01 s"):
        frozen(wait, max_seconds=0.01, n=(1, 4))


def test_results_come_in_the_order_of_the_functions():
    def after(seconds):
        time.sleep(seconds)
        return seconds

    waits = [0.2, 0, 0.1, 0]
    results = copies.run([lambda s=s: after(s) for s in waits], at_once=4, check=lambda number: None)
    assert list(results) == [(seconds, "") for seconds in waits]


def test_nothing_of_a_copy_reaches_the_publisher(shell, monkeypatch):
    publisher = CapturingDisplayPublisher()
    monkeypatch.setattr(shell, "display_pub", publisher)
    frozen(keep, n=(1, 3))
    assert publisher.outputs == []
