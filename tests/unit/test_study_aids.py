"""study_aids: mistakes in study files are told, terms are linked, cards reach the other page and Anki."""

import copy
import re
import shutil
from pathlib import Path

import book
import lxml.html
import nbformat
import pytest
import yaml
from anki.collection import Collection, ImportAnkiPackageOptions, ImportAnkiPackageRequest
from docutils import nodes
from measured_book.study import anki, cards, terms
from measured_book.study.library import Library
from measured_book.study.sources import Source, StudyFileError, read_chapter, read_sheet, read_study

TITLE = "A small book"
PLOT = """import matplotlib.pyplot as plt
fig, ax = plt.subplots(figsize=(3, 2))
ax.plot([0, 1])
plt.show()"""


def chapter_notebook():
    """A chapter with two sections, a figure, a claim, and some terms."""
    cells = [
        nbformat.v4.new_markdown_cell(
            "# Slopes\n\nA slope is a *Slope Of A Book*. It has a **rate of\nchange**.", id="intro"
        ),
        nbformat.v4.new_markdown_cell("## A line rises\n\nIts slope is 1. Slopes and slopes.", id="text"),
        nbformat.v4.new_code_cell(
            PLOT, id="figure", metadata={"mystnb": {"image": {"alt": "A line that rises from zero to one."}}}
        ),
        nbformat.v4.new_code_cell("assert 1 + 1 == 2", id="claim", metadata={"tags": ["claim:slopes-of-lines"]}),
        nbformat.v4.new_markdown_cell(
            "## Summary\n\n- It [rises](#a-line-rises).\n\n```python\n## no heading\n```", id="end"
        ),
    ]
    return nbformat.v4.new_notebook(
        cells=cells,
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )


def study():
    """A study file that is right."""
    kinds = ["fact", "formula", "contrast", "plot"] * 3
    deck = []
    for number, kind in enumerate(kinds):
        card = {
            "id": f"slopes-card-{number}",
            "kind": kind,
            "front": f"Number {number}? $x^{number}$",
            "back": "**Yes** `<b>`.",
        }
        deck.append(card | ({"figure": "figure"} if kind == "plot" else {}) | {"see": "a-line-rises"})
    options = [
        {"text": "One", "right": True, "why": "It is."},
        {"text": "Two", "why": "That is another one."},
        {"text": "<script>window.injected = 1</script>", "why": "No."},
    ]
    quiz = [
        {"id": f"slopes-q-{n}", "kind": "single", "question": "Which?", "options": options, "see": "a-line-rises"}
        for n in range(7)
    ]
    quiz.append(
        {
            "id": "slopes-q-number",
            "kind": "number",
            "question": "How many?",
            "answer": 12345,
            "tolerance": 0,
            "unit": "steps",
            "why": "So many.",
            "see": "a-line-rises",
            "check": ["True"],
        }
    )
    return {"cards": deck, "quiz": copy.deepcopy(quiz)}


TEMPLATE = {
    "id": "slopes-p-rise",
    "question": "How high after <<n>> steps?",
    "numbers": {"n": {"from": 1, "to": 30}},
    "answer": "2 * n",
    "tolerance": 0,
    "why": "Twice <<n>>.",
    "check": ["n + n == answer"],
    "see": "a-line-rises",
}


SHEETS = {
    "cheatsheet": [
        {
            "id": "slopes-of-lines",
            "topic": "Lines",
            "says": "Lines rise.",
            "verdict": "measured",
            "see": "a-line-rises",
        },
        {
            "id": "slopes-always",
            "topic": "Lines",
            "says": "Sheets: all rise.",
            "verdict": "corrected",
            "see": "a-line-rises",
            "instead": "Some fall.",
            "reference": "Euclid (1482)",
        },
    ],
    "formulas": [
        {
            "id": "slopes-formula",
            "name": "Slope",
            "tex": r"\frac{dy}{dx}",
            "symbols": {"y": "height", "x": "place"},
            "see": "a-line-rises",
            "check": "assert 1 == 1\n",
        },
    ],
    "glossary": [
        {
            "term": "slope",
            "also": ["gradient (of a line)"],
            "means": "How fast a line rises, $y/x$.",
            "see": "a-line-rises",
        },
        {"term": "rate of change", "means": "The same.", "see": "a-line-rises"},
    ],
}


