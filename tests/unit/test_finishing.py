"""The finishing pass: what each step mends and what it leaves alone, and that a changed theme stops the build."""

import shutil

import book
import pytest
from bs4 import BeautifulSoup
from lxml import etree
from measured_book.pages import mathematics
from measured_book.site import finishing, icons, theme
from sphinx.errors import ExtensionError

# ---- icons ----


def icon(markup):
    """The SVG element that stands in place of `markup`."""
    page = book.mended(f"<p>before {markup} after</p>", icons.draw)
    assert page.tree.text_content() == "before  after"
    (svg,) = page.tree.iter("svg")
    assert not page.tree.xpath("//i | //span")
    return svg


def outline(drawing):
    """The path of an SVG, of a page or from a file of the library."""
    element = etree.fromstring(drawing) if isinstance(drawing, str) else drawing
    return element.xpath(".//*[local-name() = 'path']")[0].get("d")


SPELLINGS = [
    # as the theme's templates, its icon links, sphinx-design and older settings write them
    '<i class="fa-solid fa-bars"></i>',
    '<span class="fa-solid fa-bars"></span>',
    '<i class="fas fa-bars"></i>',
    '<i class="fa fa-bars"></i>',
    '<i class="fa-bars fas"></i>',
    '<i class="fa-solid fa-lg fa-bars"></i>',
    '<i class="fa-solid fa-bars                fa-lg" data-mode="light"></i>',
    '<i aria-hidden="true" class="fa-solid fa-bars"></i>',
    '<i class="fa-solid fa-bars" aria-hidden="true"> </i>',
]


@pytest.mark.parametrize("markup", SPELLINGS)
def test_every_spelling_of_an_icon_becomes_svg(markup):
    svg = icon(markup)
    assert outline(svg) == outline(icons.svg("bars"))
    assert svg.get("class") == ("icon icon-lg" if "fa-lg" in markup else "icon")
    assert svg.get("viewbox") == "0 0 448 512" and svg.get("aria-hidden") == "true"


def test_classes_and_attributes_of_the_theme_stay():
    svg = icon('<i class="theme-switch fa-solid fa-sun fade" data-mode="light" title="Light"></i>')
    assert svg.get("class") == "icon theme-switch fade"
    assert (svg.get("data-mode"), svg.get("title")) == ("light", "Light")


def test_the_style_chooses_between_icons_of_one_name():
    solid, regular = icon('<i class="fas fa-sun"></i>'), icon('<i class="far fa-sun"></i>')
    assert outline(solid) != outline(regular)
    assert outline(icon('<i class="fa-solid fa-sun"></i>')) == outline(solid)
    assert outline(icon('<i class="fa-regular fa-sun"></i>')) == outline(regular)


@pytest.mark.parametrize("classes", ["fab fa-github", "fa-brands fa-github", "fa fa-github"])
def test_brands_are_found(classes):
    assert outline(icon(f'<i class="{classes} fa-lg"></i>')) == outline(icons.svg("github", "brands"))


def test_an_alias_finds_its_icon():
    assert icons.svg("home") == icons.svg("house") is not None
    assert icons.svg("search") == icons.svg("magnifying-glass") is not None


@pytest.mark.parametrize("classes", ["fa-solid fa-no-such-icon", "fas"])
def test_an_unknown_icon_stops_the_build(classes):
    with pytest.raises(ExtensionError, match=f"page.html: there is no icon for class='{classes}'"):
        book.mended(f'<i class="{classes}"></i>', icons.draw)


def test_what_is_no_icon_stays():
    page = '<i class="italic">i</i><i class="favourite"></i><span class="fat fancy"></span><i class="fas fa-bars">x</i>'
    assert page in book.mended(f"<p>{page}</p>", icons.draw).text()


# ---- what the theme loads ----

HEAD = """<!DOCTYPE html><html lang="en" data-theme="auto"><head><title>fontawesome.js</title>
<script data-cfasync="false">
    document.documentElement.dataset.mode = localStorage.getItem("mode") || "auto";
    document.documentElement.dataset.theme = localStorage.getItem("theme") || "auto";
</script>
<script defer src="_static/scripts/fontawesome.js?digest=1"></script>
<script>const THEBE_JS_URL = "https://unpkg.com/thebe@0.8.2/lib/index.js"; const thebe_selector = ".thebe";</script>
<script async="async" src="_static/sphinx-thebe.js?v=c100c467"></script>
<link rel="stylesheet" type="text/css" href="_static/sphinx-thebe.css?v=4fa983c6" />
<script src="_static/scripts/bootstrap.js"></script><script>after()</script></head><body></body></html>"""


def test_the_icon_library_and_thebe_go_and_nothing_else():
    page = book.mended(HEAD, theme.drop_icon_library, theme.drop_thebe)
    assert page.tree.xpath("//script/@src | //link/@href") == ["_static/scripts/bootstrap.js"]
    assert "unpkg" not in page.text() and "after()" in page.text()


