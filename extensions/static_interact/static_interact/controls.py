"""Turn the widgets that ipywidgets makes of `interact`'s arguments into lists of positions."""

import dataclasses
import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import ipywidgets

from .bundle import ControlData
from .errors import StaticInteractError
from .labels import spoken

WAYS_OUT = (
    "Use a slider with min, max and step, a SelectionSlider, Dropdown, RadioButtons or ToggleButtons "
    "with its options, or a Checkbox; or keep the argument constant with ipywidgets.fixed(...)."
)
# boxes that take anything of their type
FREE = (ipywidgets.Text, ipywidgets.Textarea, ipywidgets.IntText, ipywidgets.FloatText, ipywidgets.ColorPicker)
THINNED = {"range", "interval", "play"}
MOST = 100_000  # positions of one control that are worth listing, for the message that says how many there are


@dataclasses.dataclass(frozen=True)
class Control:
    """One control of a frozen slider.

    `kind` is how the page shows it: ``range``, ``interval``, ``play``, ``select``, ``radio`` or ``checkbox``. `values`
    holds what the function is called with, `labels` what the reader sees, in the same order; `default` is an index into
    both. An interval's positions are all pairs of two of its ends; a player has its `milliseconds` per position, and
    starts again at its end if it `repeats`.
    """

    name: str
    label: str
    kind: str
    values: tuple[Any, ...]
    labels: tuple[str, ...]
    default: int
    ends: tuple[str, ...] = ()
    milliseconds: int = 0
    repeats: bool = False

    def for_page(self) -> ControlData:
        """The part that the page needs, as JSON-ready data: no Python values, which may be anything."""
        data: ControlData = {
            "name": self.name,
            "label": self.label,
            "kind": self.kind,
            "labels": list(self.labels),
            "default": self.default,
        }
        if self.kind == "interval":
            data["ends"] = list(self.ends)
        if self.kind == "play":
            data["milliseconds"], data["repeats"] = self.milliseconds, self.repeats
        return data


class _Unrun(ipywidgets.interactive):
    """ipywidgets' own reading of `interact`'s arguments, without running the function."""

    def update(self, *args: Any) -> None:
        """Run nothing: freezing runs every position itself."""


def controls_for(
    function: Callable[..., Any], arguments: Mapping[str, Any], examples: Mapping[str, Any] | None = None
) -> tuple[list[Control], dict[str, Any]]:
    """Let ipywidgets turn `arguments` into widgets and list the positions of each.

    `examples` are an author's lists of what free text may be, by the argument's name. Returns the controls in the order
    of the function's parameters, and a dictionary of the arguments that `fixed` keeps constant. Raises
    `StaticInteractError` for a widget whose positions cannot be listed and for arguments that ipywidgets refuses.
    """
    return controls_of({widget._kwarg: widget for widget in live(function, arguments).kwargs_widgets}, examples)


def live(function: Callable[..., Any], arguments: Mapping[str, Any]) -> ipywidgets.interactive:
    """The widgets that ipywidgets makes of `arguments`, without a call of `function`; raises `StaticInteractError`."""
    try:
        return _Unrun(function, **arguments)
    except Exception as error:
        raise StaticInteractError(f"ipywidgets.interact refuses these arguments: {error}") from error


def controls_of(
    widgets: Mapping[str, Any], examples: Mapping[str, Any] | None = None
) -> tuple[list[Control], dict[str, Any]]:
    """List the positions of `widgets`, given by the names of the arguments that they set; see `controls_for`."""
    examples = examples or {}
    if unknown := set(examples) - set(widgets):
        raise StaticInteractError(
            f"the cell's metadata have examples for {', '.join(sorted(unknown))}, of which there is no control; "
            f"there is {', '.join(widgets)}."
        )
    constants = {name: w.value for name, w in widgets.items() if isinstance(w, ipywidgets.fixed)}
    controls = [
        _control(name, w, examples.get(name)) for name, w in widgets.items() if not isinstance(w, ipywidgets.fixed)
    ]
    labels = [spoken(control.label) for control in controls]
    if twice := next((label for label in labels if labels.count(label) > 1), None):
        names = ", ".join(repr(control.name) for control in controls if spoken(control.label) == twice)
        raise StaticInteractError(
            f"controls {names} are all called {twice!r}. Give each a description of its own, by which a reader "
            "can tell them apart."
        )
    return controls, constants


def _control(name: str, widget: Any, examples: Sequence[Any] | None) -> Control:
    label = widget.description or name
    if isinstance(widget, FREE):
        return _examples(widget, name, label, examples)
    if examples is not None:
        raise StaticInteractError(
            f"control {name!r} is a {type(widget).__name__}, whose positions are known: take its examples out of the "
            "cell's metadata."
        )
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
    if isinstance(widget, ipywidgets.Play):
        control = _numeric(widget, name, label, tuple(int(v) for v in _steps(widget, name)))
        # ipywidgets 7 has a name of its own for it
        repeats = getattr(widget, "repeat", None) or getattr(widget, "_repeat", False)
        return dataclasses.replace(control, kind="play", milliseconds=widget.interval, repeats=bool(repeats))
    if isinstance(widget, ipywidgets.SelectionRangeSlider):
        options = widget._options_full
        return _interval(name, label, [value for _, value in options], [str(text) for text, _ in options], widget.index)
    if isinstance(widget, (ipywidgets.IntRangeSlider, ipywidgets.FloatRangeSlider)):
        return _number_interval(widget, name, label)
    if isinstance(widget, (ipywidgets.IntSlider, ipywidgets.BoundedIntText)):
        return _numeric(widget, name, label, tuple(int(v) for v in _steps(widget, name)))
    if isinstance(widget, (ipywidgets.FloatSlider, ipywidgets.BoundedFloatText)):
        return _numeric(widget, name, label, tuple(float(v) for v in _steps(widget, name)))
    raise StaticInteractError(
        f"control {name!r} is a {type(widget).__name__}, whose positions cannot be listed. {WAYS_OUT}"
    )


