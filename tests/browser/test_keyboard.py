"""The built site without a mouse: all that can be pressed is reached in order, is seen when it is, and can be left."""

import io

import book
import numpy as np
import pytest
from PIL import Image

KINDS = {
    "landing": "index.html",
    "chapter": "chapters/neurons.html",
    "exercise": "exercises/neurons/neurons.html",
    "flashcards": "reference/flashcards.html",
    "practice": "reference/practice.html",
    "cheat sheet": "reference/cheat-sheet.html",
    "glossary": "reference/glossary.html",
    "status": "reference/status.html",
    "search": "search.html?q=perceptron",
    "missing": "404.html",
}
each_kind = pytest.mark.parametrize("kind", KINDS)
each_scheme = pytest.mark.parametrize("scheme", ["light", "dark"])

# stops(back): what Tab should stop at, in the order of the page, forward or backward. Of radio buttons it is the one
# that is chosen, or the first. A dialog that is open is all there is.
# step(back): what has the focus now, and what should have it after what had it at the last step.
WALK = """() => {
  const SELECTOR = "a[href], button, input, select, textarea, summary, [tabindex], [contenteditable], iframe";
  window.stops = (back) => {
    const scope = document.querySelector("dialog:modal") || document;
    const found = [...scope.querySelectorAll(SELECTOR)].filter((e) => {
      if (e.tabIndex < 0 || e.matches(":disabled, [inert] *")) return false;
      if (!e.checkVisibility({ visibilityProperty: true })) return false;
      if (e.type !== "radio") return true;
      const group = [...(e.form || document).querySelectorAll(`input[type=radio][name="${CSS.escape(e.name)}"]`)];
      return e === (group.find((other) => other.checked) || group[0]);
    });
    return back ? found.reverse() : found;
  };
  const name = (e) => !e || e === document.body ? "nothing" :
    `<${e.tagName.toLowerCase()}> ${(e.getAttribute("aria-label") || e.textContent || e.id).trim().slice(0, 40)}`;
  const rectangles = (e) => [...e.getClientRects()].filter((r) => r.width * r.height > 0);
  const isSeen = (e, rectangle) => [0.1, 0.5, 0.9].some((x) => [0.1, 0.5, 0.9].some((y) => {
    const hit = document.elementFromPoint(rectangle.x + x * rectangle.width, rectangle.y + y * rectangle.height);
    return hit && (e.contains(hit) || hit.closest("label")?.control === e);
  }));
  window.step = (back) => {
    const stops = window.stops(back);
    const e = document.activeElement;
    const wanted = stops[stops.indexOf(window.before) + 1];
    window.before = e;
    // a link or a triangle may take its place from what is in it or around it
    const areas = [e, ...e.querySelectorAll("*"), e.parentElement].map(rectangles).find((found) => found.length) || [];
    const header = document.querySelector(".bd-header-article");
    const limit = header && !header.contains(e) && e.closest(".bd-article") ? header.getBoundingClientRect().bottom : 0;
    const around = e.closest("nav, blockquote, table, figure, form, footer, .cell, article, dialog");
    return {
      finished: wanted === undefined,
      name: name(e),
      wanted: name(wanted),
      right: e === wanted,
      seen: areas.some((area) => isSeen(e, area)) && (areas[0].top >= limit - 1 || areas[0].height > innerHeight / 2),
      kind: [e, e.parentElement, around].filter(Boolean).map((each) => `${each.tagName}.${each.classList[0]}`).join(),
      areas: areas.map(({ x, y, width, height }) => ({ x, y, width, height })),
    };
  };
}"""


@pytest.fixture
def open_for_keys(server, open_page):
    """Open a page of the site with the functions of WALK, without motion, so that what a key does is done at once."""

    def opener(name, **options):
        page = open_page(f"{server}/{name}", **({"reduced_motion": "reduce"} | options))
        page.wait_for_load_state("networkidle")
        page.evaluate(WALK)
        # from the top, also where the page has put the focus somewhere
        page.evaluate(
            "() => { const top = document.body; top.tabIndex = -1; top.focus(); top.removeAttribute('tabindex'); }"
        )
        return page

    return opener


def walk(page, back=False):
    """Press Tab from the top of the page to its end, or from the end to the top; give each step, checked."""
    limit = len(page.evaluate("window.stops()")) + 50
    for _ in range(limit):
        page.keyboard.press("Shift+Tab" if back else "Tab")
        step = page.evaluate("back => window.step(back)", back)
        if step["finished"]:
            return
        assert step["right"], f"{step['name']} has the focus, and not {step['wanted']}"
        assert step["seen"], f"{step['name']} has the focus and is hidden"
        yield step
    raise AssertionError(f"the focus does not leave the page: {step['name']}")


