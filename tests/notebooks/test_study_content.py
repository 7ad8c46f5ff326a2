"""The book's study files against its chapters: a card, a question, a line, a formula says what is computed."""

import re
import textwrap

import book
import executed
import pytest
import yaml
from bs4 import BeautifulSoup
from measured_book.execution import checks
from measured_book.execution.runner import Runner, code_key
from measured_book.study import terms
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


def results_of(slug, cache):
    """What is wrong with each check of a chapter, by key, from the build that executed it.

    What the build does not know, since a check changed afterwards or ended its kernel, is found out by executing the
    chapter once more, sliders live.
    """
    path, folder = LIBRARY.notebook(slug), book.ROOT / "assets/study"
    code = code_key(book.read(path))
    wanted = checks.requests(checks.entries(folder / f"{slug}.yml"))
    if not wanted.keys() <= checks.stored(cache, code).keys():
        settings = {"workers": 1, "limit": 300, "cell_timeout": 120, "report": print}
        result = Runner(cache, {}, checks_folder=folder, **settings)._execute(path)
        assert result["checks"] is not None, f"a check of {slug} ended the kernel, or took more than two minutes"
        checks.store(cache, code, result["checks"])
    results = checks.stored(cache, code)
    return {name: results[name] for name in wanted}


@each_chapter
def test_cards_and_questions_say_what_the_chapter_computes(slug, site):
    results = results_of(slug, executed.cache_folder())
    wrong = [line for entry in entries(slug) if "check" in entry for line in results[checks.key(entry)]]
    assert not wrong, "\n".join(wrong)


@each_chapter
def test_a_wrong_number_fails_its_check(slug, site):
    """Each answer moved by more than its tolerance, down and up: a check that still holds checks another thing."""
    results = results_of(slug, executed.cache_folder())
    for entry in entries(slug):
        for wrong in checks.perturbed(entry):
            assert results[checks.key(wrong)], f"{entry['id']}: its check holds for the answer {wrong['answer']}, too"


@each_chapter
def test_checks_ask_something_of_the_chapter(slug):
    for entry in entries(slug):
        for check in entry.get("check", []):
            assert not checks.says_nothing(check), f"{entry['id']}: {check} holds in every chapter"


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


def _main_path(slug):
    """The paragraphs of a chapter's main path, without formulas, code and headings."""
    sections = []
    for cell in book.read(book.ROOT / f"chapters/{slug}.ipynb").cells:
        if cell.cell_type == "markdown":
            sections += re.split(r"^(?=## )", cell.source, flags=re.M)
    deeper = False
    for section in sections:
        if section.startswith("## "):
            deeper = section.startswith(("## \u2605", "## References", "## Summary"))
        if not deeper:
            text = re.sub(r"\$\$.*?\$\$|\$[^$]*\$|`[^`]*`|^#[^\n]*$", " ", section, flags=re.S | re.M)
            yield from re.split(r"\n\s*\n|^\|.*$", text, flags=re.M)


@pytest.mark.parametrize("number", range(len(SLUGS)), ids=SLUGS)
def test_a_term_of_a_later_chapter_is_linked_where_it_does_work(number):
    """A beginner reads in the book's order: a term that comes twice before its chapter is linked at its first use."""
    slug, glossary = SLUGS[number], LIBRARY.glossary.data
    known = {word for home in SLUGS[: number + 1] for entry in glossary[home] for word in words_of(entry)}
    homes = {
        word: home
        for home in SLUGS[number + 1 :]
        for entry in glossary[home]
        if not entry.get("local")
        for word in words_of(entry)
        if word not in known
    }
    if not homes:
        return
    uses = {}
    for paragraph in _main_path(slug):
        for found in terms.pattern(homes).finditer(paragraph):
            uses.setdefault(found.group().lower().removesuffix("s"), []).append(paragraph)
    targets = {word.lower().removesuffix("s"): home for word, home in homes.items()}
    for word, paragraphs in uses.items():
        explained = f"]({targets.get(word, '')}.ipynb" in paragraphs[0] or f"**{word}" in paragraphs[0].lower()
        assert len(paragraphs) < 2 or explained, (
            f"{word!r} belongs to {targets.get(word)}, a later chapter, and is used {len(paragraphs)} times: "
            f"explain it (**bold**) or link that chapter in the paragraph of its first use:\n{paragraphs[0]}"
        )


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
