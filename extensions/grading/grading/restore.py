"""Bring a submitted notebook back into the shape of its hand-out before it is graded.

nbgrader finds what it grades by metadata in the cells. Other editors drop them, students delete, copy and move cells,
and nbgrader then gives 0 without an error, or stops. Here every cell of the hand-out is looked for in the submission;
what was done is noted in the notebook's metadata under ``restored``, for the report and the feedback.
"""

import copy
import re

from nbgrader.preprocessors import NbGraderPreprocessor

from . import notebooks

DEFINITION = re.compile(r"^(?:async )?(?:def|class) (\w+)", re.M)


def _words(source):
    """The source with white space made plain, to compare cells that an editor laid out anew."""
    return " ".join(source.split())


def _identity(cell):
    return cell.get("id") or cell.metadata.get("id")


def restore(submission, handout):
    """Give the cells of `submission` the metadata, the order and the completeness of `handout`, in place.

    A cell of the hand-out is recognized by its nbgrader metadata, else its id, else its text, else the functions that
    it defines, else, for what students wrote themselves, by its place. A cell that is nowhere is put back as handed
    out. Cells that stand in another order are put in the hand-out's, and the student's own cells stay behind the cell
    that they followed. The text of locked cells is restored by nbgrader itself.

    Parameters are notebooks (nbformat 4). Returns a list of sentences that say what was done, empty for an
    undamaged submission.
    """
    notes = []
    claims = {}
    for cell in submission.cells:
        claim = cell.metadata.pop("nbgrader", None)
        grade_id = claim.get("grade_id") if isinstance(claim, dict) else None
        if grade_id is not None:
            claims.setdefault(grade_id, []).append(cell)
    owner, taken = {}, set()

    def take(index, cell):
        owner[index] = cell
        taken.add(id(cell))

    def free(cells):
        return [cell for cell in cells if id(cell) not in taken]

    originals = handout.cells
    graded = [i for i, cell in enumerate(originals) if notebooks.role(cell)]
    for i in graded:
        name = originals[i].metadata.nbgrader.grade_id
        found = claims.get(name, [])
        if len(found) > 1:
            notes.append(f"The cell {name} was there {len(found)} times; one of them was graded.")
            changed = [cell for cell in found if _words(cell.source) != _words(originals[i].source)]
            found = changed if changed and not originals[i].metadata.nbgrader.locked else found
        if found:
            take(i, found[-1])
    lost = [i for i in graded if i not in owner]
    for i in range(len(originals)):
        if i in owner:
            continue
        cells = [c for c in free(submission.cells) if c.cell_type == originals[i].cell_type]
        same = [c for c in cells if _identity(c) and _identity(c) == _identity(originals[i])]
        same = same or [c for c in cells if _words(c.source) == _words(originals[i].source)]
        names = set(DEFINITION.findall(originals[i].source)) if notebooks.role(originals[i]) == "task" else set()
        same = same or [c for c in cells if names and names <= set(DEFINITION.findall(c.source))][-1:]
        if same:
            take(i, same[0])
    _take_answers_by_place(submission, originals, owner, take, free)
    found_again = [i for i in lost if i in owner]
    if found_again:
        names = ", ".join(originals[i].metadata.nbgrader.grade_id for i in found_again)
        notes.append(f"The grading information was missing and was put back: {names}.")

    for i in graded:
        if i in owner:
            locked = originals[i].metadata.nbgrader.locked
            if locked and owner[i].source.strip() != originals[i].source.strip():
                name = originals[i].metadata.nbgrader.grade_id
                notes.append(f"The cell {name} had been changed; the original was run.")
        else:
            before = next((owner[j] for j in range(i - 1, -1, -1) if j in owner), None)
            places = [k for k, cell in enumerate(submission.cells) if cell is before]
            cell = copy.deepcopy(originals[i])
            submission.cells.insert(places[0] + 1 if places else 0, cell)
            take(i, cell)
            notes.append(f"The cell {cell.metadata.nbgrader.grade_id} was missing and was put back as handed out.")
        owner[i].metadata["nbgrader"] = copy.deepcopy(originals[i].metadata.nbgrader)
    if _sort(submission, [owner[i] for i in graded]):
        notes.append("The cells were not in the hand-out's order; they were run in that order.")
    return notes


def _take_answers_by_place(submission, originals, owner, take, free):
    """A written answer whose cell lost everything is the one unknown cell of its kind between its neighbors."""
    place = {id(cell): k for k, cell in enumerate(submission.cells)}
    for i, original in enumerate(originals):
        if i in owner or notebooks.role(original) not in ("answer", "task"):
            continue
        before = max((place[id(owner[j])] for j in range(i) if j in owner), default=-1)
        after = min((place[id(owner[j])] for j in range(i + 1, len(originals)) if j in owner), default=len(place))
        between = free(submission.cells[before + 1 : after])
        between = [c for c in between if c.cell_type == original.cell_type and c.source.strip()]
        if between:
            take(i, max(between, key=lambda cell: len(cell.source)))


def _sort(submission, cells):
    """Put `cells` into this order within the notebook, each with the foreign cells after it; True if that moved any."""
    rank = {id(cell): k for k, cell in enumerate(cells)}
    blocks = [(-1, [])]
    for cell in submission.cells:
        if id(cell) in rank:
            blocks.append((rank[id(cell)], []))
        blocks[-1][1].append(cell)
    ordered = sorted(blocks, key=lambda block: block[0])
    submission.cells = [cell for _, block in ordered for cell in block]
    return ordered != blocks


class RestoreHandout(NbGraderPreprocessor):
    """`restore`, as the first of nbgrader's steps before it executes a submission."""

    def preprocess(self, nb, resources):
        """Restore `nb`; see `restore`. The hand-out is the course's own, in its release folder."""
        names = resources["nbgrader"]
        course = self.parent.parent.coursedir
        folder = course.format_path(course.release_directory, ".", names["assignment"])
        handout = notebooks.read(f"{folder}/{names['notebook']}.ipynb")
        notes = restore(nb, handout)
        for note in notes:
            self.log.warning(note)
        nb.metadata["restored"] = notes
        return nb, resources


class ForgiveWarnings(NbGraderPreprocessor):
    """Drop what test cells wrote to standard error: nbgrader takes a library's warning there for a failure."""

    def preprocess_cell(self, cell, resources, index):
        """Keep a test cell's outputs but for standard error."""
        if notebooks.role(cell) == "check":
            cell.outputs = [o for o in cell.outputs if not (o.output_type == "stream" and o.name == "stderr")]
        return cell, resources
