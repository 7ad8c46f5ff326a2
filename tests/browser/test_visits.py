"""Each page of the site as its readers meet it: what a visit weighs and asks for, and what is seen, moves and fits."""

import itertools

import accessibility
import book
import pytest
from sliders import frames

DUE = book.due("pages")
CHAPTERS = ["index.html", *(f"chapters/{name}.html" for name in DUE)]
REFERENCE = (
    "cheat-sheet", "flashcards", "practice", "formulas", "glossary", "exercises", "for-instructors", "coming", "status"
)  # fmt: skip
PAGES = CHAPTERS + [f"reference/{name}.html" for name in REFERENCE]
PAGES += [f"exercises/{name}/{name}.html" for name in DUE]
each_page = pytest.mark.parametrize("name", PAGES)
TOUCH = {"is_mobile": True, "has_touch": True}
OVERHANG = "document.scrollingElement.scrollWidth - window.innerWidth"
SHIFTS = """
  window.shifts = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const moved = entry.sources.map((source) => source.node?.parentElement?.outerHTML.slice(0, 90));
      if (!entry.hadRecentInput) window.shifts.push({ value: entry.value, moved });
    }
  }).observe({ type: "layout-shift", buffered: true });
"""
# begins to read the page to its end; `reading` is done when that is
READ = """() => {
  const read = async () => {
    for (let y = 0; y < document.scrollingElement.scrollHeight; y += innerHeight / 2) {
      scrollTo(0, y);
      await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 20)));
    }
  };
  window.reading = read();
}"""


@pytest.fixture(scope="module")
def seen():
    """The looks of text whose contrast has been judged: most stand on every page."""
    return set()


def switch(page, scheme):
    """Have the reader's computer ask for the other scheme, and wait until the page has followed."""
    page.emulate_media(color_scheme=scheme)
    page.wait_for_function("scheme => document.documentElement.dataset.theme === scheme", arg=scheme)
    # colours that are on their way are nobody's: they would be judged as a look of their own
    page.evaluate("Promise.allSettled(document.getAnimations().map((animation) => animation.finished))")


@each_page
def test_a_visit_is_light_private_and_accessible(name, server, open_page, seen):
    page = open_page("about:blank", color_scheme="light")
    responses = {}
    page.on("response", lambda response: responses.update({response.url: response}))
    page.goto(f"{server}/{name}")
    page.wait_for_load_state("networkidle")
    # asking for a size takes a turn of the browser's events, in which a late response may come in
    weights = {url: book.transferred_bytes(response) for url, response in list(responses.items())}
    heaviest = sorted(weights.items(), key=lambda item: -item[1])[:5]
    assert sum(weights.values()) <= book.PAGE_WEIGHT_BUDGET, f"{sum(weights.values()):,} bytes; heaviest: {heaviest}"
    assert not [url for url in weights if "fontawesome" in url], "156 kB for a picture of an arrow"

    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    assert page.evaluate(OVERHANG) <= 0
    if name in CHAPTERS:
        sliders_print_their_position(page)
        frames_come_on_first_touch(page)
    assert [url for url in page.requested if not url.startswith((server, "data:", "about:"))] == []
    assert page.problems == []  # before axe runs, which causes a failed request of its own

    assert accessibility.findings(page) == []
    switch(page, "dark")
    assert accessibility.findings_of_new_looks(page, seen) == []


def sliders_print_their_position(page):
    page.emulate_media(media="print")
    figure = page.locator("figure.static-interact").first
    assert not figure.locator(".static-interact-controls").is_visible()
    assert figure.locator("figcaption").is_visible()
    page.emulate_media(media="screen")


def frames_come_on_first_touch(page):
    def fetched():
        return {url.split("/")[-1] for url in page.requested if "/interact/" in url}

    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    page.wait_for_timeout(500)
    images = page.locator(".static-interact-frame img")
    defaults = set(images.evaluate_all("images => images.map(i => i.src.split('/').pop())"))
    assert fetched() <= defaults
    figure = page.locator("figure.static-interact").first
    data = frames(page, figure)
    wanted = {part["image"] for frame in data["frames"] for part in frame if "image" in part}
    figure.locator("input, select").first.focus()
    for _ in range(50):
        if wanted <= fetched():
            break
        page.wait_for_timeout(100)
    assert wanted <= fetched() <= defaults | wanted


@each_page
def test_a_page_is_accessible_and_fits_on_a_phone(name, server, open_page, seen):
    page = open_page(f"{server}/{name}", viewport=book.PHONE, color_scheme="dark", **TOUCH)
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert page.evaluate(OVERHANG) <= 0
    assert page.problems == []
    assert accessibility.findings_of_new_looks(page, seen, accessibility.OF_SCHEME + accessibility.OF_WIDTH) == []
    switch(page, "light")
    assert accessibility.findings_of_new_looks(page, seen) == []


def test_what_is_not_accessible_is_found(server, open_page, seen):
    """The same text is judged once, but text of another look, or on another ground, is judged again."""
    page = open_page(f"{server}/index.html")
    looks = set()
    assert accessibility.findings_of_new_looks(page, looks) == []
    assert accessibility.findings_of_new_looks(page, looks) == []
    page.evaluate("""() => {
      document.querySelector("article").insertAdjacentHTML("beforeend", `<p class="pale">Text</p>
        <div class="ground"><p>Text</p></div> <button aria-label="Search">Find</button>`);
      document.querySelector(".pale").style.color = "#ccc";
      document.querySelector(".ground").style.background = "#333";
    }""")
    found = accessibility.findings_of_new_looks(page, looks)
    assert len(found) == 1 and found[0].startswith("color-contrast (2)")
    assert accessibility.findings_of_new_looks(page, looks) == [], "it has been told once"
    assert any(line.startswith("label-content-name-mismatch (1)") for line in accessibility.findings(page, "article"))


@each_page
def test_a_page_fits_with_the_widest_fonts_where_its_own_do_not_come(name, server, open_page):
    page = open_page("about:blank")
    page.route("**/*.woff2", lambda route: route.abort())
    page.goto(f"{server}/{name}")
    overhangs = {}
    for width in (320, 360, 390, 768, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        overhangs[width] = page.evaluate(OVERHANG)
    assert all(overhang <= 0 for overhang in overhangs.values()), f"pixels over the edge by width: {overhangs}"


PAIRS = [PAGES[number : number + 2] for number in range(0, len(PAGES), 2)]


@pytest.mark.parametrize("names", PAIRS, ids=" ".join)
def test_nothing_moves_while_pages_come_in_slowly_and_are_read(names, server, browser):
    """Four visits at once, each with a slow network of its own: most of the time is spent waiting."""
    visits = {}
    for name, width in itertools.product(names, (360, 412)):
        context = browser.new_context(viewport={"width": width, "height": 2 * width}, device_scale_factor=2, **TOUCH)
        page = visits[name, width] = context.new_page()
        network = {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 90_000}
        context.new_cdp_session(page).send("Network.emulateNetworkConditions", network)
        page.add_init_script(SHIFTS)
        page.goto(f"{server}/{name}", wait_until="commit")
    for page in visits.values():
        page.wait_for_load_state("networkidle")
        page.evaluate(READ)
    shifts = {}
    for visit, page in visits.items():
        page.evaluate("window.reading")
        shifts[visit] = page.evaluate("window.shifts")
        page.context.close()
    moving = {visit: seen for visit, seen in shifts.items() if sum(shift["value"] for shift in seen) > 0.02}
    assert moving == {}
