"""What stands in for ipywidgets in the kernels of a build: `interact` and its kin freeze."""

import contextlib
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import ipywidgets
from IPython import get_ipython
from IPython.core.formatters import DisplayFormatter
from IPython.display import display
from ipywidgets.widgets import interaction
from ipywidgets.widgets.widget import Widget

from . import capture, settings
from .bundle import MIME_TYPE
from .controls import live
from .errors import StaticInteractError
from .freeze import freeze

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
BUTTON = "Run Interact"  # ipywidgets' words
# what an Output remembers of the function that fills it, and a control that it belongs to one
_SLIDER, _CONTROL = "_static_interact_slider", "_static_interact_control"


class FrozenInteract:
    """Stands in for `ipywidgets.interact` in the kernels of the build: same calls, frozen result.

    ``interact(f, x=...)``, ``@interact(x=...)``, ``@interact`` and ``interact.options(...)`` work as in ipywidgets;
    the function is given back, so that it can be called later, and its widgets are at ``f.widget``.
    """

    def __init__(self, **options: Any) -> None:
        self.opts = options

    def __call__(self, __interact_f: Callable[..., Any] | None = None, **arguments: Any) -> Callable[..., Any]:
        if __interact_f is None:
            return lambda function: self(function, **arguments)
        capture.show_open_figures()  # what the cell drew before belongs above the slider, not into its first frame
        manual = self.opts.get("manual", False)
        show(__interact_f, arguments, button=self.opts.get("manual_name", BUTTON) if manual else "")
        with contextlib.suppress(AttributeError):  # a method has no attributes of its own
            __interact_f.widget = live(__interact_f, arguments)  # type: ignore[attr-defined]
        return __interact_f

    def widget(self, function: Callable[..., Any]) -> ipywidgets.interactive:
        """The widgets of `function`, made of its arguments' defaults, as ipywidgets' ``interact.widget``."""
        return ipywidgets.interactive(function)

    def options(self, **options: Any) -> "FrozenInteract":
        """An `interact` with ipywidgets' options: ``manual`` and ``manual_name`` give the page a button."""
        return FrozenInteract(**self.opts | options)


def show(function: Callable[..., Any], arguments: Mapping[str, Any], *, button: str = "", ran: bool = False) -> None:
    """Freeze `function` and show the bundle; see `freeze`. `ran`: the live one has run already, and runs no more."""
    limits = settings.read(_source())
    try:
        bundle = freeze(
            function,
            arguments,
            max_frames=limits["max_frames"],
            max_seconds=limits["max_seconds"],
            thin=limits.get("thin", False),
            examples=limits.get("examples"),
            button=button,
            runs_here=not (button or ran),
        )
    except StaticInteractError as error:
        # the chain of causes ends here: the message says it all, and a kernel would print every traceback
        raise StaticInteractError(f"{_cell()}: {error}") from error.__cause__
    plain = f"interact: {len(bundle['index'])} positions of {bundle['name']}"
    display({MIME_TYPE: bundle, "text/plain": plain}, raw=True)


def _source() -> str | None:
    """The text of the cell that is running."""
    shell = get_ipython()
    return shell.history_manager.input_hist_raw[-1] if shell else None


def _cell() -> str:
    shell = get_ipython()
    # not shell.execution_count: newer versions of IPython count before they run a cell, older ones after it
    return f"cell In[{len(shell.history_manager.input_hist_parsed) - 1}]" if shell else "outside a notebook"


# ---- widgets that are displayed ----


def _display(widget: Widget, **_: Any) -> None:
    """Show a widget, or a box of widgets: a slider if its output is among them, else what the page can show of it."""
    parts = list(_leaves(widget))
    outputs = [part for part in parts if hasattr(part, _SLIDER)]
    if len(outputs) > 1:
        names = ", ".join(f"{getattr(part, _SLIDER)[0].__name__}()" for part in outputs)
        raise StaticInteractError(f"{_cell()}: a box holds the outputs of {names}. Display each with its controls.")
    if outputs:
        function, controls, button, ran = getattr(outputs[0], _SLIDER)
        show(function, controls, button=button, ran=ran)
    elif not all(hasattr(part, _CONTROL) for part in parts):  # controls stand with their output
        kind = type(widget).__name__
        display({WIDGET_VIEW: {"model": kind}, "text/plain": repr(kind)}, raw=True)


