"""A process of its own brings its result or the cause why there is none."""

import os
import signal
import time

import pytest
from grading.processes import ProcessFailed, run_in_process


def _raise(words):
    raise ValueError(words)


def _die(number):
    os.kill(os.getpid(), number)


def test_a_result_comes_back():
    assert run_in_process(divmod, (7, 3), 30) == (2, 1)


@pytest.mark.parametrize(
    ("function", "arguments", "cause"),
    [
        (_raise, ("no marks\ntoday",), "ValueError: no marks today"),
        (_die, (signal.SIGKILL,), "its process was ended by the signal SIGKILL"),
        (os._exit, (3,), "its process ended without a result, with the exit status 3"),
        (bytearray, (10**15,), "MemoryError"),
    ],
)
def test_the_cause_is_told(function, arguments, cause):
    with pytest.raises(ProcessFailed) as failure:
        run_in_process(function, arguments, 30)
    assert str(failure.value) == cause


def test_a_process_that_takes_too_long_is_killed():
    start = time.monotonic()
    with pytest.raises(ProcessFailed, match="it took more than 1 seconds"):
        run_in_process(time.sleep, (60,), 1)
    assert time.monotonic() - start < 20
