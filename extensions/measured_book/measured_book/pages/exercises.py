"""Show exercises on the site: linked from chapters, listed on a page, with solutions or without (see the README)."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from docutils import nodes
from grading import notebooks
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

from . import launch_links
from .parts import page_link, table

PARTS = {"chapter": "chapters/{0}", "exercise": "exercises/{0}/{0}", "solution": "solutions/{0}/{0}"}
HEADING = re.compile(r"^# (.+)$", re.M)


@dataclass(frozen=True)
class Exercise:
    """What a page says of an exercise."""

    slug: str
    title: str
    tasks: int
    by_machine: float
    by_person: float

    @property
    def points(self) -> float:
        """All points."""
        return self.by_machine + self.by_person


def read_exercise(path: str | Path) -> Exercise:
    """The `Exercise` in the notebook at `path`.

    Raises ExtensionError, naming the file, if it has no title or nothing to grade.
    """
    path = Path(path)
    cells = notebooks.read(path).cells
    titles = [title for cell in cells if cell.cell_type == "markdown" for title in HEADING.findall(cell.source)]
    points = {"check": 0.0, "answer": 0.0}
    for cell in cells:
        if (role := notebooks.role(cell)) in ("check", "answer"):
            points[role] += cell.metadata.nbgrader["points"]
    tasks = sum(
        bool(re.match(r"## \d+\.", line)) for c in cells if c.cell_type == "markdown" for line in c.source.splitlines()
    )
    if not titles or not tasks or not sum(points.values()):
        raise ExtensionError(f"{path}: an exercise has a title '# ...', tasks '## 1. ...' and points (make exercises)")
    title = titles[0].removeprefix("Exercises: ")
    return Exercise(path.stem, title[0].upper() + title[1:], tasks, points["check"], points["answer"])


def _part_of(docname: str) -> tuple[str, str]:
    """("chapter", "neurons") for chapters/neurons, and so on; ("", "") for any other page."""
    for part, pattern in PARTS.items():
        slug = docname.rpartition("/")[2]
        if docname == pattern.format(slug):
            return part, slug
    return "", ""


def _exists(app: Sphinx, part: str, slug: str) -> bool:
    return PARTS[part].format(slug) in app.env.found_docs


def choose_contents(app: Sphinx, config: Config) -> None:
    """With solutions published, each stands in the contents below its exercise; else it is no page of the site."""
    if not config.exercise_pages_publish_solutions:
        return
    contents = yaml.safe_load((Path(app.srcdir) / config.external_toc_path).read_text(encoding="utf-8"))

    def complete(entry: dict[str, Any]) -> None:
        part, slug = _part_of(str(entry.get("file", "")))
        if part == "exercise":
            solution = PARTS["solution"].format(slug)
            if not (Path(app.srcdir) / f"{solution}.ipynb").exists():
                raise ExtensionError(f"solutions are to be published, but {solution}.ipynb is missing")
            entry["sections"] = [{"file": solution}]
        for key in ("parts", "subtrees", "chapters", "sections", "entries"):
            for inner in entry.get(key, []):
                complete(inner)

    complete(contents)
    written = Path(app.outdir).parent / "contents-with-solutions.yml"
    written.parent.mkdir(parents=True, exist_ok=True)
    written.write_text(yaml.safe_dump(contents, sort_keys=False), encoding="utf-8")
    config.external_toc_path = str(written)


def points_in_words(exercise: Exercise) -> str:
    """For example "4 tasks, 20 points: 14 by automatic checks, 6 by a person"."""
    return (
        f"{exercise.tasks} tasks, {exercise.points:g} points: {exercise.by_machine:g} by automatic checks, "
        f"{exercise.by_person:g} by a person"
    )


def add_links(app: Sphinx, document: nodes.document) -> None:
    part, slug = _part_of(app.env.docname)
    if not part or not _exists(app, "exercise", slug):
        return
    path = PARTS["exercise"].format(slug) + ".ipynb"
    app.env.note_dependency(path)
    exercise = read_exercise(Path(app.srcdir) / path)
    section = next(document.findall(nodes.section))
    if part == "chapter":
        block = nodes.section(ids=["exercises"], names=["exercises"])
        block += nodes.title("", "Exercises")
        words = nodes.Text(f". {points_in_words(exercise)}.")
        block += nodes.paragraph("", "", nodes.strong("", exercise.title), words)
        block += launch_links.line(app, path, [("Read the exercises", PARTS["exercise"].format(slug))])
        section += block
        return
    pages = [("The chapter", PARTS["chapter"].format(slug))] if _exists(app, "chapter", slug) else []
    if part == "solution":
        pages.append(("The exercises", PARTS["exercise"].format(slug)))
        path = PARTS["solution"].format(slug) + ".ipynb"
    elif _exists(app, "solution", slug):
        pages.append(("The solutions", PARTS["solution"].format(slug)))
    section.insert(1, launch_links.line(app, path, pages))


class ExerciseTable(SphinxDirective):
    """``exercise-table``: every exercise of the contents, with its chapter, tasks and points (checked + read)."""

    def run(self) -> list[nodes.Node]:
        """Build the table from the hand-outs."""
        rows = [["Chapter", "Exercises", "Tasks", "Points"]]
        for docname in self.env.config.external_site_map:
            part, slug = _part_of(docname)
            if part != "exercise":
                continue
            path = f"{docname}.ipynb"
            self.env.note_dependency(path)
            exercise = read_exercise(Path(self.env.srcdir) / path)
            links = (page_link("", PARTS["chapter"].format(slug)), page_link(exercise.title, docname))
            points = f"{exercise.by_machine:g} + {exercise.by_person:g}"
            rows.append([*links, f"{exercise.tasks}", points])
        return [table(rows, "exercise-table")]


def register(app: Sphinx) -> None:
    """Declare settings and nodes; ``exercise_pages_publish_solutions`` is the one switch."""
    app.add_config_value("exercise_pages_publish_solutions", False, "env", bool)
    app.add_directive("exercise-table", ExerciseTable)
