"""A small exercise, and the ways in which students' notebooks go wrong: what the grading tests hand in."""

import copy
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nbformat
from grading import course, handout, notebooks
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

SOLUTION_MARKS = re.compile(r"^\s*### (?:BEGIN|END) SOLUTION\n?", re.M)


def _cell(role, name, source, points=None):
    new = new_markdown_cell if role == "text answer" else new_code_cell
    marks = {"grade_id": name, "schema_version": 3, "task": False}
    marks |= {"grade": role not in ("given", "task"), "solution": role in ("task", "text answer")}
    marks |= {"locked": role in ("given", "check")} | ({"points": points} if points else {})
    return new(source, id=name, metadata={"nbgrader": marks})


def small_exercise():
    """An instructor's notebook: two graded tasks (3 and 4 points) and an answer to be read (3 points)."""
    check = 'assert callable(globals().get("{0}")), "there is no function {0}: was it renamed?"\n{1}'
    hidden = "### BEGIN HIDDEN TESTS\n{}\n### END HIDDEN TESTS"
    cells = [
        new_markdown_cell("# Exercises: two numbers\n\nWith $x < y$ and a dollar in code, `$HOME`.", id="title"),
        _cell("given", "setup", "from math import sqrt"),
        new_markdown_cell("## 1. The mean (3 points)\n\n$$m = \\frac{x_1 + x_2}{2}$$", id="statement-1"),
        _cell("task", "mean", "def mean(a, b):\n    ### BEGIN SOLUTION\n    return (a + b) / 2\n    ### END SOLUTION"),
        _cell(
            "check",
            "mean-check",
            check.format("mean", 'assert mean(1, 2) == 1.5, f"the mean of 1 and 2 is 1.5, not {mean(1, 2)}"\n')
            + hidden.format('assert mean(-4, 4) == 0, "the mean of opposite numbers is not 0"'),
            points=3,
        ),
        new_markdown_cell("## 2. The distance (4 points)", id="statement-2"),
        _cell(
            "task",
            "distance",
            "def distance(a, b):\n    ### BEGIN SOLUTION\n    return sqrt((a - b) ** 2)\n    ### END SOLUTION",
        ),
        _cell(
            "check",
            "distance-check",
            check.format("distance", 'assert distance(1, 3) == 2, f"from 1 to 3 it is 2, not {distance(1, 3)}"\n')
            + hidden.format('assert distance(3, 1) == 2, "a distance is never negative"'),
            points=4,
        ),
        new_markdown_cell("## 3. Say why (3 points)", id="statement-3"),
        _cell(
            "text answer",
            "why",
            "=== BEGIN MARK SCHEME ===\n3 points for the triangle inequality\n=== END MARK SCHEME ===\nBecause.",
            points=3,
        ),
    ]
    return new_notebook(
        cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    )


def write(notebook, path):
    """Write a notebook, folders included, and return the path."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)
    return path


def solved(source, released):
    """What a student with every answer right hands in: the hand-out with the solutions filled in."""
    answer = copy.deepcopy(released)
    for cell, right in zip(answer.cells, source.cells, strict=True):
        if notebooks.role(right) == "task":
            cell.source = SOLUTION_MARKS.sub("", right.source)
        elif notebooks.role(right) == "answer":
            cell.source = re.sub(r"[^\n]*BEGIN MARK SCHEME.*?END MARK SCHEME[^\n]*\n?", "", right.source, flags=re.S)
    return answer


def enter_points(home, exercise, points):
    """Enter in the grade book and the report what running would give: of each student, points by task.

    What is None waits to be read. autograded/ gets the submissions, with an output that says why points are missing.
    """
    report = course.read_report(home)
    with course.grade_book(home) as book:
        for student, tasks in points.items():
            book.update_or_create_student(student)
            submission = book.update_or_create_submission(exercise, student)
            graded = notebooks.read(home / "submitted" / student / exercise / f"{exercise}.ipynb")
            for grade in submission.notebooks[0].grades:
                grade.auto_score, grade.needs_manual_grade = tasks[grade.name], tasks[grade.name] is None
                if tasks[grade.name] == 0:
                    words = f"{grade.name} gives {len(student)}"
                    cell_of(graded, grade.name).outputs = [new_output("error", ename="AssertionError", evalue=words)]
            write(graded, home / "autograded" / student / exercise / f"{exercise}.ipynb")
            content = course.fingerprint(home, student, exercise)
            report[student, exercise] = course.Outcome(student, exercise, "graded", "", 1, content)
        book.db.commit()
    course.write_report(home, report)


def cell_of(notebook, name):
    """The cell with this grade_id."""
    return next(c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == name)


def public_source(cell):
    """What students may see of an instructor's cell."""
    return handout.HIDDEN.sub("", handout.SOLUTION.sub("", cell.source))


def with_mean(body):
    """A way to go wrong: the first task's cell holds `body`."""

    def change(notebook):
        cell_of(notebook, "mean").source = body

    return change


def _without(name):
    def change(notebook):
        notebook.cells.remove(cell_of(notebook, name))

    return change


def _duplicated(notebook):
    for name in ("mean", "mean-check"):
        cell = cell_of(notebook, name)
        notebook.cells.insert(notebook.cells.index(cell) + 1, copy.deepcopy(cell))


def _renamed(notebook):
    cell_of(notebook, "mean").source = "def average(a, b):\n    return (a + b) / 2"


def _out_of_order(notebook):
    notebook.cells = notebook.cells[:2] + notebook.cells[:1:-1]


def _tampered(notebook):
    with_mean("def mean(a, b):\n    return 0")(notebook)
    cell = cell_of(notebook, "mean-check")
    cell.source = "pass"
    cell.metadata.nbgrader["points"] = 100
    cell_of(notebook, "distance-check").metadata.nbgrader.update(solution=True, locked=False)


