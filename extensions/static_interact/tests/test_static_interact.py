"""Controls, freezing and the HTML of a slider, as functions in this process."""

import base64
import datetime
import io
import json
import math
import sys
import traceback
import warnings

import ipywidgets
import matplotlib.pyplot as plt
import numpy as np
import pytest
from bs4 import BeautifulSoup
from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.display import HTML, clear_output, display
from IPython.display import Image as ShownImage
from matplotlib_inline.backend_inline import set_matplotlib_formats
from PIL import Image
from static_interact import settings
from static_interact.bundle import MIME_TYPE
from static_interact.capture import run_and_capture
from static_interact.controls import controls_for, thinned
from static_interact.errors import StaticInteractError, describe_call
from static_interact.freeze import freeze
from static_interact.labels import spoken
from static_interact.markup import slider_html, unique_identifier, with_mathematics
from static_interact.settings import VARIABLE
from static_interact.widgets import FrozenInteract

pytestmark = pytest.mark.usefixtures("shell")


@pytest.fixture
def shown(shell, monkeypatch):
    """The bundles that the shell was asked to show, as dictionaries with data and metadata."""
    publisher = CapturingDisplayPublisher()
    monkeypatch.setattr(shell, "display_pub", publisher)
    return publisher.outputs


in_both_ways = pytest.mark.parametrize("in_copies", [True, False], ids=["in copies", "in turn"])


def accept(**_):
    """A function with any arguments, to make controls for."""


def control(widget):
    (only,), constants = controls_for(accept, {"x": widget})
    assert constants == {}
    return only


def frozen(function, *, max_frames=120, max_seconds=60, clock=lambda: 0.0, in_copies=None, **arguments):
    limits = {"max_frames": max_frames, "max_seconds": max_seconds, "clock": clock, "in_copies": in_copies}
    return freeze(function, arguments, **limits)


def texts(bundle):
    """The text of each position, in the order of the index."""
    return [bundle["frames"][i][0]["text"] for i in bundle["index"]]


def pixels(part):
    return Image.open(io.BytesIO(base64.b64decode(part["webp"])))


NUMBERS = [
    # (argument, values, labels, default)
    (ipywidgets.IntSlider(3, 0, 4), (0, 1, 2, 3, 4), "0 1 2 3 4", 3),
    (ipywidgets.IntSlider(-2, -4, 0, 2), (-4, -2, 0), "−4 −2 0", 1),
    (ipywidgets.IntSlider(7, 7, 7), (7,), "7", 0),
    ((0, 10, 2), (0, 2, 4, 6, 8, 10), "0 2 4 6 8 10", 2),
    ((1, 3), (1, 2, 3), "1 2 3", 1),
    (2, (-2, -1, 0, 1, 2, 3, 4, 5, 6), "−2 −1 0 1 2 3 4 5 6", 4),
    (ipywidgets.FloatSlider(0.3, min=0, max=0.4, step=0.1), (0.0, 0.1, 0.2, 0.3, 0.4), "0.00 0.10 0.20 0.30 0.40", 3),
    (ipywidgets.FloatSlider(0.1 + 0.2, min=0, max=0.3, step=0.1), (0.0, 0.1, 0.2, 0.3), "0.00 0.10 0.20 0.30", 3),
    # the step does not divide the range: the last position is the last step
    (ipywidgets.FloatSlider(0.9, min=0, max=1, step=0.3), (0.0, 0.3, 0.6, 0.9), "0.00 0.30 0.60 0.90", 3),
    (ipywidgets.FloatSlider(-1.5, min=-1.5, max=-0.5, step=0.5), (-1.5, -1.0, -0.5), "−1.50 −1.00 −0.50", 0),
    # the readout's two digits would read the same
    (ipywidgets.FloatSlider(0.002, min=0.001, max=0.003, step=0.001), (0.001, 0.002, 0.003), "0.001 0.002 0.003", 1),
    (ipywidgets.FloatSlider(0.5, min=0, max=1, step=0.5, readout_format=".0%"), (0.0, 0.5, 1.0), "0% 50% 100%", 1),
    # a d3 format that Python does not have
    (ipywidgets.FloatSlider(1, min=0.5, max=1.5, step=0.5, readout_format="$,.2f"), (0.5, 1.0, 1.5), "0.5 1 1.5", 1),
    ((0.0, 1.0, 0.25), (0.0, 0.25, 0.5, 0.75, 1.0), "0.00 0.25 0.50 0.75 1.00", 2),
    (ipywidgets.FloatLogSlider(0.01, min=-3, max=0, step=1), (0.001, 0.01, 0.1, 1.0), "0.001 0.01 0.1 1", 1),
    (ipywidgets.FloatLogSlider(4, base=2, min=-1, max=2, step=1), (0.5, 1.0, 2.0, 4.0), "0.5 1 2 4", 3),
    (ipywidgets.FloatLogSlider(10, min=0, max=1, step=0.5), (1.0, 3.16227766017, 10.0), "1 3.16 10", 2),
    (ipywidgets.FloatLogSlider(1e-14, min=-14, max=-13, step=1), (1e-14, 1e-13), "1e−14 1e−13", 0),
    (ipywidgets.BoundedIntText(2, 1, 3), (1, 2, 3), "1 2 3", 1),
    (ipywidgets.BoundedFloatText(0.5, min=0, max=1, step=0.5), (0.0, 0.5, 1.0), "0 0.5 1", 1),
    # a start between two steps is a position, too
    (ipywidgets.FloatSlider(0.55, min=0.5, max=0.7, step=0.1), (0.5, 0.55, 0.6, 0.7), "0.50 0.55 0.60 0.70", 1),
    (ipywidgets.FloatSlider(1.0, min=0, max=1, step=0.3), (0.0, 0.3, 0.6, 0.9, 1.0), "0.00 0.30 0.60 0.90 1.00", 4),
    (ipywidgets.FloatLogSlider(0.02, min=-3, max=0, step=1), (0.001, 0.01, 0.02, 0.1, 1.0), "0.001 0.01 0.02 0.1 1", 2),
    (ipywidgets.IntSlider(5, 4, 8, 2), (4, 5, 6, 8), "4 5 6 8", 1),
]