@pytest.fixture
def small(tmp_path):
    """The folder of a small book with all study files, and the chapters that they may speak of."""
    (tmp_path / "chapters").mkdir()
    (tmp_path / "assets/study").mkdir(parents=True)
    nbformat.write(chapter_notebook(), tmp_path / "chapters/slopes.ipynb")
    (tmp_path / "assets/study/slopes.yml").write_text(yaml.safe_dump(study(), sort_keys=False), encoding="utf-8")
    for kind, entries in SHEETS.items():
        text = yaml.safe_dump({"slopes": entries}, sort_keys=False, allow_unicode=True)
        (tmp_path / f"assets/{kind}.yml").write_text(text, encoding="utf-8")
    return tmp_path


def library(folder):
    return Library(folder, "assets", [("Lines", ["chapters/slopes"])])


def complaint(folder, change):
    """What is said of a study file whose data `change` has edited, or whose text is `change`."""
    path = folder / "assets/study/slopes.yml"
    data = study()
    if isinstance(change, str):
        path.write_text(change, encoding="utf-8")
    else:
        change(data)
        path.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    with pytest.raises(StudyFileError) as error:
        read_study(path, library(folder).chapters, "assets/study/slopes.yml")
    return str(error.value)


def line_of(folder, words):
    """The line of the small study file on which `words` stand first."""
    text = (folder / "assets/study/slopes.yml").read_text(encoding="utf-8")
    return text[: text.index(words)].count("\n") + 1


# ---- study files ----


def test_a_right_file_is_read(small):
    source = read_study(small / "assets/study/slopes.yml", library(small).chapters)
    assert source.data == study()
    assert source.line("cards", 1, "front") == line_of(small, "Number 1?")
    assert source.name("cards", 1, "front") == "slopes-card-1"


def test_a_chapter_tells_its_sections_figures_and_claims(small):
    chapter = read_chapter(small / "chapters/slopes.ipynb")
    assert chapter.title == "Slopes" and chapter.claims == {"slopes-of-lines"}
    assert chapter.sections == {"a-line-rises": "A line rises", "summary": "Summary"}
    assert chapter.figures == {"figure": 2}


