"""The built site in a real browser: every slider moves, shows the right frame, is kept in the address and speaks."""

import book
import pytest
from sliders import expected, frames, set_choices, shown, wait_for_position

SLIDER_PAGES = ["index.html", *(f"chapters/{name}.html" for name in book.due("pages"))]


def unfolded(page):
    """The page, with its deeper sections open, as a reader opens them before moving what is in them."""
    page.evaluate("for (const folded of document.querySelectorAll('details')) folded.open = true")
    return page


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
    page = unfolded(open_page(f"{server}/{name}"))
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
            figure.scroll_into_view_if_needed()  # a picture far down is loaded when the reader comes near
            loaded = "figure => [...figure.querySelectorAll('img')].every((image) => image.naturalWidth > 0)"
            page.wait_for_function(loaded, arg=figure.element_handle())
    assert page.problems == []


@pytest.mark.parametrize("name", SLIDER_PAGES)
def test_sliders_move_with_the_keyboard_and_keep_the_page(name, server, open_page):
    page = unfolded(open_page(f"{server}/{name}"))
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
    page = unfolded(open_page(f"{server}/{name}"))
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


@pytest.mark.parametrize("name", SLIDER_PAGES)
def test_without_scripts_the_default_frame_stands_there(name, server, open_page):
    page = open_page(f"{server}/{name}", java_script_enabled=False)
    figures = page.locator("figure.static-interact")
    assert figures.count() >= 1
    for number in range(figures.count()):
        figure = figures.nth(number)
        if folded := figure.locator("xpath=ancestor::details").all():
            if folded[0].get_attribute("open") is None:  # another slider of the section may have opened it
                # at its beginning: a heading's own link stands at its end
                folded[0].locator("> summary").click(position={"x": 8, "y": 12})
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
