"""ipywidgets' other ways to make sliders, and widgets beside them, in the kernel of a build."""

import ipywidgets
import pytest
from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.display import clear_output, display
from ipywidgets import HBox, VBox
from static_interact.bundle import MIME_TYPE
from static_interact.errors import StaticInteractError
from static_interact.widgets import WIDGET_VIEW

pytestmark = pytest.mark.usefixtures("shell")
calls = []


@pytest.fixture
def shown(shell, monkeypatch):
    """The data that the shell was asked to show."""
    publisher = CapturingDisplayPublisher()
    monkeypatch.setattr(shell, "display_pub", publisher)
    calls.clear()
    yield publisher.outputs


def double(n=1):
    calls.append(n)
    print(2 * n)


def bundles(shown):
    return [output["data"][MIME_TYPE] for output in shown if MIME_TYPE in output["data"]]


def texts(bundle):
    return [bundle["frames"][i][0]["text"] for i in bundle["index"]]


def test_interactive_is_frozen_where_it_is_displayed(shown):
    widget = ipywidgets.interactive(double, n=(0, 2))
    assert shown == [] and calls == ([1] if ipywidgets.__version__ > "8" else [])
    display(widget)
    (bundle,) = bundles(shown)
    assert texts(bundle) == ["0", "2", "4"] and bundle["default"] == 1
    assert calls == [1], "it has run when it was made, or runs when it is displayed"
    assert widget.result is None and [control.value for control in widget.children[:-1]] == [1]


def test_controls_and_output_of_interactive_in_boxes(shown):
    widget = ipywidgets.interactive(double, n=(0, 2))
    display(VBox([HBox(widget.children[:-1]), widget.children[-1]]))
    assert texts(bundles(shown)[0]) == ["0", "2", "4"]
    assert len(shown) == 1


def test_interactive_output_takes_its_controls_along(shown):
    n, m = ipywidgets.IntSlider(1, 0, 2, description="N"), ipywidgets.Dropdown(options=["a", "b"])
    output = ipywidgets.interactive_output(lambda n, m: print(n, m), {"n": n, "m": m})
    display(HBox([n, m]), output)
    (bundle,) = bundles(shown)
    assert len(shown) == 1, "the controls stand with the output"
    assert texts(bundle) == ["0 a", "0 b", "1 a", "1 b", "2 a", "2 b"]
    assert [control["label"] for control in bundle["controls"]] == ["N", "m"]


def test_two_outputs_in_a_box_are_refused(shown):
    both = [ipywidgets.interactive(double, n=(0, 2)) for _ in range(2)]
    with pytest.raises(StaticInteractError, match=r"a box holds the outputs of double\(\), double\(\). Display each"):
        display(VBox(both))


def test_a_widget_by_itself_is_told_to_the_page(shown):
    display(ipywidgets.IntSlider())
    display(VBox([ipywidgets.IntSlider()]))
    assert [output["data"][WIDGET_VIEW] for output in shown] == [{"model": "IntSlider"}, {"model": "VBox"}]


@pytest.mark.parametrize(
    ("call", "button"),
    [
        (lambda: ipywidgets.interact.options(manual=True)(double, n=(0, 2)), "Run Interact"),
        (lambda: ipywidgets.interact.options(manual=True, manual_name="Go")(double, n=(0, 2)), "Go"),
        (lambda: ipywidgets.interact_manual(double, n=(0, 2)), "Run Interact"),
        (lambda: display(ipywidgets.interactive(double, {"manual": True}, n=(0, 2))), "Run Interact"),
        (lambda: ipywidgets.interact(double, n=(0, 2)), ""),
    ],
)
def test_a_slider_with_a_button_runs_nothing_here(shown, call, button):
    call()
    (bundle,) = bundles(shown)
    assert bundle["button"] == button and texts(bundle) == ["0", "2", "4"]
    assert calls == ([] if button else [1])


def test_the_function_knows_its_widgets(shown):
    ipywidgets.interact(double, n=(0, 2))
    assert [control.value for control in double.widget.children[:-1]] == [1]
    assert ipywidgets.interact.opts == {} and ipywidgets.interact_manual.opts == {"manual": True}
    assert texts_of_widget(shown) == ["0", "2", "4"]


def texts_of_widget(shown):
    shown.clear()
    display(double.widget)
    return texts(bundles(shown)[0])


def test_an_output_takes_what_is_shown_in_it_and_clears_nothing_else(shown, capsys):
    output = ipywidgets.Output()
    print("before")
    with output:
        print("inside")
        display("inside")
        clear_output()
    output.clear_output()
    assert capsys.readouterr().out == "before\n" and shown == []
    with pytest.raises(ZeroDivisionError), output:
        raise ZeroDivisionError
    print("after")
    assert capsys.readouterr().out == "after\n"


@pytest.mark.parametrize("what", ["slider.observe(print)", "ipywidgets.jslink((slider, 'value'), (slider, 'value'))"])
def test_what_needs_a_kernel_is_refused_in_words(shell, shown, monkeypatch, what):
    monkeypatch.setitem(shell.user_ns, "slider", ipywidgets.IntSlider())
    monkeypatch.setitem(shell.user_ns, "ipywidgets", ipywidgets)
    result = shell.run_cell(what, store_history=True)
    name = what.partition("(")[0].rpartition(".")[2]
    message = str(result.error_in_exec)
    assert message.startswith(f"cell In[{result.execution_count}]: {name} needs a kernel, which the page has not.")
    assert "give it to interact, interactive or interactive_output" in message
