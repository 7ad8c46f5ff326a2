"""What a check needs and what it says: its own names, apart from the student's, and no word of hidden tests."""

import ast
import builtins
import re
import symtable
from collections.abc import Iterable
from dataclasses import dataclass, field

from nbformat import NotebookNode

from . import handout, notebooks

ESCAPES = re.compile(r"\x1b\[[0-9;]*m")
SHORTEST_QUOTE = 12  # letters and digits of a hidden line that count as a quotation
NOT_SHOWN = "(not shown: it quotes the checks)"
# what lets a program look into the interpreter or change it; harmless in itself, so a person has to look
PECULIAR_NAMES = frozenset(
    "builtins ctypes gc inspect linecache __builtins__ __import__ eval exec compile breakpoint _oh _ih In".split()
)
PECULIAR_ATTRIBUTES = frozenset(
    "_getframe _current_frames f_back f_globals f_locals f_code tb_frame co_consts settrace setprofile ast_transformers "
    "input_transformers_post input_transformers_cleanup run_cell run_code get_parent shell_handlers user_ns events "
    "__subclasses__ __globals__ __code__ __closure__ _ih history_manager".split()
)
PECULIAR_METHODS = frozenset("__eq__ __ne__ __lt__ __le__ __gt__ __ge__ __bool__ __instancecheck__ __format__".split())


@dataclass
class Plan:
    """How to run one check."""

    givens: list[tuple[int, str]] = field(default_factory=list)  # hand-out's cells that it needs: place and source
    names: list[str] = field(default_factory=list)  # what it takes from the student


def modules(released: NotebookNode) -> list[str]:
    """The modules that the given cells of a hand-out import, but those for drawing, which students may set up."""
    found: dict[str, None] = {}
    for source in _given(released).values():
        for node in ast.walk(_parse(source)):
            if isinstance(node, ast.Import):
                found |= dict.fromkeys(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                found[node.module] = None
    apart = ("matplotlib", "ipywidgets", "IPython")
    return [name for name in found if name.split(".")[0] not in apart] + ["math", "operator"]


def plans(released: NotebookNode, checks: dict[str, str]) -> dict[str, Plan]:
    """A `Plan` for each check.

    released: the hand-out. checks: the source of each check, with its hidden tests, by its name.

    Of the given cells only those are run anew that define or change what the check uses, itself or through others.
    """
    given, earlier, tasks, found = _given(released), set(), set(), {}
    for cell in released.cells:
        if notebooks.role(cell) == "task" and cell.cell_type == "code":
            tasks |= _bound(cell.source)
    for place, cell in enumerate(released.cells):
        if notebooks.role(cell) != "check" or cell.cell_type != "code":
            continue
        name = cell.metadata.nbgrader.grade_id
        source = checks.get(name, cell.source)
        needed = used = _free(source) | (_words(source) & tasks)
        plan = Plan()
        for k in sorted((k for k in given if k < place), reverse=True):
            if (_bound(given[k]) | _changed(given[k])) & needed or "import *" in given[k]:
                plan.givens.insert(0, (k, given[k]))
                needed = needed | _free(given[k])
        known = set().union(*(_bound(code) for _, code in plan.givens)) | earlier | set(dir(builtins))
        plan.names = sorted((used - known) | (used & tasks))
        earlier |= _bound(source)
        found[name] = plan
    return found


def _given(released: NotebookNode) -> dict[int, str]:
    """The code of a hand-out that is the instructor's, by its place."""
    cells = enumerate(released.cells)
    return {k: c.source for k, c in cells if c.cell_type == "code" and notebooks.role(c) in (None, "given")}


def _parse(source: str) -> ast.Module:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # a magic, or a student's mistake
        return ast.Module(body=[], type_ignores=[])


def _table(source: str) -> symtable.SymbolTable:
    try:
        return symtable.symtable(source, "cell", "exec")
    except (SyntaxError, ValueError, RecursionError):
        return symtable.symtable("", "cell", "exec")


def _bound(source: str) -> set[str]:
    """The global names that code defines."""
    return {s.get_name() for s in _table(source).get_symbols() if s.is_assigned() or s.is_imported()}


def _free(source: str) -> set[str]:
    """The global names that code uses and does not define itself."""

    def used(table: symtable.SymbolTable) -> Iterable[str]:
        for symbol in table.get_symbols():
            if symbol.is_referenced() and (table.get_type() == "module" or symbol.is_global()):
                yield symbol.get_name()
        for child in table.get_children():
            yield from used(child)

    return set(used(_table(source))) - _bound(source)


def _words(source: str) -> set[str]:
    return {node.value for node in ast.walk(_parse(source)) if isinstance(node, ast.Constant) and type(node.value) is str}


def _changed(source: str) -> set[str]:
    """The global names whose objects code changes in place: by an index, an attribute or a method."""
    found, imported = set(), {s.get_name() for s in _table(source).get_symbols() if s.is_imported()}
    for node in ast.walk(_parse(source)):
        target: ast.AST | None = None
        if isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store):
            target = node
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            target = node.value.func
        while isinstance(target, ast.Subscript | ast.Attribute | ast.Call):
            target = target.func if isinstance(target, ast.Call) else target.value
        if isinstance(target, ast.Name):
            found.add(target.id)
    return found - imported - {"plt", "torch", "np"}


