"""printed_book: the PDFs of the book and of its pages, what a screen reader and a search find in them, and mistakes."""

import functools
import io
import re
import subprocess
import sys
import unicodedata

import book
import pytest
import yaml
from bs4 import BeautifulSoup
from measured_book.export import document, formulas
from measured_book.export.site import Site
from pypdf import PdfReader
from pypdf.generic import DecodedStreamObject, NameObject

BOOK = "deep-learning-measured"
FIRST_WORDS = "What is a network with many"  # of the first chapter
NEURONS = "Neurons and perceptrons What can one artificial neuron do"
SLUGS = [path.stem for path in book.chapters()]
A4 = (595, 842)  # points
PIXEL = 72 / 96
# the book is printed once, to one place
of_one_printing = pytest.mark.xdist_group("pdf")

# ---- a small site, as the theme builds it ----

SHELL = """<!DOCTYPE html><html lang="de"><head><title>x</title>{canonical}
<link rel="stylesheet" href="{up}_static/site.css?v=1"></head><body>
<nav class="bd-docs-nav"><p class="caption"><span>Part &amp; parcel</span></p><ul>
<li><a href="a/one.html">1. One <i>more</i></a></li><li><a href="a/two.html">2. Two</a></li></ul>
<p class="caption"><span>Rest</span></p><ul><li><a href="rest.html">The rest</a></li></ul></nav>
<article class="bd-article"><section id="{slug}">{text}</section></article>
<p class="component-author">By the authors</p><div class="extra_footer">Free <a href="#">for all</a>.</div>
</body></html>"""
PAGES = {
    "index": "<h1>A book<a class='headerlink' href='#index'>#</a></h1><p>Begin.</p>",
    "a/one": """<h1>1. One <i>more</i></h1>
<p><a href="two.html#end">to the end</a> <a href="two.html">to two</a> <a href="#here">here</a>
<a href="../rest.html#r">rest</a> <a href="https://example.org/x">out</a>
<a href="../_downloads/x.ipynb">notebook</a></p>
<section id="here"><h2>Here</h2><label for="field">f</label><input id="field">
<a class="image-reference" href="../_images/p.png"><img src="../_images/p.png" alt="A dot" loading="lazy"></a>
<svg><defs><path id="g41-abc" d="M0 0"></path></defs><use href="#g41-abc"></use></svg><script>1</script>
<details><summary>More</summary><p>Inside</p></details></section>""",
    "a/two": "<h1>2. Two</h1><section id='end'><h2>The end</h2><p>Last words.</p></section>",
    "rest": "<h1>The rest</h1><section id='r'><h2>R</h2></section>",
}
PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


@pytest.fixture
def small(tmp_path):
    """Writes the small site, with an address or without, and returns it."""

    def writer(address=""):
        for name, text in PAGES.items():
            path = tmp_path / "site" / f"{name}.html"
            path.parent.mkdir(parents=True, exist_ok=True)
            canonical = f'<link rel="canonical" href="{address}{name}.html">' if address else ""
            up = "../" * name.count("/")
            path.write_text(SHELL.format(canonical=canonical, up=up, slug=name[-3:], text=text), encoding="utf-8")
        for name, content in {"_static/site.css": b"p{color:red}", "_images/p.png": PICTURE}.items():
            path = tmp_path / "site" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return Site(tmp_path / "site")

    return writer


def _links(site, names):
    entries = [entry for entry in site.entries if entry.name in names]
    page = BeautifulSoup(document.compose(site, entries), "lxml")
    return {link.get_text(): link["href"] for link in page.select("article section a[href]")}, page


def test_a_site_says_its_title_its_parts_and_its_address(small):
    site = small("https://example.org/book/")
    assert (site.title, site.author, site.rights) == ("A book", "The authors", "Free for all.")
    assert (site.language, site.address) == ("de", "https://example.org/book/")
    assert [(e.name, e.title, e.part) for e in site.entries] == [
        ("index", "A book", ""),
        ("a/one", "1. One more", "Part & parcel"),
        ("a/two", "2. Two", "Part & parcel"),
        ("rest", "The rest", "Rest"),
    ]
    assert small().address == ""


def test_links_lead_within_the_document_where_they_can(small):
    links, page = _links(small(), {"a/one", "a/two"})
    assert links == {
        "to the end": "#a-two--end",
        "to two": "#a-two",
        "here": "#a-one--here",
        "out": "https://example.org/x",
    }
    assert all(page.find(id=target[1:]) for target in links.values() if target.startswith("#"))
    assert "rest" in page.select_one("article").get_text(), "the words of a link that leads nowhere stay"


