"""The bundle: one style sheet without what no page uses, one script, nothing inline, and a strict policy holds."""

import json
import re

import book
import pytest
from bs4 import BeautifulSoup
from measured_book.site import bundle, styles
from measured_book.site.bundle import SCRIPT, STYLE_SHEET
from sphinx.errors import ExtensionError

# ---- style sheets ----

PURGED = {
    ".used{color:red}": ".used{color:red}",
    ".unused{color:red}": "",
    ".used, .unused { color: red }": ".used{color: red}",
    ".used .unused a{}": "",
    "#there{a:b} #gone{a:b}": "#there{a:b}",
    "a:hover, a::after{a:b}": "a:hover,a::after{a:b}",
    "a:not(.unused){a:b}": "a:not(.unused){a:b}",
    ":is(.used, .unused){a:b}": ":is(.used, .unused){a:b}",
    ":is(.unused){a:b}": "",
    ".used:has(.unused){a:b}": "",
    "@media print{.used{a:b}.unused{a:b}}": "@media print{.used{a:b}}",
    "@media print{.unused{a:b}}": "",
    "@media screen{@media print{.used{a:b}}}": "@media screen{@media print{.used{a:b}}}",
    "@font-face{src:url(a.woff2)}": "@font-face{src:url(a.woff2)}",
    "@keyframes turn{from{a:b}to{c:d}}": "@keyframes turn{from{a:b}to{c:d}}",
    '@charset "utf-8"; a{b:c}': "a{b:c}",
    "/* words */ a /* more */ { /* and */ b : c }": "a{b : c}",
    'a{content:"  .unused { } "}': 'a{content:"  .unused { } "}',
    '[data-x=".unused"]{a:b}': '[data-x=".unused"]{a:b}',
    "": "",
}


@pytest.mark.parametrize("css", PURGED)
def test_rules_that_no_page_can_use_go(css):
    assert re.sub(r"\n", "", styles.purge(css, {"used", "there"})) == PURGED[css]


def test_a_style_sheet_that_cannot_be_read_is_told_with_its_line():
    with pytest.raises(ValueError, match="line 2: "):
        styles.purge("a{b:c}\n} .x", {"x"})


def words_of(html):
    return book.mended(html, bundle.note_use).record["words"]


def test_words_come_from_classes_ids_and_scripts():
    assert set(words_of('<p class="a b-c" id="d">class="e"</p>')) >= {"a", "b-c", "d"}
    assert "nothing" not in words_of("<p>nothing</p>")
    assert styles.script_words(["e.classList.add('is-open')"]) >= {"is-open"}


def test_addresses_in_style_sheets_are_moved_and_imports_followed(tmp_path):
    (tmp_path / "_static/deep").mkdir(parents=True)
    (tmp_path / "_static/deep/a.css").write_text(
        '@import "../b.css";\n.a{src:url("../fonts/x.woff2")}', encoding="utf-8"
    )
    (tmp_path / "_static/b.css").write_text(
        ".b{src:url(y.png)} .c{src:url(data:image/png;base64,AA)}", encoding="utf-8"
    )
    css = styles.move(styles.read(tmp_path, "_static/deep/a.css"), "_static/deep/a.css", STYLE_SHEET)
    assert 'url("../fonts/x.woff2")' in css and "url(../y.png)" in css and "url(data:image/png;base64,AA)" in css
    assert "@import" not in css


# ---- pages ----

PAGE = """<!DOCTYPE html><html><head>
<noscript>
  <style>.pst-js-only { display: none !important; }</style>
</noscript>
<link rel="stylesheet" href="../_static/one.css?v=1" />
<link rel="preload" as="script" href="../_static/two.js" />
<link rel="icon" href="../_static/icon.svg"/>
<script src="../_static/two.js?v=2"></script>
<script>DOCUMENTATION_OPTIONS.search_as_you_type = false;</script>
<script>var toggleSelector = 1;</script>
<script src="../_static/searchtools.js"></script>
<script type="application/json">{"text": "<p style='color: red' style=\\"x\\">"}</script>
</head><body><p style="color: red">a</p><p class="used" style="width: 50%;">b</p><p style="">c</p>
<pre>style="color: blue" &lt;script&gt;</pre>ELEMENT<script>doSomething();</script></body></html>"""


