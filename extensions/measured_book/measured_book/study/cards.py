"""The cards of a chapter as a small script, which the page with all cards loads when it needs them.

A script and no JSON: a page opened from disk may load the one and not the other.
"""

import json
import posixpath
import re
from pathlib import Path

from .pages import CARD_FOLDER

CARD = re.compile(r'<article class="flashcard" data-card="([^"]+)".*?</article>', re.S)
ADDRESS = re.compile(r'(<(?:a|img)\b[^>]*? (?:href|src)=")([^"]*)"')
GLYPHS = re.compile(r'<path id="(g[^"]+)" d="[^"]*"></path>')
USED = re.compile(r'<use href="#([^"]+)">')


def cards_on(page, here, there):
    """The cards in the HTML of a page, as (id, HTML) pairs, and the outlines of the glyphs that they use.

    `here` is the page's path in the site; addresses are made to hold on the page `there`.
    """
    folder, target = posixpath.dirname(here), posixpath.dirname(there) or "."

    def moved(match):
        start, address = match.groups()
        if re.match(r"[a-z][a-z0-9+.-]*:|//", address):
            return match.group()
        path, hash_sign, anchor = address.partition("#")
        whole = posixpath.normpath(posixpath.join(folder, path)) if path else here
        return f'{start}{posixpath.relpath(whole, target)}{hash_sign}{anchor}"'

    cards = [(match[1], ADDRESS.sub(moved, match.group())) for match in CARD.finditer(page)]
    used = {name for _, html in cards for name in USED.findall(html)}
    glyphs = {match[1]: match.group() for match in GLYPHS.finditer(page) if match[1] in used}
    return cards, glyphs


def write_script(path, slug, cards, glyphs):
    """Write the script that hands the cards of the chapter `slug` to the page."""
    content = json.dumps({"cards": dict(cards), "glyphs": "".join(glyphs.values())}, ensure_ascii=False)
    content = content.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"studyAids.receive({json.dumps(slug)}, {content});\n", encoding="utf-8")


def write_all(app, library, box):
    """Write a script for each chapter with cards, for the page `box`, from the chapters' pages as they were built."""
    folder = Path(app.outdir, CARD_FOLDER)
    there = app.builder.get_target_uri(box)
    for slug, source in library.studies.items():
        here = app.builder.get_target_uri(library.docnames[slug])
        page = Path(app.outdir, here).read_text(encoding="utf-8")
        cards, glyphs = cards_on(page, here, there)
        wanted = [card["id"] for card in source.data["cards"]]
        if [name for name, _ in cards] != wanted:
            raise ValueError(f"{here} does not show the cards of {source.shown}; delete {app.outdir} and build again")
        write_script(folder / f"{slug}.js", slug, cards, glyphs)
    for path in folder.glob("*.js"):
        if path.stem not in library.studies:
            path.unlink()
