"""Run a notebook once, and other answers in copies of the process: what they share is computed once.

`python forking.py REQUEST RESULT` reads and writes JSON; `answers.judge` starts it. A copy is made by fork, just before
the first cell that an answer changes, and goes on to a check: its state is that of a run from the beginning.
"""

import contextlib
import io
import json
import os
import signal
import sys
from pathlib import Path

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config


class Returned(DisplayHook):
    """Keeps what cells return, as a notebook stores it."""

    def write_output_prompt(self):
        """Print nothing."""

    def write_format_data(self, format_dict, md_dict=None):
        """Keep the forms of what a cell returned."""
        self.shell.returned.append({"output_type": "execute_result", "data": format_dict, "metadata": {}})


class Published(CapturingDisplayPublisher):
    """Keeps what cells display; only a terminal is cleared by what is printed."""

    def clear_output(self, wait=False):
        """Print nothing."""


class Shell(InteractiveShell):
    """IPython as a kernel has it, but for pictures and threads: a copy of a process has only one of its threads."""

    displayhook_class = Returned
    display_pub_class = Published
    returned = []

    def showtraceback(self, *args, **kwargs):
        """Leave it out: errors are taken from the result, and laying out a traceback takes long."""

    showsyntaxerror = showtraceback

    def run(self, source):
        """Run a cell; return its outputs but pictures, and its error in words, "" if it has none."""
        printed = {"stdout": io.StringIO(), "stderr": io.StringIO()}
        self.returned.clear()
        with contextlib.redirect_stdout(printed["stdout"]), contextlib.redirect_stderr(printed["stderr"]):
            result = self.run_cell(source, store_history=True)
        if pyplot := sys.modules.get("matplotlib.pyplot"):
            pyplot.close("all")  # as a kernel does at the end of a cell
        texts = ((name, stream.getvalue()) for name, stream in printed.items())
        outputs = [{"output_type": "stream", "name": name, "text": text} for name, text in texts if text]
        error = result.error_before_exec or result.error_in_exec
        return [*outputs, *self.returned], f"{type(error).__name__}: {error}" if error else ""


def run_on(shell, cells, answer):
    """Run `cells` up to the answer's last check, with its sources; return the errors of the cells by name."""
    errors = {}
    for cell in cells:
        errors[cell["name"]] = shell.run(answer["sources"].get(cell["name"], cell["source"]))[1]
        if cell["name"] == answer["until"]:
            return errors
    raise KeyError(answer["until"])


def run_in_a_copy(shell, cells, answer, limit, run=run_on):
    """Run on in a copy of this process with an answer; return what `run` does, the errors of the cells by name."""
    threads = os.listdir("/proc/self/task")
    assert len(threads) == 1, "a copy has one thread only, and would wait for the others for ever"
    result = Path("errors.json")
    number = os.fork()
    if not number:
        status = 1
        try:
            signal.alarm(limit)  # ends this process, also while it computes outside of Python
            result.write_text(json.dumps(run(shell, cells, answer)), encoding="utf-8")
            status = 0
        finally:
            os._exit(status)
    ending = os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])
    if ending == -signal.SIGALRM:
        raise TimeoutError(f"{answer['title']}: it ran longer than {limit} seconds")
    if ending:
        raise RuntimeError(f"{answer['title']}: its process ended with the status {ending}")
    return json.loads(result.read_text(encoding="utf-8"))


def execute(cells, answers, limit):
    """Run `cells`, and `answers` on the way; return the outputs by cell and the errors of the cells by title."""
    # the file of history would be written by a thread
    shell = Shell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    outputs, errors, passed = [], {}, {}
    for place, cell in enumerate(cells):
        for answer in answers:
            if next(k for k, c in enumerate(cells) if c["name"] in answer["sources"]) == place:
                errors[answer["title"]] = passed | run_in_a_copy(shell, cells[place:], answer, limit)
        output, error = shell.run(cell["source"])
        outputs.append(output)
        passed[cell["name"]] = error
        if error and cell["role"] != "check":
            raise RuntimeError(f"cell In[{place + 1}] of the right notebook fails: {error}")
    return {"outputs": outputs, "errors": errors | {"": passed}}


if __name__ == "__main__":
    request = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    Path(sys.argv[2]).write_text(json.dumps(execute(**request)), encoding="utf-8")
