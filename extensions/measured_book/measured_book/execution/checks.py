"""Checks of a notebook's study file: Python that must hold in what the notebook defined.

The worker evaluates them in the notebook's kernel when its last cell has run, so that no notebook is executed again for
them. The results are kept beside the cache, each under a key of the notebook's code and of the check itself: a check
that is changed has no result, and neither has one whose notebook changed.
"""

import ast
import hashlib
import json
from pathlib import Path

import yaml

FOLDER = "checks"
# code for the kernel: it imports nothing and leaves no name behind that a check could see
CELL = "__import__('runpy').run_path({path!r})['evaluate_file']({requests!r}, {results!r}, get_ipython().user_ns)"


def entries(path: Path) -> list[dict]:
    """The cards and questions with checks in the study file at `path`; an empty list if there is no such file.

    A question whose numbers vary stands there once for each of its variants.
    """
    if not path.is_file():
        return []
    from ..study import variants  # not above: kernels run this file by itself

    parts = yaml.safe_load(path.read_text(encoding="utf-8"))
    varied = [variant for template in parts.pop("practice", []) for variant in variants.variants(template)]
    return [entry for part in parts.values() for entry in part if "check" in entry] + varied


def perturbed(entry: dict) -> list[dict]:
    """The number question `entry` with answers that are wrong, one below and one above; none for other entries."""
    if "answer" not in entry:
        return []
    away = 2 * entry["tolerance"] or (1 if float(entry["answer"]).is_integer() else abs(entry["answer"]) / 100)
    return [entry | {"answer": entry["answer"] + step} for step in (-away, away)]


def key(entry: dict) -> str:
    """The name under which the result for `entry` is kept: a hash of its checks, answer, tolerance and numbers."""
    content = [entry["check"], entry.get("answer"), entry.get("tolerance")]
    if "numbers" in entry:
        content.append(entry["numbers"])
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]


def requests(found: list[dict]) -> dict[str, dict]:
    """What the kernel has to evaluate for the entries `found`, by key: each as it is, and with wrong answers."""
    return {key(each): each for entry in found for each in [entry, *perturbed(entry)]}


def says_nothing(check: str) -> bool:
    """Whether a check holds whatever the notebook defines: what it asserts names nothing."""
    tree = ast.parse(check)
    asserted = [node.test for node in ast.walk(tree) if isinstance(node, ast.Assert)]
    asserted = asserted or [node.value for node in tree.body[-1:] if isinstance(node, ast.Expr)]
    return not any(isinstance(node, ast.Name) for test in asserted for node in ast.walk(test))


def evaluate(entry: dict, namespace: dict) -> list[str]:
    """What is wrong with the checks of `entry` in `namespace`, in words; an empty list if all hold.

    A check with a line that begins with ``assert`` is run, another one is an expression that must be true. It sees the
    entry's ``answer``, ``tolerance`` and ``numbers`` (by their names), and NumPy as ``np``, PyTorch as ``torch`` and
    ``math``.
    """
    import math

    import numpy as np
    import torch

    numbers = entry.get("numbers", {})
    name = entry["id"] + "".join(f", {key} = {value}" for key, value in numbers.items())
    wrong = []
    for check in entry["check"]:
        values = {part: entry[part] for part in ("answer", "tolerance") if part in entry}
        scope = namespace | {"np": np, "math": math, "torch": torch} | numbers | values
        try:
            if any(line.startswith("assert ") for line in check.splitlines()):
                exec(check, scope)
            else:
                assert eval(check, scope)
        except AssertionError as error:
            wrong.append(f"{name}: {check} does not hold. {error}")
        except Exception as error:
            wrong.append(f"{name}: {check} raises {type(error).__name__}: {error}")
    return wrong


def evaluate_file(requests_path: str, results_path: str, namespace: dict) -> None:
    """Evaluate the entries in a JSON file, a mapping, in `namespace`, and write what is wrong with each to another."""
    asked = json.loads(Path(requests_path).read_text(encoding="utf-8"))
    results = {name: evaluate(entry, namespace) for name, entry in asked.items()}
    Path(results_path).write_text(json.dumps(results), encoding="utf-8")


def cell(requests_path: Path, results_path: Path) -> str:
    """The source of a cell that evaluates the checks in its kernel; see `evaluate_file`."""
    return CELL.format(path=__file__, requests=str(requests_path), results=str(results_path))


def store(cache: Path, code: str, results: dict[str, list[str]]) -> None:
    """Keep `results` beside the notebooks of the folder `cache`, under the key `code` of the notebook's code."""
    path = cache / FOLDER / f"{code}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(results, indent=1), encoding="utf-8")


def stored(cache: Path, code: str) -> dict[str, list[str]]:
    """The results that are kept for the notebook with this `code`, by `key`."""
    path = cache / FOLDER / f"{code}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