def test_other_links_lead_to_the_address_if_there_is_one(small):
    links, _ = _links(small("https://example.org/book/"), {"a/one"})
    assert links == {
        "to the end": "https://example.org/book/a/two.html#end",
        "to two": "https://example.org/book/a/two.html",
        "here": "#a-one--here",
        "rest": "https://example.org/book/rest.html#r",
        "out": "https://example.org/x",
        "notebook": "https://example.org/book/_downloads/x.ipynb",
    }


def test_what_is_for_the_screen_goes_and_nothing_is_folded(small):
    _, page = _links(small(), {"a/one"})
    article = page.select_one("article")
    assert not article.select("script, .headerlink, a.image-reference, img[loading]")
    assert article.img["src"] == "_images/p.png" and article.details.has_attr("open")
    assert article.label["for"] == article.input["id"] == "a-one--field"
    assert article.path["id"] == "g41-abc" and article.find("use")["href"] == "#g41-abc"


def test_a_book_has_a_front_page_and_contents(small):
    site = small()
    page = BeautifulSoup(document.compose(site, site.entries), "lxml")
    assert page.select_one(".front h1").get_text() == "A book" and "Begin." in page.select_one(".front").get_text()
    assert "The authors. Free for all." in page.select_one(".front .colophon").get_text()
    rows = [(row["class"][0], row.get_text()) for row in page.select(".book-contents p")]
    assert rows == [
        ("contents-part", "Part & parcel"),
        ("contents-page", "1. One more000"),
        ("contents-section", "Here000"),
        ("contents-page", "2. Two000"),
        ("contents-section", "The end000"),
        ("contents-part", "Rest"),
        ("contents-page", "The rest000"),
        ("contents-section", "R000"),
    ]
    places = [(row["href"][1:], row.select_one(".contents-number")) for row in page.select(".book-contents a")]
    assert all(place["data-of"] == target and page.find(id=target) for target, place in places)


WORDS = {
    "<mi>x</mi><mo>=</mo><mo>−</mo><mfrac><mi>b</mi><mi>w</mi></mfrac>": "x = −b/w",
    "<mo>(</mo><mo>−</mo><mi>a</mi><mo>)</mo><mo>−</mo><mn>1</mn>": "(−a) − 1",
    "<mfrac><mrow><mi>a</mi><mo>+</mo><mi>b</mi></mrow><msub><mi>λ</mi><mi>max</mi></msub></mfrac>": "(a + b)/λ_max",
    "<msup><mrow><mo>(</mo><mfrac><mi>R</mi><mi>γ</mi></mfrac><mo>)</mo></mrow><mn>2</mn></msup>": "(R/γ)^2",
    "<munderover><mo>∑</mo><mrow><mi>i</mi><mo>=</mo><mn>1</mn></mrow><mi>n</mi></munderover><msub><mi>x</mi><mi>i</mi>"
    "</msub>": "∑_(i = 1)^n x_i",
    "<mi>ln</mi><mo>\u2061</mo><mi>x</mi><mo>,</mo><msqrt><mi>B</mi></msqrt>": "ln x, √(B)",
    "<mover><mi>y</mi><mo>^</mo></mover><mphantom><mi>z</mi></mphantom>": "ŷ",
    "<mover><mi>f</mi><mo>^</mo></mover><mo>(</mo><mi>x</mi><mo>)</mo>": "f hat(x)",
    "<munder><munder><mi>a</mi><mo>⏟</mo></munder><mtext>bias</mtext></munder>": "a_bias",
    "<mroot><mi>a</mi><mn>3</mn></mroot><mspace></mspace><msubsup><mi>w</mi><mn>1</mn><mn>2</mn></msubsup>": (
        "a^(1/3) w_1^2"
    ),
}


@pytest.mark.parametrize("mathml", WORDS)
def test_formulas_are_put_into_words(mathml):
    assert formulas.in_words(BeautifulSoup(f"<math>{mathml}</math>", "lxml").math) == WORDS[mathml]


# ---- mistakes ----