MISTAKES = {
    "unknown key": (
        lambda d: d["cards"][2].update(fornt="?"),
        "fornt: ",
        ["'fornt' is unknown", "Did you mean 'front'?"],
    ),
    "missing key": (
        lambda d: d["cards"][2].pop("back"),
        "slopes-card-2",
        ["'back' is missing", "A card has id, kind, front"],
    ),
    "wrong kind": (
        lambda d: d["cards"][2].update(kind="facts"),
        "kind: facts",
        ["'facts' does not fit", "fact, formula, contrast or plot"],
    ),
    "text that is no text": (lambda d: d["cards"][2].update(front=[1]), "front:\n  - 1", ["[1] is not text"]),
    "number in words": (lambda d: d["quiz"][7].update(answer="twelve"), "answer: twelve", ["'twelve' is not a number"]),
    "other chapter's id": (
        lambda d: d["cards"][2].update(id="lines-card"),
        "lines-card",
        ["must begin with 'slopes-'"],
    ),
    "id with capitals": (lambda d: d["cards"][2].update(id="slopes-Card"), "slopes-Card", ["lower case with hyphens"]),
    "id twice": (lambda d: d["cards"][2].update(id="slopes-card-1"), None, ["stands twice, also on line"]),
    "no such section": (
        lambda d: d["cards"][2].update(see="a-line-raises"),
        "a-line-raises",
        ["no section 'a-line-raises'", "Did you mean 'a-line-rises'?"],
    ),
    "no such chapter": (
        lambda d: d["cards"][2].update(see="slops#a"),
        "slops#a",
        ["no chapter 'slops'", "Did you mean 'slopes'?"],
    ),
    "plot without figure": (lambda d: d["cards"][3].pop("figure"), "slopes-card-3", ["needs a figure"]),
    "figure on a fact": (
        lambda d: d["cards"][0].update(figure="figure"),
        "slopes-card-0",
        ["only a card of the kind plot has a figure"],
    ),
    "no such figure": (
        lambda d: d["cards"][3].update(figure="claim"),
        "figure: claim",
        ["no cell 'claim' with a described figure", "There are: figure."],
    ),
    "two right options": (lambda d: d["quiz"][0]["options"][1].update(right=True), None, ["2 options are right"]),
    "no right option": (lambda d: d["quiz"][0]["options"][0].pop("right"), None, ["0 options are right"]),
    "none of several right": (
        lambda d: (d["quiz"][0].update(kind="multiple"), d["quiz"][0]["options"][0].pop("right")),
        None,
        ["no option is right"],
    ),
    "right: false": (lambda d: d["quiz"][0]["options"][1].update(right=False), "right: false", ["nothing at others"]),
    "an option that is a list": (
        lambda d: d["quiz"][0]["options"][1].update(text="- 2 of 3"),
        "text: '- 2",
        ["Markdown reads bullet list", "a backslash"],
    ),
    "two options": (lambda d: d["quiz"][0]["options"].pop(), "options:", ["three to five options"]),
    "number with options": (lambda d: d["quiz"][7].update(options=d["quiz"][0]["options"]), None, ["has no 'options'"]),
    "number without check": (lambda d: d["quiz"][7].pop("check"), "slopes-q-number", ["needs 'check'"]),
    "answer to a choice": (lambda d: d["quiz"][0].update(answer=1), "answer: 1", ["has no 'answer'"]),
    "too few cards": (
        lambda d: d["cards"].__delitem__(slice(9, None)),
        "cards:",
        ["9 stand here", "ten cards or more"],
    ),
    "too few questions": (lambda d: d["quiz"].pop(), "quiz:", ["eight questions or more"]),
    "no quiz": (lambda d: d.pop("quiz"), None, ["'quiz' is missing"]),
    "few variants": (
        lambda d: d.update(practice=[TEMPLATE | {"numbers": {"n": [1, 2]}}]),
        "numbers:",
        ["(slopes-p-rise)", "2 combinations, and 20 variants are needed"],
    ),
    "an answer that cannot be computed": (
        lambda d: d.update(practice=[TEMPLATE | {"answer": "n / zero"}]),
        "answer: n / zero",
        ["n / zero raises NameError for n = "],
    ),
    "numbers of no kind": (
        lambda d: d.update(practice=[TEMPLATE | {"numbers": {"n": 3}}]),
        "n: 3",
        ["A number has a list of values, or from and to"],
    ),
    "a template without a check": (
        lambda d: d.update(practice=[{k: v for k, v in TEMPLATE.items() if k != "check"}]),
        "slopes-p-rise",
        ["'check' is missing", "A question for practice has id"],
    ),
    "an id for two": (lambda d: d.update(practice=[TEMPLATE, TEMPLATE]), None, ["the id stands twice"]),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_with_file_line_and_remedy(mistake, small):
    change, where, told = MISTAKES[mistake]
    said = complaint(small, change)
    for words in told:
        assert words in said, said
    number = re.match(r"assets/study/slopes\.yml, line (\d+)", said)
    assert number, said
    if where:
        assert int(number[1]) == line_of(small, where), said


def test_all_mistakes_are_told_at_once(small):
    def change(data):
        data["cards"][0].pop("back")
        data["cards"][1]["kind"] = "facts"
        data["quiz"][0]["see"] = 7

    assert len(complaint(small, change).splitlines()) == 3


TEXTS = {
    "not YAML": ("cards:\n  - id: x\n    front: a: b\n", "line 3: this is not YAML", "in quotes or into a block"),
    "a tab": ("cards:\n\t- id: x\n", "line 2: this is not YAML", "indent with spaces"),
    "a key twice": ("cards: []\nquiz: []\ncards: []\n", "line 3: 'cards' stands twice, here and on line 1", "Keep one"),
    "empty": ("", "line 1", "keys cards and quiz"),
    "a list": ("- a\n", "line 1", "is not a mapping"),
}


@pytest.mark.parametrize("text", TEXTS)
def test_a_file_that_is_no_study_file_is_told(text, small):
    said = complaint(small, TEXTS[text][0])
    for words in TEXTS[text][1:]:
        assert words in said, said


def test_missing_binary_and_misnamed_files_are_told(small):
    with pytest.raises(StudyFileError, match="is missing"):
        Source(small / "nothing.yml", "study")
    (small / "assets/binary.yml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(StudyFileError, match="not UTF-8"):
        Source(small / "assets/binary.yml", "study")
    shutil.move(small / "assets/study/slopes.yml", small / "assets/study/slops.yml")
    with pytest.raises(
        StudyFileError, match=r"no chapter 'slops'.*Did you mean 'slopes'.*Name the file as its chapter"
    ):
        library(small).check()


SHEET_MISTAKES = {
    "no instead": (
        "cheatsheet",
        lambda e: e[1].pop("instead"),
        "'instead' is missing. A verdict of refined, corrected",
    ),
    "instead of nothing": ("cheatsheet", lambda e: e[0].update(instead="x"), "a definition needs no instead"),
    "unknown verdict": (
        "cheatsheet",
        lambda e: e[0].update(verdict="true"),
        "measured, refined, corrected, outdated or definition",
    ),
    "measured by nobody": (
        "cheatsheet",
        lambda e: e[0].update(id="slopes-other"),
        "no cell of the chapter has the tag 'claim:slopes-other'",
    ),
    "line twice": ("cheatsheet", lambda e: e.append(e[0]), "'slopes-of-lines' stands twice"),
    "a list for a line": (
        "cheatsheet",
        lambda e: e[0].update(says="1. First of all"),
        "Markdown reads ordered list. Leave out",
    ),
    "two paragraphs": ("formulas", lambda e: e[0].update(name="Line\n\nSlope"), "Markdown reads several paragraphs"),
    "no section": ("formulas", lambda e: e[0].update(see="nowhere"), "no section 'nowhere'"),
    "formula unchecked": ("formulas", lambda e: e[0].update(check="1 == 1"), "Python that asserts the formula"),
    "formula without symbols": ("formulas", lambda e: e[0].update(symbols={}), "Explain every symbol"),
    "term twice": ("glossary", lambda e: e[1].update(also=["Slope"]), "'slope' stands twice"),
    "term without meaning": ("glossary", lambda e: e[0].pop("means"), "'means' is missing"),
}


@pytest.mark.parametrize("mistake", SHEET_MISTAKES)
def test_a_mistake_in_a_sheet_is_told(mistake, small):
    kind, change, told = SHEET_MISTAKES[mistake]
    entries = copy.deepcopy(SHEETS[kind])
    change(entries)
    path = small / f"assets/{kind}.yml"
    path.write_text(yaml.safe_dump({"slopes": entries}, sort_keys=False), encoding="utf-8")
    with pytest.raises(StudyFileError) as error:
        read_sheet(path, kind, library(small).chapters, path.name)
    assert told in str(error.value) and re.match(rf"{kind}\.yml, line \d+", str(error.value)), error.value


# ---- glossary links ----


def linked(text, glossary, slug="slopes"):
    """The terms that are linked in a paragraph, in order, with the words that carry the link."""

    class Settings:
        env = type("Environment", (), {"docname": slug})

    document = nodes.document(Settings(), None)
    document += nodes.paragraph("", "", *[nodes.Text(part) for part in re.split(r"(\n)", text) if part])
    found = terms.link_first_uses(document, glossary, slug)
    links = [(node["reftarget"], node.astext()) for node in document.findall() if node.tagname == "pending_xref"]
    assert {target for target, _ in links} == found
    assert document.astext() == text, "the text itself must stay"
    return links


GLOSSARY = {
    "slopes": [{"term": "slope"}, {"term": "rate of change"}, {"term": "bias (of a line)"}, {"term": "Hebb's rule"}],
    "curves": [
        {"term": "curve", "also": ["bend"]},
        {"term": "bias (of a curve)"},
        {"term": "local", "local": True},
        {"term": "learning rate"},
        {"term": "rate"},
        {"term": "loss", "words": ["losses"]},
    ],
}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("A slope, and a slope again.", [("slope", "slope")]),
        ("Slopes are slopes.", [("slope", "Slopes")]),
        ("The rate of\nchange.", [("rate of change", "rate of\nchange")]),
        ("A rate of change and a rate.", [("rate of change", "rate of change"), ("rate", "rate")]),
        ("Two curves bend.", [("curve", "curves")]),
        ("The bias.", [("bias (of a line)", "bias")]),
        ("Sloped, downslope, slope-like, a local line.", []),
        ("Hebb’s rule.", [("Hebb's rule", "Hebb’s rule")]),
        ("A loss, and losses.", [("loss", "losses")]),
    ],
)
def test_the_first_use_of_a_term_is_linked(text, wanted):
    assert linked(text, GLOSSARY) == wanted


