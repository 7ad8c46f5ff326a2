"""The built site in a real browser: every slider moves, shows the right frame, is kept in the address and speaks."""

import json
import re

import book
import pytest

SLIDER_PAGES = [book.page_of(path).relative_to(book.SITE).as_posix() for path in book.notebooks()]


def frames(page, figure):
    """The slider's data, as its script reads it."""
    return json.loads(figure.locator("script[type='application/json']").text_content())


def wait_for_position(figure, position):
    figure.locator(f".static-interact-frame[data-position='{position}']:not([aria-busy])").wait_for(timeout=10_000)


def shown(figure):
    """What the frame shows: the file names of its images and the texts, in order."""
    return figure.locator(".static-interact-frame").evaluate(
        "frame => [...frame.children].map(e => e.tagName === 'IMG' ? e.src.split('/').pop() : e.textContent)"
    )


def expected(data, position):
    return [part.get("image", part.get("text")) for part in data["frames"][data["index"][position]]]


def set_choices(figure, data, choices):
    """Move every control to the given choice with real input events; return the position."""
    position = 0
    for control, choice in zip(data["controls"], choices, strict=True):
        position = position * len(control["labels"]) + choice
        element = figure.locator(f"[data-control='{control['name']}']")
        kind = element.evaluate("e => e.type === 'fieldset' ? 'radio' : e.type || e.tagName.toLowerCase()")
        if kind == "checkbox":
            element.set_checked(bool(choice))
        elif kind == "radio":
            element.locator("input").nth(choice).check(force=True)
        elif kind.startswith("select"):
            element.select_option(index=choice)
        else:
            element.evaluate(
                "(e, v) => { e.value = v; e.dispatchEvent(new Event('input', {bubbles: true})); }", str(choice)
            )
    return position


