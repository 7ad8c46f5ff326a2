"""The cards of a chapter as a small script, which the page with all cards loads when it needs them.

A script and no JSON: a page opened from disk may load the one and not the other.
"""

import copy
import json
import posixpath
from pathlib import Path
from urllib.parse import urlsplit

import lxml.html
from sphinx.errors import ExtensionError

from .pages import CARD_FOLDER


def take(page) -> int:
    """Write the script with the cards of a finished page, and note their figures for Anki; returns how many cards.

    The last step of the finishing pass. Raises ExtensionError if the page does not show the cards of its study file.
    """
    box = page.app.config.study_aids_flashcards_page
    articles = page.tree.xpath("//article[@data-card]")
    if not box or not articles:
        return 0
    library, builder = page.app.study_library, page.app.builder
    slug = articles[0].getparent().get("data-deck")
    source = library.studies[slug]
    if [article.get("data-card") for article in articles] != [card["id"] for card in source.data["cards"]]:
        raise ExtensionError(f"{page.name} does not show the cards of {source.shown}: delete the site and build again")
    page.record["cards"] = {article.get("data-card"): _figure(article, page.name) for article in articles}
    there = builder.get_target_uri(box)
    cards = {article.get("data-card"): moved(article, page.name, there) for article in articles}
    path = Path(page.app.outdir, CARD_FOLDER, f"{slug}.js")
    write_script(path, "receive", slug, {"cards": cards, "glyphs": glyphs(page, articles)})
    return len(articles)


def glyphs(page, elements) -> str:
    """The outlines that formulas in some elements of the page draw, as HTML."""
    used = {use.get("href", "").removeprefix("#") for element in elements for use in element.iter("use")}
    paths = page.tree.xpath("//svg[@class='glyphs']//path")
    return "".join(_html(path) for path in paths if path.get("id") in used)


def _html(element) -> str:
    return lxml.html.tostring(element, encoding="unicode", with_tail=False)


def _figure(article, name: str) -> dict | None:
    """The picture on a card: its path in the site, and what it shows in words."""
    picture = next(article.iter("img"), None)
    if picture is None:
        return None
    path = posixpath.normpath(posixpath.join(posixpath.dirname(name), picture.get("src")))
    return {"path": path, "alt": picture.get("alt", "")}


def moved(article, here: str, there: str) -> str:
    """The HTML of a card on the page `here`, with addresses that hold on the page `there`."""
    moved = copy.deepcopy(article)
    for element in moved.iter("a", "img"):
        name = "href" if element.tag == "a" else "src"
        parts = urlsplit(element.get(name) or "")
        if parts.scheme or parts.netloc or element.get(name) is None:
            continue
        path = posixpath.normpath(posixpath.join(posixpath.dirname(here), parts.path)) if parts.path else here
        path = posixpath.relpath(path, posixpath.dirname(there) or ".")
        element.set(name, parts._replace(path=path).geturl())
    return _html(moved)


def write_script(path: Path, receiver: str, slug: str, content: dict) -> None:
    """Write the script that hands `content`, what the chapter `slug` has, to a `receiver` on the page."""
    text = json.dumps(content, ensure_ascii=False).replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"studyAids.{receiver}({json.dumps(slug)}, {text});\n", encoding="utf-8")


def drop_old_scripts(folder: Path, slugs) -> None:
    """Delete the scripts of chapters that have no cards any more."""
    for path in folder.glob("*.js"):
        if path.stem not in slugs:
            path.unlink()