def test_what_may_mean_either_is_not_linked():
    assert linked("The bias is local.", GLOSSARY, "lines") == []
    assert linked("The bias is local.", GLOSSARY, "curves") == [("bias (of a curve)", "bias"), ("local", "local")]


# ---- the site ----


def _write_book(folder, **config):
    pages = {
        "index": f"# {TITLE}\n\nWords.\n",
        "reference/cards": "# Cards\n\n```{flashcard-box}\n```\n\n```{anki-deck}\n```\n",
        "reference/sheet": "# Sheet\n\n```{cheat-sheet}\n```\n",
        "reference/formulas": "# Formulas\n\n```{formula-list}\n```\n",
        "reference/terms": "# Terms\n\n```{glossary-terms}\n```\n",
    }
    parts = [
        {"caption": "Lines", "chapters": [{"file": "chapters/slopes"}]},
        {"caption": "Revise", "chapters": [{"file": name} for name in pages if name != "index"]},
    ]
    config = {
        "myst_heading_anchors": 3,
        "html_title": TITLE,
        "study_aids_flashcards_page": "reference/cards",
    } | config
    settings = {
        "execute": {"execute_notebooks": "cache"},
        "parse": {"myst_enable_extensions": ["colon_fence", "dollarmath"]},
    }
    book.write(folder, pages, {"parts": parts}, ["measured_book"], config, title=TITLE, **settings)


