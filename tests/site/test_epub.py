"""printed_book: the book as an EPUB file, checked against what https://www.w3.org/TR/epub-33/ asks for."""

import io
import os
import posixpath
import subprocess
import sys
import zipfile

import book
import pytest
from lxml import etree
from measured_book.export import epub
from PIL import Image

pytestmark = pytest.mark.xdist_group("epub")  # they read one file, which takes long to make

XHTML = {"h": "http://www.w3.org/1999/xhtml", "s": epub.SVG, "e": "http://www.idpf.org/2007/ops"}
OPF = {"o": "http://www.idpf.org/2007/opf", "dc": "http://purl.org/dc/elements/1.1/"}
LEFT_OUT = ["exercises/*", "reference/flashcards"]


def _make(site, folder):
    command = [
        sys.executable,
        "-m",
        "measured_book.export",
        site,
        folder,
        "--name",
        "book",
        "--epub",
        "--leave-out",
        *LEFT_OUT,
    ]
    environment = os.environ | {"SOURCE_DATE_EPOCH": "1700000000"}
    result = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert result.returncode == 0, result.stderr
    return folder / "book.epub"


@pytest.fixture(scope="module")
def path(site, tmp_path_factory):
    return _make(site, tmp_path_factory.mktemp("epub"))


@pytest.fixture(scope="module")
def files(path):
    """The contents of the files of the book by name, below its folder."""
    with zipfile.ZipFile(path) as archive:
        return {name.removeprefix("book/"): archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def pages(files):
    """Its pages by name, parsed as the strict XML that readers demand."""
    return {name: etree.fromstring(content) for name, content in files.items() if name.endswith(".xhtml")}


@pytest.fixture(scope="module")
def package(files):
    return etree.fromstring(files["package.opf"])


def test_the_file_is_known_by_its_first_bytes(path):
    assert path.read_bytes()[30:58] == b"mimetypeapplication/epub+zip"


def test_the_same_site_gives_the_same_file(path, site, tmp_path):
    assert _make(site, tmp_path).read_bytes() == path.read_bytes()


def test_the_package_lists_every_file_once_and_says_what_it_is(files, package):
    items = {item.get("href"): item for item in package.iterfind(".//o:item", OPF)}
    assert set(items) == set(files) - {"mimetype", "META-INF/container.xml", "package.opf"}
    kinds = {"xhtml": "application/xhtml+xml", "css": "text/css", "png": "image/png", "svg": "image/svg+xml"}
    for name, item in items.items():
        assert item.get("media-type") == kinds[name.rpartition(".")[2]]
        assert ("svg" in (item.get("properties") or "")) == (
            name.endswith(".xhtml") and epub.SVG.encode() in files[name]
        )
    assert package.findtext(".//dc:title", namespaces=OPF) == "Deep Learning, Measured"
    assert package.findtext(".//dc:language", namespaces=OPF) == "en"


def test_the_pages_come_in_the_order_of_the_book(package):
    names = {item.get("id"): item.get("href") for item in package.iterfind(".//o:item", OPF)}
    order = [names[item.get("idref")] for item in package.iterfind(".//o:itemref", OPF)]
    assert order[:2] == ["index.xhtml", "contents.xhtml"]
    assert [name for name in order if name.startswith("chapters-")] == [
        f"chapters-{path.stem}.xhtml" for path in book.chapters()
    ]
    assert not any(name.startswith("exercises-") or "flashcards" in name for name in order)


def test_every_link_and_picture_leads_to_something(files, pages):
    identifiers = {name: [e.get("id") for e in page.iter() if e.get("id")] for name, page in pages.items()}
    for name, page in pages.items():
        assert len(identifiers[name]) == len(set(identifiers[name])), f"{name} has an id twice"
        for link in page.iterfind(".//h:a[@href]", XHTML):
            address, _, fragment = link.get("href").partition("#")
            if not address.startswith(("http:", "https:", "mailto:")):
                assert (address or name) in pages, f"{name}: {link.get('href')}"
                assert not fragment or fragment in identifiers[address or name], f"{name}: {link.get('href')}"
        for image in page.iterfind(".//h:img", XHTML):
            assert posixpath.basename(image.get("src")) in files and image.get("alt") is not None
        for use in page.iterfind(".//s:use", XHTML):
            assert use.get("{http://www.w3.org/1999/xlink}href").removeprefix("#") in identifiers[name]


def test_the_contents_lead_to_every_section(pages):
    contents = pages["contents.xhtml"]
    assert contents.xpath("//h:nav[@e:type='toc']", namespaces=XHTML)
    links = {link.get("href"): "".join(link.itertext()) for link in contents.iterfind(".//h:a", XHTML)}
    for path in book.chapters():
        page = pages[f"chapters-{path.stem}.xhtml"]
        sections = page.findall(".//h:article/h:section/h:section", XHTML)
        assert len(sections) > 5
        for section in sections:
            heading = " ".join("".join(next(section.iter("{http://www.w3.org/1999/xhtml}h2")).itertext()).split())
            assert links[f"chapters-{path.stem}.xhtml#{section.get('id')}"] == heading


def test_nothing_waits_to_be_pressed_and_right_answers_are_marked(pages):
    right = 0
    for page in pages.values():
        for name in ("script", "input", "form", "button", "select", "label"):
            assert page.find(f".//h:{name}", XHTML) is None
        for option in page.iterfind(".//h:div[@class='quiz-option']", XHTML):
            mark = "✓" if option.get("data-right") is not None else "✗"
            right += mark == "✓"
            assert "".join(option.itertext()).strip().startswith(mark)
    assert right >= 8 * len(book.chapters())


def test_formulas_are_drawn_and_said(pages):
    for path in book.chapters():
        page = pages[f"chapters-{path.stem}.xhtml"]
        formulas = page.findall(".//h:span[@role='img']", XHTML)
        assert len(formulas) > 25
        for formula in formulas:
            drawing = formula.find("s:svg", XHTML)
            assert formula.get("aria-label").strip() and drawing.get("viewBox") and drawing.get("width").endswith("ex")


def test_figures_have_a_white_ground(files):
    figures = [Image.open(io.BytesIO(content)) for name, content in files.items() if name.endswith(".png")]
    assert len(figures) > 20
    for figure in figures:
        assert figure.convert("RGBA").getpixel((0, 0)) == (255, 255, 255, 255)


def test_a_site_that_is_not_built_is_told(tmp_path):
    command = [sys.executable, "-m", "measured_book.export", tmp_path / "none", tmp_path / "out", "--epub"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 2 and "make book" in result.stderr and not (tmp_path / "out").exists()


def test_html_becomes_strict_xml():
    text = '<div><svg viewbox="0 0 1 1" focusable="false"><use href="#a"></use></svg><br>&amp;&nbsp;<!-- c --></div>'
    root = etree.fromstring(f'<body xmlns="{XHTML["h"]}">{epub.as_xhtml(text)}</body>')
    drawing = root.find(".//s:svg", XHTML)
    assert drawing.attrib == {"viewBox": "0 0 1 1"}
    assert drawing.find("s:use", XHTML).attrib == {"{http://www.w3.org/1999/xlink}href": "#a"}
    assert root.find(".//h:br", XHTML) is not None and not root.xpath("//comment()")
