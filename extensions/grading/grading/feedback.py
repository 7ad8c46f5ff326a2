"""What students get back, and what instructors read: pages without hidden tests and without strangers' scripts."""

import html
import re

from bleach import ALLOWED_TAGS
from latex2mathml.converter import convert
from nbconvert.exporters import HTMLExporter
from nbconvert.preprocessors.sanitize import SanitizeHTML
from nbgrader.preprocessors import GetGrades, NbGraderPreprocessor
from traitlets import Bool, List, Unicode

from . import handout, notebooks

ESCAPES = re.compile(r"\x1b\[[0-9;]*m")
HEADING = re.compile(r"^#{1,3} (.+)$", re.M)
# a formula, or code in which a dollar is a dollar
FORMULA = re.compile(
    r"(?P<code>```.*?```|`[^`\n]*`)|(?<!\\)\$\$(?P<display>.+?)\$\$|(?<![\\$])\$(?P<inline>[^$\n]+?)\$", re.S
)
RELATIVE_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?!\w+:|#)[^)]*\)")
HARMLESS_TAGS = {"details", "summary", "br", "b", "i", "em", "strong", "sub", "sup", "p", "code", "pre", "kbd", "hr"}
TABLE_TAGS = {"table", "thead", "tbody", "tr", "th", "td"}
TAG = re.compile(r"<\s*[/!?]?\s*([a-zA-Z][\w:-]*)([^>]*)")


class Defuse(SanitizeHTML):
    """nbconvert's sanitizer for what a stranger wrote or displayed, since a grader's browser will show it.

    Of what code displays, plain text, pictures and sanitized HTML stay. Texts are left as they are unless they hold
    HTML that could do something: sanitizing would spoil their formulas.
    """

    enabled = Bool(True)
    tags = List(Unicode(), sorted(HARMLESS_TAGS | TABLE_TAGS | set(ALLOWED_TAGS))).tag(config=True)

    def preprocess_cell(self, cell, resources, index):
        """Sanitize the outputs of a code cell, and a text with any but the plainest tags."""
        if cell.cell_type == "code" or any(
            name.lower() not in HARMLESS_TAGS or "=" in rest for name, rest in TAG.findall(cell.source)
        ):
            return super().preprocess_cell(cell, resources, index)
        return cell, resources


class Page(HTMLExporter):
    """nbconvert's HTML exporter, under a name of its own so that it can have a template of its own."""


class Grades(GetGrades):
    """nbgrader's step that fetches points and comments, and whether a person still has to look."""

    def _get_score(self, cell, resources):
        super()._get_score(cell, resources)
        names = resources["nbgrader"]
        grade = self.gradebook.find_grade(
            cell.metadata.nbgrader.grade_id, names["notebook"], names["assignment"], names["student"]
        )
        cell.metadata.nbgrader["waiting"] = grade.needs_manual_grade


class ForStudents(NbGraderPreprocessor):
    """Make an autograded notebook fit to be returned.

    Hidden tests leave the test cells, and with them the tracebacks that quote them; what the failing check says stays.
    Formulas become MathML, which browsers show without a script. The list of graded cells goes to the template.
    """

    def preprocess(self, nb, resources):
        """Change the cells of `nb` and add ``title``, ``graded`` and ``restored`` to `resources`."""
        heading, graded = "", []
        for cell in nb.cells:
            role = cell.metadata["role"] = notebooks.role(cell)
            if cell.cell_type == "markdown":
                found = HEADING.findall(cell.source)
                heading = found[-1] if found and role is None else heading
                if found and "title" not in resources:
                    resources["title"] = found[0]
                    cell.source = HEADING.sub("", cell.source, count=1)  # the page has it at its top
                # a page that lies in somebody's downloads has no neighbors to link to
                cell.source = with_mathml(RELATIVE_LINK.sub(r"\1", cell.source))
            if role == "check":
                cell.source = handout.HIDDEN.sub("", cell.source).rstrip()
                cell.outputs = [in_words(output) for output in cell.outputs]
            if role in ("check", "answer"):
                graded.append(self.line(cell, heading))
        resources.setdefault("title", resources["nbgrader"]["notebook"])
        resources["graded"], resources["restored"] = graded, nb.metadata.get("restored", [])
        resources["waiting"] = any(line["waiting"] for line in graded)
        return nb, resources

    @staticmethod
    def line(cell, heading):
        """One graded cell for the table: its task's heading, points, and what the check says."""
        marks = cell.metadata.nbgrader
        words = [output.traceback[0] for output in cell.get("outputs", []) if output.output_type == "error"]
        return {
            "heading": re.sub(r"\s*\(\d+ points?\)$", "", heading),
            "name": marks.grade_id,
            "score": marks.score,
            "points": marks.points,
            "waiting": marks.waiting,
            "comment": marks.get("comment") or "",
            "words": words[0] if words and notebooks.role(cell) == "check" else "",
        }


def in_words(output):
    """An error output reduced to its last line: an assertion's words, or the kind of error and what it says."""
    if output.output_type == "error":
        words = ESCAPES.sub("", output.evalue)
        output.traceback = [words if output.ename == "AssertionError" else f"{output.ename}: {words}"]
    return output


def with_mathml(text):
    """Markdown with its formulas as MathML; a formula that cannot be read stays as it is."""

    def typeset(match):
        if match["code"]:
            return match[0]
        display = match["display"] is not None
        tex = html.unescape(match["display"] if display else match["inline"])
        try:
            return convert(tex, display="block" if display else "inline")
        except Exception:  # whatever a stranger's formula breaks there, the page is written
            return match[0]

    return FORMULA.sub(typeset, text)


def page_without_grades(exercise, reason):
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
