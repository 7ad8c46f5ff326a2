"""From an instructor's notebook to the one that students get: nbgrader's work, with checks that nothing leaks."""

import difflib
import json
import logging
import re
import tempfile
import warnings
from pathlib import Path

from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import (
    CheckCellMetadata,
    ClearHiddenTests,
    ClearMarkScheme,
    ClearOutput,
    ClearSolutions,
    ComputeChecksums,
    LockCells,
    NbGraderPreprocessor,
    SaveCells,
)
from sqlalchemy.exc import SAWarning
from traitlets.config import Config

from . import notebooks

MARKERS = ("SOLUTION", "HIDDEN TESTS", "MARK SCHEME")
STUB = '# YOUR CODE HERE\nraise NotImplementedError("your code goes here")'
ANSWER_STUB = "YOUR ANSWER HERE"
SOLUTION = re.compile(r"^[^\n]*### BEGIN SOLUTION\n(.*?)^[^\n]*### END SOLUTION", re.M | re.S)
HIDDEN = re.compile(r"^### BEGIN HIDDEN TESTS\n(.*?)^### END HIDDEN TESTS", re.M | re.S)
# what looks like a marker, in texts and in code, however it is spelled
_NAMES = "(?:" + "|".join(name.replace(" ", r"[\s_-]*") for name in MARKERS) + ")"
STRAY = (
    re.compile(rf"(?:begin|end|={{3}})[\s_-]*{_NAMES}", re.I),
    re.compile(rf"(?:begin|end|#{{2,}}).*{_NAMES}", re.I),
)


class BadSolution(ValueError):
    """An instructor's notebook from which no safe hand-out can be made."""


def check_source(notebook: NotebookNode, name: str | Path) -> None:
    """Raise `BadSolution` unless each cell of an instructor's notebook says properly what students may see of it.

    `name` stands in the message, which names the cell and the way out.
    """
    seen = set()
    for number, cell in enumerate(notebook.cells, start=1):
        role = notebooks.role(cell)
        where = f"{name}, cell {number}"
        if role:
            grade_id = cell.metadata.nbgrader.grade_id
            where += f" ({grade_id})"
            if grade_id in seen:
                raise BadSolution(f"{where}: the name {grade_id} occurs twice; give each cell one of its own.")
            seen.add(grade_id)
        found = len(SOLUTION.findall(cell.source)), len(HIDDEN.findall(cell.source))
        if role == "task" and found[0] != 1:
            raise BadSolution(
                f"{where}: a task holds its solution between lines '### BEGIN SOLUTION' and '### END SOLUTION', once; "
                f"found {found[0]} such pairs."
            )
        if role == "check" and found[1] != 1:
            raise BadSolution(
                f"{where}: a check ends with hidden tests between '### BEGIN HIDDEN TESTS' and '### END HIDDEN TESTS', "
                f"not indented, once; found {found[1]} such pairs."
            )
        proper = {"task": SOLUTION, "check": HIDDEN}.get(role or "")
        rest = proper.sub("", cell.source) if proper else cell.source
        if role == "answer":
            rest = ""  # the whole cell is replaced
        for line in rest.splitlines():
            if STRAY[cell.cell_type == "code"].search(line):
                raise BadSolution(
                    f"{where}: {line.strip()!r} looks like a marker outside of its place; mistyped, it would show "
                    "students what they must not see."
                )


def check_handout(handout: NotebookNode, source: NotebookNode, name: str | Path) -> None:
    """Raise `BadSolution` if a hand-out still holds a line of a solution or of hidden tests, or an output."""
    text = json.dumps([cell.source for cell in handout.cells]).upper()
    for marker in MARKERS:
        if f"BEGIN {marker}" in text or f"END {marker}" in text:
            raise BadSolution(f"{name}: '{marker.lower()}' stands in the hand-out.")
    allowed = {line.strip() for cell in source.cells for line in _public(cell).splitlines()}
    allowed |= {"", *STUB.splitlines(), ANSWER_STUB}
    for number, cell in enumerate(handout.cells, start=1):
        if cell.get("outputs") or cell.get("execution_count"):
            raise BadSolution(f"{name}, cell {number}: the hand-out holds an output.")
        for line in cell.source.splitlines():
            if line.strip() not in allowed:
                raise BadSolution(f"{name}, cell {number}: the hand-out holds the hidden line {line.strip()!r}.")


def _public(cell: NotebookNode) -> str:
    role = notebooks.role(cell)
    if role == "answer":
        return ""
    return HIDDEN.sub("", SOLUTION.sub("", cell.source))


