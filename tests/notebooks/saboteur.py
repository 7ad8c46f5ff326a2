"""Change one thing at a time in a chapter's cells, and see whether an assertion or a compared output notices.

`python saboteur.py CHAPTER ...`, or `make saboteur CHAPTER=neurons`. It takes minutes a chapter: on demand, no test.
What changes nothing that the text says stands, with the reason, in set_aside/CHAPTER.yml and does not count.
"""

import ast
import json
import os
import random
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import yaml

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CHANGES = 40  # a chapter
GOAL = 0.8  # of those that are not set aside
LIMIT = 180  # seconds from a changed cell on
OPERATORS = {
    ast.Add: "-", ast.Sub: "+", ast.Mult: "/", ast.Div: "*", ast.Pow: "*", ast.FloorDiv: "/", ast.Mod: "*",
    ast.MatMult: "*", ast.Lt: ">", ast.Gt: "<", ast.LtE: ">=", ast.GtE: "<=", ast.Eq: "!=", ast.NotEq: "==",
}  # fmt: skip
SYMBOLS = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**", ast.FloorDiv: "//", ast.Mod: "%",
    ast.MatMult: "@", ast.Lt: "<", ast.Gt: ">", ast.LtE: "<=", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip
SEEDS = {"manual_seed", "default_rng", "seed", "random_state", "Random", "RandomState"}
DRAWING = {"plt", "fig", "ax", "axes", "interact"}


@dataclass(frozen=True)
class Change:
    """One change: in the cell `cell` (its id) the line `line` gets `after` in the place of `before`."""

    cell: str
    line: str
    before: str
    after: str
    source: str  # of the changed cell

    def __str__(self) -> str:
        """As it is printed and set aside."""
        return f"{self.before} -> {self.after}"


def changes(cell: dict[str, Any]) -> Iterator[Change]:
    """Every change of a code cell: constants, signs, operators, keywords that are left out.

    Assertions, seeds and what draws are left alone.
    """
    source = cell["source"]
    lines = source.encode().splitlines(keepends=True)

    def at(line: int, column: int) -> int:
        return sum(map(len, lines[: line - 1])) + column

    def change(node: ast.AST, after: str, start: int | None = None, end: int | None = None) -> Change:
        start = at(node.lineno, node.col_offset) if start is None else start
        end = at(node.end_lineno, node.end_col_offset) if end is None else end
        code = source.encode()
        line = code[:start].count(b"\n")
        before = code[start:end].decode()
        changed = (code[:start] + after.encode() + code[end:]).decode()
        return Change(cell["id"], source.splitlines()[line].strip(), before, after, changed)

    def between(left: ast.AST, right: ast.AST, operator: ast.AST) -> Change | None:
        start, end = at(left.end_lineno, left.end_col_offset), at(right.lineno, right.col_offset)
        place = source.encode()[start:end].find(SYMBOLS[type(operator)].encode())
        if place < 0:
            return None
        start += place
        return change(left, OPERATORS[type(operator)], start, start + len(SYMBOLS[type(operator)]))

    def of(node: ast.AST) -> Iterator[Change | None]:
        if isinstance(node, ast.Assert | ast.JoinedStr) or _draws(node) or _seeds(node):
            return
        if isinstance(node, ast.Constant) and isinstance(node.value, bool):
            yield change(node, str(not node.value))
        elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
            yield change(node, str(node.value + 1 if isinstance(node.value, int) else node.value * 2 or 1.0))
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            start = at(node.lineno, node.col_offset)
            yield change(node, "", start, start + 1)
        elif isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
            yield between(node.left, node.right, node.op)
        elif isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in OPERATORS:
            yield between(node.left, node.comparators[0], node.ops[0])
        elif isinstance(node, ast.AugAssign) and type(node.op) in OPERATORS:
            yield between(node.target, node.value, node.op)
        elif isinstance(node, ast.Call):
            for keyword in node.keywords:
                if keyword.arg and not isinstance(keyword.value, ast.Constant) and keyword.arg not in SEEDS:
                    yield change(keyword, "**{}")
        for child in ast.iter_child_nodes(node):
            yield from of(child)

    yield from filter(None, of(ast.parse(source)))


