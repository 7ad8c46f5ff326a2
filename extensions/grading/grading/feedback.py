"""What students get back: a page without hidden tests and without strangers' scripts, its formulas typeset."""

import html
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

from jinja2 import pass_context
from jinja2.runtime import Context
from latex2mathml.converter import convert_to_element
from nbconvert.exporters import HTMLExporter
from nbconvert.exporters.exporter import ResourcesDict
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode
from nbgrader.preprocessors import GetGrades, NbGraderPreprocessor

from . import handout, notebooks, sanitize

HEADING = re.compile(r"^#{1,3} (.+)$", re.M)
UNKNOWN_COMMAND = re.compile(r"\\[A-Za-z]")
LONGEST_FORMULA = 5000  # characters; a longer one is shown as it was written


class PageRenderer(IPythonRenderer):
    """Renders Markdown for a page without neighbors: formulas as MathML, relative links as text.

    A picture that is not there becomes its description and stops nothing.
    """

    def image(self, text: str, url: str, title: str | None = None) -> str:
        """Render a picture."""
        try:
            return super().image(text, url, title)
        except Exception:  # a missing attachment, or one that is none
            return html.escape(text)

    def inline_math(self, body: str) -> str:
        """Render a formula within a line."""
        return mathml(body, "inline")

    def block_math(self, body: str) -> str:
        """Render a formula on a line of its own."""
        return mathml(body, "block")

    def latex_environment(self, name: str, body: str) -> str:
        """Render a formula given as an environment, such as align."""
        return mathml(f"\\begin{{{name}}}{body}\\end{{{name}}}", "block")

    def link(self, text: str, url: str, title: str | None = None) -> str:
        """Render a link; a relative one as its text."""
        try:
            elsewhere = bool(urlsplit(url).scheme)
        except ValueError:
            elsewhere = False
        return super().link(text, url, title) if elsewhere or url.startswith("#") else text


def mathml(tex: str, display: str) -> str:
    """A formula as MathML, which browsers show without a script; `display` is "inline" or "block".

    One that cannot be read, or not wholly, is returned as its source, escaped. Each is converted by itself: what one
    defines, no other sees.
    """
    try:
        if len(tex) > LONGEST_FORMULA:
            raise ValueError("too long")
        tree = convert_to_element(tex, display=display)
        for element in tree.iter():
            # the converter writes characters as entities and its own output unescaped; ElementTree escapes properly
            element.text = html.unescape(element.text or "")
            if element.text == r"\arg":  # the one of LaTeX's operators that the converter does not know
                element.text = "arg"
            if UNKNOWN_COMMAND.match(element.text):
                raise ValueError(f"unknown command {element.text}")
        return ElementTree.tostring(tree, encoding="unicode")
    except Exception:  # whatever a stranger's formula breaks there, the page is written
        dollars = "$$" if display == "block" else "$"
        return html.escape(f"{dollars}{tex}{dollars}")


def _attachments(context: Context | Mapping[str, Any]) -> dict[str, Any]:
    return context.get("cell", {}).get("attachments", {})


def _render(renderer: PageRenderer, source: str) -> str:
    """Markdown as HTML that is not yet sanitized; a very long text as it was written, since parsers have bad cases."""
    if sanitize.is_too_long(source):
        return f"<pre>{html.escape(sanitize.shortened(source))}</pre>"
    return MarkdownWithMath(renderer=renderer).render(source)


@pass_context
def markdown_for_graders(context: Context, source: str) -> str:
    """nbconvert's filter markdown2html for nbgrader's formgrader: sanitized HTML with MathML."""
    renderer = PageRenderer(escape=False, exclude_anchor_links=True, attachments=_attachments(context))
    return sanitize.for_graders(_render(renderer, source))


@pass_context
def markdown_for_students(context: Context, source: str) -> str:
    """nbconvert's filter markdown2html for the returned page: sanitized HTML with MathML."""
    renderer = PageRenderer(escape=False, attachments=_attachments(context))
    return sanitize.for_students(_render(renderer, source))


def unchanged(text: str) -> str:
    """nbconvert's filter strip_files_prefix, which serves a form of 2013 and takes minutes for a text full of "["."""
    return text


class Page(HTMLExporter):
    """nbconvert's HTML exporter, under a name of its own so that it can have a template and filters of its own."""