def _message(*arguments):
    # in a process of its own: one in which tests drive a browser can start no second one
    result = subprocess.run([sys.executable, "-m", "measured_book.export", *arguments], capture_output=True, text=True)
    assert result.returncode == 2
    assert result.stderr.startswith("measured-book: ") and "Traceback" not in result.stderr
    return result.stderr


def test_what_is_missing_is_told_with_the_way_out(small, tmp_path):
    target = tmp_path / "out"
    assert "make book" in _message(tmp_path / "nowhere", target)
    site = small().root
    assert "CHROMIUM=" in _message(site, target, "--chromium", "/no/chromium")
    assert "does not start" in _message(site, target, "--chromium", "/bin/false")
    assert "a/three" in _message(site, target, "--leave-out", "a/three")
    assert "rest.pdf" in _message(site, target, "--name", "rest")
    (site / "_images/p.png").unlink()
    assert "_images/p.png" in _message(site, target)
    (site / "index.html").write_text("<html><body>Something else</body></html>", encoding="utf-8")
    assert "Jupyter Book 1" in _message(site, target)
    assert not target.exists(), "half of a book was written"


# ---- the book itself ----


@pytest.fixture(scope="session")
def printed(site, environment):
    """The folder to which `make pdf` prints the site that is there."""
    command = ["make", "-o", "book", "pdf"]
    result = subprocess.run(command, cwd=book.ROOT, capture_output=True, text=True, env=environment)
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]
    return book.ROOT / "_build/pdf"


@pytest.fixture(scope="session")
def source(site):
    """The built site, read once."""
    return Site(site)


@pytest.fixture(scope="session")
def readers(printed):
    """The PDFs by name, with the text of each page as `texts`."""
    found = {}
    for path in printed.glob("*.pdf"):
        found[path.stem] = PdfReader(io.BytesIO(path.read_bytes()))
        found[path.stem].texts = [_text(page) for page in found[path.stem].pages]
    return found


# In Chromium's content a formula is outlines, and of a word each letter is placed alone, as wide as it is: most of the
# lines. pypdf reads each of them, and finds the same text without.
OUTLINES = re.compile(rb"^(?:[-\d. ]+ (?:[mlcvy]|re)|[hfn]|f\*|W\*?)\n", re.M)
BETWEEN_LETTERS = re.compile(rb"> Tj\n[\d.]+ 0 Td <")


def _text(page, whole=False):
    """The text of a page in one line; from `whole`, all of its content, it takes four times as long."""
    if not whole:
        content = DecodedStreamObject()
        content.set_data(BETWEEN_LETTERS.sub(b"", OUTLINES.sub(b"", page.get_contents().get_data())))
        page[NameObject("/Contents")] = content
    return " ".join(page.extract_text().split())


def _squeezed(words):
    """Words without blanks and hyphens, which breaks of lines add, in the one spelling of letters such as µ."""
    return re.sub(r"[\s\u00ad\u2010-]+", "", unicodedata.normalize("NFKC", words))


def _outline(reader, items=None, depth=0):
    """(depth, title, page from 1) of every entry of a PDF's outline."""
    for item in reader.outline if items is None else items:
        if isinstance(item, list):
            yield from _outline(reader, item, depth + 1)
        else:
            yield depth, item.title, reader.get_destination_page_number(item) + 1


@functools.lru_cache(maxsize=1)
def _page(name):
    """A page of the site, parsed, without the signs that link to headings; one test asks for it a few times."""
    page = book.parsed(book.SITE, name)
    for link in page.select("article .headerlink"):
        link.decompose()
    return page


def _headings(name, selector):
    page = _page(name)
    return [" ".join(heading.get_text().split()) for heading in page.select(f"article {selector}")]


@of_one_printing
def test_the_text_of_a_page_is_that_of_its_whole_content(readers, printed):
    for number, page in enumerate(PdfReader(printed / f"{SLUGS[0]}.pdf").pages):
        assert _text(page, whole=True) == readers[SLUGS[0]].texts[number]


@of_one_printing
def test_there_is_a_file_of_the_book_of_each_chapter_and_of_each_sheet(readers):
    assert set(readers) == {BOOK, *SLUGS, "cheat-sheet", "formulas", "glossary", "status"}


