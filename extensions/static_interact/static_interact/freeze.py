"""The kernel's half: an `interact` that runs every position of its controls at once and keeps the outputs."""

import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import product
from math import prod
from typing import Any

from . import copies
from .bundle import Bundle, Part
from .capture import run_and_capture, without_progress
from .controls import Control, controls_for, thinned
from .errors import StaticInteractError, describe_call


def freeze(
    function: Callable[..., Any],
    arguments: Mapping[str, Any],
    *,
    max_frames: int,
    max_seconds: float,
    thin: bool = False,
    examples: Mapping[str, Sequence[Any]] | None = None,
    clock: Callable[[], float] = time.monotonic,
    in_copies: bool | None = None,
    button: str = "",
    runs_here: bool = True,
) -> Bundle:
    """Run `function` at every position of the controls made from `arguments`.

    Every position starts from the state that the cell finds, and afterwards all is as one call at the default leaves
    it, as when the slider is shown live; or as it was before, if the live one does not run here (`runs_here`).
    `in_copies` says whether the other positions run in copies of the process (None: if the system has them). Without
    copies, random generators are set back before each call; what else calls leave behind stays, and is told to the
    author where it shows. `button` has the words of the live slider's button, if it has one. With `thin`, sliders that
    have more positions than the budget allows are shown at fewer of them. `examples` are what can be chosen instead of
    written, by the names of arguments.

    Returns the bundle that the page is made from. Raises `StaticInteractError`, with the values and the way out, if a
    control cannot be listed, a call raises or shows nothing, or a budget is passed.
    """
    name = getattr(function, "__name__", "interact")
    controls, constants = controls_for(function, arguments, examples)
    if not controls:
        raise StaticInteractError(
            f"interact({name}) has no control: every argument is fixed. Give it one, or call {name}(...) itself."
        )
    if thin:
        controls = thinned(controls, max_frames)
    count = prod(len(control.values) for control in controls)
    if count > max_frames:
        sizes = " × ".join(f"{control.name}: {len(control.values)}" for control in controls)
        raise StaticInteractError(
            f"interact({name}) has {count:,} positions ({sizes}), more than the budget of {max_frames} "
            "(static_interact_max_frames). Take larger steps, fewer options or fewer controls; or let the cell's "
            'metadata say {"static_interact": {"thin": true}}, or {"static_interact": {"max_frames": ...}}.'
        )
    started = clock()

    def check(number: int) -> None:
        spent = clock() - started
        if spent > max_seconds:
            raise StaticInteractError(
                f"interact({name}) took {spent:.0f} s for {number} of {count} positions, more than the budget of "
                f"{max_seconds} s (static_interact_max_seconds). Move slow work that does not depend on the controls "
                'into a cell of its own, or take fewer positions; the cell\'s metadata may say {"static_interact": '
                '{"max_seconds": ...}}.'
            )

    names = [control.name for control in controls]
    calls = [
        dict(zip(names, values, strict=True)) | constants
        for values in product(*(control.values for control in controls))
    ]
    default = _position(controls)
    run_all = _run_in_copies if (copies.available() if in_copies is None else in_copies) else _run_in_turn
    frames: list[list[Part]] = []
    index: list[int] = []
    seen: dict[str, int] = {}
    for frame in run_all(function, calls, default if runs_here else None, check):
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
        "default": default,
        "seconds": round(clock() - started, 2),
        "button": button,
    }


def _run_in_copies(
    function: Callable[..., Any], calls: Sequence[Mapping[str, Any]], here: int | None, check: Callable[[int], None]
) -> list[list[Part]]:
    """The frame of each of `calls`; the one `here` is made in this process, and last: the others know nothing of it."""
    others = [call for number, call in enumerate(calls) if number != here]
    frames: list[list[Part]] = []
    told: set[str] = set()
    tasks = [partial(_run, function, call) for call in others]
    results = copies.run(tasks, check=check)
    for call in others:
        try:
            frame, words = next(results)
        except copies.CopyEnded as error:
            raise StaticInteractError(
                f"{describe_call(function, call)} brought no frame: {error}. A position that the reader can reach must "
                "not fail: handle these values in the function, or leave them out of the control."
            ) from error.__cause__
        frames.append(frame)
        words = without_progress(words)
        if words and words not in told:  # a library warns once in each copy
            told.add(words)
            sys.stderr.write(words)
    if here is not None:
        frames.insert(here, _run(function, calls[here]))
        check(len(calls))
    return frames


def _run_in_turn(
    function: Callable[..., Any], calls: Sequence[Mapping[str, Any]], here: int | None, check: Callable[[int], None]
) -> list[list[Part]]:
    """The frame of each of `calls`, one after another in this process; the one `here` first, and once more last."""
    generators = copies.Generators()
    first: list[Part] = []
    if here is not None:
        first = _run(function, calls[here])
        check(1)
    frames = []
    for number, call in enumerate(calls):
        generators.restore()
        frames.append(first if number == here else _run(function, call))
        check(number + 1)
    generators.restore()
    if here is not None and _run(function, calls[here]) != first:
        print(
            f"static_interact: {describe_call(function, calls[here])} shows something else when it is called "
            "again. Its positions may depend on each other here, where the process cannot be copied: let it keep "
            "nothing from call to call.",
            file=sys.stderr,
        )
    return frames


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