class Grades(GetGrades):
    """nbgrader's step that fetches points and comments, and whether a person still has to look."""

    def _get_score(self, cell: NotebookNode, resources: ResourcesDict) -> None:
        super()._get_score(cell, resources)
        names = resources["nbgrader"]
        grade = self.gradebook.find_grade(
            cell.metadata.nbgrader.grade_id, names["notebook"], names["assignment"], names["student"]
        )
        cell.metadata.nbgrader["waiting"] = grade.needs_manual_grade


class ForStudents(NbGraderPreprocessor):
    """Make an autograded notebook fit to be returned.

    Hidden tests leave the test cells, and with them the tracebacks that quote them; what the failing check says stays.
    The list of graded cells goes to the template.
    """

    def preprocess(self, nb: NotebookNode, resources: ResourcesDict) -> tuple[NotebookNode, ResourcesDict]:
        """Change the cells of `nb` and add ``title``, ``graded``, ``restored`` and ``waiting`` to `resources`."""
        heading, graded = "", []
        for cell in nb.cells:
            role = cell.metadata["role"] = notebooks.role(cell)
            if cell.cell_type == "markdown":
                found = HEADING.findall(cell.source)
                heading = found[-1] if found and role is None else heading
                if found and "title" not in resources:
                    resources["title"] = found[0]
                    cell.source = HEADING.sub("", cell.source, count=1)  # the page has it at its top
            if role == "check":
                cell.source = handout.HIDDEN.sub("", cell.source).rstrip()
                cell.outputs = [_without_traceback(output) for output in cell.outputs]
            if role in ("check", "answer"):
                graded.append(_summary_row(cell, heading))
        _tell_apart(graded)
        resources.setdefault("title", resources["nbgrader"]["notebook"])
        resources["graded"], resources["restored"] = graded, nb.metadata.get("restored", [])
        resources["waiting"] = any(row["waiting"] for row in graded)
        return nb, resources


def _summary_row(cell: NotebookNode, heading: str) -> dict[str, Any]:
    """One graded cell for the table: its task's heading, points, and what the check says."""
    marks = cell.metadata.nbgrader
    words = [output.traceback[0] for output in cell.get("outputs", []) if output.output_type == "error"]
    return {
        "heading": re.sub(r"\s*\(\d+ points?\)$", "", heading),
        "name": marks.grade_id,
        "kind": cell.cell_type,
        "score": marks.score,
        "points": marks.points,
        "waiting": marks.waiting,
        "comment": marks.get("comment") or "",
        "words": words[0] if words and notebooks.role(cell) == "check" else "",
    }


def _tell_apart(rows: list[dict[str, Any]]) -> None:
    """Let rows of one task say which of its cells they are: "the code", "the text", or which of several."""
    for heading in {row["heading"] for row in rows}:
        same = [row for row in rows if row["heading"] == heading]
        kinds = [{"code": "the code", "markdown": "the text"}[row["kind"]] for row in same]
        for number, (row, kind) in enumerate(zip(same, kinds, strict=True), start=1):
            if len(same) > 1:
                row["heading"] += f" ({kind})" if kinds.count(kind) == 1 else f" ({number} of {len(same)})"


def _without_traceback(output: NotebookNode) -> NotebookNode:
    """An error output reduced to its last line: an assertion's words, or the kind of error and what it says."""
    if output.output_type == "error":
        words = sanitize.ESCAPES.sub("", output.evalue).strip()
        if output.ename == "AssertionError":
            words = words or "an assert of your own failed, and says nothing"
        output.traceback = [words if output.ename == "AssertionError" else f"{output.ename}: {words}"]
    return output


def page_without_grades(exercise: str, reason: str) -> str:
    """The page for a submission that could not be graded: it says why, and what to do."""
    exercise, reason = html.escape(exercise), html.escape(reason)
    return f"""<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{exercise}: not graded</title>
<style>body {{ font: 1.1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem }}</style>
<h1>{exercise}: not graded</h1>
<p>Your submission could not be graded: {reason}.</p>
<p>Open your notebook, restart it and run all cells, save it, see that it opens again, and hand in the file
<code>{exercise}.ipynb</code> once more. If that does not help, ask your instructor.</p>
</html>
"""