@pytest.mark.parametrize(("argument", "values", "labels", "default"), NUMBERS)
def test_number_sliders_list_their_positions(argument, values, labels, default):
    found = control(argument)
    assert found.kind == "range"
    assert found.values == values
    assert {type(v) for v in found.values} == {type(values[0])}
    assert found.labels == tuple(labels.split(" "))
    assert found.default == default


PAIRS = [("small", 0.1), ("large", 10.0)]
CHOICES = [
    (["relu", "tanh"], "select", ("relu", "tanh"), ("relu", "tanh"), 0),
    ({"small": 0.1, "large": 10.0}, "select", (0.1, 10.0), ("small", "large"), 0),
    (PAIRS, "select", (0.1, 10.0), ("small", "large"), 0),
    (True, "checkbox", (False, True), ("off", "on"), 1),
    (ipywidgets.SelectionSlider(options=PAIRS, value=10.0), "range", (0.1, 10.0), ("small", "large"), 1),
    (ipywidgets.Dropdown(options=[1, 2, 3], value=2), "select", (1, 2, 3), ("1", "2", "3"), 1),
    (ipywidgets.Select(options=PAIRS, value=0.1), "select", (0.1, 10.0), ("small", "large"), 0),
    (ipywidgets.RadioButtons(options=[None, "l2"]), "radio", (None, "l2"), ("None", "l2"), 0),
    (ipywidgets.ToggleButtons(options=PAIRS, value=10.0), "radio", (0.1, 10.0), ("small", "large"), 1),
    (ipywidgets.Checkbox(False), "checkbox", (False, True), ("off", "on"), 0),
    (ipywidgets.ToggleButton(True), "checkbox", (False, True), ("off", "on"), 1),
]


@pytest.mark.parametrize(("argument", "kind", "values", "labels", "default"), CHOICES)
def test_choices_list_their_options(argument, kind, values, labels, default):
    found = control(argument)
    assert (found.kind, found.values, found.labels, found.default) == (kind, values, labels, default)
    json.dumps(found.for_page())


def test_description_is_the_label_and_the_argument_name_its_substitute():
    assert control(ipywidgets.IntSlider(description="Learning rate")).label == "Learning rate"
    assert control((0, 3)).label == "x"


def test_fixed_arguments_are_constants_and_parameters_keep_their_order():
    def function(b=(0, 1), a=True, c=None):
        pass

    data = np.zeros(3)
    controls, constants = controls_for(function, {"c": ipywidgets.fixed(data), "a": False})
    assert [c.name for c in controls] == ["b", "a"]
    assert controls[1].default == 0  # the call's argument wins over the function's default
    assert constants == {"c": data}