def _leaves(widget: Widget) -> Iterator[Widget]:
    """The widgets in boxes, also in boxes within boxes; or `widget` itself, which is none."""
    if hasattr(widget, _SLIDER):
        yield widget
    elif isinstance(widget, ipywidgets.Box):
        for child in widget.children:
            yield from _leaves(child)
    else:
        yield widget


def _belongs(output: Widget, function: Callable[..., Any], controls: Mapping[str, Any], button: str, ran: bool) -> None:
    setattr(output, _SLIDER, (function, controls, button, ran))
    for control in controls.values():
        setattr(control, _CONTROL, True)


def _interactive_init(original: Callable[..., None]) -> Callable[..., None]:
    def init(self: Any, *arguments: Any, **options: Any) -> None:
        original(self, *arguments, **options)
        controls = {widget._kwarg: widget for widget in self.kwargs_widgets}
        button = self.manual_name if self.manual else ""
        ran = int(ipywidgets.__version__.partition(".")[0]) > 7  # it runs when it is made, before that when displayed
        for output in (self, self.out):  # whichever of the two is displayed
            _belongs(output, self.f, controls, button, ran)

    return init


def _interactive_output(original: Callable[..., Widget]) -> Callable[..., Widget]:
    def interactive_output(f: Callable[..., Any], controls: Mapping[str, Widget]) -> Widget:
        output = original(f, controls)
        _belongs(output, f, controls, "", True)
        return output

    return interactive_output


# ---- outputs that widgets take ----


def _enter(self: Any) -> Any:
    """Take the output of a ``with`` block: it is the widget's, and shown with it if at all."""
    taken = contextlib.ExitStack()
    self._static_interact_taken = [*getattr(self, "_static_interact_taken", []), taken]
    taken.enter_context(capture.taken())
    return self


def _exit(self: Any, *error: Any) -> bool | None:
    return self._static_interact_taken.pop().__exit__(*error)


def _refuse_watching(original: Callable[..., None], what: str) -> Callable[..., None]:
    def watch(*arguments: Any, **options: Any) -> None:
        # ipywidgets watches its own widgets; what a notebook watches, no page can follow
        if sys._getframe(1).f_globals.get("__name__") == "__main__":
            raise StaticInteractError(
                f"{_cell()}: {what} needs a kernel, which the page has not. Let a function show what follows from the "
                "controls, and give it to interact, interactive or interactive_output. A Play is given like a slider, "
                "and brings one."
            )
        original(*arguments, **options)

    return watch


def install() -> None:
    """Replace what makes sliders in ipywidgets, and keep widgets from opening comms.

    Meant for the kernels of a build. Widgets then leave no state in the notebook, which would make the page load
    a widget manager from a third party.
    """
    frozen, manual = FrozenInteract(), FrozenInteract(manual=True)
    frozen_output = _interactive_output(interaction.interactive_output)
    for module in (ipywidgets, ipywidgets.widgets, interaction):
        module.interact = frozen
        module.interact_manual = manual
        module.interactive_output = frozen_output
    interaction.interactive.__init__ = _interactive_init(interaction.interactive.__init__)
    ipywidgets.Output.__enter__ = _enter
    ipywidgets.Output.__exit__ = _exit
    Widget.open = lambda self: None
    Widget._ipython_display_ = _display
    Widget.observe = _refuse_watching(Widget.observe, "observe")
    DisplayFormatter.format = capture.swallow_nothing(DisplayFormatter.format)  # type: ignore[method-assign]
    for name in ("jslink", "jsdlink", "link", "dlink"):
        if hasattr(ipywidgets, name):
            setattr(ipywidgets, name, _refuse_watching(getattr(ipywidgets, name), name))
