"""The whole site as one file: unpacked and opened from disk, with the network switched off, everything works."""

import re
import subprocess
import zipfile

import book
import pytest

pytestmark = pytest.mark.xdist_group("zip")  # it is packed at one place


@pytest.fixture(scope="module")
def unpacked(site, tmp_path_factory):
    """The folder of the built site, packed as `make zip` does it and unpacked at a place with a blank in its name."""
    result = subprocess.run(["make", "-o", "book", "zip"], cwd=book.ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]
    target = tmp_path_factory.mktemp("on disk")
    with zipfile.ZipFile(book.ROOT / "_build/zip/deep-learning-measured.zip") as archive:
        assert archive.testzip() is None
        archive.extractall(target)
    return target / "deep-learning-measured"


@pytest.fixture
def open_file(unpacked, open_page):
    """Open a page of the unpacked site in a browser without a connection."""

    def opener(name):
        page = open_page("about:blank", offline=True)
        page.goto((unpacked / name.partition("?")[0]).as_uri() + "".join(name.partition("?")[1:]))
        return page

    return opener


def test_the_file_is_all_of_the_site(unpacked, site):
    def files(folder):
        paths = [path for path in folder.rglob("*") if path.is_file()]
        return {path.relative_to(folder): path.stat().st_size for path in paths if path.suffix != ".html"}

    assert files(unpacked) == files(site)
    pages = {path.relative_to(site) for path in site.rglob("*.html")}
    assert {path.relative_to(unpacked) for path in unpacked.rglob("*.html")} == pages
    for name in pages:
        on_disk, online = ((folder / name).read_text(encoding="utf-8") for folder in (unpacked, site))
        assert on_disk == re.sub(r'<link rel="preload"[^>]* as="font"[^>]*>', "", online), name


def test_sliders_mathematics_fonts_cards_and_quizzes_work(open_file):
    page = open_file("chapters/gradient-descent.html")
    figure = page.locator("figure.static-interact").first
    before = figure.locator("img").get_attribute("src")
    figure.locator("input[type=range]").first.focus()
    page.keyboard.press("Home")
    page.wait_for_function(
        "([e, src]) => e.querySelector('img').getAttribute('src') !== src", arg=[figure.element_handle(), before]
    )
    assert figure.locator("img").evaluate("image => image.decode().then(() => image.naturalWidth)") > 200
    assert page.locator(".math svg").first.bounding_box()["width"] > 0
    fonts = page.evaluate(
        "document.fonts.ready.then(() => [...document.fonts].map(font => `${font.family} ${font.status}`))"
    )
    assert any(re.match(r'"?Source Serif"? loaded', font) for font in fonts)
    page.get_by_role("button", name="Show the answer").first.click()
    page.locator(".flashcard.current .flashcard-back").wait_for(state="visible")
    form = page.locator(".quiz-question[data-kind=single]").first
    form.locator(".quiz-option[data-right] input").check()
    form.get_by_role("button", name="Check").click()
    assert form.get_by_role("status").text_content() == "Right at the first try."
    assert page.problems == []
    assert all(url.startswith(("file:", "about:", "data:")) for url in page.requested)


def test_the_search_finds_chapters(open_file):
    page = open_file("search.html?q=perceptron")
    page.locator("#search-results li a").first.wait_for()
    links = page.locator("#search-results li a").evaluate_all("links => links.map(a => a.href)")
    assert any("chapters/neurons.html" in link for link in links)


def test_links_between_pages_lead_on(open_file):
    page = open_file("index.html")
    page.get_by_role("link", name=re.compile(r"^\d+\. Gradient descent$")).first.click()
    page.wait_for_url(re.compile(r"^file:.*/chapters/gradient-descent\.html"))
    page.locator("a:has(.glossary-term)").first.click()
    page.wait_for_url(re.compile(r"^file:.*/reference/glossary\.html#term-"))
