"""What a build tells its kernels: budgets, start-up files, and what the metadata of single cells ask for."""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from typing import Any

VARIABLE = "STATIC_INTERACT_SETTINGS"
DEFAULTS: dict[str, Any] = {"max_frames": 120, "max_seconds": 60, "startup": [], "cells": {}}
# what a cell's metadata can say under "static_interact", and of what type
OF_CELLS: dict[str, type | tuple[type, ...]] = {
    "max_frames": int,
    "max_seconds": (int, float),
    "thin": bool,
    "examples": dict,
}


def read(source: str | None = None) -> dict[str, Any]:
    """The settings from the variable that the build sets, or the defaults, for a cell with this `source`."""
    found = DEFAULTS | json.loads(os.environ.get(VARIABLE, "{}"))
    return found | found["cells"].get(_key(source), {}) if source is not None else found


def write(settings: Mapping[str, Any]) -> None:
    """Tell the kernels that this process will start."""
    os.environ[VARIABLE] = json.dumps(settings)


def of_cells(cells: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """What the metadata of `cells` (nbformat 4) ask for, by a hash of their source: a kernel knows no more of a cell.

    Raises ValueError for a setting that does not exist or has the wrong type, with what there is.
    """
    found = {}
    for cell in cells:
        asked = cell.get("metadata", {}).get("static_interact")
        if asked is None:
            continue
        if not isinstance(asked, Mapping):
            raise ValueError(f'the metadata "static_interact" of a cell are {asked!r}; they are a mapping')
        for name, value in asked.items():
            if name not in OF_CELLS:
                raise ValueError(f"a cell asks for {name!r} under static_interact; there is {', '.join(OF_CELLS)}")
            kind = OF_CELLS[name]
            if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
                raise ValueError(f"a cell sets {name} under static_interact to {value!r}")
            if isinstance(value, Mapping) and not all(isinstance(each, list) for each in value.values()):
                raise ValueError(f"a cell sets examples under static_interact to {value!r}; each is a list")
        source = cell["source"]
        found[_key(source if isinstance(source, str) else "".join(source))] = dict(asked)
    return found


def _key(source: str) -> str:
    return hashlib.sha256(source.encode()).hexdigest()[:16]
