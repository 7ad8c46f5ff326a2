"""Turn the widgets that ipywidgets makes of `interact`'s arguments into lists of positions."""

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import ipywidgets

from .bundle import ControlData
from .errors import StaticInteractError

WAYS_OUT = (
    "Use a slider with min, max and step, a SelectionSlider, Dropdown, RadioButtons or ToggleButtons "
    "with its options, or a Checkbox; or keep the argument constant with ipywidgets.fixed(...)."
)


@dataclasses.dataclass(frozen=True)
class Control:
    """One control of a frozen slider.

    `kind` is how the page shows it: ``range``, ``select``, ``radio`` or ``checkbox``. `values` holds what the
    function is called with, `labels` what the reader sees, in the same order; `default` is an index into both.
    """

    name: str
    label: str
    kind: str
    values: tuple[Any, ...]
    labels: tuple[str, ...]
    default: int

    def for_page(self) -> ControlData:
        """The part that the page needs, as JSON-ready data: no Python values, which may be anything."""
        return {
            "name": self.name,
            "label": self.label,
            "kind": self.kind,
            "labels": list(self.labels),
            "default": self.default,
        }


class _Unrun(ipywidgets.interactive):
    """ipywidgets' own reading of `interact`'s arguments, without running the function."""

    def update(self, *args: Any) -> None:
        """Run nothing: freezing runs every position itself."""


def controls_for(function: Callable[..., Any], arguments: Mapping[str, Any]) -> tuple[list[Control], dict[str, Any]]:
    """Let ipywidgets turn `arguments` into widgets and list the positions of each.

    Returns the controls in the order of the function's parameters, and a dictionary of the arguments that
    `fixed` keeps constant. Raises `StaticInteractError` for a widget whose positions cannot be listed and for
    arguments that ipywidgets refuses.
    """
    return controls_of({widget._kwarg: widget for widget in live(function, arguments).kwargs_widgets})


def live(function: Callable[..., Any], arguments: Mapping[str, Any]) -> ipywidgets.interactive:
    """The widgets that ipywidgets makes of `arguments`, without a call of `function`; raises `StaticInteractError`."""
    try:
        return _Unrun(function, **arguments)
    except Exception as error:
        raise StaticInteractError(f"ipywidgets.interact refuses these arguments: {error}") from error


def controls_of(widgets: Mapping[str, Any]) -> tuple[list[Control], dict[str, Any]]:
    """List the positions of `widgets`, given by the names of the arguments that they set; see `controls_for`."""
    constants = {name: w.value for name, w in widgets.items() if isinstance(w, ipywidgets.fixed)}
    controls = [_control(name, w) for name, w in widgets.items() if not isinstance(w, ipywidgets.fixed)]
    return controls, constants


def _control(name: str, widget: Any) -> Control:
    label = widget.description or name
    if isinstance(widget, (ipywidgets.Checkbox, ipywidgets.ToggleButton)):
        return Control(name, label, "checkbox", (False, True), ("off", "on"), int(widget.value))
    kinds = {
        ipywidgets.SelectionSlider: "range",
        ipywidgets.Dropdown: "select",
        ipywidgets.Select: "select",
        ipywidgets.RadioButtons: "radio",
        ipywidgets.ToggleButtons: "radio",
    }
    for widget_class, kind in kinds.items():
        if isinstance(widget, widget_class):
            return _selection(widget, name, label, kind)
    if isinstance(widget, ipywidgets.FloatLogSlider):
        exponents = _steps(widget, name)
        values = tuple(_clean(widget.base ** float(e)) for e in exponents)
        return _numeric(widget, name, label, values)
    if isinstance(widget, (ipywidgets.IntSlider, ipywidgets.BoundedIntText)):
        return _numeric(widget, name, label, tuple(int(v) for v in _steps(widget, name)))
    if isinstance(widget, (ipywidgets.FloatSlider, ipywidgets.BoundedFloatText)):
        return _numeric(widget, name, label, tuple(float(v) for v in _steps(widget, name)))
    raise StaticInteractError(
        f"control {name!r} is a {type(widget).__name__}, whose positions cannot be listed. {WAYS_OUT}"
    )


