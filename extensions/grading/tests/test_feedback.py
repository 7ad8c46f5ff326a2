"""What is shown of strangers' work: formulas, links, and nothing that acts."""

import base64
import re

import pytest
from bs4 import BeautifulSoup
from grading import feedback, sanitize, settings
from nbconvert.exporters import HTMLExporter
from nbformat import from_dict
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, new_raw_cell
from traitlets.config import Config

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()
SCRIPT = "<script>alert(1)</script>"
SVG = "<svg onload=alert(1)><script>alert(2)</script><foreignObject><iframe srcdoc=x></iframe></foreignObject></svg>"

TEXTS = {
    "a link with javascript": "[here](javascript:alert(1)) [there](JaVaScRiPt&colon;alert(1)) <javascript:alert(1)>",
    "a link with a page in it": "[here](data:text/html,alert(1)) <a href='da&#9;ta:text/html,alert(1)'>there</a>",
    "a link into the server": "[out](/logout) <a href=../x>x</a> <a href='//example.org'>y</a>",
    "raw HTML": f"Text <b onclick='alert(1)'>bold</b> {SCRIPT}\n\n<div onmouseover=alert(1)>\n\n*x*\n\n</div>",
    "a picture from elsewhere": "![x](https://example.org/x.png) <img src=https://example.org/y.png onerror=alert(1)>",
    "a picture that acts": '![x](x"onerror=alert(1)) <img src=x onerror=alert(1)>',
    "an SVG": SVG,
    "a form": "<form action=https://example.org><input name=q autofocus onfocus=alert(1)><button>x</button></form>",
    "a frame": "<iframe src=javascript:alert(1)></iframe><object data=x.swf></object><embed src=x.swf><base href=x>",
    "a style": "<style>* { display: none }</style><p style='position:fixed' class='total'>x</p>",
    "MathML that acts": "<math href=javascript:alert(1)><maction actiontype=x>y</maction></math>",
    "MathML that changes its kind": "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 "
    "onerror=alert(1)&gt;'>",
    "a formula with HTML": f"$\\text{{{SCRIPT}}}$ $$\\text{{<img src=x onerror=alert(1)>}}$$",
    "a formula that links": "$\\href{javascript:alert(1)}{x}$",
    "a formula in a picture's words": '![$\\text{" onerror="alert(1)}$](data:image/png;base64,AAAA)',
    "a comment": "<!-- <script> --><script>alert(1)</script><!-- -->",
}
ACTIVE = (
    "script, style, iframe, object, embed, form, input, button, base, link, meta, svg, foreignobject, mglyph, maction"
)


def _inert(markup):
    """Parse HTML as browsers do, assert that nothing in it can act or fetch, and return it."""
    page = BeautifulSoup(markup, "html5lib")
    assert not page.select(ACTIVE), page.select(ACTIVE)
    for element in page.find_all(True):
        for name, value in element.attrs.items():
            assert not name.startswith("on") and name not in ("srcdoc", "action", "formaction", "data", "xlink:href")
            if name == "href":
                assert re.match(r"(https?:|mailto:|#)", value), value
                assert element.name == "a"
            if name == "src":
                assert value.startswith("data:image/"), value
            if name == "style":
                assert re.fullmatch(r"text-align:\s*\w+", value), value
    return page


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("render", [feedback.markdown_for_students, feedback.markdown_for_graders])
def test_rendered_markdown_does_nothing(name, render):
    page = _inert(render({}, f"Before.\n\n{TEXTS[name]}\n\nAfter $x < y$."))
    if name != "a comment":
        assert "Before." in page.get_text() and ("After" in page.get_text() or "MathML that changes" in name)


@pytest.mark.parametrize("render", [feedback.markdown_for_students, feedback.markdown_for_graders])
def test_what_is_harmless_stays(render):
    text = (
        "# Title\n\n**bold** <sub>2</sub> `<b>` [web](https://example.org) [mail](mailto:a@b.org)\n\n"
        f"| a | b |\n|---|--:|\n| 1 | 2 |\n\n```python\nx = 1 < 2\n```\n\n![words](data:image/png;base64,{PNG})\n\n"
        "<details><summary>More</summary>hidden</details>\n"
    )
    page = _inert(render({}, text))
    for wanted in ("h1", "strong", "sub", "td[style]", "details summary", f'img[alt="words"][src$="{PNG}"]', "pre .n"):
        assert page.select(wanted), wanted
    assert [a["href"] for a in page.select("p a")] == ["https://example.org", "mailto:a@b.org"]
    assert page.select_one("p code").get_text() == "<b>"


def test_an_attachment_is_shown_and_a_missing_one_stops_nothing():
    cell = {"attachments": {"a.png": {"image/png": PNG}, "b.png": {}}}
    markup = feedback.markdown_for_students(
        {"cell": cell}, "![one](attachment:a.png) ![two](attachment:none) ![3](attachment:b.png)"
    )
    page = _inert(markup)
    assert [img["alt"] for img in page.select("img")] == ["one"] and "two" in page.get_text()


