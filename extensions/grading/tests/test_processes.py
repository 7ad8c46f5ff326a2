"""A process of its own brings its result or the cause why there is none."""

import os
import signal
import subprocess
import sys
import time

import psutil
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


WAIT = """
import sys, time
from grading import processes

def report_and_wait(path):
    import os
    from pathlib import Path
    Path(path).write_text(str(os.getpid()))
    time.sleep(120)

if __name__ == "__main__":
    processes.run_in_process(report_and_wait, (sys.argv[1],), 120)
"""


def test_a_process_ends_with_the_one_that_waits_for_it(tmp_path):
    (tmp_path / "wait.py").write_text(WAIT, encoding="utf-8")
    told = tmp_path / "pid"
    waiting = subprocess.Popen([sys.executable, tmp_path / "wait.py", told])
    while not (told.exists() and told.read_text()):
        assert waiting.poll() is None
        time.sleep(0.1)
    child = psutil.Process(int(told.read_text()))
    waiting.kill()
    waiting.wait()
    child.wait(30)
