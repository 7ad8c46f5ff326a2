"""The book's study files against its chapters: a card, a question, a line, a formula says what is computed."""

import json
import re
import subprocess
import sys
import textwrap

import book
import nbformat
import pytest
import yaml
from bs4 import BeautifulSoup
from measured_book.study.library import Library
from measured_book.study.terms import words_of

TOC = yaml.safe_load((book.ROOT / "_toc.yml").read_text(encoding="utf-8"))
CONTENTS = [
    (part["caption"], [e["file"] for e in part["chapters"] if e["file"].startswith("chapters/")])
    for part in TOC["parts"]
]
LIBRARY = Library(book.ROOT, "assets", CONTENTS)
FACTS = yaml.safe_load((book.ROOT / "tests/facts.yml").read_text(encoding="utf-8"))
SLUGS = [path.stem for path in book.chapters()]
# what a verdict may say of a fact that is usually stated correctly, imprecisely, ...
VERDICTS = {
    "correct": {"measured", "definition", "refined"},
    "imprecise": {"measured", "refined", "corrected"},
    "contested": {"refined", "corrected"},
    "wrong": {"corrected"},
    "outdated": {"outdated"},
}
each_chapter = pytest.mark.parametrize("slug", SLUGS)
formulas = [(slug, formula) for slug, entries in LIBRARY.formulas.data.items() for formula in entries]
each_formula = pytest.mark.parametrize(("slug", "formula"), formulas, ids=[f["id"] for _, f in formulas])


def entries(slug):
    """The cards and questions of a chapter."""
    study = LIBRARY.studies[slug].data
    return study["cards"] + study["quiz"]


def test_every_chapter_has_its_study_aids():
    assert list(LIBRARY.studies) == SLUGS
    for sheet in (LIBRARY.cheatsheet, LIBRARY.formulas, LIBRARY.glossary):
        assert set(sheet.data) == set(SLUGS), f"{sheet.shown} lacks a chapter"


@each_chapter
def test_a_deck_and_a_quiz_have_something_of_each_kind(slug):
    study = LIBRARY.studies[slug].data
    kinds = [entry["kind"] for entry in study["cards"] + study["quiz"]]
    for kind in ("fact", "formula", "contrast", "plot", "single", "multiple", "number"):
        assert kinds.count(kind) >= 2, f"fewer than two of the kind {kind}"
    places = [[o.get("right", False) for o in q["options"]].index(True) for q in study["quiz"] if q["kind"] == "single"]
    assert len(set(places)) >= 3 or len(places) < 4, "the right option stands at the same place too often"


@each_chapter
def test_what_is_computed_has_a_check(slug):
    for entry in entries(slug):
        said = entry.get("back") or " ".join(f"{o['text']} {o['why']}" for o in entry.get("options", []))
        # values of an output, and years, are no computed facts
        numbers = (
            set(re.findall(r"\d+(?:\.\d+)?", said)) - {"0", "1"} - set(re.findall(r"\(?\b(?:18|19|20)\d\d\b", said))
        )
        assert "check" in entry or not numbers, f"{entry['id']} tells numbers ({numbers}) and has no check"
        assert "check" in entry or entry["kind"] != "number", entry["id"]


RUNNER = """
import json, math, os, sys
import ipywidgets, matplotlib, nbformat, numpy as np, torch
matplotlib.use("Agg")
import matplotlib.pyplot as plt
plt.show = lambda *args, **kwargs: plt.close("all")
ipywidgets.interact = lambda function=None, **controls: function or (lambda decorated: decorated)
namespace = {"__name__": "chapter"}
for cell in nbformat.read(sys.argv[1], as_version=4).cells:
    if cell.cell_type == "code":
        try:
            exec(compile(cell.source, cell.id, "exec"), namespace)
        except Exception:
            if "raises-exception" not in cell.metadata.get("tags", []):
                raise
namespace |= {"np": np, "math": math, "torch": torch}
wrong = []
for entry in json.loads(sys.argv[2]):
    for check in entry.get("check", []):
        values = {key: entry[key] for key in ("answer", "tolerance") if key in entry}
        scope = namespace | values
        try:
            if any(line.startswith("assert ") for line in check.splitlines()):
                exec(check, scope)
            else:
                assert eval(check, scope)
        except AssertionError as error:
            wrong.append(f"{entry['id']}: {check} does not hold. {error}")
        except Exception as error:
            wrong.append(f"{entry['id']}: {check} raises {type(error).__name__}: {error}")
print(json.dumps(wrong), file=sys.stderr)
"""


def run_checks(notebook, cards):
    """Run the notebook, evaluate the checks of `cards` in what it defined, and return those that fail, in words."""
    result = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", RUNNER, notebook, json.dumps(cards)],
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr[-2000:]
    return json.loads(result.stderr.splitlines()[-1])


@each_chapter
def test_cards_and_questions_say_what_the_chapter_computes(slug):
    assert run_checks(LIBRARY.notebook(slug), entries(slug)) == []


def test_a_wrong_answer_and_a_check_that_breaks_are_told(tmp_path):
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("rate = 0.5\nfrom ipywidgets import interact")]
    )
    nbformat.write(notebook, tmp_path / "small.ipynb")
    cards = [
        {"id": "right", "answer": 0.5, "tolerance": 0.01, "check": ["abs(answer - rate) <= tolerance"]},
        {"id": "wrong", "answer": 0.7, "tolerance": 0.01, "check": ["abs(answer - rate) <= tolerance"]},
        {"id": "broken", "check": ["nothing > 1"]},
        {"id": "right in lines", "check": ["half = rate\nassert half == 0.5"]},
        {"id": "wrong in lines", "check": ["half = rate\nassert half == 0.7, 'half'"]},
    ]
    wrong = run_checks(tmp_path / "small.ipynb", cards)
    assert [line.split(":")[0] for line in wrong] == ["wrong", "broken", "wrong in lines"]
    assert "does not hold" in wrong[0] and "NameError" in wrong[1] and "does not hold. half" in wrong[2]


