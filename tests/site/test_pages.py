"""The built site's HTML: complete sliders, no dead link, no third party, a text alternative for every figure."""

import math
import posixpath
import re
import urllib.parse

import book
import numpy as np
import pytest
import yaml
from bs4 import BeautifulSoup
from PIL import Image

each_notebook = pytest.mark.parametrize("path", book.notebooks(), ids=lambda p: p.stem)


@pytest.fixture(scope="module")
def pages(site):
    """Every page of the site, parsed, by its path below the site's folder."""
    return {
        path.relative_to(site).as_posix(): BeautifulSoup(path.read_text(encoding="utf-8"), "lxml")
        for path in sorted(site.rglob("*.html"))
        if not path.is_relative_to(site / "_static")
    }


def sliders_of(page):
    return page.select("figure.static-interact")


def test_the_cache_depends_on_the_plot_style():
    """A change of it must execute the chapters anew; static_interact names its own files."""
    config = yaml.safe_load((book.ROOT / "_config.yml").read_text(encoding="utf-8"))["sphinx"]["config"]
    styles = {p.relative_to(book.ROOT).as_posix() for p in (book.ROOT / "assets").glob("*style*")}
    assert styles == set(config["parallel_execution_depends"])


def test_every_page_of_the_contents_is_there(pages):
    assert "index.html" in pages and "search.html" in pages and "reference/coming.html" in pages
    for path in book.notebooks():
        assert book.page_of(path).relative_to(book.SITE).as_posix() in pages


def test_no_traceback_and_no_dead_widget(pages):
    for name, page in pages.items():
        text = page.get_text()
        assert "Traceback (most recent call last)" not in text, name
        assert not page.select(".output.stderr"), f"{name} shows a warning of its code"
        assert not page.select("script[type*='jupyter.widget']"), f"{name} holds a widget that needs a kernel"


@each_notebook
def test_every_interact_is_a_complete_slider(path, pages):
    page = pages[book.page_of(path).relative_to(book.SITE).as_posix()]
    source = "\n".join(c.source for c in book.read(path).cells if c.cell_type == "code")
    calls = len(re.findall(r"^@?interact\b", source, re.M))
    figures = sliders_of(page)
    assert len(figures) == calls
    assert len({f["id"] for f in figures}) == calls
    for figure in figures:
        data = book.slider_data(figure)
        assert len(data["index"]) == math.prod(len(c["labels"]) for c in data["controls"]) <= 120
        assert sorted(set(data["index"])) == list(range(len(data["frames"]))), "a frame that no position shows"
        for frame in data["frames"]:
            assert frame
            for part in frame:
                if "image" in part:
                    assert (book.page_of(path).parent / data["folder"] / part["image"]).is_file()


