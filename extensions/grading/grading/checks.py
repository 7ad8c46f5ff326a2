"""What a check needs and what it says: its own names, apart from the student's, and no word of hidden tests."""

import ast
import builtins
import re
import symtable
from collections.abc import Iterable
from dataclasses import dataclass

from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode

from . import handout, notebooks
from .sanitize import ESCAPES

NO_MODULE = re.compile(r"No module named '(\w+)")
LONGEST_SCANNED = 100_000  # characters of a cell
LONGEST = 1000  # characters that a check says
# what lets a program look into the interpreter or change it; harmless in itself, so a person has to look
PECULIAR_NAMES = frozenset("builtins ctypes gc __builtins__ __import__ _oh _ih In".split())
PECULIAR_ATTRIBUTES = frozenset(
    "_getframe _current_frames f_back f_globals f_locals f_code tb_frame co_consts settrace setprofile addaudithook "
    "ast_transformers input_transformers_post input_transformers_cleanup run_cell run_code get_parent shell_handlers "
    "user_ns history_manager __subclasses__ __globals__ __code__ __closure__ _ih".split()
)
PECULIAR_METHODS = frozenset(
    "__eq__ __ne__ __lt__ __le__ __gt__ __ge__ __bool__ __instancecheck__ __format__ __torch_function__ "
    "__array_function__ __array_ufunc__".split()
)


@dataclass(frozen=True)
class Names:
    """The names that a cell of the hand-out uses and defines."""

    uses: list[str]
    defines: list[str]


def names(source: str) -> Names:
    """The global names that code uses, itself or by their names in strings, and those that it defines."""
    python = python_of(source)
    table, defined, used = _table(python), set(), _words(python)
    for symbol in table.get_symbols():
        if symbol.is_assigned() or symbol.is_imported():
            defined.add(symbol.get_name())
    return Names(sorted(used | set(_used(table))), sorted(defined))


def python_of(source: str) -> str:
    """The Python of a cell: IPython's own syntax becomes calls."""
    if _parse(source).body or len(source) > LONGEST_SCANNED:
        return source
    try:
        return TransformerManager().transform_cell(source)
    except Exception:  # whatever it is, Python will say so
        return source


