"""What a notebook prints, names and says is text on every page: none of it runs, and the reader sees it as written.

An author's own HTML is another matter: what a cell displays as HTML, and raw HTML in Markdown, is put on the page as it
is, as in every Jupyter notebook. The last test shows that it runs, and so that the others would see an attack.
"""

import json
import re
import shutil
import urllib.parse

import book
import nbformat
import pytest
import yaml

pytestmark = pytest.mark.xdist_group("injection")  # they read one book, which is built for them

ATTACK = (
    '</script><script>window.injected=1</script><img src=x onerror="window.injected=1">\'"><svg '
    'onload=window.injected=1>[a](javascript:window.injected=1) &lt;b&gt; &amp;amp; {{ 7 }} \u2028 style="color:red"'
)
SECTION = "A section <img src=x onerror=window.injected=1> &lt;i&gt;"
FILE = '"><img src=x onerror=window.injected=1>.txt'
ADDRESS = urllib.parse.quote(FILE, safe="=")
LITERAL = json.dumps(ATTACK)
SLIDER = f"""from ipywidgets import Dropdown, IntSlider, RadioButtons, interact
import matplotlib.pyplot as plt

class Choice:
    def __str__(self):
        return text + " choice"

text = {LITERAL}

def show(n, pick, press, **others):
    print(text, n, pick, press, others)
    plt.figure(figsize=(2, 1))
    plt.plot([n, 1])

press = RadioButtons(options=["plain", text + " button"], description=text + " group")
pick = Dropdown(options=[("plain", 0), (str(Choice()), Choice())], description=text + " list")
interact(show, n=IntSlider(min=0, max=1, description=text + " range"), pick=pick, press=press, **{{text: False}});"""
OTHERS = ("index", "chapters/below", "chapters/stored", "reference/terms", "reference/sheet", "reference/status")
PAGES = ("chapters/attack", *OTHERS, "search", "genindex", "404")


def escaped(text):
    """Markdown that stands for the text itself."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", text)


def notebook(*cells, kernel="python3"):
    """A notebook whose metadata attack, too; a cell is Markdown, or a pair of code and its metadata."""
    written = nbformat.v4.new_notebook()
    written.metadata = {
        "kernelspec": {"name": kernel, "display_name": ATTACK, "language": "python"},
        "language_info": {"name": "python", "file_extension": ATTACK, "version": ATTACK},
        "title": ATTACK,
        "authors": [{"name": ATTACK}],
        "og:type": ATTACK,
    }
    for number, cell in enumerate(cells):
        if isinstance(cell, str):
            written.cells.append(nbformat.v4.new_markdown_cell(cell, id=f"cell{number}"))
        else:
            written.cells.append(nbformat.v4.new_code_cell(cell[0], metadata=cell[1], id=f"cell{number}"))
    return written


def attack():
    """A chapter that attacks with all that the page shows of it."""
    figure = {"mystnb": {"image": {"alt": ATTACK}}}
    return notebook(
        f"# {escaped(ATTACK)}\n\n{escaped(ATTACK)} [a link](javascript:window.injected=1)",
        f"## {escaped(SECTION)}\n\n[{escaped(ATTACK)}]({ADDRESS})",
        (f"print({LITERAL})", {"tags": [ATTACK.replace(" ", "_"), "claim:attack-measured"]}),
        (f"import sys\nsys.stderr.write({LITERAL});", {}),
        (f"class Result:\n    def __repr__(self):\n        return {LITERAL}\n\nResult()", {}),
        (f"raise ValueError({LITERAL})", {"tags": ["raises-exception"]}),
        ("import matplotlib.pyplot as plt\nplt.figure(figsize=(2, 1))\nplt.plot([0, 1])\nplt.show()", figure),
        (SLIDER, figure),
    )


def stored():
    """A notebook that the build does not execute, with outputs of its own and a kernel that there is not."""
    written = notebook("# Stored", ("1", {}), kernel=f"{ATTACK}'; window.injected = 1; '")
    bundle = {"text/plain": ATTACK, "image/svg+xml": "<svg xmlns='http://www.w3.org/2000/svg'/>"}
    written.cells[1].outputs = [
        nbformat.v4.new_output("stream", name="stdout", text=ATTACK),
        nbformat.v4.new_output("execute_result", data=bundle, metadata={ATTACK: {"alt": ATTACK}}),
    ]
    return written


AUTHOR = """# Author

<div><svg onload="window.fromMarkdown = 1"></svg></div>"""
DISPLAY = """from IPython.display import HTML, display

