"""The sample book in a real browser: every kind of control shows the right frame, and what goes wrong is told."""

import re

import pytest
from kinds import KINDS
from sliders import expected, frames, set_choices, shown, wait_for_position

pytestmark = [pytest.mark.built, pytest.mark.browser]


# the sample book wears the bare theme, whose own complaints are not the slider's; MathJax comes from another host
THEME = ("theme mode", "THEBE", "status of 404", "ERR_", "MathJax", "mathjax")


def complaints(page):
    """What the console complains of that is not the theme's."""
    return [problem for problem in page.problems if not any(word in problem for word in THEME)]


# moves every slider of a page to its first and its last position, and tells of those that do not show what they should
ALL = """async () => {
  const told = [];
  const settled = (frame, position) => new Promise((resolve) => {
    const look = () => frame.dataset.position === String(position) && !frame.hasAttribute("aria-busy")
      ? resolve() : setTimeout(look, 5);
    look();
  });
  for (const figure of document.querySelectorAll("figure.static-interact")) {
    const data = JSON.parse(figure.querySelector("script").textContent);
    const frame = figure.querySelector(".static-interact-frame");
    const button = figure.querySelector(".static-interact-button");
    for (const place of ["last", "first"]) {
      const position = place === "last" ? data.index.length - 1 : 0;
      const edge = (count) => place === "last" ? count - 1 : 0;
      for (const control of figure.querySelectorAll("[data-control]")) {
        const ends = [...control.querySelectorAll("input[type=range]")];
        const radios = [...control.querySelectorAll("input[type=radio]")];
        let moved = control;
        if (radios.length) { moved = radios[edge(radios.length)]; moved.checked = true; }
        else if (ends.length) for (const end of ends) { end.value = edge(Number(end.max) + 1); moved = end; }
        else if (control.type === "checkbox") control.checked = place === "last";
        else control.value = edge(control.options ? control.options.length : Number(control.max) + 1);
        moved.dispatchEvent(new Event("input", { bubbles: true }));
      }
      if (button) button.click();
      await settled(frame, position);
      const parts = data.frames[data.index[position]];
      const shown = [...frame.children];
      const right = parts.length === shown.length && parts.every((part, i) => part.image
        ? shown[i].src.endsWith(part.image) && shown[i].naturalWidth > 0
        : part.text !== undefined ? shown[i].textContent === part.text
        : shown[i].className === "static-interact-rich" && shown[i].textContent.trim());
      if (!right) told.push(`${figure.id} at its ${place}: ${frame.innerHTML}`);
    }
  }
  return told;
}"""


def test_every_kind_of_slider_shows_its_first_and_its_last_position(sample_server, open_page):
    page = open_page(f"{sample_server}/kinds.html")
    assert page.locator("figure.static-interact").count() == len(KINDS)
    assert page.evaluate(ALL) == []
    assert complaints(page) == []


def test_sliders_work_under_a_strict_policy_and_from_a_file(strict_server, sample_site, open_page):
    page = open_page(f"{strict_server}/kinds.html")
    assert page.evaluate(ALL) == []
    page = open_page((sample_site / "kinds.html").as_uri())
    assert page.evaluate(ALL) == []


def test_a_player_plays_to_its_end_and_stops(sample_server, open_page):
    page = open_page(f"{sample_server}/kinds.html")
    figure = page.locator("figure", has=page.locator(".static-interact-play"))
    button = figure.get_by_role("button")
    assert button.text_content() == "Play" and shown(figure) == ["frame 1"]
    button.click()
    figure.get_by_text("Pause").wait_for()
    figure.get_by_text("frame 4").wait_for()
    figure.get_by_role("button", name="Play").wait_for()
    page.wait_for_function("location.hash.includes('n=4')")
    button.click()  # from the beginning
    slider = figure.locator("input")
    slider.focus()
    page.wait_for_function("slider => slider.value !== '0'", arg=slider.element_handle())
    page.keyboard.press("ArrowLeft")  # whoever takes the slider stops it
    figure.get_by_role("button", name="Play").wait_for()
    page.wait_for_timeout(400)
    before = shown(figure)
    page.wait_for_timeout(400)
    assert shown(figure) == before != ["frame 4"]


def test_a_player_moves_by_itself_only_where_motion_is_wanted(sample_server, open_page):
    page = open_page(f"{sample_server}/kinds.html", reduced_motion="reduce")
    figure = page.locator("figure", has=page.locator(".static-interact-play"))
    button = figure.get_by_role("button")
    assert button.text_content() == "Next"
    button.click()
    figure.get_by_text("frame 2").wait_for()
    page.wait_for_timeout(300)
    assert shown(figure) == ["frame 2"] and button.text_content() == "Next"


def test_a_button_shows_the_position_when_it_is_pressed(sample_server, open_page):
    page = open_page(f"{sample_server}/kinds.html")
    figure = page.locator("#go")
    figure.locator("input").press("End")
    assert figure.locator("output").text_content() == "2" and shown(figure) == ["1"]
    figure.get_by_role("button", name="Go").click()
    wait_for_position(figure, 2)
    assert shown(figure) == ["2"]


def test_one_end_of_an_interval_takes_the_other_along_and_the_address_keeps_both(sample_server, open_page):
    page = open_page(f"{sample_server}/kinds.html")
    figure = page.locator("figure", has=page.locator(".interval")).first
    low, high = figure.locator("input").all()
    low.press("End")
    assert high.input_value() == "3" and shown(figure) == ["(3, 3)"]
    low.press("Home")
    wait_for_position(figure, 3)
    assert shown(figure) == ["(0, 3)"] and figure.locator("output").text_content() == "0 to 3"
    page.wait_for_function("location.hash.includes('0%20to%203')")
    other = open_page(page.url)
    figure = other.locator("figure", has=other.locator(".interval")).first
    wait_for_position(figure, 3)
    assert [end.input_value() for end in figure.locator("input").all()] == ["0", "3"]


def test_a_mangled_address_shows_the_defaults(sample_server, open_page):
    page = open_page(
        f"{sample_server}/controls.html#int-slider:height=99;nothing:x=1;several:scale=%E0%A4%A;abbreviation"
    )
    assert shown(page.locator("#abbreviation")) == ["n = 4"]
    assert page.locator("#int-slider input").input_value() == "3"
    assert complaints(page) == []


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