@pytest.mark.parametrize("name", [BOOK, *SLUGS, "cheat-sheet", "formulas", "glossary", "status"])
@of_one_printing
def test_every_file_is_whole_and_says_what_it_is(name, readers):
    reader = readers[name]
    root = reader.trailer["/Root"]
    assert reader.metadata.title.endswith("Deep Learning, Measured")
    assert reader.metadata.author == "The authors of Deep Learning, Measured"
    assert root["/Lang"] == "en" and root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert root["/MarkInfo"]["/Marked"] and root["/StructTreeRoot"]["/K"], "a screen reader finds no tags"
    for number, (page, text) in enumerate(zip(reader.pages, reader.texts, strict=True), start=1):
        assert (round(page.mediabox.width), round(page.mediabox.height)) == A4
        assert len(text) > 60, f"page {number} is empty"
        front = name == BOOK and number == 1
        assert front or str(number) in text.split(), f"page {number} does not bear its number"


@pytest.mark.parametrize("slug", SLUGS)
@of_one_printing
def test_a_chapter_has_its_title_its_sections_and_its_last_sentence(slug, readers):
    reader = readers[slug]
    page = _page(f"chapters/{slug}")
    title = _headings(f"chapters/{slug}", "h1")[0]
    outline = list(_outline(reader))
    assert [text for depth, text, _ in outline if depth == 0] == [title]
    sections = _headings(f"chapters/{slug}", ":is(section > section > h2, section > section > details > summary > h2)")
    assert [text for depth, text, _ in outline if depth == 1] == sections
    assert title in reader.texts[0]
    for _, heading, number in outline:
        assert _squeezed(heading) in _squeezed(reader.texts[number - 1]), f"{heading!r} is not on page {number}"
    whole = _squeezed("".join(reader.texts))
    prose = [p for p in page.select("article > section > section > p") if not p.select(".math, a")]
    assert len(prose) > 10
    assert [p.get_text() for p in (prose[0], prose[-1]) if _squeezed(p.get_text()) not in whole] == []
    assert "Lastexecutedon" in whole


@pytest.mark.parametrize("slug", SLUGS)
@of_one_printing
def test_formulas_are_found_and_read_aloud(slug, readers, source):
    wanted = [each["aria-label"] for each in source.copied(f"chapters/{slug}").select(".math [role=img]")]
    assert len(wanted) > 30 and all(words.strip() for words in wanted)
    text = _squeezed("".join(readers[slug].texts))
    assert [words for words in wanted if _squeezed(words) not in text] == []
    spoken = {str(o["/Alt"]) for o in _objects(readers[slug]) if o.get("/S") == "/Figure" and "/Alt" in o}
    assert set(wanted) <= spoken


def _objects(reader):
    """The dictionaries of a PDF's structure tree."""
    waiting = [reader.trailer["/Root"]["/StructTreeRoot"]]
    while waiting:
        each = waiting.pop().get_object()
        if isinstance(each, list):
            waiting += each
        elif isinstance(each, dict):
            yield each
            if "/K" in each:
                waiting.append(each["/K"])


@pytest.mark.parametrize("slug", SLUGS)
@of_one_printing
def test_every_figure_is_there_with_its_description(slug, readers):
    images = book.parsed(book.SITE, f"chapters/{slug}").select("article .cell_output img")
    spoken = {str(o["/Alt"]) for o in _objects(readers[slug]) if o.get("/S") == "/Figure" and "/Alt" in o}
    assert images and {image["alt"] for image in images} <= spoken


@of_one_printing
def test_the_book_has_every_page_in_its_order_by_parts(readers):
    reader = readers[BOOK]
    contents = yaml.safe_load((book.ROOT / "_toc.yml").read_text(encoding="utf-8"))["parts"]
    left_out = {
        "reference/flashcards",
        "reference/practice",
        "reference/exercises",
        "reference/for-instructors",
        "reference/coming",
    }
    wanted = [(0, "Deep Learning, Measured")]
    for part in contents:
        names = [entry["file"] for entry in part["chapters"] if entry["file"] not in left_out]
        wanted += [(0, part["caption"])] * bool(names) + [(1, _headings(name, "h1")[0]) for name in names]
    outline = list(_outline(reader))
    parts = [place for place, (depth, _, _) in enumerate(outline) if depth == 0]
    past_the_front = outline[:1] + outline[parts[1] :]  # the landing page has sections that name the parts, too
    assert [(depth, title) for depth, title, _ in past_the_front if depth < 2] == wanted
    numbers = [number for _, _, number in outline]
    assert numbers == sorted(numbers)
    for depth, title, number in outline:
        if (depth, title) in wanted[1:] and depth:
            assert _squeezed(title) in _squeezed(reader.texts[number - 1])