@pytest.fixture
def root(tmp_path):
    """The folder of a site with two style sheets and three scripts."""
    (tmp_path / "_static").mkdir()
    for name, text in {
        "one.css": ".used{a:b} .unused{a:b} .made-by-late{a:b}",
        "two.js": "first()",
        "searchtools.js": "element.className = 'made-by-late'",
        "design-tabs.js": "tabs()",
        "study_aids.js": "cards()",
        "searchindex.js": "unused",
    }.items():
        (tmp_path / "_static" / name).write_text(text, encoding="utf-8")
    return tmp_path


def bundled(root, page, name="chapters/page.html"):
    """The page with the bundle, parsed; the bundle's files by path; and the page's HTML."""
    steps = (bundle.take_files, bundle.take_style_attributes, bundle.note_use)
    page = book.mended(page, *steps, name=name)
    versions = bundle.write(root, {name: page.record})
    files = {path: (root / path).read_text(encoding="utf-8") for path in versions}
    return BeautifulSoup(page.text(), "lxml"), files, page.text()


def test_a_page_asks_for_one_style_sheet_and_one_script(root):
    soup, files, _ = bundled(root, PAGE.replace("ELEMENT", ""))
    assert [tag["href"] for tag in soup.select("link[rel=stylesheet]")] == [f"../{STYLE_SHEET}"]
    scripts = soup.select("script:not([type])")
    assert scripts[0]["src"] == f"../{SCRIPT}"
    assert len(scripts) == 2 and all(tag.has_attr("defer") for tag in scripts)
    assert not any(tag.string for tag in scripts), "a script is inline"
    data = soup.select_one("script[type='application/json']").string
    assert soup.select_one("link[rel=icon]") and data.count("style=") == 2
    assert not soup.select("noscript") and not soup.select("link[rel=preload]")
    assert files[SCRIPT] == "first()\n;\nDOCUMENTATION_OPTIONS.search_as_you_type = false;\n;\n"
    assert "toggle" not in "".join(files.values()) and "doSomething();" in "".join(files.values())
    css = files[STYLE_SHEET]
    assert ".used{a:b}" in css and ".made-by-late{a:b}" in css and ".unused" not in css


def test_what_comes_from_elsewhere_and_modules_are_left_alone(root):
    elsewhere = (
        '<script async src="https://example.org/a.js"></script><link rel="stylesheet" href="//example.org/a.css">'
    )
    module = '<script type="module" src="../_static/module.js"></script>'
    soup, files, _ = bundled(root, PAGE.replace("ELEMENT", elsewhere + module))
    assert soup.select("script[src='https://example.org/a.js']") and soup.select("link[href='//example.org/a.css']")
    assert soup.select("script[type=module][src='../_static/module.js']")
    assert "example.org" not in "".join(files.values())


def test_style_attributes_become_classes(root):
    soup, files, _ = bundled(root, PAGE.replace("ELEMENT", ""))
    first, second, third = soup.select("body > p")
    assert not soup.select("[style]")
    (name,) = first["class"]
    assert f".{name}.{name}.{name}{{color: red}}" in files[STYLE_SHEET]
    assert second["class"][0] == "used" and f"{second['class'][1]}{{width: 50%}}" in files[STYLE_SHEET]
    assert not third.has_attr("class")
    assert soup.pre.get_text() == 'style="color: blue" <script>', "text is no tag"


def test_a_style_attribute_cannot_reach_beyond_its_element(root):
    hostile = '<p style="color: red} body {display: none">a</p><p style="font-family: &quot;A&quot;">b</p>'
    soup, files, _ = bundled(root, PAGE.replace("ELEMENT", hostile))
    assert not soup.select("[style]")
    assert "display: none" not in files[STYLE_SHEET] and '{font-family: "A"}' in files[STYLE_SHEET]


