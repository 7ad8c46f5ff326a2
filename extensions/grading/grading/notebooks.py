"""Reading exercise notebooks, and what a cell is in them."""

import difflib
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbformat import NotebookNode

LARGEST = 50_000_000  # bytes of a file that somebody hands in


class Damaged(ValueError):
    """A file that should be a notebook is none."""


def read(path: str | Path, limit: int | None = None) -> NotebookNode:
    """The notebook at `path`, as nbformat 4.

    Raises
    ------
    Damaged
        If the file is empty, larger than `limit` bytes, or not a notebook; the message says which.
    """
    path = Path(path)
    size = path.stat().st_size
    if size == 0:
        raise Damaged("the file is empty")
    if limit and size > limit:
        raise Damaged(f"the file has {size / 1e6:.0f} MB, more than the {limit / 1e6:.0f} MB that are read")
    try:
        notebook = nbformat.read(path, as_version=4)
    except UnicodeDecodeError as error:
        raise Damaged(f"the file is not a notebook: it is not text ({error.reason} at byte {error.start})") from None
    except nbformat.reader.NotJSONError:
        raise Damaged("the file is not a notebook: it is not JSON") from None
    except Exception as error:
        raise Damaged(f"the file is JSON, but not a notebook ({type(error).__name__}: {error})") from None
    if not isinstance(notebook.get("cells"), list) or not notebook.cells:
        raise Damaged("the notebook has no cells")
    for number, cell in enumerate(notebook.cells, start=1):
        if not isinstance(cell, dict) or cell.get("cell_type") not in ("code", "markdown", "raw"):
            raise Damaged(f"the file is not a notebook: cell {number} is neither code nor text")
        if not isinstance(cell.get("source"), str) or not isinstance(cell.get("metadata"), dict):
            raise Damaged(f"the file is not a notebook: cell {number} has no source or no metadata")
    return notebook


def names(folder: str | Path) -> list[str]:
    """The names of the exercises in a folder of instructors' notebooks, NAME/NAME.ipynb."""
    return sorted(path.stem for path in Path(folder).glob("*/*.ipynb") if path.stem == path.parent.name)


def check_exercise(name: str | None, known: Sequence[str]) -> None:
    """Raise ValueError, with suggestions, if there is no exercise `name` among the `known` ones; None is no name."""
    if name is not None and name not in known:
        close = difflib.get_close_matches(name, known)
        suggestion = f"did you mean {' or '.join(close)}? There" if close else "there"
        raise ValueError(f"there is no exercise {name} in this course; {suggestion} are {', '.join(known)}")


def role(cell: NotebookNode) -> str | None:
    """What a cell is for nbgrader: "given", "task", "check" (graded by machine), "answer" (graded by hand), or None."""
    marks = cell.metadata.get("nbgrader")
    if not isinstance(marks, dict) or "grade_id" not in marks:
        return None
    if marks.get("grade"):
        return "answer" if marks.get("solution") else "check"
    if marks.get("solution"):
        return "task"
    return "given" if marks.get("locked") else None