UNSUPPORTED = [
    ipywidgets.Text("a"),
    "an abbreviated text",
    ipywidgets.SelectMultiple(options=[1, 2]),
    ipywidgets.Combobox(),
    ipywidgets.FloatText(),
    ipywidgets.DatePicker(value=datetime.date(2026, 1, 1)),
]


@pytest.mark.parametrize("widget", UNSUPPORTED)
def test_a_widget_without_positions_is_refused_with_its_name_and_a_remedy(widget):
    with pytest.raises(StaticInteractError, match=r"control 'x' is a \w+, .*Use a slider with min, max and step"):
        control(widget)


TO_THREE = [(1, 1), (1, 2), (1, 3), (2, 2), (2, 3), (3, 3)]
INTERVALS = [
    (ipywidgets.IntRangeSlider(value=(2, 3), min=1, max=3), TO_THREE, "1 2 3", 4),
    (ipywidgets.IntRangeSlider(value=(2, 2), min=1, max=3, step=2), TO_THREE, "1 2 3", 3),
    (
        ipywidgets.FloatRangeSlider(value=(0.0, 0.5), min=0, max=0.5, step=0.5),
        [(0.0, 0.0), (0.0, 0.5), (0.5, 0.5)],
        "0.00 0.50",
        1,
    ),
    (
        ipywidgets.SelectionRangeSlider(options=["low", "high"], index=(1, 1)),
        [("low", "low"), ("low", "high"), ("high", "high")],
        "low high",
        2,
    ),
]


@pytest.mark.parametrize(("widget", "values", "ends", "default"), INTERVALS)
def test_a_range_slider_has_all_pairs_of_its_grid(widget, values, ends, default):
    found = control(widget)
    assert found.kind == "interval" and list(found.values) == values
    assert found.default == default and found.values[default] == tuple(widget.value)
    ends = ends.split()
    assert found.labels == tuple(f"{a} to {b}" for i, a in enumerate(ends) for b in ends[i:])
    assert found.for_page()["ends"] == ends


def test_a_range_slider_is_thinned_by_its_ends():
    controls, _ = controls_for(accept, {"x": ipywidgets.IntRangeSlider(value=(3, 8), min=0, max=10)})
    assert len(controls[0].values) == 66
    (thin,) = thinned(controls, 21)
    assert len(thin.values) == 21 and thin.values[thin.default] == (3, 8)
    assert sorted({end for pair in thin.values for end in pair}) == [0, 3, 6, 8, 9, 10]
    assert thin.ends == ("0", "3", "6", "8", "9", "10")


def test_a_player_is_a_slider_with_its_pace():
    player = ipywidgets.Play(value=3, min=1, max=7, step=2, interval=250)
    found = control(player)
    assert (found.values, found.default) == ((1, 3, 5, 7), 1)
    page = found.for_page()
    assert (page["kind"], page["milliseconds"], page["repeats"]) == ("play", 250, False)


EXAMPLES = [
    (ipywidgets.Text("a"), ["b", "a"], ("b", "a"), ("b", "a"), 1),
    (ipywidgets.Textarea(), ["b"], ("", "b"), ("(empty)", "b"), 0),
    (ipywidgets.IntText(3), [1, 2, 1], (3, 1, 2), ("3", "1", "2"), 0),
    (ipywidgets.FloatText(0.5), [0.5, 1], (0.5, 1.0), ("0.5", "1.0"), 0),
    (ipywidgets.ColorPicker(value="red"), ["blue", "red"], ("blue", "red"), ("blue", "red"), 1),
    (ipywidgets.Combobox(value="x", options=["y", "x"]), None, ("y", "x"), ("y", "x"), 1),
]


@pytest.mark.parametrize(("widget", "examples", "values", "labels", "default"), EXAMPLES)
def test_free_text_is_chosen_from_the_authors_examples(widget, examples, values, labels, default):
    (found,), _ = controls_for(accept, {"x": widget}, {"x": examples} if examples else None)
    assert (found.kind, found.values, found.labels, found.default) == ("select", values, labels, default)
    assert {type(value) for value in found.values} == {type(values[0])}


