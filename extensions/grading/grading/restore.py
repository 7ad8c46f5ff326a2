"""Bring a submitted notebook back into the shape of its hand-out before it is graded.

nbgrader finds what it grades by metadata in the cells. Other editors drop them, students delete, copy and move cells,
and nbgrader then gives 0 without an error, or stops. Here every cell of the hand-out is looked for in the submission;
what was done is noted in the notebook's metadata under ``restored``, for the report and the feedback.
"""

import copy
import re
from collections.abc import Iterator

from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbformat.corpus.words import generate_corpus_id
from nbgrader.preprocessors import NbGraderPreprocessor

from . import notebooks

DEFINITION = re.compile(r"^(?:async )?(?:def|class) (\w+)", re.M)


class Pairs:
    """Which cell of a submission stands for which cell of its hand-out: a partial one-to-one mapping."""

    def __init__(self, originals: list[NotebookNode]) -> None:
        self.originals = originals
        self._found: dict[int, NotebookNode] = {}  # by the place in `originals`
        self._used: set[int] = set()  # the id() of each cell that is found already

    def add(self, place: int, cell: NotebookNode) -> None:
        """Let `cell` stand for the hand-out's cell at `place`."""
        self._found[place] = cell
        self._used.add(id(cell))

    def found(self, place: int) -> NotebookNode | None:
        """The submission's cell for the hand-out's cell at `place`, if it is known."""
        return self._found.get(place)

    def missing(self) -> Iterator[tuple[int, NotebookNode]]:
        """The hand-out's cells that have no partner yet, each with its place; pairs may be added meanwhile."""
        for place, original in enumerate(self.originals):
            if place not in self._found:
                yield place, original

    def candidates(self, cells: list[NotebookNode], original: NotebookNode) -> list[NotebookNode]:
        """Those of `cells` that are of the same type as `original` and stand for no cell yet."""
        return [cell for cell in cells if id(cell) not in self._used and cell.cell_type == original.cell_type]


def restore(submission: NotebookNode, handout: NotebookNode) -> list[str]:
    """Give `submission` everything of `handout` but what the student wrote, in place.

    Only the text of a cell is the student's. Type, metadata, tags and the order come from the hand-out: a tag such as
    skip-execution decides whether a check runs. The student's own cells keep their type and have no metadata.

    A cell of the hand-out is recognized by its nbgrader metadata, else its id, else its text, else the functions that
    it defines, else, for what students wrote themselves, by its place. A cell that is nowhere is put back as handed
    out. Cells that stand in another order are put in the hand-out's, and the student's own cells stay behind the cell
    that they followed.

    Parameters are notebooks (nbformat 4). Returns a list of sentences that say what was done, empty for an
    undamaged submission.
    """
    pairs = Pairs(handout.cells)
    graded = [place for place, original in enumerate(handout.cells) if notebooks.role(original)]
    notes = _pair_by_metadata(pairs, graded, _take_claims(submission))
    without_metadata = [place for place in graded if pairs.found(place) is None]
    _pair_by_content(pairs, submission)
    _pair_by_position(pairs, submission)
    found_again = [_grade_id(handout.cells[place]) for place in without_metadata if pairs.found(place) is not None]
    if found_again:
        notes.append(f"The grading information was missing and was put back: {', '.join(found_again)}.")
    for place in graded:
        original, cell = handout.cells[place], pairs.found(place)
        if cell is None:
            cell = _put_back(pairs, submission, place)
            notes.append(f"The cell {_grade_id(original)} was missing and was put back as handed out.")
        elif original.metadata.nbgrader.locked and cell.source.strip() != original.source.strip():
            notes.append(f"The cell {_grade_id(original)} had been changed; the original was run.")
    _keep_only_texts(submission, handout, pairs)
    if _put_in_order(submission, [cell for place in graded if (cell := pairs.found(place))]):
        notes.append("The cells were not in the hand-out's order; they were run in that order.")
    return notes


def _keep_only_texts(submission: NotebookNode, handout: NotebookNode, pairs: Pairs) -> None:
    """Make the cells of `submission` anew, in place, from their texts and what the hand-out says of them."""
    known = {id(cell): original for k, original in enumerate(handout.cells) if (cell := pairs.found(k)) is not None}
    for key in set(submission) - {"cells"}:
        del submission[key]
    submission.update({key: copy.deepcopy(handout[key]) for key in handout if key != "cells"})
    for cell in submission.cells:
        original = known.get(id(cell))
        source, pictures = cell.source, _pictures(cell)
        if original is None:
            new = NotebookNode(id=generate_corpus_id(), cell_type=cell.cell_type, metadata=NotebookNode())
        else:
            new = copy.deepcopy(original)
            if notebooks.role(original) in ("given", "check"):
                source = original.source
        if new.cell_type == "code":
            new |= {"outputs": [], "execution_count": None}
        elif pictures and notebooks.role(new) in (None, "answer"):
            new["attachments"] = pictures
        cell.clear()
        cell.update(new, source=source)


def _pictures(cell: NotebookNode) -> NotebookNode:
    """The pictures that a student put into a text cell: by name the content, as text, by its media type."""
    attached = cell.get("attachments")
    return NotebookNode(
        {
            name: content
            for name, content in (attached.items() if isinstance(attached, dict) else ())
            if isinstance(content, dict) and all(isinstance(value, str) for value in content.values())
        }
    )


def _grade_id(cell: NotebookNode) -> str:
    return cell.metadata.nbgrader.grade_id