@each_notebook
def test_moving_a_slider_changes_what_it_shows(path, pages):
    page = pages[book.page_of(path).relative_to(book.SITE).as_posix()]
    for figure in sliders_of(page):
        data = book.slider_data(figure)
        sizes = [len(c["labels"]) for c in data["controls"]]
        for number, control in enumerate(data["controls"]):
            inner = math.prod(sizes[number + 1 :])
            changes = 0
            for position, frame in enumerate(data["index"]):
                if (position // inner) % sizes[number] + 1 < sizes[number]:
                    changes += frame != data["index"][position + inner]
            assert changes, f"{figure['id']}: {control['label']} never changes the figure"


@each_notebook
def test_the_page_shows_the_stored_outputs(path, pages):
    """Below each cell stands what is stored in the notebook, all of it and nothing else."""
    page = pages[book.page_of(path).relative_to(book.SITE).as_posix()]
    cells = [cell for cell in book.read(path).cells if cell.cell_type == "code"]
    for number, (cell, shown) in enumerate(zip(cells, page.select("article div.cell"), strict=True), start=1):
        if "nbval-ignore-output" in cell.metadata.get("tags", []) or cell.execution_count is None:
            continue
        stored = [o.get("text") or o.data["text/plain"] for o in cell.outputs if o.output_type != "error"]
        # a slider shows its default position
        texts = [pre.get_text() for pre in shown.select(".cell_output pre")]
        assert " ".join(texts).split() == " ".join(stored).split(), f"In[{number}]"


def test_figures_have_text_alternatives(pages):
    for name, page in pages.items():
        for image in page.select("img"):
            if image.find_parent(class_="navbar-brand") or image.get("aria-hidden"):
                continue
            assert len(image.get("alt", "").strip()) >= 15, f"{name}: {image.get('src')} has no text alternative"
            assert not image["alt"].startswith("../_images"), f"{name}: {image.get('src')} has no text alternative"


def test_no_page_asks_a_third_party(pages, site):
    attributes = ("src", "srcset", "data-src", "poster")
    for name, page in pages.items():
        for tag in page.find_all(True):
            urls = [tag.get(a) for a in attributes if tag.get(a)]
            if tag.name == "link" and not set(tag.get("rel", [])) & {"canonical"}:
                urls.append(tag.get("href", ""))
            for url in urls:
                assert not re.match(r"(https?:)?//", url), f"{name}: <{tag.name}> loads {url}"
        for script in page.find_all("script"):
            if script.string and script.get("type") != "application/json":
                assert "://" not in script.string, f"{name}: an inline script names an address"
    for sheet in site.rglob("*.css"):
        css = sheet.read_text(encoding="utf-8")
        for url in re.findall(r"url\(\s*['\"]?([^'\")]+)", css):
            assert not re.match(r"(https?:)?//", url), f"{sheet.name} loads {url}"
        assert "@import" not in css or "//" not in css.split("@import")[1][:60]


def test_no_dead_link_and_no_dead_anchor(pages, site):
    files = {path.relative_to(site).as_posix() for path in site.rglob("*")} | {"."}
    identifiers = {name: {element["id"] for element in page.find_all(id=True)} for name, page in pages.items()}
    leads = {"a": "href", "link": "href", "script": "src", "img": "src"}
    for name, page in pages.items():
        for element in page.find_all(list(leads)):
            address = element.get(leads[element.name])
            url = urllib.parse.urlsplit(address or "")
            if url.scheme or url.netloc or not (url.path or url.fragment):
                continue
            path = urllib.parse.unquote(url.path)
            # only the page for dead links, which is shown anywhere, counts from the root
            assert not path.startswith("/") or name == "404.html", f"{name}: {address}"
            start = "" if path.startswith("/") else posixpath.dirname(name)
            target = posixpath.normpath(posixpath.join(start, path.lstrip("/"))) if path else name
            assert target in files, f"{name}: dead link {address}"
            if url.fragment and target.endswith(".html") and element.name == "a":
                assert urllib.parse.unquote(url.fragment) in identifiers[target], f"{name}: dead anchor {address}"


def test_pages_have_language_title_and_one_heading(pages):
    for name, page in pages.items():
        assert page.html.get("lang") == "en", name
        assert page.title.get_text(strip=True), name
        if name not in ("search.html", "genindex.html"):
            headings = [h for h in page.select("article h1")]
            assert len(headings) == 1, f"{name} has {len(headings)} main headings"


def test_mathematics_is_typeset_with_no_script(pages):
    formulas = 0
    for name, page in pages.items():
        for formula in page.select("span.math, div.math"):
            formulas += 1
            assert formula.svg and formula.find("math"), f"{name}: {formula.get_text()} is not typeset"
        identifiers = {tag["id"] for tag in page.select("svg.glyphs path")}
        references = {tag["href"].removeprefix("#") for tag in page.select(".math use")}
        assert references <= identifiers, f"{name}: glyphs missing"
    assert formulas > 50


@each_notebook
def test_frames_of_a_page_keep_the_budget(path, pages, site):
    page = pages[book.page_of(path).relative_to(book.SITE).as_posix()]
    names = {
        p["image"] for f in sliders_of(page) for frame in book.slider_data(f)["frames"] for p in frame if "image" in p
    }
    weight = sum((site / "_static/interact" / name).stat().st_size for name in names)
    assert weight <= 2_500_000


@each_notebook
def test_no_figure_is_cut_off(path, pages, site):
    """What is drawn ends before the picture does, at every position of a slider; figures have no ground."""
    page = pages[book.page_of(path).relative_to(book.SITE).as_posix()]
    here = book.page_of(path).parent
    files = {here / image["src"] for image in page.select("main .cell img[src$='.webp']")}
    for slider in sliders_of(page):
        files |= {site / name for name in re.findall(r"_static/interact/[0-9a-f]+\.webp", str(slider))}
    assert files
    for file in sorted(files):
        drawn = np.asarray(Image.open(file).convert("RGBA"))[:, :, 3] > 60
        for side, edge in {"top": drawn[0], "bottom": drawn[-1], "left": drawn[:, 0], "right": drawn[:, -1]}.items():
            assert edge.sum() <= 2, f"{file.name} is cut off at its {side}"


def test_no_frame_is_left_over(pages, site):
    needed = {
        part["image"]
        for page in pages.values()
        for figure in sliders_of(page)
        for frame in book.slider_data(figure)["frames"]
        for part in frame
        if "image" in part
    }
    assert {path.name for path in (site / "_static/interact").glob("*")} == needed


def test_boxes_are_marked(pages):
    boxes = [quote for page in pages.values() for quote in page.select("blockquote")]
    labelled = [q for q in boxes if q.get("class")]
    assert len(labelled) >= 8
    assert all(q.get("role") == "note" and q.get("aria-label") for q in labelled)