# ---- the cheat sheet ----


@each_chapter
def test_every_fact_of_a_finished_chapter_has_its_line(slug):
    assert {line["id"] for line in LIBRARY.cheatsheet.data[slug]} == set(FACTS[slug])


@each_chapter
def test_every_claim_of_a_chapter_is_a_line_of_the_cheat_sheet(slug):
    assert LIBRARY.chapters[slug].claims <= {line["id"] for line in LIBRARY.cheatsheet.data[slug]}


@each_chapter
def test_measured_lines_are_asserted(slug):
    """That each tag stands at a cell with an assertion is tested with the chapters."""
    for line in LIBRARY.cheatsheet.data[slug]:
        assert line["verdict"] != "measured" or line["id"] in LIBRARY.chapters[slug].claims, line["id"]


@each_chapter
def test_verdicts_fit_what_is_known_of_the_fact(slug):
    for line in LIBRARY.cheatsheet.data[slug]:
        assert line["verdict"] in VERDICTS[FACTS[slug][line["id"]]], line["id"]


@each_chapter
def test_lines_are_dense_and_references_have_a_year(slug):
    topics = []
    for line in LIBRARY.cheatsheet.data[slug]:
        assert len(line["says"].split()) <= 40, f"{line['id']} says too much for a sheet"
        assert len(line.get("instead", "").split()) <= 45, f"{line['id']} says too much for a sheet"
        reference = line.get("reference")
        assert reference is None or re.search(r"\b(1[89]|20)\d\d\b|documentation", reference), line["id"]
        if not topics or topics[-1] != line["topic"]:
            topics.append(line["topic"])
    assert len(topics) == len(set(topics)), "lines of a topic stand next to each other"


# ---- formulas ----

# TeX that stands for no quantity: layout, relations, functions with a name of their own, text
NO_SYMBOLS = re.compile(
    r"\\(?:text|mathrm|operatorname)\{[^{}]*\}|\\begin\{\w+\}|\\end\{\w+\}"
    r"|\\(?:frac|tfrac|sqrt|left|right|[bB]ig[lr]?|[lr]floor|[lr]ceil|[lr]Vert|[lr]vert|quad|qquad|cdot|cdots|dots|ldots|times|"
    r"sum|prod|max|min|ln|log|exp|cos|sin|tanh|leftarrow|to|le|leq|ge|geq|ne|neq|in|approx|infty|top|partial|nabla|"
    r"bigl|bigr|Bigl|Bigr|begin|end|pi|odot|mid|text|sim|iff|implies|star|pm|displaystyle|hat|bar|tilde|propto|Longrightarrow|mathbb|mathcal|"
    r"underbrace|overbrace|lVert|rVert|Rightarrow|cup|ldots|bigg|lfloor|rfloor)(?![A-Za-z])|\\[,;:! {}|\\]"
)
SYMBOL = re.compile(r"\\[A-Za-z]+|[A-Za-z]")


def symbols_in(tex):
    """The letters and Greek letters of a formula, for example {"w", r"\\eta", "L"}."""
    return set(SYMBOL.findall(NO_SYMBOLS.sub(" ", tex)))


@each_formula
def test_every_symbol_is_explained_and_stands_in_the_formula(slug, formula):
    explained = set().union(*(symbols_in(symbol) for symbol in formula["symbols"]))
    missing = symbols_in(formula["tex"]) - explained - {"d", "e"}  # the differential, and Euler's number
    assert not missing, f"not explained: {missing}"
    plain = formula["tex"].replace(" ", "")
    for symbol in formula["symbols"]:
        assert symbol.strip("$").replace(" ", "") in plain, f"{symbol} does not stand in the formula"


@each_formula
def test_the_formula_holds_numerically(slug, formula):
    code = "import math\nimport numpy as np\nimport torch\n" + textwrap.dedent(formula["check"])
    exec(compile(code, formula["id"], "exec"), {"__name__": formula["id"]})


# ---- glossary ----


@each_chapter
def test_every_term_is_linked_from_the_chapter_that_defines_it(slug, site):
    page = BeautifulSoup((site / f"chapters/{slug}.html").read_text(encoding="utf-8"), "lxml")
    links = page.select("a:has(.glossary-term)")
    assert len({a["href"] for a in links}) == len(links), "a term is linked twice"
    shown = {" ".join(a.get_text().replace("’", "'").lower().split()) for a in links}
    for entry in LIBRARY.glossary.data[slug]:
        forms = {form for word in words_of(entry) for form in (word.lower(), f"{word.lower()}s", f"{word.lower()}es")}
        assert forms & shown, f"the chapter never uses {words_of(entry)}"


def test_definitions_are_short():
    for entries_of in LIBRARY.glossary.data.values():
        for entry in entries_of:
            assert len(entry["means"].split()) <= 45, entry["term"]


def test_the_ledger_names_every_chapter_of_the_contents():
    assert set(SLUGS) <= set(FACTS)
    names = [name for facts in FACTS.values() for name in facts]
    assert len(names) == len(set(names))
    for slug, facts in FACTS.items():
        assert all(name.startswith(f"{slug}-") for name in facts), slug
        assert set(facts.values()) <= set(VERDICTS)
