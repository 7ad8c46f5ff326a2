"""The pages of a book as one document that a browser prints: text, contents with page numbers, running heads."""

import html
import json
from pathlib import Path

import lxml.html
from bs4 import BeautifulSoup

from . import site as sites

STYLE = Path(__file__).with_name("paper.css")
UNKNOWN = "000"  # as wide as a page number, which is known when the document has been laid out


def compose(site, entries):
    """The HTML of a document with the `entries` of a `Site`.

    More than one entry is a book: the first one is its front page and is followed by the contents, whose page numbers
    are filled in when it is printed.
    """
    inside = {entry.name for entry in entries}
    articles = []
    for entry in entries:
        article = site.copied(entry.name)
        sites.join(article, entry.name, inside, site.address)
        articles.append(article)
    whole = len(entries) > 1
    if whole:
        _make_front_page(articles[0])
    (articles[0].select_one(".front") or articles[0]).append(_colophon(site, whole))
    parts = [str(article) for article in articles]
    if whole:
        parts.insert(1, _contents(entries[1:], articles[1:]))
    return PAGE.format(
        language=site.language,
        title=html.escape(title(site, entries)),
        links="\n".join(f'<link rel="stylesheet" href="{path}">' for path in site.style_sheets),
        style=STYLE.read_text(encoding="utf-8") + _running_heads(site, entries),
        content="\n".join(parts),
    )


PAGE = """<!DOCTYPE html>
<html lang="{language}" data-theme="light">
<head><meta charset="utf-8"><title>{title}</title>
{links}
<style>{style}</style></head>
<body><main class="bd-main"><div class="bd-content"><div class="bd-article-container">
{content}
</div></div></main></body></html>
"""


def _make_front_page(article):
    """Put what stands before the first section of an article on a page of its own."""
    section = article.section
    front = section.h1.wrap(BeautifulSoup('<div class="front"></div>', "lxml").div)
    for element in front.find_next_siblings():
        if element.name == "section":
            break
        front.append(element)


def title(site, entries):
    """What a document with these entries is called."""
    return site.title if len(entries) > 1 else f"{entries[0].title} – {site.title}"


def _contents(entries, articles):
    rows, part = [], None
    for entry, article in zip(entries, articles, strict=True):
        if entry.part != part:
            part = entry.part
            rows.append(f'<p class="contents-part">{html.escape(part)}</p>')
        rows.append(_row("contents-page", entry.title, article["id"]))
        rows += [_row("contents-section", words, identifier) for identifier, words in sites.sections(article)]
    return f'<nav class="book-contents" aria-label="Contents"><h2>Contents</h2>{"".join(rows)}</nav>'


def _row(name, words, target):
    return (
        f'<p class="{name}"><a href="#{target}"><span>{html.escape(words)}</span>'
        f'<span class="contents-number" data-of="{target}">{UNKNOWN}</span></a></p>'
    )


def headings(document):
    """The texts of all headings of the composed document, in order."""
    tree = lxml.html.document_fromstring(document)
    return [" ".join(heading.text_content().split()) for heading in tree.iter(*(f"h{level}" for level in range(1, 7)))]


def _colophon(site, whole):
    what = "" if whole else f"From <em>{html.escape(site.title)}</em>. "
    where = f' <a href="{site.address}">{site.address}</a>' if site.address else ""
    words = f"<p>{what}{html.escape(site.author)}. {html.escape(site.rights)}{where}</p>"
    return BeautifulSoup(f'<footer class="colophon">{words}</footer>', "lxml").footer


def _running_heads(site, entries):
    rules = [":where(.front) { page: front; }"]
    for entry in entries:
        name = sites.anchor(entry.name)
        # :where weighs nothing, so that a page's own style may choose other paper, as the cheat sheet does
        rules.append(f":where(#{name}) {{ page: {name}; }}")
        if len(entries) > 1 and entry is entries[0]:
            continue  # the book's title is at its head anyway
        rules.append(
            f"@page {name} {{ @top-left {{ content: {json.dumps(site.title)} }} "
            f"@top-right {{ content: {json.dumps(entry.title)} }} }}"
        )
    return "\n".join(rules)