def luminance(picture):
    """The relative luminance (WCAG 2) of each pixel of a screenshot."""
    values = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB")) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]


def indicator(page, areas):
    """The mean thickness of the focus indicator: its pixels, by those around the element.

    A pixel counts if its contrast with the same pixel without focus is 3 or more, as in WCAG's Focus Appearance.
    """
    left, top = (int(min(area[side] for area in areas)) for side in "xy")
    right = min(page.viewport_size["width"], int(max(area["x"] + area["width"] for area in areas)))
    bottom = min(page.viewport_size["height"], int(max(area["y"] + area["height"] for area in areas)))
    x, y = max(0, left - 8), max(0, top - 8)
    clip = {"x": x, "y": y, "width": right + 8 - x, "height": bottom + 8 - y}
    focused = luminance(page.screenshot(clip=clip))
    page.evaluate("HTMLElement.prototype.blur.call(window.before)")  # past lean_pages, which keeps the focus
    plain = luminance(page.screenshot(clip=clip))
    page.evaluate("window.before.focus({ preventScroll: true })")
    contrast = (np.maximum(focused, plain) + 0.05) / (np.minimum(focused, plain) + 0.05)
    # a link that runs over two lines is in two pieces, unless they touch
    perimeter = min(sum(area["width"] + area["height"] for area in areas), right - left + bottom - top)
    return (contrast >= 3).sum() / (2 * perimeter)


@pytest.fixture(scope="module")
def looked_at():
    """The kinds of elements whose indicator has been looked at: most stand on every page."""
    return set()


@each_kind
@each_scheme
def test_tab_reaches_everything_in_order_and_shows_where_it_is(kind, scheme, open_for_keys, looked_at):
    page = open_for_keys(KINDS[kind], color_scheme=scheme)
    steps = 0
    for step in walk(page):
        steps += 1
        if (scheme, step["kind"]) not in looked_at:
            looked_at.add((scheme, step["kind"]))
            thickness = indicator(page, step["areas"])
            assert thickness >= 2, (
                f"{step['name']}: the focus indicator is {thickness:.1f} pixels thick ({step['kind']})"
            )
    assert steps > 15
    assert page.problems == []