def _examples(widget: Any, name: str, label: str, examples: Sequence[Any] | None) -> Control:
    """A box into which anything can be written, as a list of what the author would write there."""
    if examples is None:
        examples = getattr(widget, "options", None)  # what a Combobox suggests
    if not examples:
        raise StaticInteractError(
            f"control {name!r} is a {type(widget).__name__}, whose positions cannot be listed. List examples in the "
            f'cell\'s metadata, {{"static_interact": {{"examples": {{"{name}": [...]}}}}}}. {WAYS_OUT}'
        )
    values = []
    for example in examples:
        try:
            value = type(widget)(value=example).value
        except Exception as error:
            raise StaticInteractError(
                f"control {name!r} is a {type(widget).__name__}, which takes no {example!r} of its examples: {error}"
            ) from error
        if value not in values:
            values.append(value)
    if widget.value not in values:
        values.insert(0, widget.value)  # where the live one starts
    labels = tuple("(empty)" if value == "" else str(value) for value in values)
    return Control(name, label, "select", tuple(values), labels, values.index(widget.value))


def _number_interval(widget: Any, name: str, label: str) -> Control:
    whole = isinstance(widget, ipywidgets.IntRangeSlider)
    values: tuple[float, ...] = tuple(int(v) if whole else float(v) for v in _steps(widget, name))
    for start in widget.value:
        values, _ = _with(values, start)
    places = [_with(values, start)[1] for start in widget.value]
    return _interval(name, label, values, _number_labels(values, widget.readout_format), places)


def _interval(name: str, label: str, ends: Sequence[Any], labels: Sequence[str], places: Sequence[int]) -> Control:
    """A control whose positions are all pairs of `ends`, the first no greater; `places` are those at the start."""
    if len(ends) * (len(ends) + 1) // 2 > MOST:
        raise StaticInteractError(
            f"control {name!r} has all pairs of {len(ends):,} values as positions. Choose a larger step."
        )
    pairs = list(itertools.combinations_with_replacement(range(len(ends)), 2))
    return Control(
        name,
        label,
        "interval",
        tuple((ends[low], ends[high]) for low, high in pairs),
        tuple(f"{labels[low]} to {labels[high]}" for low, high in pairs),
        pairs.index((places[0], places[1])),
        ends=tuple(labels),
    )


def thinned(controls: Sequence[Control], most: int) -> list[Control]:
    """The controls with fewer positions of the longest sliders, until there are `most` positions in all or fewer.

    What is left of a slider are its default, every second, third, ... position from there, and its ends.
    """
    found, strides = list(controls), [1] * len(controls)
    while math.prod(len(control.values) for control in found) > most:
        can_lose = [i for i, control in enumerate(found) if control.kind in THINNED and len(control.values) > 3]
        can_lose = [i for i in can_lose if strides[i] < len(controls[i].values)]
        if not can_lose:
            break
        longest = max(can_lose, key=lambda i: len(found[i].values))
        strides[longest] += 1
        found[longest] = _every(controls[longest], strides[longest])
    return found


def _every(control: Control, stride: int) -> Control:
    """The default of a `control`, every position that is a multiple of `stride` away from it, and the ends.

    Of an interval, both ends at the start are kept, and every multiple from the first of them.
    """
    if control.kind == "interval":
        count = len(control.ends)
        pairs = list(itertools.combinations_with_replacement(range(count), 2))
        places = pairs[control.default]
        ends = [i for i in range(count) if i in (0, count - 1, *places) or (i - places[0]) % stride == 0]
        kept = [number for number, (low, high) in enumerate(pairs) if low in ends and high in ends]
        control = dataclasses.replace(control, ends=tuple(control.ends[i] for i in ends))
    else:
        last = len(control.values) - 1
        kept = [i for i in range(last + 1) if i in (0, last) or (i - control.default) % stride == 0]
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
    if len(set(map(spoken, labels))) < len(labels):
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
    if count > MOST:
        raise StaticInteractError(
            f"control {name!r} has {count:,} positions from {low} to {high}. Choose a larger step."
        )
    return [low + i * step for i in range(count)]


def _clean(value: float) -> float:
    """Drop the rounding noise of a power: 10**-0.5 stays, 0.010000000000000002 becomes 0.01."""
    return float(f"{float(value):.12g}")


def _with(values: tuple[float, ...], start: float) -> tuple[tuple[float, ...], int]:
    """`values` with `start` among them, and its index there."""
    place = min(range(len(values)), key=lambda i: abs(values[i] - start))
    # rounding noise is small beside the distance to the next position, whatever the slider's range
    gap = min((abs(v - values[place]) for i, v in enumerate(values) if i != place), default=0)
    if not math.isclose(values[place], start, rel_tol=1e-9, abs_tol=1e-6 * gap):
        # it starts between two steps, as ipywidgets may choose for (0.5, 2.0): the start is a position, too
        values = tuple(sorted((*values, start)))
        place = values.index(start)
    return values, place


def _numeric(widget: Any, name: str, label: str, values: tuple[float, ...]) -> Control:
    values, default = _with(values, widget.value)
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
