"""typeset_math: formulas to SVG and MathML, and a small site built with equations, labels and mistakes."""

import os
import re
import subprocess
import sys
from pathlib import Path

import book
import pytest
from bs4 import BeautifulSoup
from measured_book.pages import mathematics
from measured_book.pages.mathematics import Typesetter, mathjax_folder, share_glyphs


@pytest.fixture(scope="module")
def typesetter():
    maker = Typesetter()
    yield maker
    maker.close()


def parse(answer, part):
    return BeautifulSoup(answer[part], "html.parser")


def test_inline_and_display_give_svg_and_mathml(typesetter):
    inline, display = (typesetter.typeset(r"\sum_{i=1}^n x_i", d) for d in (False, True))
    for answer in (inline, display):
        assert parse(answer, "svg").svg.find_all("path")
        assert sorted(e.get_text() for e in parse(answer, "mathml").find_all("mi")) == ["i", "i", "n", "x"]
    assert parse(display, "mathml").math["display"] == "block"
    assert not parse(inline, "mathml").math.has_attr("display")
    assert inline["svg"] != display["svg"]  # limits stand beside the sign or above it


def test_groups_that_say_nothing_are_taken_out():
    svg = '<svg><g fill="red"><g><g><path></path></g><g transform="scale(2)"><g></g></g></g></g></svg>'
    page = book.mended(f'<span class="math">{svg}</span>', share_glyphs)
    assert '<svg><g fill="red"><path></path><g transform="scale(2)"></g></g></svg>' in page.text()


MISTAKES = [
    (r"\foo", "Undefined control sequence \\foo"),
    ("{a", "missing close brace"),
    ("a}", "missing open brace"),
    ("a & b", "Misplaced &"),
    (r"\begin{aligned} a", r"Missing \end{aligned}"),
]


@pytest.mark.parametrize(("tex", "reason"), MISTAKES)
def test_what_mathjax_cannot_read_is_an_error_and_the_next_formula_is_well(typesetter, tex, reason):
    answer = typesetter.typeset(tex, True)
    assert set(answer) == {"error"}
    assert reason in answer["error"]
    assert "svg" in typesetter.typeset("a", True)


UNUSUAL = [
    ("a < b > c", "a<b>c"),
    ('f(x) = "q"', 'f(x)="q"'),
    (r"x'", "x′"),
    (r"\text{if } a \text{ \& <b> ü “q”}", "if\xa0a\xa0& <b> ü “q”"),
    (r"\begin{aligned} a &= b \\ c &= d \end{aligned}", "a=bc=d"),
    (r"f = \begin{cases} 1 & x > 0 \\ 0 & \text{else} \end{cases}", "f={1x>00else"),
    ("a\n+ b", "a+b"),
    (r"\boldsymbol{w}^\top \mathbf{x}", "w⊤x"),
    ("", ""),
]


@pytest.mark.parametrize(("tex", "text"), UNUSUAL)
def test_unusual_formulas_are_read(typesetter, tex, text):
    answer = typesetter.typeset(tex, True)
    assert "error" not in answer
    read = re.sub(r" *\n *", "", parse(answer, "mathml").get_text()).replace("\u2061", "").strip()
    assert read == text
    assert parse(answer, "mathml").find("b") is None
    assert len(parse(answer, "svg").find_all("svg", recursive=False)) == 1


def test_a_label_may_stand_on_several_pages(typesetter):
    for tex in (r"\begin{align} a &= b \label{same} \end{align}", r"\begin{align} c &= d \label{same} \end{align}"):
        assert "error" not in typesetter.typeset(tex, True)


def test_glyphs_are_shared_and_what_draws_nothing_goes(typesetter):
    first, second = (typesetter.typeset(tex, False) for tex in ("x + x", r"10 + y \label{a}"))
    formulas = "".join(f'<span class="math">{a["svg"]}<span>{a["mathml"]}</span></span>' for a in (first, second))
    page = book.mended(f"<html><body>{formulas}</body></html>", share_glyphs)
    outlines = {path.get("id"): path.get("d") for path in page.tree.xpath("//svg[@class='glyphs']//path")}
    uses = page.tree.xpath("//*[@class='math']//use")
    assert len(outlines) == 5 and {use.get("href")[1:] for use in uses} == set(outlines)
    assert len(uses) == 7 and [use.get("transform") is not None for use in uses].count(True) >= 1
    assert not page.tree.xpath("//*[@class='math']//g[not(@*)]")
    assert not page.tree.xpath("//*[@class='math']//*[@id or @data-mml-node or @data-c or @data-mjx-texclass]")
    before = BeautifulSoup(formulas, "html.parser")
    for kept in ("transform", "viewbox", "stroke-width"):
        have = [e[kept] for e in before.find_all(attrs={kept: True})]
        assert page.tree.xpath(f"//*[@class='math']//@{kept}") == have, kept


def test_a_process_that_ended_is_told_with_the_formula():
    maker = Typesetter()
    assert "svg" in maker.typeset("a", False)
    maker._process.kill()
    maker._process.wait()
    for tex in ("b", "c"):
        with pytest.raises(RuntimeError, match=f"ended unexpectedly at the formula '{tex}'"):
            maker.typeset(tex, False)
    assert "svg" in maker.typeset("a", False)  # known already
    maker.close()
    maker.close()


def test_mathjax_is_found():
    assert (mathjax_folder() / "node-main.js").is_file()