OUTPUTS = {
    "HTML with handlers": ({"text/html": "<b onclick=alert(1)>bold</b><img src=x onerror=alert(1)>" + SCRIPT}, "bold"),
    "HTML with a link": ({"text/html": "<a href=' javascript:alert(1)'>click</a>"}, "click"),
    "a table": ({"text/html": "<style scoped>x</style><table class=dataframe><tr><td onclick=a()>7</td></table>"}, "7"),
    "SVG": ({"image/svg+xml": SVG, "text/plain": "a drawing"}, "a drawing"),
    "SVG in HTML": ({"text/html": SVG + "beside"}, "beside"),
    "JavaScript": ({"application/javascript": "alert(1)", "text/plain": "words"}, "words"),
    "a widget": ({"application/vnd.jupyter.widget-view+json": {"model_id": "x"}, "text/plain": "slider"}, "slider"),
    "Markdown": ({"text/markdown": f"*stressed* {SCRIPT} [x](javascript:alert(1))"}, "stressed"),
    "LaTeX": ({"text/latex": f"$x$ {SCRIPT} $\\href{{javascript:alert(1)}}{{y}}$"}, "x"),
    "plain text": ({"text/plain": SCRIPT}, SCRIPT),
    "a picture that is none": ({"image/png": '" onerror="alert(1)', "text/plain": "no picture"}, "no picture"),
    "HTML that is none": ({"text/html": ["<script>"], "text/plain": "a list"}, "a list"),
}


@pytest.fixture(scope="module", params=["formgrader", "student"])
def exporter(request):
    """The exporter as nbgrader makes it from a course's settings: for its formgrader, or for the returned page."""
    config = Config()
    settings.apply(config)
    config.HTMLExporter.template_paths = config.Page.template_paths = HTMLExporter(template_name="basic").template_paths
    if request.param == "formgrader":
        return HTMLExporter(config=config, template_name="basic")
    config.Page.template_name = "basic"
    return feedback.Page(config=config)


def _defused(cell):
    return sanitize.Defuse().preprocess_cell(cell, {}, 0)[0]


def _shown(exporter, cell):
    return _inert(exporter.from_notebook_node(new_notebook(cells=[_defused(cell)]))[0])


@pytest.mark.parametrize("name", OUTPUTS)
def test_outputs_do_nothing(exporter, name):
    data, words = OUTPUTS[name]
    metadata = {"image/png": {"width": "1 onload=alert(1)"}, "text/html": {"isolated": True}}
    cell = new_code_cell("x", outputs=[new_output("display_data", data, metadata=metadata)])
    assert words in _shown(exporter, cell).get_text()


def test_a_picture_keeps_its_size(exporter):
    metadata = {"image/png": {"width": 40, "height": "2 onload=alert(1)"}}
    output = new_output("display_data", {"image/png": PNG + "\n"}, metadata=metadata)
    image = _shown(exporter, new_code_cell("x", outputs=[output])).select_one("img")
    assert image["width"] == "40" and "height" not in image.attrs and PNG in image["src"]


EVIL = "<img src=x onerror=alert(1)>"
FORGED = {
    "a count": {"output_type": "execute_result", "data": {"text/plain": "x"}, "metadata": {}, "execution_count": EVIL},
    "a stream's name": {"output_type": "stream", "name": f'"{EVIL}', "text": "x"},
    "a file's name": {
        "output_type": "display_data",
        "data": {"image/png": PNG, "text/plain": "x"},
        "metadata": {"filenames": {"image/png": f'"{EVIL}'}, "image/png": {"alt": f'"{EVIL}', "unconfined": EVIL}},
    },
    "a traceback that is none": {"output_type": "error", "ename": EVIL, "evalue": EVIL, "traceback": EVIL},
    "an unknown kind": {"output_type": EVIL, "data": EVIL},
    "no data": {"output_type": "display_data", "data": EVIL, "metadata": EVIL},
}


@pytest.mark.parametrize("name", FORGED)
def test_forged_outputs_do_nothing(exporter, name):
    cell = new_code_cell("x")
    cell.outputs, cell.execution_count = [from_dict(FORGED[name])], EVIL  # nbformat would refuse to make it so
    _shown(exporter, cell)


def test_what_a_cell_shows_is_bounded(exporter):
    outputs = [new_output("stream", text="y" * 300_000), new_output("display_data", {"text/plain": "z" * 300_000})]
    outputs += [new_output("error", ename="E", evalue="\x1b[31me" * 300_000, traceback=["\x1b[31mt"] * 30_000)]
    outputs += [new_output("error", ename="E", evalue="e" * 3000, traceback=["t" * 3000])] * 500
    outputs += [new_output("error", ename="Last", evalue="why", traceback=["Last: why"])]
    page = exporter.from_notebook_node(
        new_notebook(cells=[_defused(new_code_cell("x = 1\n" * 300_000, outputs=outputs))])
    )
    assert len(page[0]) < 4e6 and "is not shown" in page[0] and "Last: why" in page[0]


