"""Say below each chapter when it was executed, with what, how much it checked, and how long reading it takes."""

import datetime
import importlib.metadata
import platform
from dataclasses import dataclass

from docutils import nodes
from myst_nb.sphinx_ import NbMetadataCollector
from sphinx.util.docutils import SphinxDirective

from ..pages.folding import reading_time
from ..pages.parts import page_link, table

CLAIM = "tag_claim:"


@dataclass(frozen=True)
class Execution:
    """One execution of a notebook: its date (UTC), the seconds that it took, and how many claims it checked."""

    date: datetime.date
    seconds: float
    claims: int


def in_words(date):
    """A date as it is written in a sentence, such as 5 March 2026."""
    return f"{date.day} {date:%B %Y}"


def versions(packages):
    """The versions of Python and of the `packages` (names to show, by the names they are installed by), in words."""
    installed = [f"{shown} {importlib.metadata.version(name).partition('+')[0]}" for name, shown in packages.items()]
    return ", ".join([f"Python {platform.python_version()}", *installed])


def _execution(environment, document):
    """The `Execution` whose outputs the page has, or None if its notebook was not executed."""
    data = NbMetadataCollector.get_exec_data(environment, environment.docname)
    if not data or data.get("runtime") is None:
        return None
    claims = {name for cell in document.findall(nodes.container) for name in cell["classes"] if name.startswith(CLAIM)}
    date = datetime.datetime.fromtimestamp(data["mtime"], datetime.UTC).date()
    return Execution(date, data["runtime"], len(claims))


def stamp(app, document):
    environment = app.env
    docname = environment.docname
    if docname.rpartition("/")[0] != app.config.execution_stamp_folder:
        return
    execution = _execution(environment, document)
    if execution is None:
        return
    executions(environment)[docname] = execution
    words = (
        f"Last executed on {in_words(execution.date)} in {execution.seconds:.0f} s, all positions of its sliders "
        f"included, with {versions(app.config.execution_stamp_packages)}. {execution.claims} claims checked. "
        f"{reading_time(document)}"
    )
    paragraph = nodes.paragraph("", words, classes=["execution-stamp"])
    if page := app.config.execution_stamp_page:
        paragraph += [nodes.Text(" "), page_link("All chapters", page), nodes.Text(".")]
    next(document.findall(nodes.section)).append(paragraph)


def executions(environment):
    """The executions that the pages of the book show, by page."""
    if not hasattr(environment, "execution_stamps"):
        environment.execution_stamps = {}
    return environment.execution_stamps


class status_table(nodes.General, nodes.Element):
    """Stands where the table goes; it is made when all pages have been read."""


class ExecutionStatus(SphinxDirective):
    """``execution-status``: when each chapter was executed, how long it took, and how many claims it checked."""

    def run(self):
        """Leave a place for the table: other pages may still change."""
        self.env.note_reread()
        return [status_table()]


def fill_tables(app, document, docname):
    for place in list(document.findall(status_table)):
        rows = [["Chapter", "Executed", "Seconds", "Claims"]]
        order = [name for name in app.env.toctree_includes.get(app.config.root_doc, []) if name in executions(app.env)]
        for name in order:
            execution = executions(app.env)[name]
            link = nodes.reference("", "", internal=True, refuri=app.builder.get_relative_uri(docname, name))
            link += nodes.inline("", app.env.titles[name].astext())
            # a date of digits is narrow enough for a phone
            rows.append([link, execution.date.isoformat(), f"{execution.seconds:.0f}", f"{execution.claims}"])
        total = sum(executions(app.env)[name].claims for name in order)
        rows.append(["All", "", f"{sum(executions(app.env)[n].seconds for n in order):.0f}", f"{total}"])
        words = f"With {versions(app.config.execution_stamp_packages)}."
        place.replace_self([table(rows, "execution-status"), nodes.paragraph("", words)])


def purge(app, environment, docname):
    executions(environment).pop(docname, None)


def merge(app, environment, docnames, other):
    executions(environment).update({name: e for name, e in executions(other).items() if name in docnames})


def register(app):
    """Declare settings and nodes; the README explains the configuration values."""
    app.add_config_value("execution_stamp_folder", "chapters", "env", str)
    app.add_config_value("execution_stamp_packages", {}, "env", dict)
    app.add_config_value("execution_stamp_page", "", "env", str)
    app.add_node(status_table)
    app.add_directive("execution-status", ExecutionStatus)