INDEX = r"""# Start with $\Gamma^2$

Inline $a < b$ and $\text{x \& "y"}$, again $a < b$ (and $h$, but ($k$) too).

$$
E = m c^2
$$ (energy)

See {eq}`energy` here and {eq}`momentum` there.

$$
\begin{aligned} a &= b \\ c &= d \end{aligned}
$$

\begin{align}
u &= v \label{one} \\
w &= z \label{two}
\end{align}

```{toctree}
other
```
"""
OTHER = r"""# Other with $\Xi$

$$
p = m v
$$ (momentum)

Back to {eq}`energy`. Tagged $$q \tag{7}$$ and $$r \tag{7}$$
"""
WRONG = r"""# Wrong

A macro $\foo + 1$.

$$
{a
$$
"""
SETTINGS = {
    "extensions": ["myst_parser"],
    "myst_enable_extensions": ["dollarmath", "amsmath"],
    "html_theme": "basic",
    "html_sidebars": {"**": ["globaltoc.html", "relations.html"]},
}


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    """A site of three pages: the folder of its HTML, and what the build wrote on the terminal."""
    folder = tmp_path_factory.mktemp("site")
    pages = {"index.md": INDEX, "other.md": OTHER, "wrong.md": "---\norphan: true\n---\n" + WRONG}
    for name, text in pages.items():
        (folder / name).write_text(text, encoding="utf-8")
    book.write_configuration(folder, SETTINGS, "measured_book.pages.mathematics")
    command = [sys.executable, "-m", "sphinx", "-b", "html", folder, folder / "_build"]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"NO_COLOR": "1"}, timeout=120)
    assert done.returncode == 0, done.stderr
    for page in (folder / "_build").glob("*.html"):
        page.write_text(book.mended(page.read_text(encoding="utf-8"), share_glyphs).text(), encoding="utf-8")
    return folder / "_build", done.stderr


@pytest.fixture(scope="module")
def pages(build):
    found = {name: (build[0] / f"{name}.html").read_text(encoding="utf-8") for name in ("index", "other", "wrong")}
    return {name: BeautifulSoup(text, "html.parser") for name, text in found.items()}


def test_formulas_of_a_page_are_svg_with_mathml_and_need_no_script(pages):
    body = pages["index"].find("div", class_="body")
    inline, block = body.select("p span.math"), body.select("div.math")
    assert len(inline) == 5
    assert len(block) == 3
    for formula in [*inline, *block]:
        assert formula.find("svg")["aria-hidden"] == "true"
        assert formula.select_one(".math-for-ears math")
    assert inline[0].math.get_text() == "a<b"
    assert not pages["index"].find_all("script", src=re.compile("mathjax", re.IGNORECASE))
    assert {"u", "v", "w", "z"} <= {e.get_text() for e in block[2].find_all("mi")}


@pytest.mark.parametrize("name", ["index", "other"])
def test_every_glyph_is_there_once_and_every_reference_leads_to_one(pages, name):
    page = pages[name]
    (sheet,) = page.select("svg.glyphs")
    identifiers = [path["id"] for path in sheet.find_all("path")]
    assert len(set(identifiers)) == len(identifiers)
    wanted = {use["href"].removeprefix("#") for use in page.find_all("use")}
    assert wanted == set(identifiers)
    everywhere = [e["id"] for e in page.find_all(id=True)]
    assert len(set(everywhere)) == len(everywhere)


def test_a_bracket_stays_on_the_line_of_its_formula(pages):
    paragraph = pages["index"].select("p:has(span.math)")[0]
    assert [formula.contents[0] for formula in paragraph.select("span.math")].count("(") == 1
    assert " (and " in paragraph.get_text() and "but (" in paragraph.get_text()


def test_a_title_with_a_formula_is_whole_in_the_navigation_of_other_pages(pages):
    links = [link for link in pages["index"].select(".sphinxsidebar a[href='other.html']") if link.find("math")]
    assert links
    for link in links:
        assert link.svg.find_all("use")
        assert "Ξ" in link.math.get_text()


def test_equations_are_numbered_and_references_lead_to_them(pages):
    index, other = pages["index"], pages["other"]
    (energy,) = index.find_all("div", class_="math", id="equation-energy")
    assert energy.select_one(".eqno").get_text() == "(1)"
    links = {link["href"]: link.get_text() for page in (index, other) for link in page.select("p a[href*=equation]")}
    assert links.keys() == {"#equation-energy", "other.html#equation-momentum", "index.html#equation-energy"}
    assert links["#equation-energy"] == links["index.html#equation-energy"] == "(1)"
    momentum = other.find(id="equation-momentum")
    assert momentum.select_one(".eqno").get_text() == links["other.html#equation-momentum"]


def test_mistakes_are_warnings_with_formula_place_and_reason(build, pages):
    warned = [line for line in build[1].splitlines() if "measured_book.mathematics" in line]
    assert len(warned) == 2, build[1]
    assert re.search(r"wrong\.md:6: WARNING: MathJax cannot read '\\\\foo \+ 1': Undefined control sequence", warned[0])
    assert re.search(r"wrong\.md:8: WARNING: MathJax cannot read '\\n?\{a.*missing close brace", warned[1])
    assert [c.get_text().strip() for c in pages["wrong"].select(".math code")] == [r"\foo + 1", "{a"]


def test_the_script_is_part_of_the_package():
    assert Path(mathematics.__file__).with_name("typeset.js").is_file()
