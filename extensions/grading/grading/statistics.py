"""How an exercise went: a page for the instructor, from the grade book and what the checks said."""

import re
from collections import Counter
from pathlib import Path
from statistics import mean, median
from typing import Any

from jinja2 import Environment, PackageLoader
from nbformat import NotebookNode

from . import course, notebooks, tables

PAGE = "statistics.html"
NOT = "not graded"
MOST_BARS = 20
MOST_FAILURES = 5  # shown of a task
LONGEST_FAILURE = 300  # characters
ESCAPES = re.compile(r"\x1b\[[0-9;]*m")
VALUES = re.compile(r"-?\d[\w.+-]*|'[^']*'|\"[^\"]*\"")  # what differs where the same went wrong


def environment() -> Environment:
    """The templates of pages for instructors; what students wrote is escaped."""
    found = Environment(loader=PackageLoader("grading"), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    found.filters["points"] = lambda number: f"{round(number, 2):g}"
    return found


def write(home: str | Path) -> Path:
    """Write statistics.html into the course, one file without a script that asks no one; return its path."""
    home = Path(home).resolve()
    marks = course.marks(home)
    tasks = tables.read(home / "marks-by-task.csv")
    report = course.read_report(home)
    exercises = [_exercise(home, name, marks, tasks, report) for name in sorted({row["exercise"] for row in marks})]
    path = home / PAGE
    page = environment().get_template("statistics.html.j2").render(course=home.name, exercises=exercises)
    path.write_text(page, encoding="utf-8")
    return path


def _exercise(
    home: Path, name: str, marks: list[dict[str, Any]], tasks: list[dict[str, str]], report: course.Report
) -> dict[str, Any]:
    """What the page says of one exercise."""
    rows = [row for row in marks if row["exercise"] == name]
    came = [row for row in rows if row["status"] != "no submission"]
    graded = [row for row in came if row["status"] != NOT]
    points = [row["points"] for row in graded]
    maximum = max(row["maximum"] for row in rows)
    said = _failures(home, name, [row["student"] for row in graded])
    late = [(row["student"], report[key].late) for row in came if (key := (row["student"], name)) in report]
    return {
        "name": name,
        "people": len(rows),
        "came": len(came),
        "graded": len(graded),
        "maximum": maximum,
        "mean": mean(points) if points else None,
        "median": median(points) if points else None,
        "bars": _bars(points, maximum),
        "tasks": _tasks([row for row in tasks if row["exercise"] == name], {r["student"] for r in graded}, said),
        "unread": [(row["student"], row["to_read"]) for row in graded if row["to_read"]],
        "nothing": [row["student"] for row in rows if row["status"] == "no submission"],
        "not_graded": [(row["student"], report[row["student"], name].detail) for row in came if row["status"] == NOT],
        "late": [(student, words) for student, words in late if words],
    }


def _bars(points: list[float], maximum: float) -> list[dict[str, Any]]:
    """How many have how many points: a bar for each point, or for several where there are many."""
    width = max(1, -(-int(maximum) // MOST_BARS))
    counts = Counter(int(max(0, number) // width) for number in points)
    last = max([int(maximum) // width, *counts])
    most = max(counts.values(), default=1)
    return [{"from": k * width, "count": counts[k], "percent": 100 * counts[k] / most} for k in range(last + 1)]


def _tasks(rows: list[dict[str, str]], graded: set[str], said: dict[str, list[str]]) -> list[dict[str, Any]]:
    """Points by task, the hardest first, and what was said most often where a check failed."""
    found = []
    for name in dict.fromkeys(row["task"] for row in rows):
        mine = [row for row in rows if row["task"] == name and row["student"] in graded]
        read = [row for row in mine if row["graded_by"] != "to read"]
        maximum = max((float(row["maximum"]) for row in rows if row["task"] == name), default=0)
        points = [float(row["points"]) for row in read]
        found.append(
            {
                "name": name,
                "maximum": maximum,
                "mean": mean(points) if points else None,
                "percent": 100 * mean(points) / maximum if points and maximum else None,
                "full": sum(number >= maximum for number in points),
                "none": sum(number <= 0 for number in points),
                "read": len(read),
                "unread": len(mine) - len(read),
                "failures": _most_frequent(said.get(name, [])),
            }
        )
    return sorted(found, key=lambda task: 101 if task["percent"] is None else task["percent"])


def _failures(home: Path, name: str, students: list[str]) -> dict[str, list[str]]:
    """What each check said, by its name, of every student whose work failed it."""
    said: dict[str, list[str]] = {}
    for student in students:
        path = home / "autograded" / student / name / f"{name}.ipynb"
        try:
            cells = notebooks.read(path).cells
        except (FileNotFoundError, notebooks.Damaged):  # graded elsewhere
            continue
        for cell in cells:
            if notebooks.role(cell) == "check":
                words = [_words(output) for output in cell.outputs if output.output_type == "error"]
                said.setdefault(cell.metadata.nbgrader["grade_id"], []).extend(words[:1])
    return said


def _words(output: NotebookNode) -> str:
    words = " ".join(ESCAPES.sub("", str(output.evalue))[: 2 * LONGEST_FAILURE].split())
    words = words if output.ename == "AssertionError" else f"{output.ename}: {words}"
    return words if len(words) <= LONGEST_FAILURE else f"{words[:LONGEST_FAILURE]}…"


def _most_frequent(words: list[str]) -> list[tuple[int, str]]:
    """The commonest failures with their numbers, each in the words of one of them: values in them are left aside."""
    kinds: dict[str, Counter[str]] = {}
    for text in words:
        kinds.setdefault(VALUES.sub("…", text), Counter())[text] += 1
    commonest = sorted(kinds.values(), key=lambda kind: -kind.total())[:MOST_FAILURES]
    return [(kind.total(), kind.most_common(1)[0][0]) for kind in commonest]
