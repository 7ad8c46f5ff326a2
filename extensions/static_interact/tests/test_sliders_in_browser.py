"""The sample book in a real browser: every kind of control shows the right frame, and what goes wrong is told."""

import re

import pytest
from sliders import expected, frames, set_choices, shown, wait_for_position

pytestmark = [pytest.mark.built, pytest.mark.browser]


def test_a_mangled_address_shows_the_defaults(sample_server, open_page):
    page = open_page(
        f"{sample_server}/controls.html#int-slider:height=99;nothing:x=1;several:scale=%E0%A4%A;abbreviation"
    )
    assert shown(page.locator("#abbreviation")) == ["n = 4"]
    assert page.locator("#int-slider input").input_value() == "3"
    # the sample book wears the bare theme, whose own complaints are not the slider's
    theme = ("theme mode", "THEBE", "status of 404")
    assert [p for p in page.problems if not any(word in p for word in theme)] == []


@pytest.mark.parametrize(
    ("identifier", "choices", "text"),
    [
        ("abbreviation", [5], "n = 10"),
        ("several", [3, 0, 0], "scale=0.75 shape=round bold=False"),
        ("log-slider", [0], "lr = 0.001"),
        ("selection-slider", [2], "10.0"),
        ("buttons", [1, 0], "tanh 1"),
        ("constant", [2, 1], "13 True"),
        ("hostile", [1], '"><img src=x onerror="window.injected = 1">'),
        ("same-output", [9, 1], "always the same"),
    ],
)
def test_every_kind_of_control(identifier, choices, text, sample_server, open_page):
    page = open_page(f"{sample_server}/controls.html")
    figure = page.locator(f"#{identifier}")
    position = set_choices(figure, frames(page, figure), choices)
    wait_for_position(figure, position)
    assert text in shown(figure)
    assert page.evaluate("window.injected") is None


def test_a_slider_of_two_figures_swaps_both(sample_server, open_page):
    page = open_page(f"{sample_server}/controls.html")
    figure = page.locator("#two-figures")
    before = shown(figure)
    wait_for_position(figure, set_choices(figure, frames(page, figure), [2]))
    after = shown(figure)
    assert len(before) == len(after) == 2 and before[0] != after[0] and before[1] != after[1]


def test_the_slider_speaks_where_it_stopped(sample_server, open_page):
    page = open_page(f"{sample_server}/controls.html")
    figure = page.locator("#several")
    set_choices(figure, frames(page, figure), [4, 1, 1])
    status = figure.locator("[role=status]")
    page.wait_for_function("e => e.textContent.length > 0", arg=status.element_handle())
    assert "scale = 1.00, shape = square, bold = on" in status.text_content()
    assert "scale=1.00 shape=square bold=True" in status.text_content()
    assert "scale = 1.00" in figure.locator("img").get_attribute("alt")


def test_a_frame_that_cannot_be_loaded_is_told_and_tried_again(sample_server, open_page):
    page = open_page(f"{sample_server}/controls.html")
    figure = page.locator("#int-slider")
    data = frames(page, figure)
    page.route(re.compile(r"/interact/"), lambda route: route.abort())
    set_choices(figure, data, [9])
    message = figure.get_by_text("could not be loaded")
    message.wait_for()
    assert message.is_visible()
    page.unroute(re.compile(r"/interact/"))
    set_choices(figure, data, [8])
    wait_for_position(figure, 8)
    assert shown(figure) == expected(data, 8)
    assert not figure.evaluate("e => e.classList.contains('static-interact-failed')")