def thinned(controls: Sequence[Control], most: int) -> list[Control]:
    """The controls with fewer positions of the longest sliders, until there are `most` positions in all or fewer.

    What is left of a slider are its default, every second, third, ... position from there, and its ends.
    """
    found, strides = list(controls), [1] * len(controls)
    while math.prod(len(control.values) for control in found) > most:
        can_lose = [i for i, control in enumerate(found) if control.kind == "range" and len(control.values) > 3]
        if not can_lose:
            break
        longest = max(can_lose, key=lambda i: len(found[i].values))
        strides[longest] += 1
        found[longest] = _every(controls[longest], strides[longest])
    return found


def _every(control: Control, stride: int) -> Control:
    """The default of a `control`, every position that is a multiple of `stride` away from it, and the ends."""
    ends = (0, len(control.values) - 1)
    kept = [i for i in range(len(control.values)) if i in ends or (i - control.default) % stride == 0]
    return dataclasses.replace(
        control,
        values=tuple(control.values[i] for i in kept),
        labels=tuple(control.labels[i] for i in kept),
        default=kept.index(control.default),
    )


def _selection(widget: Any, name: str, label: str, kind: str) -> Control:
    # _options_full is the only place where ipywidgets 7 and 8 both keep (label, value) pairs
    labels = tuple(str(text) for text, _ in widget._options_full)
    values = tuple(value for _, value in widget._options_full)
    if not values:
        raise StaticInteractError(f"control {name!r} has no options. Give it at least one.")
    if len(set(labels)) < len(labels):
        raise StaticInteractError(
            f"control {name!r} has two options that read the same ({', '.join(labels)}). "
            "Give each its own label, for instance as ('label', value) pairs."
        )
    default = widget.index
    if default is None:
        # ipywidgets takes an option whose value is None for no selection, or not: it depends on the hash seed
        default = next((i for i, value in enumerate(values) if value is None), None)
    if default is None:
        raise StaticInteractError(f"control {name!r} has no default. Set value=... to one of its options.")
    return Control(name, label, kind, values, labels, default)


def _steps(widget: Any, name: str) -> list[Decimal]:
    """The positions from min to max as decimals, so that 0.1 + 0.2 reads 0.3."""
    limits = widget.min, widget.max, widget.step
    if None in limits or not all(map(math.isfinite, limits)):
        raise StaticInteractError(f"control {name!r} needs numbers for min, max and step; it has {limits}.")
    low, high, step = (Decimal(str(v)) for v in limits)
    if step <= 0:
        raise StaticInteractError(f"control {name!r} has step {step}; it must be greater than 0.")
    count = math.floor((high - low) / step) + 1
    if count > 100_000:
        raise StaticInteractError(
            f"control {name!r} has {count:,} positions from {low} to {high}. Choose a larger step."
        )
    return [low + i * step for i in range(count)]


def _clean(value: float) -> float:
    """Drop the rounding noise of a power: 10**-0.5 stays, 0.010000000000000002 becomes 0.01."""
    return float(f"{float(value):.12g}")


def _numeric(widget: Any, name: str, label: str, values: tuple[float, ...]) -> Control:
    default = min(range(len(values)), key=lambda i: abs(values[i] - widget.value))
    # rounding noise is small beside the distance to the next position, whatever the slider's range
    gap = min((abs(v - values[default]) for i, v in enumerate(values) if i != default), default=0)
    if not math.isclose(values[default], widget.value, rel_tol=1e-9, abs_tol=1e-6 * gap):
        # it starts between two steps, as ipywidgets may choose for (0.5, 2.0): the start is a position, too
        values = tuple(sorted((*values, widget.value)))
        default = values.index(widget.value)
    labels = _number_labels(values, getattr(widget, "readout_format", "d" if type(widget.value) is int else ".3g"))
    return Control(name, label, "range", values, labels, default)


def _number_labels(values: tuple[float, ...], readout_format: str) -> tuple[str, ...]:
    """Labels in the format of the live slider's readout, or more digits where two would read the same."""
    formats = [readout_format, *(f".{digits}g" for digits in range(3, 13))]
    for spec in formats:
        try:
            labels = tuple(format(v, spec).replace("-", "−") for v in values)
        except ValueError:  # a d3 format that Python does not know
            continue
        if len(set(labels)) == len(labels):
            return labels
    return tuple(repr(v) for v in values)
