"""lean_pages: which bits of a page it replaces or drops, and that it leaves the others alone."""

import logging

import pytest
from bs4 import BeautifulSoup
from measured_book.site.lean_pages import (
    FOUND_TITLE,
    FOUND_TITLE_AS_TEXT,
    ICON_LIBRARY,
    icon_svg,
    inline_icons,
    make_lean,
)
from sphinx.testing.util import SphinxTestApp
from sphinx.util import logging as sphinx_logging


def icon(markup):
    """The SVG element that replaces `markup`, after a check that nothing is missing."""
    missing = set()
    page = BeautifulSoup(inline_icons(f"<p>before {markup} after</p>", missing), "html.parser")
    assert missing == set()
    assert page.get_text() == "before  after"
    (svg,) = page.find_all("svg")
    assert page.find(["i", "span"]) is None
    return svg


def outline(svg):
    return BeautifulSoup(svg, "html.parser").path["d"] if isinstance(svg, str) else svg.path["d"]


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
    assert outline(svg) == outline(icon_svg("bars"))
    assert svg["class"] == (["icon", "icon-lg"] if "fa-lg" in markup else ["icon"])
    assert svg["viewbox"] == "0 0 448 512"
    assert inline_icons(markup, set()).count("aria-hidden") == 1


def test_classes_and_attributes_of_the_theme_stay():
    svg = icon('<i class="theme-switch fa-solid fa-sun fade" data-mode="light" title="Light"></i>')
    assert svg["class"] == ["icon", "theme-switch", "fade"]
    assert (svg["data-mode"], svg["title"]) == ("light", "Light")


def test_the_style_chooses_between_icons_of_one_name():
    solid, regular = icon('<i class="fas fa-sun"></i>'), icon('<i class="far fa-sun"></i>')
    assert outline(solid) != outline(regular)
    assert outline(icon('<i class="fa-solid fa-sun"></i>')) == outline(solid)
    assert outline(icon('<i class="fa-regular fa-sun"></i>')) == outline(regular)
    # the library itself: the first half of a path, after the section's own registration of another style
    library = ICON_LIBRARY.read_text(encoding="utf-8")
    registered = [library.index(f'("{style}",p)') for style in ("fab", "far", "fas")]
    assert registered == sorted(registered)
    assert registered[0] < library.index(outline(regular)) < registered[1] < library.index(outline(solid))


@pytest.mark.parametrize("classes", ["fab fa-github", "fa-brands fa-github", "fa fa-github"])
def test_brands_are_found(classes):
    assert outline(icon(f'<i class="{classes} fa-lg"></i>')) == outline(icon_svg("github", "fab"))


def test_an_alias_finds_its_icon():
    assert icon_svg("home") == icon_svg("house") is not None
    assert icon_svg("search") == icon_svg("magnifying-glass") is not None


def test_an_unknown_icon_stays_and_is_reported():
    missing = set()
    page = '<i class="fa-solid fa-no-such-icon"></i><i class="fas"></i>'
    assert inline_icons(page, missing) == page
    assert missing == {"fa-solid fa-no-such-icon", "fas"}
    assert icon_svg("no-such-icon") is None


REST = """<!DOCTYPE html>
<html><head><title>fa-solid fa-bars</title>
<link href="_static/styles/theme.css" rel="stylesheet" />
<script src="_static/scripts/bootstrap.js"></script>
<script>const DOCUMENTATION = "THEBE_JS_URL";</script>
</head><body class="fade"><i class="italic">i</i><i class="favourite"></i><span class="fat fancy"></span>
<pre>&lt;i class="fa-solid fa-bars"&gt;&lt;/i&gt;</pre>
<i class="fa-solid fa-bars">not an empty icon</i>
</body></html>"""
ICONS = '\n<script defer src="_static/scripts/fontawesome.js?digest=1"></script>'
THEBE = """
<script>const THEBE_JS_URL = "https://unpkg.com/thebe@0.8.2/lib/index.js"; const thebe_selector = ".thebe";</script>
<script async="async" src="_static/sphinx-thebe.js?v=c100c467"></script>
<link rel="stylesheet" type="text/css" href="_static/sphinx-thebe.css?v=4fa983c6" />"""


def test_the_library_and_thebe_go_and_nothing_else():
    page = REST.replace("\n</head>", f"{ICONS}{THEBE}{THEBE.replace('const THEBE', 'var THEBE')}\n</head>")
    assert make_lean(page, False, set()) == REST


