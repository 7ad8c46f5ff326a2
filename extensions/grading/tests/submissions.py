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


# ---- programs that want points, and answers that want a grader's browser ----


def _untouched_and_tagged(tag):
    def change(notebook):
        with_mean("raise NotImplementedError")(notebook)
        for cell in notebook.cells:
            cell.metadata["tags"] = [tag]

    return change


def _wrong(before="", body="return 0", after=""):
    """A wrong answer behind code that wants it to pass; code of a cell of its own at the end of the notebook."""

    def change(notebook):
        with_mean(f"{before}\ndef mean(a, b):\n" + "\n".join(f"    {line}" for line in body.splitlines()))(notebook)
        if after:
            notebook.cells.append(new_code_cell(after))

    return change


def _right_with(before="", after=""):
    def change(notebook):
        cell = cell_of(notebook, "mean")
        cell.source = f"{before}\n{cell.source}"
        notebook.cells.append(new_code_cell(after))

    return change


def _answer(text):
    def change(notebook):
        cell_of(notebook, "why").source = text

    return change


AST_TRANSFORMER = """
import ast
class NoAsserts(ast.NodeTransformer):
    def visit_Assert(self, node):
        return ast.copy_location(ast.Pass(), node)
get_ipython().ast_transformers.append(NoAsserts())
"""
INPUT_TRANSFORMER = """
def no_asserts(lines):
    return [line.replace("assert", "0 and") for line in lines]
get_ipython().input_transformers_post.append(no_asserts)
"""
HOOK = """
def hook(*arguments):
    global mean
    mean = lambda a, b: (a + b) / 2
get_ipython().events.register("pre_run_cell", hook)
"""
PATCHED_SHELL = """
async def run_code(self, *arguments, **options):
    return False
type(get_ipython()).run_code = run_code
"""
PATCHED_BUILTINS = """
import builtins
class AssertionError(Exception):
    pass
builtins.AssertionError = AssertionError
builtins.callable = lambda thing: True
"""
PATCHED_COMPILER = """
import ast, builtins
builtins.compile = lambda *arguments, **options: (lambda: None).__code__
builtins.exec = lambda *arguments: None
ast.parse = lambda code: ast.Module(body=[], type_ignores=[])
"""
TRACED = """
import sys
def trace(frame, event, argument):
    if event == "return" and frame.f_code.co_name == "mean":
        frame.f_locals["a"] = 1
    return trace
sys.settrace(trace)
"""
ALWAYS_EQUAL = """
class Anything:
    __eq__ = __lt__ = __le__ = __gt__ = __ge__ = lambda self, other: True
"""
EMIT_A_RESULT = """
shell = get_ipython()
shell.kernel.session.send(shell.kernel.iopub_socket, "execute_result",
    {"data": {"text/plain": "3"}, "metadata": {}, "execution_count": 1}, parent=shell.kernel.get_parent())
return 0
"""
SEE_THE_CHECK = """
import sys
frame, seen = sys._getframe(1), []
while frame:
    seen += [str(frame.f_code.co_consts), str([*frame.f_globals])]
    frame = frame.f_back
open("/home/seen", "a").write(str(seen) + str(In))
if a == -4:
    raise ValueError(str(seen) + In[-1])
return (a + b) / 2
"""
IN_THE_COPY = "if os.getpid() != ME:\n    {}\nreturn (a + b) / 2"
FORGE_ERRORS = """
shell = get_ipython()
for k in range(2_500):
    shell.kernel.session.send(shell.kernel.iopub_socket, "error", {"ename": "E", "evalue": "\x1b[31mx" * 50,
        "traceback": ["\x1b[1m<b>" * 100] * 5}, parent=shell.kernel.get_parent())
"""
FORGE_MARKUP = """
shell = get_ipython()
evil = "<img src=x onerror=alert(5)>"
picture = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
for kind, content in [
    ("execute_input", {"code": "", "execution_count": evil}),
    ("stream", {"name": '"' + evil, "text": evil}),
    ("display_data", {"data": {"image/png": picture}, "metadata": {"image/png": {"width": "1 onerror=alert(6) x="}}}),
    ("display_data", {"data": {"image/png": picture}, "metadata": {"image/png": {"alt": '"' + evil}}}),
    ("display_data", {"data": {"text/latex": "$\\href{javascript:alert(7)}{x}$", "text/html": [evil]}, "metadata": {}}),
    ("execute_result", {"data": {"text/plain": "plain"}, "metadata": {}, "execution_count": evil}),
]:
    shell.kernel.session.send(shell.kernel.iopub_socket, kind, content, parent=shell.kernel.get_parent())
"""
LINKS = """
[a](javascript:alert(8)) [b](data:text/html,alert) [c](/logout) <a href="//example.org/">d</a>
$\\href{javascript:alert(9)}{x}$
![p](http://127.0.0.1:9/p.png) <img src="http://127.0.0.1:9/q.png"> ![q](/files/x.png)
"""
FILL_THE_SOCKETS_FOLDER = """
import os, sys, time
folder = os.path.join(os.path.dirname(sys.argv[sys.argv.index("-f") + 1]), "deep")
os.mkdir(folder)
for k in range(8):
    open(os.path.join(folder, str(k)), "wb").write(bytes(10**7))
os.chmod(folder, 0)
time.sleep(60)
"""
FILL_THE_DISK_UNSEEN = """
import os, sys, time
path = os.path.join(os.path.dirname(sys.argv[sys.argv.index("-f") + 1]), "unseen")
file = open(path, "wb")
os.remove(path)
file.write(bytes(10**8))
file.flush()
time.sleep(60)
"""
SHARED_MEMORY = """
import mmap, signal, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
hoard = [mmap.mmap(-1, 10**9) for _ in range(3)]
for part in hoard:
    for k in range(0, 10**9, 4096):
        part[k] = 1
time.sleep(60)
"""
FILL_EVERYTHING = """
for folder in ("/home", "/tmp", "/dev/shm"):
    try:
        with open(folder + "/big", "wb") as file:
            while True:
                file.write(bytes(10**7))
    except OSError:
        pass
open("/big", "wb")
"""
SHADOWS = "sum, x, list, callable, isinstance, globals, abs = 0, 1, [1], None, 5, None, 7\nfrom numpy import *"
COLAB = "from google.colab import drive, files\nimport google.colab\ndrive.mount('/content/drive')"