def _take_claims(submission: NotebookNode) -> dict[str, list[NotebookNode]]:
    """Remove nbgrader's metadata from all cells; return which cells claimed which name, in the notebook's order."""
    claims: dict[str, list[NotebookNode]] = {}
    for cell in submission.cells:
        claim = cell.metadata.pop("nbgrader", None)
        name = claim.get("grade_id") if isinstance(claim, dict) else None
        if isinstance(name, str):
            claims.setdefault(name, []).append(cell)
    return claims


def _pair_by_metadata(pairs: Pairs, graded: list[int], claims: dict[str, list[NotebookNode]]) -> list[str]:
    """Pair cells that claim to be a graded cell; of several the last counts, of a student's own the last changed one.

    Returns a sentence for each cell that was there more than once.
    """
    notes = []
    for place in graded:
        original = pairs.originals[place]
        cells = claims.get(_grade_id(original), [])
        if len(cells) > 1:
            notes.append(f"The cell {_grade_id(original)} was there {len(cells)} times; one of them was graded.")
            if not original.metadata.nbgrader.locked:
                cells = [cell for cell in cells if not _same_text(cell, original)] or cells
        if cells:
            pairs.add(place, cells[-1])
    return notes


def _pair_by_content(pairs: Pairs, submission: NotebookNode) -> None:
    """Pair what metadata did not tell by a cell's id, else its text, else the functions that a task defines."""
    for place, original in pairs.missing():
        cells = pairs.candidates(submission.cells, original)
        same_id = [cell for cell in cells if _cell_id(cell) and _cell_id(cell) == _cell_id(original)]
        same_text = [cell for cell in cells if _same_text(cell, original)]
        same_names = [cell for cell in cells if _defines_the_same(cell, original)]
        for found in (same_id[:1], same_text[:1], same_names[-1:]):
            if found:
                pairs.add(place, found[0])
                break


def _cell_id(cell: NotebookNode) -> str | None:
    return cell.get("id") or cell.metadata.get("id")


def _same_text(cell: NotebookNode, original: NotebookNode) -> bool:
    """Whether two cells say the same but for white space, which editors lay out anew."""
    return cell.source.split() == original.source.split()


def _defines_the_same(cell: NotebookNode, original: NotebookNode) -> bool:
    """Whether `cell` defines all functions and classes that the task `original` asks for."""
    wanted = set(DEFINITION.findall(original.source)) if notebooks.role(original) == "task" else set()
    return bool(wanted) and wanted <= set(DEFINITION.findall(cell.source))


def _pair_by_position(pairs: Pairs, submission: NotebookNode) -> None:
    """Pair what a student wrote into a cell that lost everything: the longest unknown cell between its neighbors."""
    position = {id(cell): k for k, cell in enumerate(submission.cells)}
    for place, original in pairs.missing():
        if notebooks.role(original) not in ("answer", "task"):
            continue
        known = {k: position[id(cell)] for k in range(len(pairs.originals)) if (cell := pairs.found(k)) is not None}
        first = 1 + max((known[k] for k in known if k < place), default=-1)
        end = min((known[k] for k in known if k > place), default=len(submission.cells))
        cells = [cell for cell in pairs.candidates(submission.cells[first:end], original) if cell.source.strip()]
        if cells:
            pairs.add(place, max(cells, key=lambda cell: len(cell.source)))


def _put_back(pairs: Pairs, submission: NotebookNode, place: int) -> NotebookNode:
    """Insert a copy of the hand-out's cell at `place` behind the one that comes before it, and pair and return it."""
    before = next((cell for k in range(place - 1, -1, -1) if (cell := pairs.found(k)) is not None), None)
    positions = [k for k, cell in enumerate(submission.cells) if cell is before]
    cell = copy.deepcopy(pairs.originals[place])
    submission.cells.insert(positions[0] + 1 if positions else 0, cell)
    pairs.add(place, cell)
    return cell


def _put_in_order(submission: NotebookNode, cells: list[NotebookNode]) -> bool:
    """Put `cells` into this order within the notebook, each with the other cells after it; True if that moved any."""
    rank = {id(cell): k for k, cell in enumerate(cells)}
    blocks: list[tuple[int, list[NotebookNode]]] = [(-1, [])]  # what stands before the first of `cells` stays there
    for cell in submission.cells:
        if id(cell) in rank:
            blocks.append((rank[id(cell)], []))
        blocks[-1][1].append(cell)
    ordered = sorted(blocks, key=lambda block: block[0])
    submission.cells = [cell for _, block in ordered for cell in block]
    return ordered != blocks


def handout_of(step: NbGraderPreprocessor, resources: ResourcesDict) -> NotebookNode:
    """The hand-out of the notebook on which nbgrader's `step` works: the course's own, in its release folder."""
    names = resources["nbgrader"]
    course = step.parent.parent.coursedir
    folder = course.format_path(course.release_directory, ".", names["assignment"])
    return notebooks.read(f"{folder}/{names['notebook']}.ipynb")


class RestoreHandout(NbGraderPreprocessor):
    """`restore`, as the first of nbgrader's steps before it executes a submission."""

    def preprocess(self, nb: NotebookNode, resources: ResourcesDict) -> tuple[NotebookNode, ResourcesDict]:
        """Restore `nb`; see `restore`."""
        notes = restore(nb, handout_of(self, resources))
        for note in notes:
            self.log.warning(note)
        nb.metadata["restored"] = notes
        return nb, resources
