"""The bundle of the book: nothing inline on any page, and the strictest policy of content breaks nothing."""

import book
import pytest
from bs4 import BeautifulSoup
from measured_book.site.bundle import FOLDER

POLICY = "default-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'; object-src 'none'"


@pytest.fixture(scope="module")
def strict_server(site):
    """The site, served with a policy that allows nothing but the site itself."""
    with book.Server(site, POLICY) as running:
        yield running.url


def test_every_page_of_the_book_has_the_bundle_and_nothing_inline(site):
    pages = [path for path in site.rglob("*.html") if not path.is_relative_to(site / "_static")]
    assert len(pages) > 10
    for path in pages:
        soup = BeautifulSoup(path.read_text(encoding="utf-8"), "lxml")
        assert len(soup.select("link[rel=stylesheet]")) == 1, path
        inline = [s for s in soup.select("script:not([src])") if s.get("type") in (None, "text/javascript", "module")]
        assert not inline and not soup.select("[style]") and not soup.select("style"), path
        for tag in soup.select(f"[src*='{FOLDER}'], [href*='{FOLDER}']"):
            address, _, version = (tag.get("src") or tag["href"]).partition("?v=")
            start = site if address.startswith("/") else path.parent
            assert (start / address.lstrip("/")).resolve().is_file() and len(version) == 8, (path, address)
        assert len(soup.select("script[src]")) == (6 if path.name == "search.html" else 2), path


PAGES = [
    "index",
    "chapters/neurons",
    "chapters/convolutions",
    "reference/cheat-sheet",
    "reference/flashcards",
    "reference/practice",
]
PAGES += [
    "reference/formulas",
    "reference/glossary",
    "reference/for-instructors",
    "exercises/neurons/neurons",
    "genindex",
]


@pytest.mark.parametrize("name", [*PAGES, "search"])
def test_a_strict_policy_breaks_nothing(name, strict_server, open_page):
    page = open_page("about:blank")
    page.add_init_script(
        "window.violations = []; document.addEventListener('securitypolicyviolation',"
        " e => window.violations.push(`${e.violatedDirective} ${e.blockedURI} ${e.sample}`));"
    )
    page.goto(f"{strict_server}/{name}.html" + ("?q=dropout" if name == "search" else ""))
    for slider in page.locator("figure.static-interact input[type=range]").all()[:2]:
        slider.focus()
        page.keyboard.press("ArrowRight")
    if page.locator(".deck").count():
        page.locator(".flashcard.current").wait_for()
        page.get_by_role("button", name="Show the answer").first.click()
        page.get_by_role("button", name="I knew it").click()
    if page.locator(".quiz-question").count():
        page.locator(".quiz-question input[type=radio]").first.check()
        page.get_by_role("button", name="Check").first.click()
    if name == "search":
        page.locator("#search-results li a").first.wait_for()
    page.locator(".theme-switch-button").first.click()
    page.wait_for_load_state("networkidle")
    assert page.evaluate("window.violations") == []
    assert page.problems == []