def test_a_small_book_has_all_study_aids(small):
    _write_book(small)
    result = book.build(small)
    assert result.returncode == 0, result.stdout[-3000:]
    site = small / "_build/html"
    page = book.parsed(site, "chapters/slopes")
    assert [h.get_text().rstrip("#") for h in page.select(".bd-article h2")] == [
        "A line rises",
        "Summary",
        "Flashcards",
        "Quiz",
    ]
    assert len(page.select(".flashcard")) == 12 and len(page.select(".flashcard img[alt^='A line that']")) == 3
    assert "12,345 steps" in page.select(".quiz-why")[-1].get_text()
    assert not page.select(".quiz script"), "text of an option is text"
    assert "<script>window.injected" in page.select_one(".quiz").get_text()
    assert [a.get_text() for a in page.select("a:has(.glossary-term)")] == ["slope", "rate of\nchange"]
    sheet = book.parsed(site, "reference/sheet")
    assert [tr["id"] for tr in sheet.select("tr.line")] == ["slopes-of-lines", "slopes-always"]
    assert sheet.select_one("#slopes-always .instead").get_text() == "Instead: Some fall. Euclid (1482)"
    assert sheet.select_one("#slopes-of-lines td.see a")["href"] == "../chapters/slopes.html#a-line-rises"
    formula = book.parsed(site, "reference/formulas").select_one("#slopes-formula")
    assert [dd.get_text() for dd in formula.select("dd")] == [
        "height",
        "place",
    ] and "assert 1 == 1" in formula.get_text()
    glossary = book.parsed(site, "reference/terms")
    assert [dt.get_text().rstrip("#") for dt in glossary.select("dt")] == [
        "rate of change",
        "slope",
        "gradient (of a line)",
    ]
    box = book.parsed(site, "reference/cards")
    assert box.select_one(".deck-chapters a")["href"] == "../chapters/slopes.html#flashcards"
    assert (site / "reference" / box.select_one(".anki-deck")["href"]).resolve().is_file()
    script = (site / "_static/study/slopes.js").read_text(encoding="utf-8")
    assert script.startswith('studyAids.receive("slopes", {') and script.count('<article class=\\"flashcard\\"') == 12
    assert 'src=\\"../_images/' in script and 'href=\\"../chapters/slopes.html#a-line-rises\\"' in script

    # a change of a card reaches its page, the script and the deck in the next build
    path = small / "assets/study/slopes.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("Number 0?", "Number nought?"), encoding="utf-8")
    assert book.build(small).returncode == 0
    assert "Number nought?" in page_text(site, "chapters/slopes") + "" and "Number nought?" in (
        site / "_static/study/slopes.js"
    ).read_text(encoding="utf-8")


