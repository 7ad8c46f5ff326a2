"""Link the first use of each term in a chapter to the glossary."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from docutils import nodes
from sphinx import addnodes
from static_interact.render import static_interact

from .elements import html_element

Entry = dict[str, Any]  # of the glossary

# a term is not linked in headings, code, mathematics, other links, sliders, and in the study aids
CLOSED = (nodes.title, nodes.literal, nodes.literal_block, nodes.math, nodes.math_block, nodes.reference,
          addnodes.pending_xref, html_element, static_interact, nodes.image, nodes.comment, nodes.raw)  # fmt: skip


def words_of(entry: Entry) -> list[str]:
    """The words that stand for a term of the glossary: as it says, or its names without what is in brackets."""
    names = [entry["term"], *entry.get("also", [])]
    return entry.get("words") or [re.sub(r" \(.*?\)$", "", name) for name in names]


def choose(glossary: Mapping[str, list[Entry]], slug: str) -> dict[str, str]:
    """For the chapter `slug`, the term that each word stands for.

    `glossary` maps slugs to their entries. Where several entries share a word, the chapter's own one has it; without
    one of its own nobody has, since the chapter may mean either. A term with ``local: true`` is linked in its own
    chapter alone.
    """
    meant: dict[str, list[tuple[str, str]]] = {}
    for home, entries in glossary.items():
        for entry in entries:
            if home != slug and entry.get("local"):
                continue
            for word in words_of(entry):
                meant.setdefault(word, []).append((home, entry["term"]))
    chosen = {}
    for word, candidates in meant.items():
        own = [term for home, term in candidates if home == slug]
        if own or len(candidates) == 1:
            chosen[word] = own[0] if own else candidates[0][1]
    return chosen


def pattern(words: Iterable[str]) -> re.Pattern[str]:
    """A regular expression that finds the words, the longest first, also in the plural and at a sentence's start."""

    def flexible(word: str) -> str:
        text = re.escape(word).replace("'", "['’]").replace(r"\ ", r"\s+")
        return f"[{word[0].upper()}{word[0].lower()}]{text[1:]}" if word[0].isalpha() else text

    longest_first = sorted(words, key=len, reverse=True)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(flexible, longest_first))})(?:e?s)?(?![\w-])")


def link_first_uses(document: nodes.document, glossary: Mapping[str, list[Entry]], slug: str) -> set[str]:
    """Put a link around the first use of each term in the prose of a chapter; returns the terms that were found."""
    chosen = choose(glossary, slug)
    if not chosen:
        return set()
    finder, linked = pattern(chosen), set[str]()
    _join_lines(document)
    for text in list(document.findall(nodes.Text)):
        if _closed(text):
            continue
        parts, end = [], 0
        for match in finder.finditer(text):
            term = _term(match.group(), chosen)
            if term in linked:
                continue
            linked.add(term)
            parts += [nodes.Text(text[end : match.start()]), _link(match.group(), term, document)]
            end = match.end()
        if parts:
            parts.append(nodes.Text(text[end:]))
            text.parent.replace(text, [part for part in parts if part.astext()])
    return linked


def _join_lines(document: nodes.document) -> None:
    """Make one text of the lines of a paragraph, which the Markdown parser leaves apart: a term may run over two."""
    for element in list(document.findall(nodes.TextElement)):
        if isinstance(element, CLOSED):
            continue
        joined: list[nodes.Node] = []
        for child in element.children:
            if joined and isinstance(child, nodes.Text) and isinstance(joined[-1], nodes.Text):
                joined[-1] = nodes.Text(joined[-1] + child)
            else:
                joined.append(child)
        if len(joined) < len(element.children):
            element.children = []
            element += joined


def _closed(node: nodes.Node) -> bool:
    while node.parent is not None:
        node = node.parent
        if isinstance(node, CLOSED) or _names_works(node):
            return True
    return False


def _names_works(node: nodes.Node) -> bool:
    """Whether a node is the title of a book or a journal in italics, or the list of references."""
    if isinstance(node, nodes.emphasis):
        return node.astext()[:1].isupper()
    return isinstance(node, nodes.section) and "references" in node["names"]


def _term(found: str, chosen: Mapping[str, str]) -> str:
    plain = " ".join(found.replace("’", "'").split())
    for form in (plain, plain[0].lower() + plain[1:], plain[0].upper() + plain[1:]):
        for ending in ("", "s", "es"):
            if form.endswith(ending) and (word := form.removesuffix(ending)) in chosen:
                return chosen[word]
    raise AssertionError(f"{found!r} was found and is no term")


def _link(text: str, term: str, document: nodes.document) -> addnodes.pending_xref:
    inner = nodes.inline(text, text, classes=["glossary-term"])
    where = {"refdomain": "std", "reftype": "term", "reftarget": term, "refdoc": document.settings.env.docname}
    return addnodes.pending_xref(text, inner, refexplicit=True, refwarn=True, **where)
