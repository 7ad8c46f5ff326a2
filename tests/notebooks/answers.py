"""Other answers to the exercises, wrong ones and right ones, and what the checks say of them.

A notebook with its right answers is executed once, cell by cell, in a plain process; each other answer is run in a copy
of that process, made just before the first cell that it changes (tests/notebooks/forking.py).
"""

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import book
import submissions
import yaml
from grading import notebooks

NAMES = sorted(path.stem for path in (book.ROOT / "solutions").glob("*/*.ipynb"))
WRONG = book.ROOT / "tests/notebooks/wrong_answers"
RIGHT = book.ROOT / "tests/notebooks/right_answers"
FORKING = Path(__file__).with_name("forking.py")
LIMIT = 900  # seconds for an exercise with all its answers
ANSWER_LIMIT = 120


@dataclass(frozen=True)
class Variant:
    """Other answers to some tasks of an exercise, and what the checks shall say.

    `sources` has by task what its cell holds instead of the right answer, other cells of the student included. `says`
    has by task words of the assertion that fails; the checks of tasks that it does not name pass. The notebook is run
    to the last check if the answer is `whole`, else to the last check of `sources`.
    """

    title: str
    sources: dict[str, str]
    says: dict[str, str] = field(default_factory=dict)
    whole: bool = True


@dataclass(frozen=True)
class Judged:
    """What came of an exercise: the outputs of each code cell of the right notebook, and the cells' errors.

    `errors` has by a variant's title and by a cell's name its error, "" if it has none; the title "" is the right
    notebook. Cells without a name of their own are called by their number, In[1] and so on.
    """

    outputs: list[list[dict]]
    errors: dict[str, dict[str, str]]


def solution(name):
    """The instructor's notebook of an exercise."""
    return notebooks.read(book.ROOT / "solutions" / name / f"{name}.ipynb")


def released(name):
    """Its hand-out."""
    return notebooks.read(book.ROOT / "exercises" / name / f"{name}.ipynb")


def mutants(name):
    """The known wrong answers of an exercise, a list of mappings (tests/notebooks/wrong_answers/NAME.yml)."""
    return yaml.safe_load((WRONG / f"{name}.yml").read_text(encoding="utf-8"))


def other_hands(name):
    """Right answers in other hands' styles, a list of mappings (tests/notebooks/right_answers/NAME.yml)."""
    return yaml.safe_load((RIGHT / f"{name}.yml").read_text(encoding="utf-8"))


def mutated(source, mutant):
    """The right answer `source` with a mutant's part replaced."""
    return source.replace(mutant["replace"].rstrip("\n"), mutant["by"].rstrip("\n"))


def right_variants(name):
    """Notebooks of other right hands: the first one gives the first other answer to every task, and so on."""
    found = []
    for answer in other_hands(name):
        variant = next((v for v in found if answer["task"] not in v.sources), None)
        if variant is None:
            variant = Variant(f"right, hand {len(found) + 1}", {})
            found.append(variant)
        variant.sources[answer["task"]] = answer["source"]
    return found


def variants(name):
    """The known other answers to an exercise, each wrong one alone in an otherwise right notebook.

    The first wrong answer to a task is run to the end, to see that it costs no other task.
    """
    right, seen = submissions.solved(solution(name), released(name)), set()
    found = right_variants(name)
    for mutant in mutants(name):
        task, source = mutant["task"], submissions.cell_of(right, mutant["task"]).source
        sources, says = {task: mutated(source, mutant)}, {task: mutant["says"]}
        found.append(Variant(f"{task}: {mutant['wrong']}", sources, says, whole=task not in seen))
        seen.add(task)
    return found


def judge(notebook, answers, limit=ANSWER_LIMIT):
    """Run an instructor's notebook and each of the variants `answers`, which has `limit` seconds from its own cell on.

    Raises `subprocess.TimeoutExpired`, or `RuntimeError` that says which one does not come to its end.
    """
    titles = [answer.title for answer in answers]
    assert len(set(titles)) == len(titles), "two answers have the same title"
    cells = [
        {
            "source": submissions.SOLUTION_MARKS.sub("", cell.source)
            if notebooks.role(cell) == "task"
            else cell.source,
            "name": cell.metadata.nbgrader.grade_id if notebooks.role(cell) else f"In[{number}]",
            "role": notebooks.role(cell),
        }
        for number, cell in enumerate((c for c in notebook.cells if c.cell_type == "code"), start=1)
    ]
    with tempfile.TemporaryDirectory() as folder:
        request, result = Path(folder, "request.json"), Path(folder, "result.json")
        checks = [cell["name"] for cell in cells if cell["role"] == "check"]
        requests = []
        for answer in answers:
            own = [check for check in checks if answer.whole or check.removesuffix("-check") in answer.sources]
            requests.append({"title": answer.title, "sources": answer.sources, "until": own[-1]})
        job = {"cells": cells, "answers": requests, "limit": limit}
        request.write_text(json.dumps(job), encoding="utf-8")
        command = [sys.executable, FORKING, request, result]
        done = subprocess.run(command, cwd=folder, timeout=LIMIT, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(done.stderr[-4000:])
        return Judged(**json.loads(result.read_text(encoding="utf-8")))