def _names(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def _draws(node: ast.AST) -> bool:
    """Whether a statement draws, or makes a slider."""
    return isinstance(node, ast.Expr | ast.Assign | ast.With) and bool(_names(node) & DRAWING)


def _seeds(node: ast.AST) -> bool:
    """Whether a node is a seed: another one is another run of the same experiment."""
    if isinstance(node, ast.keyword):
        return node.arg in SEEDS
    return isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in SEEDS


def all_changes(cells: list[dict[str, Any]]) -> list[Change]:
    """The changes of a chapter's cells but those that only draw and that import."""
    return [each for cell in cells if not cell["drawing"] for each in changes(cell)]


def cells_of(path: Path) -> list[dict[str, Any]]:
    """The code cells of a notebook, with what matters here."""
    found = []
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            tags = cell.metadata.get("tags", [])
            kinds = {"drawing": "hide-input" in tags, "compared": "nbval-ignore-output" not in tags}
            found.append({"id": cell.id, "source": cell.source, **kinds})
    return found


def try_all(cells: list[dict[str, Any]], tried: list[Change]) -> dict[str, str]:
    """Run the cells, and each change of `tried` in a copy of the process made before its cell.

    Returns by number what noticed a change, "" if nothing did: the cell and the error, or that its output differs.
    """
    import forking

    shell = forking.Shell.instance(config=forking.Config({"HistoryManager": {"enabled": False}}))
    job = [{**cell, "name": cell["id"]} for cell in cells]

    def record(shell: Any, cells: list[dict[str, Any]], _: Any) -> list[Any]:
        return [shell.run(cell["source"]) for cell in cells]

    def compare(shell: Any, cells: list[dict[str, Any]], task: dict[str, Any]) -> str:
        for cell, (outputs, error) in zip(cells, task["expected"], strict=True):
            got, new = shell.run(task["source"] if cell["id"] == task["cell"] else cell["source"])
            if new != error:
                return f"{cell['id']}: {new or 'no error any more'}"[:150]
            if cell["compared"] and _texts(got) != _texts(outputs):
                return f"{cell['id']}: another output"
        return ""

    expected = forking.run_in_a_copy(shell, job, {"title": "the chapter"}, LIMIT * 3, record)
    noticed = {}
    for place, cell in enumerate(job):
        for number, each in enumerate(tried):
            if each.cell == cell["id"]:
                task = {"title": str(each), "cell": each.cell, "source": each.source, "expected": expected[place:]}
                try:
                    noticed[str(number)] = forking.run_in_a_copy(shell, job[place:], task, LIMIT, compare)
                except (TimeoutError, RuntimeError) as error:
                    noticed[str(number)] = str(error)
        shell.run(cell["source"])
    return noticed


def _texts(outputs: list[dict[str, Any]]) -> list[str]:
    """What nbval compares: what was printed and what was returned, as text."""
    texts: list[str | None] = []
    for output in outputs:
        if output.get("name") == "stdout":
            texts.append(output["text"])
        elif output["output_type"] == "execute_result":
            texts.append(output["data"].get("text/plain"))
    return [re.sub(r"0x[0-9a-f]+", "0x", text or "") for text in texts]  # addresses change from run to run


def sabotage(path: Path, number: int = CHANGES, seed: int = 0) -> tuple[list[Change], list[str]]:
    """Try up to `number` changes of a notebook, drawn at random; return them, and what noticed each, "" if nothing."""
    cells = cells_of(path)
    found = all_changes(cells)
    tried = random.Random(seed).sample(found, min(number, len(found)))
    noticed = [""] * len(tried)
    parts = [range(start, len(tried), 2) for start in (0, 1)]  # both cores
    with tempfile.TemporaryDirectory() as folder:
        running = []
        for part in parts:
            request, result = Path(folder, f"request-{part.start}.json"), Path(folder, f"result-{part.start}.json")
            job = {"cells": cells, "tried": [vars(tried[k]) for k in part]}
            request.write_text(json.dumps(job), encoding="utf-8")
            own = Path(folder, str(part.start))
            own.mkdir()
            environment = os.environ | {"OMP_NUM_THREADS": "1", "MPLBACKEND": "agg", "PYTHONWARNINGS": "ignore"}
            command = [sys.executable, str(Path(__file__).resolve()), "--try", str(request), str(result)]
            running.append((part, result, subprocess.Popen(command, cwd=own, env=environment)))
        for part, result, process in running:
            if process.wait():
                raise RuntimeError(f"{path.name} could not be run")
            for key, words in json.loads(result.read_text(encoding="utf-8")).items():
                noticed[part[int(key)]] = words
    return tried, noticed


def report(path: Path) -> bool:
    """Sabotage a chapter and print what came of it; return whether enough was noticed."""
    aside = HERE / "set_aside" / f"{path.stem}.yml"
    entries = yaml.safe_load(aside.read_text(encoding="utf-8")) if aside.exists() else []
    harmless = {(entry["cell"], entry["line"], entry["change"]): entry["why"] for entry in entries}
    every = {(each.cell, each.line, str(each)) for each in all_changes(cells_of(path))}
    for gone in harmless.keys() - every:
        sys.exit(f"{aside.name}: there is no change {gone[2]!r} in {gone[0]!r}, line {gone[1]!r}; take the entry out.")
    counted = seen = 0
    for change, words in zip(*sabotage(path), strict=True):
        why = harmless.get((change.cell, change.line, str(change)))
        print(f"{'noticed' if words else 'aside' if why else 'UNSEEN'}\t{change.cell}: {change}\t{change.line}")
        if words or why:
            print(f"\t\t{words or why}")
        if not why:
            counted, seen = counted + 1, seen + bool(words)
    share = seen / counted if counted else 0
    print(f"{path.stem}: {seen} of {counted} changes noticed, {share:.0%}", flush=True)
    return share >= GOAL


def main(arguments: list[str]) -> int:
    """Sabotage the chapters named; 1 if too little is noticed in one of them."""
    if arguments[:1] == ["--try"]:
        job = json.loads(Path(arguments[1]).read_text(encoding="utf-8"))
        noticed = try_all(job["cells"], [Change(**each) for each in job["tried"]])
        Path(arguments[2]).write_text(json.dumps(noticed), encoding="utf-8")
        return 0
    good = [report(ROOT / "chapters" / f"{name}.ipynb") for name in arguments]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