def modules(given: Iterable[str]) -> list[str]:
    """The modules that the given cells of a hand-out import, but those for drawing, which students may set up."""
    found: dict[str, None] = {}
    for source in given:
        for node in ast.walk(_parse(python_of(source))):
            if isinstance(node, ast.Import):
                found |= dict.fromkeys(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                found[node.module] = None
    apart = ("matplotlib", "ipywidgets", "IPython")
    return [name for name in found if name.split(".")[0] not in apart]


def uses(source: str, tasks: set[str]) -> list[str]:
    """The names that a check takes from its notebook; Python's own only where a task asks to define them."""
    return sorted(set(names(source).uses) - (set(dir(builtins)) - tasks))


def parts(source: str) -> tuple[str, str]:
    """The public part of a check and its hidden tests, without the lines that mark these."""
    return handout.HIDDEN.sub("", source), "\n".join(handout.HIDDEN.findall(source))


def _parse(source: str) -> ast.Module:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # a student's mistake
        return ast.Module(body=[], type_ignores=[])


def _table(source: str) -> symtable.SymbolTable:
    try:
        return symtable.symtable(source, "cell", "exec")
    except (SyntaxError, ValueError, RecursionError):
        return symtable.symtable("", "cell", "exec")


def _used(table: symtable.SymbolTable) -> Iterable[str]:
    for symbol in table.get_symbols():
        if symbol.is_referenced() and (table.get_type() == "module" or symbol.is_global()):
            yield symbol.get_name()
    for child in table.get_children():
        yield from _used(child)


def _words(source: str) -> set[str]:
    constants = (node.value for node in ast.walk(_parse(source)) if isinstance(node, ast.Constant))
    return {value for value in constants if isinstance(value, str) and value.isidentifier()}


# ---- what a check says ----


def failure(kind: str, words: str) -> NotebookNode:
    """An error output, which is what makes nbgrader give no points."""
    return NotebookNode(output_type="error", ename=kind, evalue=words, traceback=[f"{kind}: {words}"])


def missing_packages(cell: NotebookNode) -> list[str]:
    """The packages that a cell wanted to import and that the grader does not have."""
    errors = [output for output in cell.get("outputs", []) if output.output_type == "error"]
    return [found[1] for error in errors if (found := NO_MODULE.search(error.evalue)) and "Module" in error.ename]


def verdict(reply: dict, stopped: str, packages: list[str], hidden: bool, lines: set[str]) -> NotebookNode:
    """The error output of a check that failed, for nbgrader and the student's page.

    reply: what the kernel answered. stopped: the error that stopped a cell since the last check. packages: those that
    the notebook imports and the grader does not have. hidden: whether hidden tests were executed; then nothing is shown
    that the student's code could say of them. lines: those of the student's code.
    """
    kind, words = str(reply.get("ename") or "Error"), ESCAPES.sub("", str(reply.get("evalue") or ""))
    where = str(reply.get("where") or "")
    theirs = reply.get("by") == "student"
    place = f" at `{where}`" if where in lines else ""
    if theirs and (hidden or kind == "AssertionError"):
        known = isinstance(getattr(builtins, kind, None), type) and kind != "AssertionError"
        says = f": {words}" if words and not hidden else ""
        words = f"your own code stopped{place}{says}"
        kind = kind if known else "AssertionError"
    elif theirs and place and kind != "NotImplementedError":
        words = f"{words} (in your code,{place})"
    elif kind == "AssertionError" and not words:
        words = "the check failed"
    if not theirs and kind in ("AssertionError", "NameError") and stopped:
        words += f"{'' if words.endswith(('.', '?', '!')) else '.'} Its cell stopped: {stopped}"
    if unsaid := [package for package in packages if f"'{package}'" not in words]:
        words += f" Your notebook imports what the grader does not have: {', '.join(unsaid)}."
    return failure(kind, words[:LONGEST])


# ---- what a person should look at ----


def peculiar(cells: Iterable[NotebookNode], released: Iterable[NotebookNode]) -> list[str]:
    """What in a student's code looks into the interpreter or could change it, in words; mostly nothing.

    What the hand-out `released` has as well is not told.
    """
    asked = {name for cell in released for name in _peculiar(cell)}
    own = [cell for cell in cells if notebooks.role(cell) not in ("given", "check")]
    found = list(dict.fromkeys(name for cell in own for name in _peculiar(cell) if name not in asked))
    notes = [f"its code uses {', '.join(found)}"] if found else []
    if any(len(cell.source) > LONGEST_SCANNED for cell in own if cell.cell_type == "code"):
        notes.append("its code is too long to be searched")
    return notes


def _peculiar(cell: NotebookNode) -> Iterable[str]:
    if cell.cell_type != "code" or len(cell.source) > LONGEST_SCANNED:
        return
    for node in ast.walk(_parse(python_of(cell.source))):
        if isinstance(node, ast.Name) and node.id in PECULIAR_NAMES | PECULIAR_METHODS:
            yield node.id
        elif isinstance(node, ast.Attribute) and node.attr in PECULIAR_ATTRIBUTES | PECULIAR_METHODS:
            yield node.attr
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] + [getattr(node, "module", "") or ""]
            yield from (name for name in names if name.split(".")[0] in PECULIAR_NAMES)
        elif isinstance(node, ast.FunctionDef) and node.name in PECULIAR_METHODS:
            yield node.name
        elif isinstance(node, ast.Constant) and node.value in PECULIAR_METHODS | PECULIAR_ATTRIBUTES:
            yield str(node.value)