def page_text(site, name):
    return book.parsed(site, name).get_text()


def test_mistakes_stop_the_build_before_anything_is_executed(small):
    _write_book(small)
    path = small / "assets/study/slopes.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("kind: fact\n", "kind: facts\n", 1), encoding="utf-8")
    sheet = small / "assets/cheatsheet.yml"
    sheet.write_text(sheet.read_text(encoding="utf-8").replace("measured", "proven"), encoding="utf-8")
    result = book.build(small)
    assert result.returncode != 0
    assert re.search(r"assets/study/slopes\.yml, line \d+ \(slopes-card-0\): 'facts' does not fit", result.stdout)
    assert re.search(r"assets/cheatsheet\.yml, line \d+ \(slopes-of-lines\): 'proven' does not fit", result.stdout)
    assert "executing" not in result.stdout.lower()


def test_a_card_whose_cell_draws_nothing_stops_the_build(small):
    notebook = chapter_notebook()
    notebook.cells[2].source = "1 + 1"
    nbformat.write(notebook, small / "chapters/slopes.ipynb")
    _write_book(small)
    result = book.build(small)
    assert result.returncode != 0
    assert re.search(
        r"assets/study/slopes\.yml, line \d+ \(slopes-card-3\): the cell of its figure draws none", result.stdout
    )


def test_the_box_on_another_page_stops_the_build(small):
    _write_book(small, study_aids_flashcards_page="")
    result = book.build(small)
    assert result.returncode != 0
    assert "Write study_aids_flashcards_page: reference/cards" in result.stdout


def test_addresses_of_cards_hold_on_the_other_page():
    card = (
        '<article class="flashcard" data-card="a"><a class="x" href="#there">1</a>'
        '<a class="x" href="other.html#b">2</a>'
        '<img alt="A" src="../_images/a.webp"><a href="https://example.org/">3</a></article>'
    )
    html = cards.moved(lxml.html.fragment_fromstring(card), "chapters/slopes.html", "reference/more/cards.html")
    assert 'href="../../chapters/slopes.html#there"' in html and 'href="../../chapters/other.html#b"' in html
    assert 'src="../../_images/a.webp"' in html and 'href="https://example.org/"' in html


# ---- Anki ----


def import_deck(collection, path):
    """Import a deck as a learner does by opening it; returns how many notes are new, updated and unchanged."""
    options = ImportAnkiPackageOptions(with_scheduling=False)
    log = collection.import_anki_package(ImportAnkiPackageRequest(package_path=str(path), options=options)).log
    return len(log.new), len(log.updated), len(log.duplicate)