@pytest.mark.parametrize(
    ("widget", "examples", "message"),
    [
        (ipywidgets.IntText(), {"x": ["a"]}, "'x' is a IntText, which takes no 'a' of its examples"),
        ((0, 3), {"x": [1]}, "whose positions are known: take its examples out"),
        (ipywidgets.Text(), {"y": ["a"]}, "examples for y, of which there is no control; there is x"),
        (ipywidgets.Text(), {}, r'"static_interact": {"examples": {"x": \[...\]}}'),
    ],
)
def test_examples_that_cannot_be_are_told(widget, examples, message):
    with pytest.raises(StaticInteractError, match=message):
        controls_for(accept, {"x": widget}, examples)


def test_two_controls_of_one_name_are_refused():
    with pytest.raises(StaticInteractError, match=r"controls 'a', 'b' are all called 'n'. Give each a description"):
        controls_for(accept, {"a": ipywidgets.IntSlider(description="n"), "b": ipywidgets.Checkbox(description="n")})


REFUSED = [
    (ipywidgets.Dropdown(options=[]), "'x' has no options. Give it"),
    (ipywidgets.Dropdown(options=["a", "b"], value=None), "'x' has no default. Set value"),
    (ipywidgets.Dropdown(options=[1, "1"]), r"'x' has two options that read the same \(1, 1\). Give each"),
    (ipywidgets.FloatSlider(min=0, max=1, step=-1), "'x' has step -1.0; it must"),
    (ipywidgets.FloatSlider(min=0, max=math.inf), "'x' needs numbers for min, max and step"),
    (ipywidgets.FloatSlider(min=0, max=1, step=1e-9), r"'x' has 1,000,000,001 positions .* larger step"),
    (object(), "ipywidgets.interact refuses these arguments: .*object"),
]


@pytest.mark.parametrize(("widget", "message"), REFUSED)
def test_a_control_that_cannot_be_listed_says_why(widget, message):
    with pytest.raises(StaticInteractError, match=message):
        control(widget)


def test_positions_are_in_row_major_order_and_distinct_frames_stored_once():
    def function(a, b, c):
        print("even" if (a + b) % 2 == 0 else "odd", c)

    bundle = frozen(function, a=ipywidgets.IntSlider(1, 0, 1), b=(0, 2), c=ipywidgets.fixed("!"))
    assert texts(bundle) == ["even !", "odd !", "even !", "odd !", "even !", "odd !"]
    assert bundle["frames"] == [[{"type": "text", "text": "even !"}], [{"type": "text", "text": "odd !"}]]
    assert bundle["index"] == [0, 1, 0, 1, 0, 1]
    assert bundle["default"] == 4  # a = 1, b = 1 (the middle)
    assert bundle["name"] == "function"
    assert [c["name"] for c in bundle["controls"]] == ["a", "b"]
    json.dumps(bundle)


def test_the_budget_of_positions_is_checked_before_anything_runs():
    def function(a, b):
        raise AssertionError("it must not run")

    with pytest.raises(StaticInteractError, match=r"has 12 positions \(a: 3 × b: 4\), .* budget of 11.*larger steps"):
        frozen(function, max_frames=11, a=(0, 2), b=(0, 3))
    assert len(frozen(lambda a, b: 1, max_frames=12, a=(0, 2), b=(0, 3))["index"]) == 12


@pytest.mark.parametrize(("last", "passes"), [(2, True), (3, False)])
def test_the_budget_of_seconds_counts_every_call_the_last_one_too(last, passes):
    now = [0.0]

    def function(n):
        now[0] += 20 if n < last else 0.5
        print(n)

    arguments = {"max_seconds": 59, "clock": lambda: now[0], "in_copies": False, "n": (0, 2)}
    if passes:
        assert frozen(function, **arguments)["seconds"] == 60.5  # the default's call is repeated in the end
    else:
        with pytest.raises(
            StaticInteractError,
            match=r"took 60 s for 3 of 3 positions, .* 59 s \(static_interact_max_seconds\). Move slow work",
        ):
            frozen(function, **arguments)


@in_both_ways
def test_a_frame_that_raises_names_function_values_and_remedy(in_copies):
    def reciprocal(n, table):
        print(1 / n)
        plt.figure()

    table = np.arange(1000)
    with pytest.raises(StaticInteractError) as caught:
        frozen(reciprocal, n=(-1, 2), table=ipywidgets.fixed(table), in_copies=in_copies)
    message = str(caught.value)
    assert "reciprocal(n=0, table=array([" in message
    assert "raised ZeroDivisionError: division by zero" in message
    assert "handle these values in the function" in message
    assert len(message) < 400  # a big table is cut
    told = "".join(traceback.format_exception(caught.value))
    assert "print(1 / n)" in told and "ZeroDivisionError: division by zero" in told
    assert plt.get_fignums() == []