class CheckMarkers(NbGraderPreprocessor):
    """`check_source`, as the first of nbgrader's steps."""

    def preprocess(self, nb: NotebookNode, resources: ResourcesDict) -> tuple[NotebookNode, ResourcesDict]:
        """Check `nb` and return it unchanged."""
        check_source(nb, resources["nbgrader"]["notebook"])
        return nb, resources


class Tidy(NbGraderPreprocessor):
    """Drop metadata that are for the site or tell the answer, such as the text alternative of a figure."""

    def preprocess(self, nb: NotebookNode, resources: ResourcesDict) -> tuple[NotebookNode, ResourcesDict]:
        """Keep nbgrader's metadata, the locks, and the kernel's name."""
        for cell in nb.cells:
            for key in set(cell.metadata) - {"nbgrader", "deletable", "editable"}:
                del cell.metadata[key]
        nb.metadata = {"kernelspec": nb.metadata["kernelspec"], "language_info": {"name": "python"}}
        return nb, resources


def settings() -> Config:
    """nbgrader's settings for making hand-outs: its own steps between ours, and a stub that speaks."""
    config = Config()
    config.GenerateAssignment.preprocessors = [
        CheckMarkers,
        LockCells,
        ClearSolutions,
        ClearOutput,
        CheckCellMetadata,
        ComputeChecksums,
        SaveCells,
        ClearHiddenTests,
        ClearMarkScheme,
        ComputeChecksums,
        CheckCellMetadata,
        Tidy,
    ]
    config.ClearSolutions.code_stub = {"python": STUB}
    config.ClearSolutions.text_stub = ANSWER_STUB
    return config


def make(source: str | Path, target: str | Path, names: list[str] | None = None) -> list[str]:
    """Write the hand-out of each `source`/NAME/NAME.ipynb as `target`/NAME/NAME.ipynb.

    Nothing is written unless all of them are sound. Returns the names. Raises `BadSolution` with the notebook, the cell
    and the way out.
    """
    source, target = Path(source), Path(target)
    names = names or notebooks.names(source)
    texts = {}
    with tempfile.TemporaryDirectory() as folder:
        config = settings()
        config.CourseDirectory.root = folder
        config.CourseDirectory.db_url = "sqlite://"
        for name in names:
            path = source / name / f"{name}.ipynb"
            copied = Path(folder, "source", name, path.name)
            copied.parent.mkdir(parents=True)
            copied.write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
            texts[name] = generate(config, path, database=False).read_text(encoding="utf-8")
    for name, text in texts.items():
        (target / name).mkdir(parents=True, exist_ok=True)
        (target / name / f"{name}.ipynb").write_text(text, encoding="utf-8")
    return names


def generate(config: Config, path: Path, database: bool = True) -> Path:
    """Run nbgrader's generate_assignment for the instructor's notebook at `path` and return the hand-out's path.

    Raises `BadSolution` if the notebook or its hand-out is not sound, or with nbgrader's words if that fails.
    """
    name, notebook = path.stem, notebooks.read(path)
    check_source(notebook, path)
    if not database:
        config.GenerateAssignment.no_database = True
        steps = config.GenerateAssignment.preprocessors
        config.GenerateAssignment.preprocessors = [step for step in steps if step is not SaveCells]
    api = quiet_api(config)
    result = api.generate_assignment(name, force=True)
    if not result["success"]:
        raise BadSolution(f"{name}: nbgrader made no hand-out of it.\n{result.get('error', '')}{result.get('log', '')}")
    course = api.coursedir
    made = Path(course.format_path(course.release_directory, ".", name), f"{name}.ipynb")
    check_handout(notebooks.read(made), notebook, path)
    return made


def quiet_api(config: Config) -> NbGraderAPI:
    """nbgrader's API with the settings `config`; it logs nothing but into the results of its methods."""
    log = logging.getLogger("traitlets")
    log.handlers, log.propagate = [logging.NullHandler()], False
    # nbgrader makes objects before it adds them to its session, which works, and of which SQLAlchemy 2 warns
    warnings.simplefilter("ignore", SAWarning)
    return NbGraderAPI(coursedir=CourseDirectory(config=config), config=config)


def difference(made: str, committed: str) -> str:
    """The lines that differ between two texts, as a unified diff of at most 20 lines."""
    lines = difflib.unified_diff(committed.splitlines(), made.splitlines(), "committed", "made", lineterm="", n=0)
    return "\n".join(list(lines)[:20])