@pytest.mark.parametrize("part", ["THEBE_JS_URL", "sphinx-thebe.js", "sphinx-thebe.css"])
def test_thebe_is_found_only_if_all_of_it_is_there(part):
    assert theme.drop_thebe(book.mended(HEAD)) == 1
    assert theme.drop_thebe(book.mended(HEAD.replace(part, "other"))) == 0


def test_the_scheme_is_settled_before_the_page_is_drawn():
    page = book.mended(HEAD, theme.settle_scheme, name="chapters/page.html")
    first = page.tree.xpath("//script")[0]
    assert first.get("src") == "../_static/bundle/scheme.js" and first.get("defer") is None
    assert page.tree.get("data-theme") == "light"
    assert "prefers-color-scheme: dark" in page.record["files"]["_static/bundle/scheme.js"]
    assert "data-cfasync" not in page.text() and "after()" in page.text()


# ---- names, figures, code ----


def test_the_sidebar_is_a_landmark_and_a_button_goes_by_its_words():
    parts = '<div id="pst-primary-sidebar"></div><button aria-label="Search">Search <kbd>K</kbd></button>'
    page = book.mended(f'{parts}<button aria-label="Menu"><svg></svg></button>', theme.name_parts)
    (sidebar,) = page.tree.xpath("//div[@id]")
    assert (sidebar.get("role"), sidebar.get("aria-label")) == ("complementary", "Book")
    assert [button.get("aria-label") for button in page.tree.iter("button")] == [None, "Menu"]
    assert theme.name_parts(book.mended('<div id="pst-primary-sidebar"></div>')) == 0


def test_the_triangle_that_unfolds_pages_has_a_name():
    item = '<li><a href="#">A "title" &amp; <b>more</b></a><details open="open"><summary><span></span></summary>'
    page = book.mended(f"<ul>{item}</details></li></ul><details><summary>Own</summary></details>", theme.name_unfolders)
    assert [s.get("aria-label") for s in page.tree.iter("summary")] == ['Pages below A "title" & more', None]


def test_figures_are_fetched_late_and_keep_their_place():
    figure = '<img alt="A &gt; curve" class="align-center" src="a.webp" style="width: 640px; height: 380px;" />'
    page = book.mended(f'{figure}<img src="logo.svg" alt="Book">', theme.fetch_figures_late)
    late, logo = page.tree.iter("img")
    assert {"alt": "A > curve", "src": "a.webp", "width": "640", "height": "380"}.items() <= dict(late.attrib).items()
    assert late.get("loading") == "lazy" and late.get("style") is None
    assert dict(logo.attrib) == {"src": "logo.svg", "alt": "Book"}


def test_code_is_colored_where_a_color_says_something():
    line = '<span class="k">def</span><span class="w"> </span><span class="n">f</span><span class="p">():</span>'
    kept = '<span class="nb">n</span><span class="p lead"><b>x</b></span>'
    page = book.mended(f'<div class="highlight"><pre>{line}{kept}</pre></div>', theme.lighten_code)
    assert f'><span class="k">def</span> f():{kept}</pre>' in page.text()


@pytest.mark.parametrize(("code", "lines"), [("a = 1\n\nb = 2\n", 3), ("a = 1\nb = 2", 2), ("<span></span>a\n", 1)])
def test_a_block_of_code_knows_its_lines_and_can_be_reached(code, lines):
    block = f'<div class="notranslate highlight"><pre>{code}</pre></div><pre>{code}</pre>'
    first, second = book.mended(block, theme.lighten_code).tree.iter("pre")
    assert dict(first.attrib) == {"class": "lines", "style": f"--lines: {lines}", "tabindex": "0"}
    assert not second.attrib


def test_a_hint_needs_no_script():
    button = book.mended('<button data-bs-title="Color mode"></button>', theme.show_hints).tree.find(".//button")
    assert dict(button.attrib) == {"title": "Color mode"}


# ---- the pass ----


def test_a_page_stays_what_it_is():
    """Parsed and written, a page is the same to a browser: texts, attributes, drawings, data and comments."""
    html = (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>&lt;script&gt; – ü</title></head>'
        '<body><p hidden>a &amp; b<br>c</p><pre>\n  two\n</pre><svg viewbox="0 0 1 1"><path d="M0"></path></svg>'
        "<math><mi>x</mi></math><details><summary>s</summary><div>d</div></details><!-- <script>no()</script> -->"
        '<dl><div><dt>a</dt><dd>b</dd></div></dl><script type="application/json">{"a": "<b> & \\u003c"}</script>'
        '<select><option value="1" selected>1</option></select></body></html>'
    )
    written = book.mended(html).text()
    for before, after in zip(*(BeautifulSoup(t, "html.parser").find_all(True) for t in (html, written)), strict=True):
        assert (before.name, before.attrs, before.string) == (after.name, after.attrs, after.string)
    assert "<!-- <script>no()</script> -->" in written and '{"a": "<b> & \\u003c"}' in written


