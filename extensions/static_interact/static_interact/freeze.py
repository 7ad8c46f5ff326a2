"""The kernel's half: an `interact` that runs every position of its controls at once and keeps the outputs."""

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from math import prod
from typing import Any

from .bundle import MIME_TYPE, Bundle, Part
from .capture import run_and_capture, show_open_figures
from .controls import Control, controls_for
from .errors import StaticInteractError, describe_call

SETTINGS_VARIABLE = "STATIC_INTERACT_SETTINGS"
DEFAULT_SETTINGS: dict[str, Any] = {"max_frames": 120, "max_seconds": 60, "startup": []}


def settings() -> dict[str, Any]:
    """The budgets and start-up files, from the variable that the build sets, or the defaults."""
    return DEFAULT_SETTINGS | json.loads(os.environ.get(SETTINGS_VARIABLE, "{}"))


def freeze(
    function: Callable[..., Any],
    arguments: Mapping[str, Any],
    *,
    max_frames: int,
    max_seconds: float,
    clock: Callable[[], float] = time.monotonic,
) -> Bundle:
    """Run `function` at every position of the controls made from `arguments`.

    Returns the bundle that the page is made from. Raises `StaticInteractError`, with the values and the way out, if a
    control cannot be listed, a call raises or shows nothing, or a budget is passed.
    """
    name = getattr(function, "__name__", "interact")
    controls, constants = controls_for(function, arguments)
    if not controls:
        raise StaticInteractError(
            f"interact({name}) has no control: every argument is fixed. Give it one, or call {name}(...) itself."
        )
    count = prod(len(control.values) for control in controls)
    if count > max_frames:
        sizes = " × ".join(f"{control.name}: {len(control.values)}" for control in controls)
        raise StaticInteractError(
            f"interact({name}) has {count:,} positions ({sizes}), more than the budget of {max_frames}. "
            "Take larger steps, fewer options or fewer controls."
        )
    frames: list[list[Part]] = []
    index: list[int] = []
    seen: dict[str, int] = {}
    started = clock()
    for number, values in enumerate(product(*(control.values for control in controls)), start=1):
        call = dict(zip((control.name for control in controls), values, strict=True)) | constants
        frame = _run(function, call)
        spent = clock() - started
        if spent > max_seconds:
            raise StaticInteractError(
                f"interact({name}) took {spent:.0f} s for {number} of {count} positions, more than the budget of "
                f"{max_seconds} s. Move slow work that does not depend on the controls into a cell of its own, "
                "or take fewer positions."
            )
        key = json.dumps(frame)
        if key not in seen:
            seen[key] = len(frames)
            frames.append(frame)
        index.append(seen[key])
    return {
        "name": name,
        "controls": [control.for_page() for control in controls],
        "frames": frames,
        "index": index,
        "default": _position(controls),
        "seconds": round(clock() - started, 2),
    }


def _run(function: Callable[..., Any], values: Mapping[str, Any]) -> list[Part]:
    try:
        frame = run_and_capture(function, values)
    except StaticInteractError as error:
        raise StaticInteractError(f"{describe_call(function, values)} cannot be frozen: {error}") from error
    except Exception as error:
        raise StaticInteractError(
            f"{describe_call(function, values)} raised {type(error).__name__}: {error}. A position that the reader "
            "can reach must not fail: handle these values in the function, or leave them out of the control."
        ) from error
    if not frame:
        raise StaticInteractError(
            f"{describe_call(function, values)} shows nothing. Print text or show a figure at every position."
        )
    return frame


def _position(controls: Sequence[Control]) -> int:
    """Index of the default position in row-major order."""
    position = 0
    for control in controls:
        position = position * len(control.values) + control.default
    return position


class FrozenInteract:
    """Stands in for `ipywidgets.interact` in the kernels of the build: same calls, frozen result.

    ``interact(f, x=...)``, ``@interact(x=...)``, ``@interact`` and ``interact.options(...)`` work as in ipywidgets;
    the function is given back, so that it can be called later.
    """

    def __call__(self, __interact_f: Callable[..., Any] | None = None, **arguments: Any) -> Callable[..., Any]:
        if __interact_f is None:
            return lambda function: self(function, **arguments)
        from IPython.display import display

        show_open_figures()  # what the cell drew before belongs above the slider, not into its first frame
        limits = settings()
        try:
            bundle = freeze(
                __interact_f,
                arguments,
                max_frames=limits["max_frames"],
                max_seconds=limits["max_seconds"],
            )
        except StaticInteractError as error:
            # the chain of causes ends here: the message says it all, and a kernel would print every traceback
            raise StaticInteractError(f"{_cell()}: {error}") from error.__cause__
        plain = f"interact: {len(bundle['index'])} positions of {bundle['name']}"
        display({MIME_TYPE: bundle, "text/plain": plain}, raw=True)
        return __interact_f

    def options(self, **_: Any) -> "FrozenInteract":
        """Accept ipywidgets' options; they steer live widgets only."""
        return self


def _cell() -> str:
    from IPython import get_ipython

    shell = get_ipython()
    # not shell.execution_count: newer versions of IPython count before they run a cell, older ones after it
    return f"cell In[{len(shell.history_manager.input_hist_parsed) - 1}]" if shell else "outside a notebook"


def install() -> None:
    """Replace `interact` and `interact_manual` in ipywidgets, and keep widgets from opening comms.

    Meant for the kernels of a build. Widgets then leave no state in the notebook, which would make the page load
    a widget manager from a third party.
    """
    import ipywidgets
    from ipywidgets.widgets import interaction
    from ipywidgets.widgets.widget import Widget

    frozen = FrozenInteract()
    for module in (ipywidgets, ipywidgets.widgets, interaction):
        module.interact = frozen
        module.interact_manual = frozen
    Widget.open = lambda self: None
    Widget._ipython_display_ = None  # where ipywidgets 7 displays itself, it needs the comm
    Widget._repr_mimebundle_ = lambda self, **_: {
        "application/vnd.jupyter.widget-view+json": {"model": type(self).__name__},
        "text/plain": repr(type(self).__name__),
    }