def test_a_frame_that_shows_nothing_is_refused():
    with pytest.raises(StaticInteractError, match=r"silent\(n=[01]\) shows nothing. Print"):
        frozen(silent, n=(0, 1))
    with pytest.raises(StaticInteractError, match="every argument is fixed"):
        frozen(silent, n=ipywidgets.fixed(1))


def silent(n):
    """Shows nothing."""


def test_a_call_is_described_in_one_short_line():
    assert describe_call(silent, {"lr": 0.1, "name": "a\nb"}) == r"silent(lr=0.1, name='a\nb')"
    assert describe_call(silent, {"x": np.eye(2)}) == "silent(x=array([[1., 0.], [0., 1.]]))"


def draw(color="red", **figure):
    fig, ax = plt.subplots(figsize=(1, 1), **figure)
    ax.plot([0, 1], [0, 1], color=color)
    return fig


def test_text_and_figures_keep_their_order():
    def function():
        print("one")
        draw("red")
        plt.show()
        print("two", end="")
        display("three")
        display(draw("blue"))
        print("four")

    kinds = [part.get("text", "image") for part in run_and_capture(function, {})]
    # the second figure is open at the end, and shown again as the inline backend does
    assert kinds == ["one", "image", "two\n'three'", "image", "four", "image"]


def test_returned_values_and_open_figures_are_shown():
    assert run_and_capture(lambda: {"loss": 0.5}, {}) == [{"type": "text", "text": "{'loss': 0.5}"}]

    def leaves_two_open():
        draw("red")
        draw("blue")

    first, second = run_and_capture(leaves_two_open, {})
    assert first["type"] == second["type"] == "image"
    assert first["webp"] != second["webp"]
    assert plt.get_fignums() == []


def test_ansi_codes_are_stripped_and_cleared_output_is_gone():
    def function():
        print("lost")
        clear_output(wait=True)
        print("\x1b[1;31mred\x1b[0m and \x1b[?25lplain\n\n")

    assert run_and_capture(function, {}) == [{"type": "text", "text": "red and plain"}]


def test_warnings_stay_outside_the_frame(capsys):
    def function():
        warnings.warn("beware", stacklevel=1)
        print("an error", file=sys.stderr)
        print("shown")

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = lambda message, *_, **__: print(message, file=sys.stderr)
        assert run_and_capture(function, {}) == [{"type": "text", "text": "shown"}]
    assert capsys.readouterr().err == "beware\nan error\n"


@pytest.mark.parametrize(
    ("show", "message"),
    [
        (lambda: display(HTML("<script>draw()</script>")), r"its HTML has a <script>, .* a table, an image"),
        (lambda: display({"application/x-chart": {}, "text/plain": "Chart({...})"}, raw=True), "application/x-chart"),
        (lambda: ipywidgets.IntSlider(), "widget-view"),
        (lambda: display({"image/svg+xml": "<svg/>"}, raw=True), "image/svg"),
        (lambda: display("a", display_id="x").update("b"), "updates an earlier display"),
    ],
)
def test_output_that_cannot_be_frozen_is_refused(show, message):
    with pytest.raises(StaticInteractError, match=rf"shows_it\(n=[01]\) cannot be frozen: .*{message}"):

        def shows_it(n):
            return show()

        frozen(shows_it, n=(0, 1))


def test_svg_figures_are_refused_rather_than_named(shell):
    set_matplotlib_formats("svg")
    try:
        with pytest.raises(StaticInteractError, match="image/svg.*as PNG"):
            run_and_capture(lambda: draw() and None, {})
    finally:
        set_matplotlib_formats("png")