@pytest.mark.parametrize("step", [step for step in finishing.STEPS if step.must], ids=lambda step: step.name)
def test_a_step_that_finds_nothing_of_what_must_be_there_stops_the_build(step):
    """As after a change of the theme: here of all of its names."""
    code = '<div class="highlight"><pre></pre></div>' if step.must == theme.CODE else ""
    nav = '<nav class="bd-docs-nav"><details></details></nav>'
    formula = '<span class="math"></span>' if step.must == mathematics.FORMULAS else ""
    page = book.mended(f"<html><head></head><body>{nav}{code}{formula}</body></html>")
    silent = finishing.Step(step.name, lambda page: 0, step.must, step.look_at)
    with pytest.raises(ExtensionError, match=f"page.html: the step '{step.name}' .* Look at "):
        silent.run(page)
    if step.must == finishing.EVERYWHERE and step.name != "words and files that the page uses":
        with pytest.raises(ExtensionError, match="found nothing to change"):
            step.run(page)


def write_small(folder):
    """Write and build a book of three pages, one with a download, two with a picture; return the folder of its site."""
    pages = {"index": "# Start\n\n![A logo of a curve](logo.svg)\n", "part/two": "# Two\n\n{download}`data.csv`\n"}
    pages["three"] = "# Three\n\n<p style='color: red'>One</p>\n\n![Another curve](other.svg)\n"
    contents = {"chapters": [{"file": "part/two"}, {"file": "three"}]}
    book.write(folder, pages, contents, ["measured_book"])
    (folder / "part/data.csv").write_text("1\n")
    for name in ("logo.svg", "other.svg"):
        shutil.copyfile(book.ROOT / "assets/logo.svg", folder / name)
        (folder / name).write_text((folder / name).read_text() + f"<!-- {name} -->")
    result = book.build(folder)
    assert result.returncode == 0, result.stdout[-3000:]
    return folder / "_build/html"


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """The site of the small book."""
    return write_small(tmp_path_factory.mktemp("book"))


def files_of(site):
    return {path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()}


def test_nothing_of_a_page_that_is_gone_stays(tmp_path):
    site = write_small(tmp_path)
    before = files_of(site)
    assert {"part/two.html", "three.html", "_images/other.svg"} <= before
    (tmp_path / "part/two.md").unlink()
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: index\nchapters:\n- file: three\n")
    (tmp_path / "three.md").write_text("# Three\n\n<p style='color: green'>Two</p>\n")
    result = book.build(tmp_path)
    assert result.returncode == 0, result.stdout[-3000:]
    gone = before - files_of(site)
    assert {"part/two.html", "_images/other.svg"} <= gone and any(name.startswith("_downloads/") for name in gone)
    assert not (site / "part").exists() and (site / "_images/logo.svg").exists()
    css = (site / "_static/bundle/site.css").read_text()
    assert "{color: green}" in css and "{color: red}" not in css


def test_an_unchanged_page_of_the_next_build_has_the_new_bundle(tmp_path):
    """A second build writes only what changed; all pages then still ask for the style sheet as it is now."""
    site = write_small(tmp_path)
    sheets = [BeautifulSoup((site / "index.html").read_text(), "lxml").find("link", rel="stylesheet")["href"]]
    (tmp_path / "part/two.md").write_text("# Two\n\n<p style='color: blue'>New</p>\n\n{download}`data.csv`\n")
    result = book.build(tmp_path)
    assert result.returncode == 0, result.stdout[-3000:]
    found = {
        BeautifulSoup(path.read_text(), "lxml").find("link", rel="stylesheet")["href"].rpartition("=")[2]
        for path in site.glob("**/*.html")
        if "_static" not in path.parts
    }
    assert len(found) == 1 and sheets[0].rpartition("=")[2] not in found
    assert "writing output... \x1b[39;49;00m[100%] \x1b[32mpart/two" in result.stdout and "three" not in result.stdout
    css = (site / "_static/bundle/site.css").read_text()
    assert "{color: blue}" in css and "{color: red}" in css, "the unchanged page keeps its own"


def test_a_page_that_nothing_is_known_of_stops_the_build(tmp_path):
    write_small(tmp_path)
    (tmp_path / "_build/.doctrees" / finishing.RECORD).unlink()
    (tmp_path / "three.md").write_text("# Three\n\nChanged.\n")
    result = book.build(tmp_path)
    assert result.returncode != 0 and "of an earlier build that nothing is known of: delete" in result.stdout


def test_the_theme_of_the_book_is_mended(small):
    site = small
    page = BeautifulSoup((site / "index.html").read_text(encoding="utf-8"), "lxml")
    assert len(page.select("svg.icon")) > 4 and not page.select("i[class*='fa-'], span[class*='fa-']")
    # the theme's script logs an error unless the mode is one of its three
    assert page.body["data-default-mode"] == "auto"
    assert not list(site.rglob("fontawesome.js*")) and (site / "_static/scripts/bootstrap.js").exists()


def test_the_search_takes_titles_for_text(small):
    script = (small / "_static/searchtools.js").read_text(encoding="utf-8")
    assert theme.FOUND_TITLE_AS_TEXT in script and theme.FOUND_TITLE not in script
