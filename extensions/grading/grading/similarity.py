"""Whose work is alike: pairs of submissions with what they share, found on this computer by copydetect."""

import io
import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from copydetect import CodeFingerprint, compare_files
from copydetect.utils import highlight_overlap
from markupsafe import Markup

from . import course, notebooks, statistics

SHORTEST = 25  # characters of code, its names made alike, that count as shared; copydetect's own choice
LONGEST = 200_000  # characters of a student's code or text that are compared
LEAST_PERCENT = 50
MOST_PAIRS = 100  # shown side by side


@dataclass
class Pair:
    """Two students' code, or text, and how much of each is in the other's."""

    kind: str  # "code" or "text"
    students: tuple[str, str]
    percent: tuple[float, float]
    marked: tuple[Markup, Markup]  # what they wrote, escaped, what is shared within <mark>


def write(home: str | Path, exercise: str, least_percent: float = LEAST_PERCENT) -> tuple[Path, list[Pair]]:
    """Write similarity-EXERCISE.html into the course, with the pairs of which a part is alike; return it and them.

    Cells as in the hand-out are left out, and so are passages of the others that stand in it. Code is compared without
    regard to names, layout and comments, answers as they are written.
    Raises ValueError if there is no such exercise, or less than two submissions can be read.
    """
    home = Path(home).resolve()
    notebooks.check_exercise(exercise, course.exercises(home))
    handout = notebooks.read(home / "release" / exercise / f"{exercise}.ipynb")
    given = {cell.source.strip() for cell in handout.cells}
    written: dict[str, dict[str, str]] = {}
    unread = []
    for student, _ in course.submissions(home, exercise):
        try:
            path = home / "submitted" / student / exercise / f"{exercise}.ipynb"
            written[student] = _written(notebooks.read(path, notebooks.LARGEST).cells, given)
        except (FileNotFoundError, notebooks.Damaged):
            unread.append(student)
    if len(written) < 2:
        raise ValueError(f"{len(written)} submissions of {exercise} can be read: nothing to compare")
    boilerplate = _written(handout.cells, set())
    pairs = [pair for kind in ("code", "text") for pair in _pairs(kind, written, boilerplate[kind], least_percent)]
    pairs.sort(key=lambda pair: -max(pair.percent))
    path = home / f"similarity-{exercise}.html"
    template = statistics.environment().get_template("similarity.html.j2")
    values: dict[str, Any] = {"exercise": exercise, "pairs": pairs, "shown": pairs[:MOST_PAIRS], "unread": unread}
    page = template.render(least_percent=least_percent, compared=len(written), **values)
    path.write_text(page, encoding="utf-8")
    return path, pairs


def _written(cells: list[Any], given: set[str]) -> dict[str, str]:
    """Code and text of the cells that are not `given`, each as one string."""
    own = [cell for cell in cells if cell.source.strip() not in given]
    kinds = {"code": "code", "text": "markdown"}
    return {
        kind: "\n\n".join(cell.source for cell in own if cell.cell_type == type_)[:LONGEST]
        for kind, type_ in kinds.items()
    }


def _pairs(kind: str, written: dict[str, dict[str, str]], boilerplate: str, least_percent: float) -> list[Pair]:
    known = list(_fingerprint(kind, boilerplate, [], window=1).hashes)
    prints = {student: _fingerprint(kind, texts[kind], known) for student, texts in written.items()}
    prints = {student: print_ for student, print_ in prints.items() if print_.token_coverage}
    found = []
    for one, other in itertools.combinations(sorted(prints), 2):
        _, shares, slices = compare_files(prints[one], prints[other])
        percent = min(100, 100 * shares[0]), min(100, 100 * shares[1])
        if max(percent) >= least_percent:
            marked = _marked(prints[one], slices[0]), _marked(prints[other], slices[1])
            found.append(Pair(kind, (one, other), percent, marked))
    return found


def _fingerprint(kind: str, text: str, known: list[int], window: int = 1) -> CodeFingerprint:
    found = CodeFingerprint(
        f"a student's {kind}", SHORTEST, window, known, filter=kind == "code", language="python", fp=io.StringIO(text)
    )
    if found.offsets.size:  # copydetect counts wrong at the name of a class: what was left out can only grow
        found.offsets[:, 1] = np.maximum.accumulate(found.offsets[:, 1])
    return found


def _marked(fingerprint: CodeFingerprint, slices: Any) -> Markup:
    text, _ = highlight_overlap(fingerprint.raw_code, slices, "<mark>", "</mark>", escape_html=True)
    return Markup(text)