@pytest.mark.parametrize("alpha", [1.0, 0.5])
def test_images_are_true_to_the_figure_and_sized_in_css_pixels(shell, alpha):
    def function():
        display(draw(dpi=72, facecolor=(0.2, 0.4, 0.6, alpha)))
        plt.close("all")

    set_matplotlib_formats("retina")
    try:
        (part,) = run_and_capture(function, {})
    finally:
        set_matplotlib_formats("png")
    buffer = io.BytesIO()
    # the inline backend draws at twice the resolution for retina, cut to what is drawn
    fig = draw(dpi=72, facecolor=(0.2, 0.4, 0.6, alpha))
    fig.savefig(buffer, format="png", dpi=144, facecolor=fig.get_facecolor(), bbox_inches="tight")
    plt.close(fig)
    expected, found = Image.open(buffer).convert("RGBA"), pixels(part).convert("RGBA")
    assert (part["width"], part["height"]) == (found.width // 2, found.height // 2)
    assert found.size == expected.size
    # colours are rounded to the nearest of 64 levels and the opacity to 16, and nothing else is lost
    difference = np.abs(np.asarray(found, int) - np.asarray(expected, int))[np.asarray(expected)[..., 3] > 8]
    assert difference[:, :3].max() <= 2
    assert difference[:, 3].max() <= (0 if alpha == 1 else 8)
    assert len(np.unique(np.asarray(found).reshape(-1, 4), axis=0)) > 2


def test_one_given_side_keeps_the_picture_in_proportion():
    buffer = io.BytesIO()
    Image.new("RGB", (40, 20), "red").save(buffer, "PNG")

    def size(**given):
        (part,) = run_and_capture(lambda: ShownImage(buffer.getvalue(), format="png", **given), {})
        return part["width"], part["height"]

    assert size() == (40, 20)
    assert size(width=10) == (10, 5)
    assert size(height=10) == (20, 10)


def test_streams_and_display_are_restored_after_an_exception(shell):
    before = sys.stdout, sys.stderr, shell.display_pub

    def function():
        assert sys.stdout is not before[0]
        assert shell.display_pub is not before[2]
        raise KeyError("x")

    with pytest.raises(KeyError):
        run_and_capture(function, {})
    assert (sys.stdout, sys.stderr, shell.display_pub) == before


def double(x):
    print(2 * x)


CALLS = [
    lambda interact: interact(double, x=(0, 2)),
    lambda interact: interact(x=(0, 2))(double),
    lambda interact: interact.options(manual=True)(double, x=(0, 2)),
    lambda interact: interact.options(manual=True)(x=(0, 2))(double),
]


@pytest.mark.parametrize("call", CALLS)
def test_interact_shows_a_bundle_and_gives_the_function_back(shown, call):
    assert call(FrozenInteract()) is double
    (output,) = shown
    assert texts(output["data"][MIME_TYPE]) == ["0", "2", "4"]
    assert output["data"]["text/plain"] == "interact: 3 positions of double"


def test_interact_as_a_bare_decorator(shown):
    @ipywidgets.interact  # which the fixture has replaced, as in a build's kernel
    def halve(x=(0, 2)):
        print(x / 2)

    assert halve(10) is None
    assert texts(shown[0]["data"][MIME_TYPE]) == ["0.0", "0.5", "1.0"]


def test_a_figure_of_the_cell_is_shown_above_the_slider_and_not_in_its_first_frame(shown):
    draw()
    FrozenInteract()(double, x=(0, 2))
    figure, bundle = shown
    assert "image/png" in figure["data"]
    assert texts(bundle["data"][MIME_TYPE]) == ["0", "2", "4"]


def test_interact_obeys_the_budgets_of_the_environment_and_names_the_cell(shown, shell, monkeypatch):
    monkeypatch.setenv(VARIABLE, json.dumps({"max_frames": 2}))
    monkeypatch.setitem(shell.user_ns, "call", lambda: FrozenInteract()(double, x=(0, 2)))
    result = shell.run_cell("call()", store_history=True)
    message = str(result.error_in_exec)
    assert message.startswith(f"cell In[{result.execution_count}]: interact(double) has 3 positions")
    assert "budget of 2" in message
    assert result.error_in_exec.__suppress_context__
    assert shown == []


def test_a_cell_can_ask_for_a_budget_of_its_own_or_for_fewer_positions(shown, shell, monkeypatch):
    source = "call()"
    monkeypatch.setitem(shell.user_ns, "call", lambda: FrozenInteract()(double, x=(0, 10)))

    def positions(**asked):
        cells = settings.of_cells([{"source": source, "metadata": {"static_interact": asked}}])
        settings.write({"max_frames": 5, "cells": cells})
        shown.clear()
        shell.run_cell(source, store_history=True).raise_error()
        return texts(shown[0]["data"][MIME_TYPE])

    monkeypatch.setenv(VARIABLE, "{}")
    assert positions(max_frames=11) == [str(2 * x) for x in range(11)]
    # the default is 5; every third from there, and the ends
    assert positions(thin=True) == ["0", "4", "10", "16", "20"]
    with pytest.raises(StaticInteractError, match=r"more than the budget of 5 .*metadata say .*thin"):
        positions(max_seconds=10)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (
            {"max_frame": 3},
            "asks for 'max_frame' under static_interact; there is max_frames, .*, examples",
        ),
        ({"max_frames": "many"}, "sets max_frames under static_interact to 'many'"),
        ({"max_frames": True}, "sets max_frames under static_interact to True"),
        ([1], r"are \[1\]; they are a mapping"),
        ({"examples": {"x": "a"}}, "sets examples under static_interact to {'x': 'a'}; each is a list"),
    ],
)
def test_what_a_cell_cannot_ask_for_is_told(asked, message):
    with pytest.raises(ValueError, match=message):
        settings.of_cells([{"source": "", "metadata": {"static_interact": asked}}])