def test_thebe_stays_where_it_is_wanted():
    page = REST.replace("\n</head>", f"{ICONS}{THEBE}\n</head>")
    assert make_lean(page, True, set()) == REST.replace("\n</head>", f"{THEBE}\n</head>")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A page with an unknown icon, built with the theme."""
    folder = tmp_path_factory.mktemp("site")
    settings = {"master_doc": "index", "html_theme": "sphinx_book_theme"}
    settings["html_theme_options"] = {
        "icon_links": [{"name": "x", "url": "https://example.org", "icon": "fa-solid fa-no-such-icon"}]
    }
    (folder / "conf.py").write_text(
        "extensions = ['lean_pages']\n" + "".join(f"{name} = {value!r}\n" for name, value in settings.items())
    )
    (folder / "index.rst").write_text("Title\n=====\n\nText.\n")
    app = SphinxTestApp(srcdir=folder)
    try:
        app.build()
        yield app.outdir, app.warning.getvalue()
    finally:
        app.cleanup()
        # Sphinx's handlers would write into this build's closed streams
        logging.getLogger(sphinx_logging.NAMESPACE).handlers.clear()


def test_a_built_page_has_svg_icons_only(site):
    folder, _ = site
    text = (folder / "index.html").read_text(encoding="utf-8")
    page = BeautifulSoup(text, "html.parser")
    assert len(page.select("svg.icon")) > 4
    left = page.select("i[class*='fa-'], span[class*='fa-']")
    assert {tuple(e["class"]) for e in left} == {("fa-solid", "fa-no-such-icon", "fa-lg")}
    assert "fontawesome.js" not in text
    # the theme's script logs an error unless the mode is one of its three
    assert page.body["data-default-mode"] == "auto"
    assert not list(folder.rglob("fontawesome.js*"))
    assert (folder / "_static/scripts/bootstrap.js").exists()


def test_an_unknown_icon_is_a_warning(site):
    _, warned = site
    assert "has no icon for class='fa-solid fa-no-such-icon fa-lg'" in warned


def test_the_scheme_is_settled_before_the_page_is_drawn():
    page = (
        '<html lang="en" data-theme="auto"><script data-cfasync="false">\n'
        '    document.documentElement.dataset.mode = localStorage.getItem("mode") || "auto";\n'
        '    document.documentElement.dataset.theme = localStorage.getItem("theme") || "auto";\n'
        "  </script><script>after()</script>"
    )
    settled = make_lean(page, False, set())
    assert 'data-theme="light"' in settled and "prefers-color-scheme: dark" in settled
    assert "data-cfasync" not in settled and "<script>after()</script>" in settled


def test_the_sidebar_is_a_landmark():
    page = '<div id="pst-primary-sidebar" class="bd-sidebar"></div>'
    assert 'role="complementary" aria-label="Book" class="bd-sidebar"' in make_lean(page, False, set())


def test_figures_are_fetched_late_and_keep_their_place():
    page = '<img alt="A &gt; curve" class="align-center" src="a.webp" style="width: 640px; height: 380px;" />'
    late = make_lean(page, False, set())
    assert 'width="640" height="380"' in late and 'loading="lazy"' in late and "style=" not in late
    assert 'alt="A &gt; curve"' in late and 'src="a.webp"' in late
    logo = '<img src="logo.svg" class="logo__image" alt="Book"/>'
    assert make_lean(logo, False, set()) == logo


def test_the_triangle_that_unfolds_pages_has_a_name():
    page = (
        '<li><a class="reference internal" href="#">Exercises &amp; more</a><details open="open"><summary><span></span>'
    )
    lean = make_lean(page, False, set())
    assert '<details open="open"><summary aria-label="Pages below Exercises &amp; more"><span>' in lean


def test_code_is_colored_where_a_color_says_something():
    line = '<span class="k">def</span><span class="w"> </span><span class="n">f</span><span class="p">():</span>'
    page = f'<pre>{line}</pre><span class="nb">n</span><span class="p lead"><b>x</b></span>'
    lean = '<pre><span class="k">def</span> f():</pre><span class="nb">n</span><span class="p lead"><b>x</b></span>'
    assert make_lean(page, False, set()) == lean


@pytest.mark.parametrize(("code", "lines"), [("a = 1\n\nb = 2\n", 3), ("a = 1\nb = 2", 2), ("<span></span>a\n", 1)])
def test_a_block_of_code_knows_its_lines(code, lines):
    page = f'<div class="notranslate highlight"><pre>{code}</pre></div><pre>{code}</pre>'
    counted = f'<pre class="lines" style="--lines: {lines}">{code}</pre>'
    assert counted in make_lean(page, False, set()) and make_lean(page, False, set()).count("--lines") == 1


def test_a_hint_needs_no_script():
    button = '<button {}="Color mode"></button>'
    assert make_lean(button.format("data-bs-title"), False, set()) == button.format("title")


def test_a_quote_in_a_title_does_not_end_the_name():
    page = '<li><a href="#">A "title" onclick=x</a><details><summary><span></span></summary></details></li>'
    summary = BeautifulSoup(make_lean(page, False, set()), "html.parser").summary
    assert summary.attrs == {"aria-label": 'Pages below A "title" onclick=x'}


def test_the_search_takes_titles_for_text(site):
    folder, _ = site
    script = (folder / "_static/searchtools.js").read_text(encoding="utf-8")
    assert FOUND_TITLE_AS_TEXT in script and FOUND_TITLE not in script
