"""site_address: where a site is, what its pages say of themselves, and the page for addresses that do not exist."""

import re
import urllib.parse
from xml.etree import ElementTree

import book
import pytest
from measured_book.site.address import find, shorten
from sphinx.errors import ExtensionError

ADDRESS = "https://example.org/a-course/"

FOUND = {
    "https://example.org/a-course": ADDRESS,
    "https://example.org/a-course/": ADDRESS,
    "https://example.org": "https://example.org/",
    "http://localhost:8000/": "http://localhost:8000/",
    "": "",
}


@pytest.mark.parametrize("address", FOUND)
def test_the_variable_says_where_the_site_is(address, tmp_path):
    assert find(tmp_path, {"BOOK_ADDRESS": address}) == FOUND[address]


@pytest.mark.parametrize(
    "address", ["example.org", "ftp://example.org/", "https://", "https://example.org/?a=b", "x y"]
)
def test_what_is_no_address_is_told(address, tmp_path):
    with pytest.raises(ExtensionError, match="no address of a site"):
        find(tmp_path, {"BOOK_ADDRESS": address})


def test_a_repository_on_github_says_it_otherwise(tmp_path):
    assert find(tmp_path, {}) == ""
    course = {"BOOK_REPOSITORY": "https://github.com/Someone/a-course"}
    assert find(tmp_path, course) == "https://someone.github.io/a-course/"
    assert (
        find(tmp_path, {"BOOK_REPOSITORY": "https://github.com/Someone/someone.github.io"})
        == "https://someone.github.io/"
    )
    assert find(tmp_path, course | {"BOOK_ADDRESS": ""}) == ""


def test_descriptions_are_whole_sentences():
    assert shorten("One. Two. Three.", 10) == "One. Two."
    assert shorten("Is it (e.g. here)? Yes.", 100) == "Is it (e.g. here)? Yes."
    assert shorten("word " * 30, 30) == "word word word word word …"
    assert shorten("“One.” Two.", 8) == "“One.”"


# ---- a small book, with an address and without ----


INDEX = """# A book

[Only](part/page.md) a link.

What $\\alpha$ is: "quoted" & <b>more</b> of it. It goes on.
"""
PAGE = """# A page

> A quote that stands before the text of the page.

The text of the page is this sentence.
"""


def _small_book(folder, address, patch):
    pages = {"index": INDEX, "part/page": PAGE}
    contents = {"chapters": [{"file": "part/page"}]}
    extensions = ["measured_book"]
    parse = {"myst_enable_extensions": ["dollarmath"]}
    book.write(folder, pages, contents, extensions, {"html_title": "A book"}, parse=parse)
    patch.setenv("BOOK_ADDRESS", address)
    result = book.build(folder)
    assert result.returncode == 0, result.stdout[-3000:]
    return folder / "_build/html"


@pytest.fixture(scope="module")
def books(tmp_path_factory):
    """The small book built for an address, and for none."""
    with pytest.MonkeyPatch.context() as patch:
        return {address: _small_book(tmp_path_factory.mktemp("book"), address, patch) for address in (ADDRESS, "")}


def _meta(page):
    tags = page.select("meta[content]")
    return {
        tag.get("name") or tag.get("property"): tag["content"] for tag in tags if tag.get("name") or tag.get("property")
    }


@pytest.mark.parametrize("address", [ADDRESS, ""])
def test_each_page_describes_itself(address, books):
    meta = _meta(book.parsed(books[address], "index"))
    assert meta["description"] == meta["og:description"] == "What is: “quoted” & more of it. It goes on."
    assert _meta(book.parsed(books[address], "part/page"))["description"] == "The text of the page is this sentence."


def test_with_an_address_pages_are_canonical_and_have_a_picture(books):
    site = books[ADDRESS]
    page = book.parsed(site, "part/page")
    assert page.select_one("link[rel=canonical]")["href"] == f"{ADDRESS}part/page.html"
    meta = _meta(page)
    assert meta["og:url"] == f"{ADDRESS}part/page.html" and meta["twitter:card"] == "summary_large_image"
    picture = site / urllib.parse.urlsplit(meta["og:image"]).path.removeprefix("/a-course/")
    assert meta["og:image"].startswith(ADDRESS) and picture.stat().st_size > 1000
    places = [e.text for e in ElementTree.parse(site / "sitemap.xml").iter() if e.tag.endswith("loc")]
    assert sorted(places) == [f"{ADDRESS}index.html", f"{ADDRESS}part/page.html"]


def test_without_an_address_no_link_is_dead(books):
    site = books[""]
    page = book.parsed(site, "part/page")
    assert not page.select("link[rel=canonical]") and not (site / "sitemap.xml").exists()
    assert not {"og:url", "og:image", "og:image:alt", "twitter:card"} & set(_meta(page))


@pytest.mark.parametrize("address", [ADDRESS, ""])
def test_the_page_for_dead_links_works_at_any_depth(address, books):
    page = book.parsed(books[address], "404")
    assert [h.get_text() for h in page.select("article h1")] == ["There is no such page"]
    prefix = urllib.parse.urlsplit(address).path or "/"
    local = [tag.get("href") or tag.get("src") for tag in page.select("link[href], script[src], img[src], a[href]")]
    local = [url for url in local if not re.match(r"https?:|#", url)]
    assert len(local) > 6
    for url in local:
        assert url.startswith(prefix), f"{url} holds on the first level only"
        path = url.removeprefix(prefix).partition("?")[0].partition("#")[0] or "index.html"
        assert (books[address] / path).exists(), url


# ---- the book itself ----


def test_every_page_of_the_book_has_its_own_description(site):
    seen = {}
    for path in site.rglob("*.html"):
        name = path.relative_to(site).as_posix()
        if path.is_relative_to(site / "_static") or name in ("search.html", "genindex.html", "404.html"):
            continue
        words = _meta(book.parsed(site, name.removesuffix(".html"))).get("description", "")
        assert 50 <= len(words) <= 250, f"{name}: {words!r}"
        assert words not in seen, f"{name} and {seen[words]} describe themselves alike"
        seen[words] = name