def _without_metadata(notebook):
    for cell in notebook.cells:
        cell.metadata = {}


def _without_anything(notebook):
    """As after an editor that knows no ids and lays out code anew."""
    _without_metadata(notebook)
    notebook.nbformat_minor = 2
    for cell in notebook.cells:
        cell.pop("id")
        cell.source = cell.source.replace("    ", "\t").rstrip() + "\n"


SHOW_SCRIPTS = """
from IPython.display import HTML, Javascript, display
display(HTML("<script>alert(3)</script><b>bold</b>"), Javascript("alert(4)"))
"""


def _with_script(notebook):
    cell_of(notebook, "why").source = 'Because <img src=x onerror="alert(1)"> <script>alert(2)</script> of it.'
    notebook.cells.append(new_code_cell(SHOW_SCRIPTS))


READ_SOLUTIONS = """
import os, sys
kept = ("/usr", "/proc", "/sys", "/dev", sys.prefix, sys.base_prefix)
found = []
for folder, folders, names in os.walk("/"):
    folders[:] = [name for name in folders if not os.path.join(folder, name).startswith(kept)]
    found += [os.path.join(folder, name) for name in names if name.endswith((".ipynb", ".db", ".csv"))]
looked = [path for path in {paths!r} if os.path.exists(path)]
assert not found and not looked, f"found {{found}} {{looked}}"
try:
    open({paths[0]!r}).read()
except OSError:
    raise SystemExit("no solutions here")
"""
OPEN_SOCKET = """
import socket
for address in (("127.0.0.1", {port}), ("192.0.2.1", 80)):
    try:
        socket.create_connection(address, timeout=3)
        reached = True
    except OSError:
        reached = False
    assert not reached, "connected"
raise ConnectionError("no network here")
"""

STUBBORN_LOOP = """
while True:
    try:
        while True:
            pass
    except BaseException:
        pass
"""
HOARD = """
hoard = []
while True:
    hoard.append(bytearray(10**7))
"""
HOARD_IN_PROCESSES = """
import os, signal, time
signal.signal(signal.SIGINT, signal.SIG_IGN)  # or a busy machine ends the cell before the memory is full
for _ in range(4):
    if os.fork() == 0:
        hoard = bytearray(10**9)
        time.sleep(60)
time.sleep(60)
"""
MANY_PROCESSES = """
import subprocess, time
for _ in range(60):
    subprocess.Popen(["sleep", "60"])
time.sleep(60)
"""
WARN = """
import sys
def mean(a, b):
    print("careful", file=sys.stderr)
    return (a + b) / 2
"""


@dataclass(frozen=True)
class Damage:
    """A way in which a right notebook goes wrong, and what grading makes of it.

    A task that is not spoiled keeps its points: 7 are for machines to give, 3 for the mean and 4 for the distance.
    """

    change: Callable
    points: float
    status: str = "graded"
    words: str = ""  # in the report


DAMAGES = {
    "endless-loop": Damage(with_mean("while True:\n    pass"), 4),
    "loop-that-cannot-be-interrupted": Damage(with_mean(STUBBORN_LOOP), 0, "not graded", "ran longer than"),
    "memory-hog": Damage(with_mean(HOARD), 4),
    "one-huge-array": Damage(with_mean("import numpy\nhuge = numpy.ones(10**10)"), 4),
    "memory-hog-in-many-processes": Damage(with_mean(HOARD_IN_PROCESSES), 0, "not graded", "MiB of memory"),
    "too-many-processes": Damage(with_mean(MANY_PROCESSES), 0, "not graded", "processes"),
    "kernel-killed": Damage(with_mean("import os\nos._exit(1)"), 0, "not graded", "kernel died"),
    "full-disk": Damage(with_mean("open('/home/big', 'wb').write(bytes(10**9))"), 4),
    "printing-without-end": Damage(with_mean("while True:\n    print('x' * 10000)"), 4),
    "import-error": Damage(with_mean("import a_package_that_nobody_has"), 4),
    "syntax-error": Damage(with_mean("def mean(a, b:\n    return"), 4),
    "warnings": Damage(with_mean(WARN), 7),
    "deleted-task": Damage(_without("mean"), 4, "restored and graded", "mean was missing"),
    "deleted-check": Damage(_without("mean-check"), 7, "restored and graded", "mean-check was missing"),
    "deleted-setup": Damage(_without("setup"), 7, "restored and graded", "setup was missing"),
    "duplicated-cells": Damage(_duplicated, 7, "restored and graded", "mean was there 2 times"),
    "renamed-function": Damage(_renamed, 4),
    "out-of-order": Damage(_out_of_order, 7, "restored and graded", "order"),
    "tampered-check": Damage(_tampered, 4, "restored and graded", "mean-check had been changed"),
    "metadata-stripped": Damage(_without_metadata, 7, "restored and graded", "mean-check"),
    "everything-stripped": Damage(_without_anything, 7, "restored and graded", "mean-check"),
    "script": Damage(_with_script, 7),
}

# name: (the bytes of the file, words of the report)
NO_NOTEBOOKS = {
    "empty-file": (b"", "empty"),
    "no-text": (b"%PDF-1.7\xff\xfe\x00", "not text"),
    "no-json": (b"<html>please log in</html>", "not JSON"),
    "no-notebook": (b'{"cells": 5, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}', "but not a notebook"),
    "no-cells": (b'{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}', "no cells"),
    "odd-cells": (b'{"cells": [3], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}', "notebook"),
    "truncated": (b'{"cells": [{"cell_type": "code", "source": "x', "not JSON"),
}