@pytest.fixture
def collection(tmp_path):
    """An empty collection of Anki's."""
    (tmp_path / "anki").mkdir()
    opened = Collection(str(tmp_path / "anki/collection.anki2"))
    yield opened
    opened.close()


def test_a_new_edition_updates_a_learners_deck(small, collection, tmp_path):
    picture = tmp_path / "abc.webp"
    picture.write_bytes(b"RIFF")
    figures = {"slopes-card-3": (picture, 'A "line"')}
    first = library(small)
    anki.write_deck(tmp_path / "first.apkg", TITLE, first, figures, timestamp=1_700_000_000)
    assert import_deck(collection, tmp_path / "first.apkg") == (12, 0, 0)
    assert import_deck(collection, tmp_path / "first.apkg") == (0, 0, 12), "a second import doubles nothing"
    assert {d.name for d in collection.decks.all_names_and_ids()} >= {f"{TITLE}::Slopes"}

    # the learner answers a card; then a new edition changes that card and brings another one
    card = collection.get_card(collection.find_cards('"Number 1?"')[0])
    collection.decks.select(card.did)
    card.start_timer()
    collection.sched.answerCard(card, 4)
    due = collection.get_card(card.id).due
    data = study()
    data["cards"][1]["front"] = "Number one?"
    data["cards"].append(data["cards"][0] | {"id": "slopes-card-new", "front": "Number new?"})
    (small / "assets/study/slopes.yml").write_text(yaml.safe_dump(data), encoding="utf-8")
    anki.write_deck(tmp_path / "second.apkg", TITLE, library(small), figures, timestamp=1_800_000_000)
    new, updated, _ = import_deck(collection, tmp_path / "second.apkg")
    assert new == 1 and updated >= 1
    assert collection.note_count() == 13 and not collection.find_cards('"Number 1?"')
    kept = collection.get_card(collection.find_cards('"Number one?"')[0])
    assert kept.id == card.id and kept.due == due and kept.reps == 1, "the learner's schedule is lost"
    plot = collection.get_note(collection.find_notes("tag:plot")[0])
    assert any(
        '<img src="abc.webp" alt="A &quot;line&quot;">' in collection.get_note(n).fields[0]
        for n in collection.find_notes("tag:plot")
    )
    assert Path(collection.media.dir(), "abc.webp").read_bytes() == b"RIFF"
    assert plot.fields[3] == "Slopes: A line rises"


def test_formulas_and_code_are_written_as_anki_reads_them():
    assert anki.to_html("Is $a < b$?") == r'<p>Is <span class="math inline">\(a &lt; b\)</span>?</p>'
    assert r"\[" in anki.to_html("$$\nx^2\n$$") and "x^2" in anki.to_html("$$\nx^2\n$$")
    assert anki.to_html("`<b>` <i>") == "<p><code>&lt;b&gt;</code> &lt;i&gt;</p>"


def test_the_books_deck_holds_all_cards_and_figures(site, collection):
    count = sum(
        len(yaml.safe_load(path.read_text(encoding="utf-8"))["cards"])
        for path in (book.ROOT / "assets/study").glob("*.yml")
    )
    assert import_deck(collection, site / "_static/study/deep-learning-measured.apkg") == (count, 0, 0)
    assert not collection.media.check().missing
    for note in map(collection.get_note, collection.find_notes("tag:plot")):
        name, alternative = re.search(r'<img src="([^"]+)" alt="([^"]+)">', note.fields[0]).groups()
        assert Path(collection.media.dir(), name).stat().st_size > 1000 and len(alternative) > 40
    for note in map(collection.get_note, collection.find_notes("")):
        assert "$" not in "".join(note.fields), "a formula was not recognized"


def test_ids_of_decks_depend_on_names_alone():
    assert anki.stable_number("a", "b") == anki.stable_number("a", "b") != anki.stable_number("a", "c")
    assert 0 < anki.stable_number("x") < 2**31