def every_choice(data):
    """Each control run through all of its values while the others stand at their middle, and both far corners."""
    sizes = [len(control["labels"]) for control in data["controls"]]
    middle = [size // 2 for size in sizes]
    seen = [[0] * len(sizes), [size - 1 for size in sizes]]
    for number, size in enumerate(sizes):
        seen += [[*middle[:number], choice, *middle[number + 1 :]] for choice in range(size)]
    return seen


@pytest.mark.parametrize("name", SLIDER_PAGES)
def test_every_slider_shows_the_frame_of_its_position(name, server, open_page):
    page = open_page(f"{server}/{name}")
    figures = page.locator("figure.static-interact")
    assert figures.count() >= 1
    for number in range(figures.count()):
        figure = figures.nth(number)
        data = frames(page, figure)
        for choices in every_choice(data):
            position = set_choices(figure, data, choices)
            if figure.locator(".static-interact-frame").get_attribute("data-position") != str(position):
                # setting the default again moves nothing: any other choice has been shown before
                default = shown(figure) == expected(data, position)
                if not default:
                    wait_for_position(figure, position)
            assert shown(figure) == expected(data, position), (figure.get_attribute("id"), choices)
            assert figure.locator("img").evaluate_all("images => images.every(i => i.naturalWidth > 0)")
    assert page.problems == []


@pytest.mark.parametrize("name", SLIDER_PAGES)
def test_sliders_move_with_the_keyboard_and_keep_the_page(name, server, open_page):
    page = open_page(f"{server}/{name}")
    for slider in page.locator("figure.static-interact input[type=range]").all():
        figure = page.locator("figure.static-interact").filter(has=page.locator(f"[id='{slider.get_attribute('id')}']"))
        data = frames(page, figure)
        control = next(c for c in data["controls"] if c["name"] == slider.get_attribute("data-control"))
        slider.focus()
        last = len(control["labels"]) - 1
        for key, choice in (("Home", 0), ("ArrowRight", 1), ("ArrowLeft", 0), ("End", last), ("ArrowLeft", last - 1)):
            page.keyboard.press(key)
            assert slider.input_value() == str(choice)
            assert slider.get_attribute("aria-valuetext") == control["labels"][choice]
            assert slider.evaluate("e => e.nextElementSibling.textContent") == control["labels"][choice]
    assert page.url.split("#")[0] == f"{server}/{name}", "an arrow key turned the page"


@pytest.mark.parametrize("name", SLIDER_PAGES)
def test_the_address_restores_every_slider(name, server, open_page):
    page = open_page(f"{server}/{name}")
    wanted = {}
    figures = page.locator("figure.static-interact")
    for number in range(figures.count()):
        figure = figures.nth(number)
        data = frames(page, figure)
        position = set_choices(figure, data, [len(c["labels"]) - 1 for c in data["controls"]])
        if shown(figure) != expected(data, position):
            wait_for_position(figure, position)
        wanted[figure.get_attribute("id")] = expected(data, position)
    page.wait_for_timeout(400)
    assert "#" in page.url
    again = open_page(page.url)
    for identifier, content in wanted.items():
        figure = again.locator(f"[id='{identifier}']")
        again.wait_for_function(
            "([id, n]) => { const f = document.getElementById(id).querySelector('.static-interact-frame');"
            " return !f.hasAttribute('aria-busy') && f.children.length === n; }",
            arg=[identifier, len(content)],
        )
        again.wait_for_timeout(50)
        assert shown(figure) == content
    assert again.problems == []


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


@pytest.mark.parametrize("name", SLIDER_PAGES)
def test_without_scripts_the_default_frame_stands_there(name, server, open_page):
    page = open_page(f"{server}/{name}", java_script_enabled=False)
    figures = page.locator("figure.static-interact")
    assert figures.count() >= 1
    for number in range(figures.count()):
        figure = figures.nth(number)
        assert figure.locator(".static-interact-frame > *").first.is_visible()
        assert not figure.locator(".static-interact-controls").is_visible()
        assert figure.locator("figcaption").is_visible()


def test_figures_keep_their_hues_and_turn_light_in_the_dark_scheme(server, open_page):
    filters = {}
    for scheme in ("light", "dark"):
        page = open_page(f"{server}/index.html", color_scheme=scheme)
        image = page.locator(".static-interact-frame img").first
        filters[scheme] = image.evaluate("e => getComputedStyle(e).filter")
    assert filters["light"] == "none"
    assert "invert" in filters["dark"] and "hue-rotate(180deg)" in filters["dark"]


@pytest.mark.parametrize("name", SLIDER_PAGES)
def test_what_a_phone_lays_out_late_has_its_height_from_the_start(name, server, open_page):
    page = open_page(f"{server}/{name}", viewport=book.PHONE, is_mobile=True, has_touch=True)
    height = "document.scrollingElement.scrollHeight"
    before = page.evaluate(height)
    late = page.locator("pre.lines").evaluate_all("all => all.map((e) => getComputedStyle(e).contentVisibility)")
    assert set(late) == ({"auto"} if name != "index.html" else set())
    page.add_style_tag(content="pre.lines { content-visibility: visible !important; }")
    assert abs(page.evaluate(height) - before) <= 4  # rounded for each block; a line has 19


def test_search_finds_a_term_of_the_field(server, open_page):
    page = open_page(f"{server}/search.html?q=perceptron")
    page.locator("#search-results li a").first.wait_for()
    links = page.locator("#search-results li a").evaluate_all("links => links.map(a => a.href)")
    assert any("neurons" in link for link in links)


def test_the_scheme_can_be_switched_and_stays(server, open_page):
    page = open_page(f"{server}/index.html", color_scheme="light")
    seen = set()
    for _ in range(3):
        page.locator(".theme-switch-button").first.click()
        seen.add(page.evaluate("document.documentElement.dataset.mode"))
    assert seen == {"light", "dark", "auto"}


MOVING = """() => {
  const longest = (times) => Math.max(...times.split(",").map(parseFloat));
  const found = [];
  for (const element of document.querySelectorAll("*")) {
    for (const part of ["", "::before", "::after", "::backdrop", "::marker"]) {
      const style = getComputedStyle(element, part || null);
      const seconds = longest(style.transitionDuration) + longest(style.transitionDelay)
        + (style.animationName === "none" ? 0 : longest(style.animationDuration) + longest(style.animationDelay));
      if (seconds > 0.001 || style.scrollBehavior !== "auto" || style.animationIterationCount === "infinite") {
        found.push(`${element.tagName}.${element.className}${part}: ${seconds} s, scrolls ${style.scrollBehavior}`);
      }
    }
  }
  return found;
}"""


@pytest.mark.parametrize("viewport", [book.DESKTOP, book.PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("name", [*SLIDER_PAGES[:2], "reference/flashcards.html", "search.html?q=bias"])
def test_who_wants_no_motion_sees_none(name, viewport, server, open_page):
    page = open_page(f"{server}/{name}", viewport=viewport, reduced_motion="reduce")
    page.wait_for_load_state("networkidle")
    assert page.evaluate(MOVING) == []
    for selector in (".theme-switch-button", ".primary-toggle", ".search-button", ".study-main", "main summary"):
        control = page.locator(selector).first
        if control.count() and control.is_visible():
            control.click()
            running = "document.getAnimations().filter(a => a.effect.getComputedTiming().endTime > 1).length"
            assert page.evaluate(running) == 0, f"a click on {selector} sets something in motion"
            page.keyboard.press("Escape")