def test_a_slider_is_thinned_at_its_longest_control_and_keeps_ends_and_default():
    controls, _ = controls_for(accept, {"a": (0, 9), "b": ["x", "y"], "c": ipywidgets.IntSlider(2, 0, 3)})
    thin = thinned(controls, 24)
    assert [control.values for control in thin] == [(0, 4, 9), ("x", "y"), (0, 1, 2, 3)]
    assert [control.values[control.default] for control in thin] == [4, "x", 2]
    assert thinned(controls, 80) == controls
    assert [len(control.values) for control in thinned(controls, 1)] == [3, 2, 3]


def test_widgets_of_a_build_have_no_state_and_show_as_such(shown):
    display(ipywidgets.IntSlider())
    assert shown[0]["data"]["application/vnd.jupyter.widget-view+json"] == {"model": "IntSlider"}


HOSTILE = "</script><script>alert(1)</script>\"'><img src=x onerror=alert(1)><!-- &amp;"


def hostile_slider():
    def as_control(name, kind, labels, default):
        return {"name": name, "label": f"{HOSTILE} {name}", "kind": kind, "labels": labels, "default": default}

    return {
        "identifier": "plot",
        "alternative": HOSTILE,
        "controls": [
            as_control("a", "range", ["1", HOSTILE], 1),
            as_control("b", "select", ["1", HOSTILE], 0),
            as_control("c", "radio", [HOSTILE, "2"], 1),
            as_control("d", "checkbox", ["off", "on"], 1),
        ],
        "frames": [
            [{"text": HOSTILE}],
            [{"image": "f.webp", "width": 320, "height": 240}, {"text": f"{HOSTILE}\nsecond line"}],
        ],
        "index": [0] * 11 + [1] + [0] * 4,
        "default": 11,
    }


@pytest.fixture
def figure():
    page = BeautifulSoup(slider_html(hostile_slider(), "../_static/interact/"), "html.parser")
    (only,) = page.find_all("figure")
    return only


def test_hostile_text_stays_text(figure):
    assert [s.get("type") for s in figure.find_all("script")] == ["application/json"]
    assert [i["src"] for i in figure.find_all("img")] == ["../_static/interact/f.webp"]
    assert figure.find("pre").get_text() == f"{HOSTILE}\nsecond line"
    assert figure.find("option", value="1").get_text() == HOSTILE
    assert figure.find("output").get_text() == HOSTILE
    assert figure.find("input", type="range")["aria-valuetext"] == HOSTILE
    assert figure.find("legend").get_text() == f"{HOSTILE} c"


def test_the_payload_of_a_slider_is_json_and_complete(figure):
    raw = figure.find("script").string
    assert "<" not in raw
    data, slider = json.loads(raw), hostile_slider()
    assert data["frames"] == slider["frames"]
    assert data["index"] == slider["index"]
    assert data["alt"] == HOSTILE
    assert data["folder"] == "../_static/interact/"
    assert [c["labels"] for c in data["controls"]] == [c["labels"] for c in slider["controls"]]


def test_without_script_the_default_frame_stands_alone(figure):
    assert figure.find(class_="static-interact-controls").has_attr("hidden")
    image = figure.find("img")
    assert (image["width"], image["height"]) == ("320", "240")
    assert image["alt"].startswith(f"{HOSTILE} ({HOSTILE} a = {HOSTILE}, ")
    caption = figure.find("figcaption").get_text()
    assert caption.endswith(f"{HOSTILE} b = 1, {HOSTILE} c = 2, {HOSTILE} d = on")