# ---- what a check says ----


def squeezed(text: str) -> str:
    """Letters and digits of a text, without colors: what of it stays however it is laid out or quoted."""
    return re.sub(r"[\W_]+", "", ESCAPES.sub("", text))


def hidden_lines(cells: Iterable[NotebookNode]) -> list[str]:
    """The lines of the hidden tests, squeezed, that are long enough to be recognized, but for those that are public."""
    cells = list(cells)
    public = squeezed("".join(handout.HIDDEN.sub("", c.source) for c in cells if notebooks.role(c) == "check"))
    hidden = [line for c in cells for part in handout.HIDDEN.findall(c.source) for line in part.splitlines()]
    long_enough = {line for each in hidden if len(line := squeezed(each)) >= SHORTEST_QUOTE}
    return sorted(line for line in long_enough if line not in public)


def quotes(text: str, hidden: list[str]) -> bool:
    """Whether a text holds one of the lines that `hidden_lines` returned, however it is laid out."""
    found = squeezed(text)
    return any(line in found for line in hidden)


def verdict(reply: dict, missing: str, hidden: list[str]) -> NotebookNode | None:
    """The error output of a check that failed, for nbgrader and the student's page; None for one that passed.

    reply: what the kernel answered. missing: what stopped the cell of the check's task, empty if nothing did.
    """
    if reply.get("status") == "ok":
        return None
    kind, words = str(reply.get("ename") or "Error"), ESCAPES.sub("", str(reply.get("evalue") or ""))
    where = str(reply.get("where") or "")
    if reply.get("by") == "student":
        if kind == "AssertionError":
            words = f"your own code stopped at `{where}`{words and ': ' + words}"
        elif where and kind != "NotImplementedError":
            words = f"{words} (in your code, at `{where}`)"
    elif kind == "AssertionError" and not words:
        words = "the check failed"
    if missing and kind in ("AssertionError", "NameError") and reply.get("by") != "student":
        words += f" Its cell stopped: {missing}"
    if quotes(words, hidden):
        # an assertion's own words stand in the hidden line that holds them
        if reply.get("by") == "student" or len(words) > 600 or "assert" in words:
            words = NOT_SHOWN
    return NotebookNode(output_type="error", ename=kind, evalue=words, traceback=[f"{kind}: {words}"])


# ---- what a person should look at ----


def peculiar(cells: Iterable[NotebookNode]) -> list[str]:
    """What in a student's own code looks into the interpreter or could change it, in words; mostly nothing."""
    found: dict[str, None] = {}
    for cell in cells:
        if cell.cell_type != "code":
            continue
        lines = [line for line in cell.source.splitlines() if not line.lstrip().startswith(("%", "!"))]
        for node in ast.walk(_parse("\n".join(lines))):
            if isinstance(node, ast.Name) and node.id in PECULIAR_NAMES:
                found[node.id] = None
            elif isinstance(node, ast.Attribute) and node.attr in PECULIAR_ATTRIBUTES:
                found[node.attr] = None
            elif isinstance(node, ast.Import | ast.ImportFrom):
                names = [a.name for a in node.names] + [getattr(node, "module", "") or ""]
                found |= dict.fromkeys(name for name in names if name.split(".")[0] in PECULIAR_NAMES)
            elif isinstance(node, ast.FunctionDef) and node.name in PECULIAR_METHODS:
                found[node.name] = None
            elif isinstance(node, ast.Constant) and node.value in PECULIAR_METHODS | PECULIAR_ATTRIBUTES:
                found[str(node.value)] = None
    return list(found)