@of_one_printing
def test_the_contents_tell_the_pages_of_all_sections(readers):
    reader = readers[BOOK]
    sections = [(title, number) for depth, title, number in _outline(reader) if depth in (1, 2) and number > 3]
    start = next(number for number, text in enumerate(reader.texts) if "Contents" in text)
    end = next(number for number, text in enumerate(reader.texts) if FIRST_WORDS in text)
    contents = _squeezed("".join(reader.texts[start:end]))
    pages = {title: number for title, number in sections if number > end}
    assert len(pages) > 40
    assert [title for title, number in pages.items() if f"{_squeezed(title)}{number}" not in contents] == []


def _targets(reader):
    """Where the links of a PDF lead: the page for a target within it, else the address."""
    places = {str(name).removeprefix("/"): place for name, place in reader.named_destinations.items()}
    for page in reader.pages:
        for annotation in page.get("/Annots", []):
            link = annotation.get_object()
            action = link.get("/A", {})
            name = link.get("/Dest", action.get("/D"))
            if name is None:
                yield str(action.get("/URI"))
            else:
                yield reader.get_destination_page_number(places[str(name).removeprefix("/")])


@pytest.mark.parametrize("name", [BOOK, *SLUGS])
@of_one_printing
def test_links_lead_into_the_file_or_out_of_the_site(name, readers, source):
    targets = list(_targets(readers[name]))
    inner = [target for target in targets if isinstance(target, int)]
    assert len(inner) > 30 and all(0 <= target < len(readers[name].pages) for target in inner)
    assert len(set(inner)) > 5
    site = source.address or "https://"
    assert [t for t in targets if isinstance(t, str) and not t.startswith(("https://", site))] == []
    assert not any("book.invalid" in target for target in targets if isinstance(target, str))


@pytest.mark.parametrize("fonts", ["own", "fallback"])
@pytest.mark.parametrize("name", ["index", *(f"chapters/{slug}" for slug in book.due("pages")), "reference/formulas"])
def test_nothing_reaches_over_the_edge_of_the_paper(name, fonts, source, server, open_page):
    def answer(route):
        if route.request.url.endswith("/sheet.html"):
            route.fulfill(body=text, content_type="text/html; charset=utf-8")
        elif route.request.url.endswith(".woff2") and fonts == "fallback":
            route.abort()
        else:
            route.continue_()

    page = open_page("about:blank")
    page.route("**/*", answer)
    text = document.compose(source, [entry for entry in source.entries if entry.name == name])
    width = round((A4[0] - 2 * 24 / 25.4 * 72) / PIXEL)
    page.set_viewport_size({"width": width, "height": 1000})
    page.emulate_media(media="print")
    page.goto(f"{server}/sheet.html")
    loaded = page.evaluate("""document.fonts.ready.then((faces) => [...faces].filter(
        (face) => face.status === "loaded" && /^"?Source (Serif|Sans)"?$/.test(face.family)).length)""")
    assert (loaded > 0) == (fonts == "own")
    over = page.evaluate(
        """(width) => [...document.querySelectorAll("article *:not(.math-words)")]
        .filter((e) => e.getClientRects().length && e.getBoundingClientRect().right > width + 1)
        .map((e) => e.outerHTML.slice(0, 120))""",
        width,
    )
    assert over == []


def test_a_reader_who_prints_in_the_dark_scheme_gets_dark_ink_and_the_page_alone(server, open_page, tmp_path):
    page = open_page(f"{server}/chapters/neurons.html", color_scheme="dark")
    page.evaluate(
        "window.schemes = [];"
        "addEventListener('beforeprint', () => schemes.push(document.documentElement.dataset.theme))"
    )
    page.pdf(path=tmp_path / "page.pdf", prefer_css_page_size=True)
    assert page.evaluate("schemes") == ["light"]
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    texts = [" ".join(each.extract_text().split()) for each in PdfReader(tmp_path / "page.pdf").pages]
    assert re.match(rf"\d+\. {NEURONS}", texts[0])
    assert not any(words in "".join(texts) for words in ("Search the book", "In this chapter", "Back to top"))
    page.emulate_media(media="print")
    assert (
        page.locator("#pst-primary-sidebar, .bd-header-article, .prev-next-area, .copybtn").evaluate_all(
            "elements => elements.filter(e => e.checkVisibility()).length"
        )
        == 0
    )