def test_what_only_looks_like_a_script_stays_and_runs_nowhere(root):
    words = "The tag <script>attack()</script>, and <link rel='stylesheet'>"
    comment = "<!-- <script>attack()</script> -->"
    element = f'<meta property="og:title" content="{words}" />{comment}'
    soup, files, html = bundled(root, PAGE.replace("ELEMENT", element))
    assert soup.find("meta", property="og:title")["content"] == words
    assert comment in html and "attack" not in "".join(files.values())


def test_late_scripts_are_loaded_where_their_element_stands(root):
    without, _, _ = bundled(root, PAGE.replace("ELEMENT", ""))
    with_it, _, _ = bundled(root, PAGE.replace("ELEMENT", '<p id="search-results"></p>'))
    late = "script[defer][src='../_static/searchtools.js']"
    assert not without.select(late) and len(with_it.select(late)) == 1


def test_the_books_own_scripts_come_first(root):
    _, files, _ = bundled(root, PAGE.replace("ELEMENT", '<script src="../_static/study_aids.js"></script>'))
    assert files[SCRIPT].startswith("cards()")


def test_a_script_for_a_class_that_no_page_has_is_left_out(root):
    page = PAGE.replace("two.js?v=2", "design-tabs.js").replace("ELEMENT", "")
    assert "tabs()" not in bundled(root, page)[1][SCRIPT]
    assert "tabs()" in bundled(root, page.replace('class="used"', 'class="sd-tab-set"'))[1][SCRIPT]


def test_a_page_of_an_earlier_build_keeps_what_it_needs(root):
    earlier = book.mended(PAGE, bundle.take_files, bundle.take_style_attributes, bundle.note_use, name="a/b.html")
    record = json.loads(json.dumps(earlier.record))
    bundle.write(root, {"a/b.html": earlier.record})
    first = (root / STYLE_SHEET).read_text(encoding="utf-8"), (root / SCRIPT).read_text(encoding="utf-8")
    bundle.write(root, {"a/b.html": record})
    assert first == ((root / STYLE_SHEET).read_text(encoding="utf-8"), (root / SCRIPT).read_text(encoding="utf-8"))


def test_addresses_carry_a_version(root):
    _, files, html = bundled(root, PAGE.replace("ELEMENT", ""))
    old, new = dict.fromkeys(files, "aaaa"), dict.fromkeys(files, "bbbb")
    first = bundle.with_versions(html, {}, old)
    assert f"../{STYLE_SHEET}?v=aaaa" in first and f"../{SCRIPT}?v=aaaa" in first
    assert bundle.with_versions(first, old, new) == first.replace("?v=aaaa", "?v=bbbb")
    assert bundle.with_versions(first, old, old) == first


def test_what_the_book_does_itself_is_left_out_of_a_script_of_the_theme(root):
    name = "pydata-sphinx-theme.js"
    page = PAGE.replace("two.js?v=2", name).replace("ELEMENT", "")
    (root / "_static" / name).write_text(f"ask({bundle.LEFT_OUT[name]})", encoding="utf-8")
    assert f"ask({bundle.NOTHING})" in bundled(root, page)[1][SCRIPT]
    (root / "_static" / name).write_text("ask(all)", encoding="utf-8")
    with pytest.raises(ExtensionError, match=f"{name} has changed: bundle.LEFT_OUT"):
        bundled(root, page)


def test_a_missing_file_is_told(root):
    (root / "_static/one.css").unlink()
    with pytest.raises(ExtensionError, match="_static/one.css cannot be bundled"):
        bundled(root, PAGE)
    (root / "_static/one.css").write_text("", encoding="utf-8")
    (root / "_static/two.js").unlink()
    with pytest.raises(ExtensionError, match="_static/two.js cannot be bundled"):
        bundled(root, PAGE)
