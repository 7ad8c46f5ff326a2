"""bundled_assets: one style sheet without what no page uses, one script, nothing inline, and a strict policy holds."""

import re
import shutil

import book
import pytest
from bs4 import BeautifulSoup
from measured_book.site import styles
from measured_book.site.bundle import FOLDER, SCHEME, SCRIPT, STYLE_SHEET, Site, versioned

POLICY = "default-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'; object-src 'none'"

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


def test_words_come_from_classes_ids_and_scripts():
    assert styles.class_words(['<p class="a b-c" id="d">class="e"</p>']) >= {"a", "b-c", "d"}
    assert "nothing" not in styles.class_words(["<p>nothing</p>"])
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
<script>document.documentElement.dataset.theme = "light";</script>
<noscript>
  <style>.pst-js-only { display: none !important; }</style>
</noscript>
<link rel="stylesheet" href="../_static/one.css?v=1" />
<link rel="preload" as="script" href="../_static/two.js" />
<link rel="icon" href="../_static/icon.svg"/>
<script src="../_static/two.js?v=2"></script>
<script>let setting = 'a';</script>
<script>var unneeded = 1;</script>
<script src="../_static/late.js"></script>
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
        "late.js": "element.className = 'made-by-late'",
        "tabs.js": "tabs()",
        "searchindex.js": "unused",
    }.items():
        (tmp_path / "_static" / name).write_text(text, encoding="utf-8")
    return tmp_path


def bundle(root, page, name="chapters/page.html", record=None, **options):
    site = Site(root, record or {}, late={"late.js": "wanted"}, unneeded=["var unneeded"], **options)
    changed = site.bundle(page, name)
    return changed, site.write([changed]), site


def test_a_page_asks_for_one_style_sheet_and_one_script(root):
    page, files, _ = bundle(root, PAGE.replace("ELEMENT", ""))
    soup = BeautifulSoup(page, "lxml")
    assert [tag["href"] for tag in soup.select("link[rel=stylesheet]")] == [f"../{STYLE_SHEET}"]
    scripts = soup.select("script:not([type])")
    assert [tag.get("src") for tag in scripts][:2] == [f"../{SCHEME}", f"../{SCRIPT}"]
    assert len(scripts) == 3 and all(tag.has_attr("defer") for tag in scripts[1:]) and not scripts[0].has_attr("defer")
    assert not any(tag.string for tag in scripts), "a script is inline"
    assert (
        soup.select_one("link[rel=icon]")
        and soup.select_one("script[type='application/json']").string.count("style=") == 2
    )
    assert not soup.select("noscript") and not soup.select("link[rel=preload]")
    assert files[SCRIPT] == "first()\n;\nlet setting = 'a';\n;\n"
    assert "unneeded" not in "".join(files.values()) and "doSomething();" in "".join(files.values())
    assert (
        ".used{a:b}" in files[STYLE_SHEET]
        and ".made-by-late{a:b}" in files[STYLE_SHEET]
        and ".unused" not in files[STYLE_SHEET]
    )
    assert all((root / path).read_text(encoding="utf-8") == text for path, text in files.items())


def test_what_comes_from_elsewhere_and_modules_are_left_alone(root):
    elsewhere = (
        '<script async src="https://example.org/a.js"></script><link rel="stylesheet" href="//example.org/a.css">'
    )
    module = '<script type="module" src="../_static/module.js"></script>'
    page, files, _ = bundle(root, PAGE.replace("ELEMENT", elsewhere + module))
    assert elsewhere in page and module in page
    assert "example.org" not in "".join(files.values())


def test_style_attributes_become_classes(root):
    page, files, _ = bundle(root, PAGE.replace("ELEMENT", ""))
    soup = BeautifulSoup(page, "lxml")
    first, second, third = soup.select("body > p")
    assert not soup.select("[style]")
    (name,) = first["class"]
    assert f".{name}.{name}.{name}{{color: red}}" in files[STYLE_SHEET]
    assert second["class"][0] == "used" and f"{second['class'][1]}{{width: 50%}}" in files[STYLE_SHEET]
    assert not third.has_attr("class")
    assert soup.pre.get_text() == 'style="color: blue" <script>', "text is no tag"


def test_a_style_attribute_cannot_reach_beyond_its_element(root):
    hostile = '<p style="color: red} body {display: none">a</p><p style="font-family: &quot;A&quot;">b</p>'
    page, files, _ = bundle(root, PAGE.replace("ELEMENT", hostile))
    assert "style=" not in page.partition("<body>")[2].replace('style="color: blue"', "")
    assert "display: none" not in files[STYLE_SHEET] and '{font-family: "A"}' in files[STYLE_SHEET]