@pytest.mark.parametrize("viewport", [book.DESKTOP, book.PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("kind", ["chapter", "cheat sheet"])
def test_shift_tab_leads_back_and_the_header_hides_nothing(kind, viewport, open_for_keys):
    page = open_for_keys(KINDS[kind], viewport=viewport)
    assert len(list(walk(page))) > 15
    assert len(list(walk(page, back=True))) > 15


@each_kind
def test_what_takes_a_click_takes_a_key(kind, open_for_keys):
    page = open_for_keys(KINDS[kind])
    assert page.evaluate("[...document.querySelectorAll('[tabindex]')].filter(e => e.tabIndex > 0).length") == 0
    # a card turns by a button below it, too
    left = page.evaluate("""() => [...document.querySelectorAll("body *:not(.flashcard, .flashcard *)")]
        .filter((e) => getComputedStyle(e).cursor === "pointer" && e.checkVisibility())
        .filter((e) => !e.closest("a[href], button, input, select, textarea, summary, label"))
        .map((e) => e.outerHTML.slice(0, 200))""")
    assert left == []


@pytest.mark.parametrize("viewport", [book.DESKTOP, book.PHONE], ids=["desktop", "phone"])
def test_the_skip_link_leads_to_the_content(viewport, open_for_keys):
    page = open_for_keys(KINDS["chapter"], viewport=viewport)
    page.keyboard.press("Tab")
    link = page.get_by_role("link", name="Skip to main content")
    assert link.evaluate("e => e === document.activeElement")
    assert link.bounding_box()["y"] >= 0, "the link is not seen when it has the focus"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


def test_the_next_tab_goes_past_a_block_that_is_seen_whole(open_for_keys):
    page = open_for_keys(KINDS["chapter"], viewport=book.DESKTOP)
    page.get_by_role("button", name="Open all deeper sections").click()
    page.evaluate("""() => {
        window.blocks = [...document.querySelectorAll("main details.deeper pre.lines")].slice(0, 2);
        window.blocks[0].textContent = "x".repeat(500);
        window.blocks[1].textContent = "x";
    }""")
    page.wait_for_function("() => window.blocks[0].tabIndex === 0 && window.blocks[1].tabIndex === -1", timeout=5_000)


@each_kind
def test_what_is_too_wide_for_a_phone_scrolls_by_keys(kind, open_for_keys):
    page = open_for_keys(KINDS[kind], viewport=book.PHONE)
    wide = page.evaluate("""() => {
        const visible = (e) => e.checkVisibility({ visibilityProperty: true });
        window.wide = [...document.querySelectorAll("main *")].filter((e) => visible(e)
            && /auto|scroll/.test(getComputedStyle(e).overflowX) && e.scrollWidth > e.clientWidth + 1);
        return window.wide.map((e) => e.outerHTML.slice(0, 120));
    }""")
    for number, html in enumerate(wide):
        found = page.evaluate(
            """number => {
            const e = window.wide[number];
            const stop = window.stops().find((stop) => e.contains(stop) || stop === e);
            stop?.focus();
            e.scrollLeft = 0;
            return Boolean(stop);
        }""",
            number,
        )
        assert found, f"no key scrolls {html}"
        page.keyboard.press("ArrowRight")
        page.wait_for_function("number => window.wide[number].scrollLeft > 0", arg=number, timeout=2_000)
    assert kind != "chapter" or wide


@pytest.mark.parametrize("which", ["primary", "secondary"])
def test_a_drawer_opens_keeps_the_focus_and_gives_it_back(which, open_for_keys):
    page = open_for_keys(KINDS["chapter"], viewport=book.PHONE)
    toggle = page.locator(f".{which}-toggle")
    for _ in walk(page):
        if toggle.evaluate("e => e === document.activeElement"):
            break
    page.keyboard.press("Enter")
    drawer = page.locator(f"#pst-{which}-sidebar-modal")
    drawer.wait_for(state="visible")
    stops = page.evaluate("window.stops().length")
    assert stops > 3
    outside = 0
    for _ in range(stops + 3):
        page.keyboard.press("Tab")
        place = page.evaluate(
            "id => { const e = document.activeElement; return e === document.body ? 'browser' :"
            " document.getElementById(id).contains(e) ? 'drawer' : e.outerHTML; }",
            f"pst-{which}-sidebar-modal",
        )
        assert place in ("drawer", "browser"), f"the focus left the drawer for {place}"
        outside += place == "browser"
    assert outside <= 2
    page.keyboard.press("Escape")
    drawer.wait_for(state="hidden")
    assert toggle.evaluate("e => e === document.activeElement"), "the focus is not given back"


def test_a_folded_sidebar_takes_no_focus(open_for_keys):
    page = open_for_keys(KINDS["landing"])
    fold = page.locator(".bd-sidenav summary").first
    below = "[...document.querySelectorAll('.bd-sidenav details a')].some(e => window.stops().includes(e))"
    assert not page.evaluate(below)
    fold.focus()
    page.keyboard.press("Enter")
    assert page.evaluate(below)
    toggle = page.locator(".primary-toggle")
    toggle.focus()
    page.keyboard.press("Enter")
    assert toggle.evaluate("e => e === document.activeElement"), "the focus is lost"
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to main content"
    toggle.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.closest('.bd-sidebar-primary') !== null")


def test_the_scheme_is_switched_and_the_focus_stays(open_for_keys):
    page = open_for_keys(KINDS["landing"])
    switch = page.locator(".theme-switch-button")
    switch.focus()
    seen = set()
    for key in ("Enter", "Space", "Enter"):
        page.keyboard.press(key)
        seen.add(page.evaluate("document.documentElement.dataset.mode"))
        assert switch.evaluate("e => e === document.activeElement"), "the focus is lost"
    assert seen == {"light", "dark", "auto"}


@pytest.mark.parametrize("opened_by", ["Control+k", ".search-button", ".search-button-field"])
def test_the_search_dialog_opens_closes_and_searches(opened_by, open_for_keys):
    # the button in the header stands there where the sidebar is hidden
    page = open_for_keys(KINDS["landing"], viewport=book.PHONE if opened_by == ".search-button" else book.DESKTOP)
    start = page.locator(opened_by if opened_by.startswith(".") else "figure input[type=range]").first
    start.focus()
    page.keyboard.press("Enter" if opened_by.startswith(".") else opened_by)
    field = page.locator("#pst-search-dialog input")
    assert field.evaluate("e => e === document.activeElement")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('dialog') || document.activeElement === document.body")
    field.focus()
    page.keyboard.press("Escape")
    assert not page.locator("#pst-search-dialog").is_visible()
    assert start.evaluate("e => e === document.activeElement"), "the focus is not given back"
    page.keyboard.press("Enter" if opened_by.startswith(".") else opened_by)
    page.keyboard.type("perceptron")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=perceptron")
    page.locator("#search-results li a").first.wait_for()
