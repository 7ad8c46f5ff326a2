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


Prints = dict[tuple[str, str], CodeFingerprint]  # by kind and student


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
    prints = _fingerprints(written, _written(handout.cells, set()))
    pairs = []
    for (kind, one), (kind_of_other, other) in itertools.combinations(sorted(prints), 2):
        if kind == kind_of_other:
            _, shares, _ = compare_files(prints[kind, one], prints[kind, other])
            if 100 * max(shares) >= least_percent:
                pairs.append(Pair(kind, (one, other), (min(100, 100 * shares[0]), min(100, 100 * shares[1]))))
    pairs.sort(key=lambda pair: -max(pair.percent))
    path = home / f"similarity-{exercise}.html"
    shown = [(pair, *_side_by_side(pair, prints)) for pair in pairs[:MOST_PAIRS]]
    values: dict[str, Any] = {"exercise": exercise, "number": len(pairs), "shown": shown, "unread": unread}
    template = statistics.environment().get_template("similarity.html.j2")
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


def _fingerprints(written: dict[str, dict[str, str]], boilerplate: dict[str, str]) -> Prints:
    """What copydetect compares of every student who wrote something beside the hand-out."""
    found = {}
    for kind, handed_out in boilerplate.items():
        known = list(_fingerprint(kind, handed_out, []).hashes)
        for student, texts in written.items():
            fingerprint = _fingerprint(kind, texts[kind], known)
            if fingerprint.token_coverage:
                found[kind, student] = fingerprint
    return found


def _fingerprint(kind: str, text: str, known: list[int]) -> CodeFingerprint:
    name, window = f"a student's {kind}", 1
    found = CodeFingerprint(
        name, SHORTEST, window, known, filter=kind == "code", language="python", fp=io.StringIO(text)
    )
    if found.offsets.size:  # copydetect counts wrong at the name of a class: what was left out can only grow
        found.offsets[:, 1] = np.maximum.accumulate(found.offsets[:, 1])
    return found


def _side_by_side(pair: Pair, prints: Prints) -> tuple[Markup, Markup]:
    """What two students wrote, escaped, and what they share within <mark>."""
    one, other = (prints[pair.kind, student] for student in pair.students)
    _, _, slices = compare_files(one, other)
    return _marked(one, slices[0]), _marked(other, slices[1])


def _marked(fingerprint: CodeFingerprint, slices: Any) -> Markup:
    if not slices.size:
        return Markup.escape(fingerprint.raw_code)
    text, _ = highlight_overlap(fingerprint.raw_code, slices, "<mark>", "</mark>", escape_html=True)
    return Markup(text)