def test_a_raw_cell_does_nothing(exporter):
    assert "kept" in _shown(exporter, new_raw_cell(f"{SCRIPT}<i onclick=alert(1)>kept</i>")).get_text()


def test_a_course_s_settings_sanitize_markdown_cells(exporter):
    page = _shown(exporter, new_markdown_cell(f"A [link](javascript:alert(1)) {SCRIPT} with $a<b$"))
    assert page.select_one("math").get_text() == "a<b"


def test_rows_of_one_task_are_told_apart():
    rows = [{"heading": h, "kind": k} for h, k in [("1. A", "code"), ("2. B", "code"), ("2. B", "markdown")]]
    rows += [{"heading": "3. C", "kind": "code"}, {"heading": "3. C", "kind": "code"}]
    feedback._tell_apart(rows)
    assert [row["heading"] for row in rows] == [
        "1. A", "2. B (the code)", "2. B (the text)", "3. C (1 of 2)", "3. C (2 of 2)",
    ]  # fmt: skip


# ---- formulas ----


def _page(source):
    return BeautifulSoup(feedback.markdown_for_students({}, source), "html5lib")


def test_formulas_become_mathml_and_code_stays():
    page = _page("A $x^2$, code `$HOME$`, \\$5, and $$\\frac{1}{2}$$ and\n\n\\begin{align}a&=b\\end{align}\n")
    assert [m["display"] for m in page.select("math")] == ["inline", "block", "block"]
    assert page.select_one("code").get_text() == "$HOME$" and "$5" in page.get_text()
    assert page.select_one("msup").get_text() == "x2"


OPERATORS = (
    "arccos arcsin arctan arg cos cosh cot coth csc deg det dim exp gcd hom inf ker lg lim liminf limsup ln log max"
)
OPERATORS += " min Pr sec sin sinh sup tan tanh"


@pytest.mark.parametrize("name", OPERATORS.split())
def test_latex_s_operators_are_known(name):
    shown = _page(f"$\\{name}_x y$").select_one("math").get_text()
    assert "".join(shown.split()) == f"{name}xy"


BROKEN = {
    "not closed": "\\frac{1}{",
    "an unknown command": "\\nosuchcommand{x} < 1",
    "half known": "x + \\nosuchcommand",
    "deep": "{" * 2000,
    "endless": "\\newcommand{\\a}{\\a\\a}\\a",
    "long": "x + " * 2000,
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_formula_that_cannot_be_read_stays_as_its_source_and_harms_no_other(name):
    page = _page(f"$x^2$ then ${BROKEN[name]}$ then $y^2$.")
    assert f"${BROKEN[name]}$" in page.get_text()
    assert [math.get_text() for math in page.select("math")] == ["x2", "y2"]


def test_what_a_formula_redefines_stays_as_it_was_in_others():
    page = _page("$\\def\\frac#1#2{42} \\renewcommand{\\sin}{42}$ and $\\frac{1}{2}$ and $\\sin x$")
    assert len(page.select("mfrac")) == 1 and "42" not in page.select("math")[-1].get_text()


def test_what_a_formula_defines_no_other_formula_sees():
    page = _page("$\\newcommand{\\R}{\\mathbf{Z}} \\R$ and $\\R + x$")
    assert [math.get_text() for math in page.select("math")] == ["\N{MATHEMATICAL BOLD CAPITAL Z}"]
    assert "$\\R + x$" in page.get_text()


@pytest.mark.parametrize(
    "text", ["[" * 400_000, "<div>" * 80_000, "$x$ " * 100_000], ids=["brackets", "elements", "formulas"]
)
@pytest.mark.parametrize("render", [feedback.markdown_for_students, feedback.markdown_for_graders])
def test_a_very_long_text_is_shown_as_it_was_written(render, text):
    page = BeautifulSoup(render({}, text), "html5lib")
    assert text[:1000] in page.select_one("pre").get_text() and len(page.get_text()) < 51_000


def test_a_long_picture_in_a_text_is_no_long_text():
    text = f"*stressed* ![p](data:image/png;base64,{'A' * 400_000})"
    page = _inert(feedback.markdown_for_graders({}, text))
    assert page.select("em") and page.select("img")


def test_links_to_neighbors_become_plain_text():
    page = _page(
        "[chapter](../a.ipynb#b) [web](https://example.org) [here](#c) [mail](mailto:a@b.org) [odd](http://[x)"
    )
    assert [a["href"] for a in page.select("a[href]")] == ["https://example.org", "#c", "mailto:a@b.org"]
    assert page.get_text().split() == ["chapter", "web", "here", "mail", "odd"]


def test_an_assert_that_says_nothing_gets_words():
    bare = new_output("error", ename="AssertionError", evalue="", traceback=["..."])
    assert feedback._without_traceback(bare).traceback == ["an assert of your own failed, and says nothing"]
    spoken = new_output("error", ename="AssertionError", evalue="\x1b[31mtoo small\x1b[0m", traceback=["..."])
    assert feedback._without_traceback(spoken).traceback == ["too small"]