display(HTML('<img src="x" onerror="window.fromOutput = 1"><script>window.fromScript = 1</script>'))"""
SHEET = {"id": "attack-measured", "topic": ATTACK, "says": "Nothing runs.", "verdict": "measured"}
TERM = {"term": "attack", "means": "Text <img src=x onerror=window.injected=1>"}


@pytest.fixture(scope="module")
def attacked(tmp_path_factory):
    """The built site of a book that attacks, with the extensions and settings of this book."""
    folder = tmp_path_factory.mktemp("attacked")
    real = yaml.safe_load((book.ROOT / "_config.yml").read_text(encoding="utf-8"))["sphinx"]
    own = ("parallel_execution_", "static_interact_startup", "html_static_path", "html_css_files", "ogp_")
    config = {name: value for name, value in real["config"].items() if not name.startswith(own)}
    # so that the reader sees the very characters
    config |= {"smartquotes": False, "study_aids_flashcards_page": ""}
    # an author is told of a script in an output, and of a picture without words, and may want them all the same
    config |= {"suppress_warnings": [*config.get("suppress_warnings", ()), "measured_book.html", "measured_book.alt"]}
    below = {"file": "chapters/attack", "sections": [{"file": "chapters/below"}]}
    pages = {
        "index": "# A book\n\nWords that describe this page well enough.",
        "chapters/below": "# Below\n\nWords that stand below the attack.",
        "reference/terms": "# Terms\n\n```{glossary-terms}\n```",
        "reference/sheet": "# Sheet\n\n```{cheat-sheet}\n```",
        "reference/status": "# Status\n\n```{execution-status}\n```",
    }
    chapters = [below, {"file": "chapters/stored"}, {"file": "chapters/author"}]
    reference = [{"file": name} for name in pages if name.startswith("reference/")]
    parts = [{"caption": "Attack", "chapters": chapters}, {"caption": "More", "chapters": reference}]
    settings = {
        "execute": {"execute_notebooks": "cache", "stderr_output": "show", "exclude_patterns": ["**/stored*"]},
        "html": {"favicon": "assets/favicon.svg"},
        "parse": {"myst_enable_extensions": ["colon_fence", "dollarmath", "linkify"]},
    }
    book.write(folder, pages, {"parts": parts}, real["extra_extensions"], config, **settings)
    written = {"attack": attack(), "stored": stored(), "author": notebook(AUTHOR, (DISPLAY, {}))}
    for name, content in written.items():
        nbformat.write(content, folder / f"chapters/{name}.ipynb")
    (folder / "chapters" / FILE).write_text("text")
    (folder / "assets").mkdir()
    shutil.copy(book.ROOT / "assets/favicon.svg", folder / "assets")
    see = {"see": re.sub(r"[^\w -]", "", SECTION).lower().replace(" ", "-")}
    for name, entry in {"cheatsheet": SHEET, "glossary": TERM}.items():
        text = yaml.safe_dump({"attack": [entry | see]}, allow_unicode=True)
        (folder / f"assets/{name}.yml").write_text(text, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BOOK_ADDRESS", "")
        result = book.build(folder)
    assert result.returncode == 0, result.stdout[-4000:]
    return folder / "_build/html"


@pytest.fixture(scope="module")
def attacked_server(attacked):
    """The address of that site on this computer."""
    with book.Server(attacked) as running:
        yield running.url


def assert_nothing_ran(page):
    """Nothing on the page was run or made from the attack, and nothing of it is waiting for a click."""
    planted = page.evaluate("""() => [...document.querySelectorAll("*")].filter((e) =>
        [...e.attributes].some((a) => a.name.startsWith("on") || /^\\s*javascript:/i.test(a.value))
        || e.matches("img[src='x'], script:not([src], [type])")).map((e) => e.outerHTML)""")
    # the theme's own way to take the marks of found words away
    assert [html for html in planted if "SphinxHighlight.hideSearchWords()" not in html] == []
    assert page.evaluate("window.injected") is None
    assert page.problems == []


@pytest.mark.parametrize("name", PAGES)
def test_nothing_of_it_runs(name, attacked_server, open_page):
    page = open_page(f"{attacked_server}/{name}.html")
    page.wait_for_load_state("networkidle")
    assert_nothing_ran(page)


def spaced(text):
    return " ".join(text.split())


CHAPTER = "chapters/attack"
WRITTEN = {
    "heading": (CHAPTER, "article h1", ATTACK),
    "heading of the printed page": (CHAPTER, "#jb-print-docs-body h1", ATTACK),
    "title": (CHAPTER, "title", ATTACK),
    "section": (CHAPTER, "article h2", SECTION),
    "contents of the chapter": (CHAPTER, "#pst-page-toc-nav a", SECTION),
    "prose": (CHAPTER, "article p:not(.launch-links)", f"{ATTACK} [a link](javascript:window.injected=1)"),
    "download": (CHAPTER, "p:not(.launch-links) > a.download", ATTACK),
    "file to download": (CHAPTER, "p:not(.launch-links) > a.download[href]", urllib.parse.quote(FILE)),
    "description": (CHAPTER, "meta[name=description][content]", ATTACK),
    "description in previews": (CHAPTER, "meta[property='og:description'][content]", ATTACK),
    "title in previews": (CHAPTER, "meta[property='og:title'][content]", ATTACK),
    "code": (CHAPTER, ".cell_input pre", f"print({LITERAL})"),
    "standard output": (CHAPTER, ".output.stream", ATTACK),
    "standard error": (CHAPTER, ".output.stderr", ATTACK),
    "result": (CHAPTER, ".output.text_plain", ATTACK),
    "error": (CHAPTER, ".output.traceback", f"ValueError: {ATTACK}"),
    "figure's alternative": (CHAPTER, ".cell_output > img[alt]", ATTACK),
    "slider's label": (CHAPTER, ".range label", f"{ATTACK} range"),
    "list's label": (CHAPTER, ".select label", f"{ATTACK} list"),
    "list's option": (CHAPTER, "option[value='1']", f"{ATTACK} choice"),
    "group's legend": (CHAPTER, "legend", f"{ATTACK} group"),
    "button": (CHAPTER, ".radio label:last-child", f"{ATTACK} button"),
    "check box of an argument": (CHAPTER, ".checkbox label", ATTACK),
    "frame": (CHAPTER, ".static-interact-frame pre", ATTACK),
    "frame's alternative": (CHAPTER, ".static-interact-frame img[alt]", ATTACK),
    "position": (CHAPTER, ".static-interact-position", ATTACK),
    "contents of the book": ("index", ".bd-sidenav a", ATTACK),
    "triangle in the contents": ("index", ".bd-sidenav summary[aria-label]", f"Pages below {ATTACK}"),
    "next page": ("index", ".prev-next-title", ATTACK),
    "next page to browsers": ("index", "link[rel=next][title]", ATTACK),
    "previous page": ("chapters/below", ".left-prev .prev-next-title", ATTACK),
    "stored output": ("chapters/stored", ".output.stream", ATTACK),
    "status": ("reference/status", "table a", ATTACK),
    "section in the glossary": ("reference/terms", ".glossary-see a", SECTION),
    "section in the cheat sheet": ("reference/sheet", "td.see a", SECTION),
}


@pytest.mark.parametrize("place", WRITTEN)
def test_the_reader_sees_it_as_written(place, attacked):
    name, selector, text = WRITTEN[place]
    element = book.parsed(attacked, name).select_one(selector)
    attribute = re.search(r"\[(\w[\w-]*)\]$", selector)
    seen = element[attribute[1]] if attribute else element.get_text()
    assert spaced(text) in spaced(seen)


def test_moving_the_slider_puts_in_text(attacked_server, open_page):
    page = open_page(f"{attacked_server}/{CHAPTER}.html")
    figure = page.locator("figure.static-interact")
    figure.locator("input[type=range]").press("End")
    figure.locator("select").select_option(index=1)
    figure.locator(".radio input").last.check(force=True)
    figure.locator("input[type=checkbox]").check()
    frame = figure.locator(".static-interact-frame[data-position='15']:not([aria-busy])")
    frame.wait_for()
    assert spaced(f"{ATTACK} 1") in spaced(frame.locator("pre").text_content())
    assert spaced(f"{ATTACK} choice") in spaced(frame.locator("img").get_attribute("alt"))
    spoken = figure.locator(".static-interact-status")
    page.wait_for_function("e => e.textContent", arg=spoken.element_handle())
    assert spaced(f"{ATTACK} range = 1, {ATTACK} list = ") in spaced(spoken.text_content())
    assert_nothing_ran(page)
    again = open_page(page.url)
    again.locator(".static-interact-frame[data-position='15']").wait_for()
    assert_nothing_ran(again)


@pytest.mark.parametrize("query", [ATTACK, SECTION, "injected", "section"])
def test_the_search_finds_it_as_text(query, attacked_server, open_page):
    page = open_page(f"{attacked_server}/search.html?q={urllib.parse.quote(query)}")
    page.locator("#search-results li a").first.wait_for()
    page.wait_for_load_state("networkidle")
    titles = [spaced(text) for text in page.locator("#search-results li a").all_text_contents()]
    assert spaced(ATTACK) in titles
    assert query != SECTION or spaced(f"{ATTACK} > {SECTION}") in titles
    assert_nothing_ran(page)
    page.locator("#search-results li a").first.press("Enter")
    page.wait_for_url(f"**/{CHAPTER}.html*")
    page.locator("span.highlighted").first.wait_for(state="attached")
    assert_nothing_ran(page)


def test_what_is_typed_into_an_address_is_text(attacked_server, open_page):
    words = urllib.parse.quote(ATTACK)
    for address in (f"?highlight={words}", f"#show:n={words}", f"#{words}:{words}={words}"):
        assert_nothing_ran(open_page(f"{attacked_server}/{CHAPTER}.html{address}"))


@pytest.mark.parametrize("flag", ["fromOutput", "fromScript", "fromMarkdown"])
def test_the_author_s_own_html_runs(flag, attacked_server, open_page):
    page = open_page(f"{attacked_server}/chapters/author.html")
    page.wait_for_function(f"window.{flag} === 1", timeout=5_000)