def test_controls_are_labelled_and_stand_at_the_default(figure):
    identifiers = [e["id"] for e in figure.find_all(id=True)] + [figure["id"]]
    assert len(set(identifiers)) == len(identifiers) == 5
    for identifier, name in [("plot--a", "a"), ("plot--b", "b"), ("plot--d", "d")]:
        element = figure.find(id=identifier)
        assert element["data-control"] == name
        assert figure.find("label", attrs={"for": identifier}).get_text() == f"{HOSTILE} {name}"
    group = figure.find("fieldset")
    assert group["data-control"] == "c"
    assert [label.get_text() for label in group.find_all("label")] == [HOSTILE, "2"]
    assert figure.find("input", type="range")["value"] == "1"
    assert figure.find("input", type="range")["max"] == "1"
    assert [o.has_attr("selected") for o in figure.find_all("option")] == [True, False]
    assert [i.has_attr("checked") for i in group.find_all("input")] == [False, True]
    assert len({i["name"] for i in group.find_all("input")}) == 1
    assert figure.find("input", type="checkbox").has_attr("checked")


def test_identifiers_are_readable_and_unique():
    assert unique_identifier("plot_Losses", []) == "plot-losses"
    assert unique_identifier("plot_losses", ["plot-losses", "plot-losses-2"]) == "plot-losses-3"
    assert unique_identifier("<lambda>", []) == "lambda"
    assert unique_identifier("λ", []) == "slider"


def test_an_interval_and_a_player_have_native_controls():
    interval = {"name": "a", "label": "a", "kind": "interval", "labels": ["1 to 1", "1 to 2", "2 to 2"], "default": 1}
    player = {"name": "b", "label": "b", "kind": "play", "labels": ["x", "y"], "default": 0}
    controls = [interval | {"ends": ["1", "2"]}, player | {"milliseconds": 50, "repeats": True}]
    slider = {"identifier": "f", "alternative": "", "controls": controls, "index": [0] * 6, "default": 2, "button": ""}
    page = BeautifulSoup(slider_html(slider | {"frames": [[{"text": "t"}]]}, ""), "html.parser")
    low, high = page.find("fieldset").find_all("input")
    assert (low["value"], low["max"], low["aria-valuetext"]) == ("0", "1", "1")
    assert (high["value"], high["max"], high["aria-valuetext"]) == ("1", "1", "2")
    button = page.find("button")
    assert (button.get_text(), button["data-milliseconds"], button["data-repeats"]) == ("Play", "50", "true")
    assert page.find(id=button["aria-describedby"]).get_text() == "b"
    assert json.loads(page.find("script").string)["controls"][0]["ends"] == ["1", "2"]
    assert page.find("figcaption").get_text() == "Shown for a = 1 to 2, b = x"


@pytest.mark.parametrize(
    ("label", "words"),
    [
        (r"rate $\alpha$", "rate α"),
        (r"$\eta_1^2$ and $\lambda^{-1}$", "η₁² and λ⁻¹"),
        (r"$\mathrm{SNR} \times 10^{n}$", "SNR × 10ⁿ"),
        (r"$\frac{\mu}{\Sigma}$", "μ/Σ"),
        (r"$w_{ij}\,\hat{y}$", "w_ij y"),
        ("costs 3 $", "costs 3 $"),
    ],
)
def test_mathematics_in_labels_is_read_in_words(label, words):
    assert spoken(label) == words


def test_mathematics_in_labels_is_shown_where_it_can_be():
    controls = [
        {"name": "a", "label": r"$\alpha$", "kind": "range", "labels": ["1"], "default": 0},
        {"name": "b", "label": "b", "kind": "radio", "labels": [r"$x^2$", "x"], "default": 0},
        {"name": "c", "label": "c", "kind": "select", "labels": [r"$\beta$"], "default": 0},
    ]
    assert with_mathematics(controls) == [r"$\alpha$", "$x^2$"]
    slider = {"identifier": "f", "alternative": "", "controls": controls, "index": [0, 0], "default": 0, "button": ""}
    shown = {r"$\alpha$": "<math>a</math>", "$x^2$": "<math>x</math>"}
    page = BeautifulSoup(slider_html(slider | {"frames": [[{"text": "t"}]]}, "", [], shown), "html.parser")
    assert page.find("label").find("math").get_text() == "a"
    assert page.find("fieldset").find("math").get_text() == "x"
    assert page.find("option").get_text() == "β"
    assert page.find("figcaption").get_text() == "Shown for α = 1, b = x², c = β"
