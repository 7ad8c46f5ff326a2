"""All cards as a deck for Anki, with the figures in it and formulas as Anki's own MathJax reads them."""

import hashlib
import html
import os
import shutil
import tempfile
import time
from pathlib import Path

import genanki
from docutils import nodes
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

from .pages import CARD_FOLDER, book_name

STYLE = """
.card { max-width: 34em; margin: 0 auto; padding: 0.5em; font: 1.15em/1.5 Georgia, "Source Serif Pro", serif; }
.kind, .source { color: #55616d; font: 0.8em/1.4 system-ui, sans-serif; }
img { max-width: 100%; height: auto; background: none; }
code { font-size: 0.85em; }
.nightMode .kind, .nightMode .source { color: #a3adb8; }
.nightMode img { filter: invert(0.92) hue-rotate(180deg); }
"""
QUESTION = '<p class="kind">{{Kind}}</p>{{Question}}'
ANSWER = '{{FrontSide}}<hr id="answer">{{Answer}}<p class="source">{{Source}}</p>'


def stable_number(*words):
    """A number of 31 bits that depends on the words alone: Anki knows decks and note types by such numbers."""
    digest = hashlib.sha256("\0".join(words).encode()).digest()
    return 1 + int.from_bytes(digest[:4], "big") % (2**31 - 1)


def file_name(config):
    """The name of the deck's file."""
    return f"{nodes.make_id(book_name(config))}.apkg"


def _math(tex, options):
    left, right = (r"\[", r"\]") if options["display_mode"] else (r"\(", r"\)")
    return f"{left}{html.escape(tex.strip(), quote=False)}{right}"


def _renderer():
    markdown = MarkdownIt("commonmark", {"html": False, "typographer": True})
    markdown.enable(["table", "smartquotes", "replacements"])
    # without its own wrapper the formula stands alone between Anki's delimiters
    markdown.use(dollarmath_plugin, renderer=_math)
    return markdown


def to_html(markdown):
    """The HTML of a field: Markdown with formulas between the delimiters of Anki's MathJax."""
    return _renderer().render(str(markdown)).strip()


def note_type(project):
    """The note type of the book's cards."""
    return genanki.Model(
        stable_number(project, "note type"),
        f"{project}: card",
        fields=[{"name": name} for name in ("Question", "Answer", "Kind", "Source")],
        templates=[{"name": "Card", "qfmt": QUESTION, "afmt": ANSWER}],
        css=STYLE,
    )


def write_deck(path, project, library, figures, timestamp=None):
    """Write the cards of all chapters to the file `path`, a deck for each chapter below one for the book.

    `figures` gives the picture's file and its text alternative for the id of each card that has one. A note is known
    by its card's id, so that a new edition changes a learner's notes and keeps their progress; `timestamp` (seconds
    since 1970, by default SOURCE_DATE_EPOCH or now) tells Anki which edition is the newer one.
    """
    kind, media, decks = note_type(project), set(), []
    for slug, source in library.studies.items():
        title = library.chapters[slug].title
        deck = genanki.Deck(stable_number(project, "deck", slug), f"{project}::{title}")
        for card in source.data["cards"]:
            front = to_html(card["front"])
            if picture := figures.get(card["id"]):
                path_of_picture, alternative = picture
                front += f'<p><img src="{html.escape(path_of_picture.name)}" alt="{html.escape(alternative)}"></p>'
                media.add(str(path_of_picture))
            other, _, anchor = card["see"].rpartition("#")
            heading = library.chapters[other or slug].sections[anchor]
            shown = f"{title}: {heading}".replace("`", "")
            deck.add_note(
                genanki.Note(
                    kind,
                    [front, to_html(card["back"]), card["kind"].capitalize(), html.escape(shown)],
                    guid=genanki.guid_for(project, card["id"]),
                    tags=[slug, card["kind"]],
                )
            )
        decks.append(deck)
    now = float(timestamp or os.environ.get("SOURCE_DATE_EPOCH") or time.time())
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder, path.name)
        genanki.Package(decks, sorted(media)).write_to_file(str(written), timestamp=now)
        shutil.move(written, path)  # a build that is cut off leaves no half a deck


def write_for_site(app, library) -> None:
    """Write the deck beside the built pages, with the figures that these show."""
    figures = {
        card: (Path(app.outdir, figure["path"]), figure["alt"])
        for record in app.finished_pages.values()
        for card, figure in record.get("cards", {}).items()
        if figure
    }
    write_deck(Path(app.outdir, CARD_FOLDER, file_name(app.config)), book_name(app.config), library, figures)
