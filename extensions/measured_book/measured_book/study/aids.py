"""Flashcards, quizzes, a cheat sheet with receipts, formulas and a glossary for a book (see the README)."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from static_interact.render import FRAME_FOLDER, static_interact

from . import anki, cards, elements, pages, terms
from .library import Library

if TYPE_CHECKING:
    from ..application import BookApplication

SECTIONS = "## Flashcards\n\n```{flashcards}\n```\n\n## Quiz\n\n```{quiz}\n```\n"
PRACTICE = "\n## Practice with new numbers\n\n```{practice}\n```\n"


def open_library(app: "BookApplication") -> None:
    """Read every study file before any page is built: a mistake in one is told at once."""
    contents = []
    folder = app.config.study_aids_chapters
    for tree in app.config.external_site_map.root.subtrees:
        names = [str(name) for name in tree.items]
        contents.append((tree.caption or "", [name for name in names if name.rpartition("/")[0] == folder]))
    app.study_library = Library(app.srcdir, app.config.study_aids_folder, contents)
    app.study_library.check()


def append_sections(app: "BookApplication", docname: str, content: list[str]) -> None:
    """Put flashcards, quiz and practice below a chapter that has a study file, as one more cell of its notebook."""
    slug = docname.rpartition("/")[2]
    if app.study_library.docnames.get(slug) != docname or slug not in app.study_library.studies:
        return
    notebook = json.loads(content[0])
    source = SECTIONS + (PRACTICE if "practice" in app.study_library.studies[slug].data else "")
    cell = {"cell_type": "markdown", "id": "study-aids", "metadata": {}, "source": source}
    notebook["cells"].append(cell)
    content[0] = json.dumps(notebook, ensure_ascii=False)


def complete(app: "BookApplication", document: nodes.document) -> None:
    """Put figures onto the cards, and link a chapter's terms to the glossary."""
    _place_figures(document, app.env)
    library = app.study_library
    docname = app.env.docname
    slug = docname.rpartition("/")[2]
    is_chapter = library.docnames.get(slug) == docname
    _mark_end(document, app, slug if is_chapter else None)
    if library.docnames.get(slug) == docname and (library.root / library.assets / "glossary.yml").exists():
        app.env.note_dependency(str(library.glossary.path))
        terms.link_first_uses(document, library.glossary.data or {}, slug)


def _mark_end(document: nodes.document, app: "BookApplication", slug: str | None) -> None:
    """Where the script sees that a chapter was read to its end; on every page it marks in the contents which were."""
    if not app.config.study_aids_practice_page:
        return
    mark = elements.element(
        "div", data_read=app.config.study_aids_chapters, data_slug=slug, data_store=pages.store_name(app.config)
    )
    aids = next((s for s in document.findall(nodes.section) if "flashcards" in s["ids"]), None) if slug else None
    if aids is not None:
        aids.parent.insert(aids.parent.index(aids), mark)
    else:
        (next(document.findall(nodes.section), None) or document).append(mark)


def _place_figures(document: nodes.document, environment: BuildEnvironment) -> None:
    for place in list(document.findall(pages.card_figure)):
        cell = next((c for c in document.findall(nodes.container) if c.get("cell_index") == place["cell"]), None)
        figure = _figure_in(cell, environment) if cell is not None else None
        if figure is None:
            raise ExtensionError(
                f"{place['where']}: the cell of its figure draws none when it runs. Name another cell."
            )
        place.replace_self(figure)


def _figure_in(cell: nodes.container, environment: BuildEnvironment) -> nodes.Node | None:
    """A copy of the first picture that a cell shows, or of a slider's default frame; None if it shows none."""
    slider = next(cell.findall(static_interact), None)
    # a slider holds its default frame as a picture, too, for paper
    in_slider = set(map(id, slider.findall(nodes.image))) if slider is not None else set()
    image = next((image for image in cell.findall(nodes.image) if id(image) not in in_slider), None)
    if image is not None:
        copy = image.deepcopy()
        copy["ids"], copy["names"] = [], []
        return copy
    if slider is None:
        return None
    frame = slider["frames"][slider["index"][slider["default"]]]
    picture = next((part for part in frame if "image" in part), None)
    if picture is None:
        return None
    where = environment.app.builder.get_relative_uri(environment.docname, environment.config.root_doc)
    folder = where.rpartition("/")[0]
    address = f"{folder}/{FRAME_FOLDER}/{picture['image']}".lstrip("/")
    return elements.element(
        "img", src=address, alt=slider["alternative"], width=picture["width"], height=picture["height"],
        loading="lazy", decoding="async",
    )  # fmt: skip


def add_assets(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    if doctree is not None and next(doctree.findall(elements.html_element), None) is not None:
        app.add_css_file("study_aids.css")
        app.add_js_file("study_aids.js", loading_method="defer")
        app.add_js_file("practice.js", loading_method="defer")


def write_deck(app: "BookApplication", exception: Exception | None) -> None:
    """Write the deck for Anki from the finished pages, whose cards have a script each already."""
    if exception or app.builder.format != "html":
        return
    studies = app.study_library.studies
    asked = app.config.study_aids_practice_page
    wanted = [slug for slug, study in studies.items() if asked or "practice" in study.data]
    cards.drop_old_scripts(Path(app.outdir, pages.QUESTION_FOLDER), wanted)
    if not app.config.study_aids_flashcards_page:
        return
    cards.drop_old_scripts(Path(app.outdir, pages.CARD_FOLDER), studies)
    anki.write_for_site(app, app.study_library)


def register(app: Sphinx) -> None:
    """Declare settings and nodes; the README explains the configuration values."""
    app.add_config_value("study_aids_folder", "assets", "env", str)
    app.add_config_value("study_aids_chapters", "chapters", "env", str)
    app.add_config_value("study_aids_flashcards_page", "", "env", str)
    app.add_config_value("study_aids_practice_page", "", "env", str)
    passing = (elements.pass_through, elements.pass_through)
    app.add_node(
        elements.html_element,
        html=(elements.visit, elements.depart),
        latex=passing,
        text=passing,
        man=passing,
        texinfo=passing,
    )
    for name, directive in {
        "flashcards": pages.Flashcards,
        "quiz": pages.Quiz,
        "practice": pages.Practice,
        "drill": pages.Drill,
        "mock-exam": pages.MockExam,
        "standing": pages.Standing,
        "flashcard-box": pages.FlashcardBox,
        "anki-deck": pages.AnkiDeck,
        "cheat-sheet": pages.CheatSheet,
        "formula-list": pages.FormulaList,
        "glossary-terms": pages.GlossaryTerms,
    }.items():
        app.add_directive(name, directive)