DAMAGES |= {
    "tag-that-skips": Damage(_untouched_and_tagged("skip-execution"), 4),
    "tag-that-allows-errors": Damage(_untouched_and_tagged("raises-exception"), 4),
    "result-before-the-error": Damage(_wrong(body=EMIT_A_RESULT), 4),
    "result-instead-of-an-error": Damage(_wrong(body="get_ipython().displayhook(3)\nraise SystemExit"), 4),
    "ast-transformer": Damage(_wrong(AST_TRANSFORMER), 4, words="an AST transformer was added"),
    "input-transformer": Damage(_wrong(INPUT_TRANSFORMER), 4, words="an input transformer was added"),
    "pre-run-cell-hook": Damage(_wrong(HOOK), 4, words="a pre_run_cell hook was added"),
    "patched-shell": Damage(_wrong(PATCHED_SHELL), 4, words="run_code"),
    "patched-builtins": Damage(_wrong(PATCHED_BUILTINS), 4, words="replaced: builtins"),
    "patched-compiler": Damage(_wrong(PATCHED_COMPILER), 4, words="replaced: builtins.compile"),
    "traced": Damage(_wrong(TRACED), 4, words="settrace"),
    "always-equal": Damage(_wrong(ALWAYS_EQUAL, "return Anything()"), 4, words="says yes to everything"),
    "equal-by-a-library": Damage(_wrong("from unittest.mock import ANY", "return ANY"), 4, words="says yes"),
    "sees-the-check": Damage(
        _wrong(body=SEE_THE_CHECK, after="print(open('/home/seen').read())"), 4, words="_getframe"
    ),
    "exits-in-a-check": Damage(_wrong(body="raise SystemExit"), 4),
    "endless-in-a-check": Damage(_wrong(body="while True:\n    pass"), 4),
    "ends-the-hidden-tests": Damage(_wrong("import os\nME = os.getpid()", IN_THE_COPY.format("os._exit(0)")), 4),
    "hangs-the-hidden-tests": Damage(_wrong("import os\nME = os.getpid()", IN_THE_COPY.format("while True: pass")), 4),
    "kernel-left": Damage(with_mean("exit()\nimport time\ntime.sleep(1)\nquit()"), 4),
    "forged-errors": Damage(_right_with(after=FORGE_ERRORS), 7),
    "colors": Damage(_right_with(after="print('\\x1b[31mx\\x1b[0m' * 300_000)"), 7),
    "forged-markup": Damage(_right_with(after=FORGE_MARKUP), 7),
    "links-and-pictures": Damage(_answer(LINKS), 7),
    "brackets": Damage(_answer("[" * 400_000), 7),
    "macros": Damage(_answer("$\\def\\frac#1#2{42}$ $\\newcommand{\\sqrt}{0}$ $$\\gdef\\x{y}$$ Because."), 7),
    "huge-formula": Damage(_answer(f"${'x + ' * 180_000}y$"), 7),
    "deep-markup": Damage(_answer("<div>" * 60_000 + "> " * 5_000), 7),
    "huge-code": Damage(_right_with(after="x = 1 + 1\n" * 30_000), 7, words="too long to be searched"),
    "null-bytes": Damage(_right_with(after="x = '\0'"), 7),
    "files-beside-the-sockets": Damage(with_mean(FILL_THE_SOCKETS_FOLDER), 0, "not graded", "sockets belong"),
    "deleted-file-beside-the-sockets": Damage(with_mean(FILL_THE_DISK_UNSEEN), 0, "not graded", "sockets belong"),
    "files-everywhere": Damage(with_mean(FILL_EVERYTHING), 4),
    "memory-without-a-file": Damage(with_mean("import os\nos.memfd_create('x')"), 4),
    "shared-memory": Damage(with_mean(SHARED_MEMORY), 0, "not graded", "MiB of memory"),
    "shadowed-names": Damage(_right_with(before=SHADOWS), 7),
    "colab": Damage(_right_with(before=COLAB), 7),
}

# name: (the bytes of the file, words of the report)
NO_NOTEBOOKS = {
    "empty-file": (b"", "empty"),
    "no-text": (b"%PDF-1.7\xff\xfe\x00", "not text"),
    "no-json": (b"<html>please log in</html>", "not JSON"),
    "no-notebook": (b'{"cells": 5, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}', "but not a notebook"),
    "no-cells": (b'{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}', "no cells"),
    "odd-cells": (b'{"cells": [3], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}', "notebook"),
    "deep": (b"[" * 100_000, "notebook"),
    "truncated": (b'{"cells": [{"cell_type": "code", "source": "x', "not JSON"),
}