def test_what_only_looks_like_a_script_stays_and_runs_nowhere(root):
    tag = '<meta property="og:title" content="The tag <script>attack()</script>, and <link rel=\'stylesheet\'>" />'
    comment = "<!-- <script>attack()</script> -->"
    page, files, _ = bundle(root, PAGE.replace("ELEMENT", tag + comment))
    assert tag + comment in page and "attack" not in "".join(files.values())


def test_late_scripts_are_loaded_where_their_element_stands(root):
    without, _, _ = bundle(root, PAGE.replace("ELEMENT", ""))
    with_it, _, _ = bundle(root, PAGE.replace("ELEMENT", '<p id="wanted"></p>'))
    assert "late.js" not in without and '<script defer src="../_static/late.js"></script>' in with_it


def test_scripts_that_need_no_other_come_first(root):
    page = PAGE.replace("ELEMENT", '<script src="../_static/tabs.js"></script>')
    assert bundle(root, page)[1][SCRIPT].startswith("first()")
    assert bundle(root, page, first=["tabs.js"])[1][SCRIPT].startswith("tabs()")


def test_a_script_for_a_class_that_no_page_has_is_left_out(root):
    page = PAGE.replace("two.js?v=2", "tabs.js").replace("ELEMENT", "")
    _, files, _ = bundle(root, page, needed_for={"tabs.js": "tab-set"})
    assert "tabs()" not in files[SCRIPT]
    _, files, _ = bundle(root, page.replace('class="used"', 'class="tab-set"'), needed_for={"tabs.js": "tab-set"})
    assert "tabs()" in files[SCRIPT]


def test_a_page_of_an_earlier_build_keeps_what_it_needs(root):
    page, files, site = bundle(root, PAGE.replace("ELEMENT", ""))
    again, files_again, _ = bundle(root, page, record=site.record())
    assert again == page and files_again == files


def test_addresses_carry_a_version(root):
    page, files, _ = bundle(root, PAGE.replace("ELEMENT", ""))
    first = versioned(page, dict.fromkeys(files, "aaaa"))
    assert f"../{STYLE_SHEET}?v=aaaa" in first and f"../{SCRIPT}?v=aaaa" in first
    assert versioned(first, dict.fromkeys(files, "bbbb")) == first.replace("?v=aaaa", "?v=bbbb")


def test_a_missing_file_is_told(root):
    (root / "_static/one.css").unlink()
    with pytest.raises(ValueError, match="_static/one.css cannot be bundled"):
        bundle(root, PAGE)
    (root / "_static/one.css").write_text("", encoding="utf-8")
    (root / "_static/two.js").unlink()
    with pytest.raises(ValueError, match="_static/two.js cannot be bundled"):
        bundle(root, PAGE)


# ---- the book ----


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


PAGES = ["index", "chapters/neurons", "chapters/convolutions", "reference/cheat-sheet", "reference/flashcards"]
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


def test_an_unchanged_page_of_the_next_build_shows_the_same(tmp_path):
    """A second build writes only what changed; all pages then still have the classes and rules that they need."""
    source = tmp_path / "book"
    shutil.copytree(book.ROOT / "tests/sample_book", source, ignore=shutil.ignore_patterns("_build"))
    config = (source / "_config.yml").read_text(encoding="utf-8")
    config = config.replace("[static_interact]", "[static_interact, bundled_assets]")
    (source / "_config.yml").write_text(config, encoding="utf-8")
    (source / "other.md").write_text('# Other\n\n<p style="color: red">One</p>\n', encoding="utf-8")
    toc = (source / "_toc.yml").read_text(encoding="utf-8")
    (source / "_toc.yml").write_text(f"{toc.rstrip()}\nchapters:\n  - file: other\n", encoding="utf-8")
    first = book.build(source)
    assert first.returncode == 0, first.stdout[-2000:]
    site = source / "_build/html"
    css = (site / STYLE_SHEET).read_text(encoding="utf-8")
    (source / "other.md").write_text('# Other\n\n<p style="color: green">Two</p>\n', encoding="utf-8")
    assert book.build(source).returncode == 0
    again = (site / STYLE_SHEET).read_text(encoding="utf-8")
    assert "{color: green}" in again and css != again
    for path in site.glob("*.html"):
        for name in re.findall(r"\bstyle-[0-9a-f]{8}\b", path.read_text(encoding="utf-8")):
            assert f".{name}." in again, f"{path.name} has lost a style"
    versions = set(
        re.findall(r"site\.css\?v=(\w+)", "".join(p.read_text(encoding="utf-8") for p in site.glob("*.html")))
    )
    assert len(versions) == 1, "a page asks for an old style sheet"
