"""Read the study files, and say exactly what is wrong with one: file, line, what, and what to write instead."""

import difflib
import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import nbformat
import yaml
from markdown_it import MarkdownIt
from myst_parser.mdit_to_docutils.base import default_slugify
from sphinx.errors import ExtensionError

from . import variants

SCHEMAS = Path(__file__).with_name("schemas")
HEADING = re.compile(r"^#{2,3} +(.+?) *$", re.M)
FENCE = re.compile(r"^(```|~~~).*?^\1", re.M | re.S)
MARKDOWN = MarkdownIt("commonmark", {"html": False})  # HTML in a study file is shown as text
Key = str | int  # of a mapping, or a place in a list; several of them lead to a part of a file
TYPES = {
    "object": "a mapping (key: value)",
    "array": "a list (lines that begin with a hyphen)",
    "string": "text",
    "number": "a number",
}


class StudyFileError(ExtensionError):
    """A study file that cannot be used; each line of the message names the file, the line and the remedy."""


@dataclass(frozen=True)
class Chapter:
    """What study files may refer to in a chapter.

    `sections` maps the anchors of its headings to their texts, `figures` the ids of the cells that describe a figure
    to their place among all cells, counted from 0; `claims` are the ids in its cells' tags ``claim:ID``.
    """

    slug: str
    title: str
    sections: dict[str, str]
    figures: dict[str, int]
    claims: frozenset[str]


def read_chapter(path: str | Path) -> Chapter:
    """The `Chapter` in the notebook at `path`."""
    path = Path(path)
    cells = nbformat.read(path, as_version=4).cells
    text = FENCE.sub("", "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown"))
    title = re.search(r"^# +(.+?) *$", text, re.M)
    figures = {
        cell.id: number
        for number, cell in enumerate(cells)
        if cell.metadata.get("mystnb", {}).get("image", {}).get("alt")
    }
    tags = {tag for cell in cells for tag in cell.metadata.get("tags", [])}
    return Chapter(
        path.stem,
        title[1] if title else path.stem,
        {default_slugify(heading): heading for heading in HEADING.findall(text)},
        figures,
        frozenset(tag.removeprefix("claim:") for tag in tags if tag.startswith("claim:")),
    )


class Source:
    """A study file: its `data`, and the line on which each part of it stands.

    Raises
    ------
    StudyFileError
        If the file is missing, is not YAML, names a key twice, or does not fit the schema `kind` (study, cheatsheet,
        formulas or glossary); the message tells of each fault.
    """

    def __init__(self, path: str | Path, kind: str, shown: str | None = None) -> None:
        self.path = Path(path)
        self.shown = str(shown or path)
        self.problems: list[str] = []
        try:
            root = yaml.compose(self.path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
        except FileNotFoundError:
            raise StudyFileError(f"{self.shown} is missing. Write it, or take its page out of the contents.") from None
        except UnicodeDecodeError as error:
            raise StudyFileError(f"{self.shown} is not UTF-8 text (byte {error.start}). Save it as UTF-8.") from None
        except yaml.MarkedYAMLError as error:
            line = (error.problem_mark or error.context_mark).line + 1
            raise StudyFileError(
                f"{self.shown}, line {line}: this is not YAML ({error.problem}). "
                "Put the text in quotes or into a block (>-), and indent with spaces."
            ) from None
        except yaml.YAMLError as error:
            raise StudyFileError(f"{self.shown}: this is not YAML ({error}).") from None
        self.lines: dict[tuple[Key, ...], int] = {}
        if root is not None:
            self._note_lines(root, ())
        self.stop_if_wrong()
        self.data: Any = None if root is None else yaml.constructor.SafeConstructor().construct_document(root)
        for fault in sorted(_validator(kind).iter_errors(self.data), key=lambda e: self.line(*e.absolute_path)):
            self._note_fault(fault)
        self.stop_if_wrong()

    def _note_lines(self, node: yaml.Node, path: tuple[Key, ...]) -> None:
        self.lines[path] = node.start_mark.line + 1
        if isinstance(node, yaml.SequenceNode):
            for number, child in enumerate(node.value):
                self._note_lines(child, (*path, number))
        elif isinstance(node, yaml.MappingNode):
            seen: dict[str, int] = {}
            for key, child in node.value:
                if key.value in seen:
                    self.problems.append(
                        f"{self.shown}, line {key.start_mark.line + 1}: {key.value!r} stands twice, here and on line "
                        f"{seen[key.value]}. Keep one of the two."
                    )
                seen[key.value] = key.start_mark.line + 1
                self._note_lines(child, (*path, key.value))
                self.lines[(*path, key.value)] = key.start_mark.line + 1

    def line(self, *path: Key) -> int:
        """The line of a part of the file, or of the nearest part around it that has one."""
        while path not in self.lines and path:
            path = path[:-1]
        return self.lines.get(path, 1)

    def name(self, *path: Key) -> str:
        """What an author calls the part at `path`: the id or the term of the entry around it."""
        data, name = self.data, ""
        for key in path:
            try:
                data = data[key]
            except (KeyError, IndexError, TypeError):
                break
            if isinstance(data, dict):
                name = next((str(data[k]) for k in ("id", "term") if data.get(k)), name)
        return name

    def problem(self, path: Sequence[Key], words: str) -> None:
        """Note that `words` are wrong with the part at `path`."""
        name = self.name(*path)
        where = f"{self.shown}, line {self.line(*path)}" + (f" ({name})" if name else "")
        self.problems.append(f"{where}: {words}")

    def stop_if_wrong(self) -> None:
        """Raise `StudyFileError` with every problem noted so far, if there is one."""
        if self.problems:
            raise StudyFileError("\n".join(self.problems))

    def _note_fault(self, error: jsonschema.ValidationError) -> None:
        remedy = error.schema.get("description", "")
        if error.validator == "required":
            missing = [key for key in error.validator_value if key not in error.instance]
            self._once(error, f"{' and '.join(map(repr, missing))} is missing. {remedy}")
        elif error.validator == "additionalProperties":
            known = list(error.schema["properties"])
            for key in error.instance:
                if key not in known:
                    close = difflib.get_close_matches(str(key), known, 1)
                    guess = f" Did you mean {close[0]!r}?" if close else ""
                    self.problem((*error.absolute_path, key), f"the key {key!r} is unknown.{guess} {remedy}")
        elif error.validator == "type":
            kinds = error.validator_value if isinstance(error.validator_value, list) else [error.validator_value]
            wanted = " or ".join(TYPES[kind] for kind in kinds)
            self.problem(error.absolute_path, f"{_short(error.instance)} is not {wanted}. {remedy}")
        elif error.validator in ("minItems", "maxItems"):
            self.problem(error.absolute_path, f"{len(error.instance)} stand here. {remedy}")
        elif error.validator == "not":
            self.problem(error.absolute_path, f"{error.absolute_path[-1]!r} should not stand here. {remedy}")
        else:
            self.problem(error.absolute_path, f"{_short(error.instance)} does not fit. {remedy}")

    def _once(self, error: jsonschema.ValidationError, words: str) -> None:
        before = len(self.problems)
        self.problem(error.absolute_path, words)
        if self.problems[-1] in self.problems[:before]:
            self.problems.pop()


@functools.cache
def _validator(kind: str) -> jsonschema.Draft202012Validator:
    schema = yaml.safe_load((SCHEMAS / f"{kind}.yml").read_text(encoding="utf-8"))
    return jsonschema.Draft202012Validator(schema)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _choose(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, known, 1)
    return f"Did you mean {close[0]!r}?" if close else f"There are: {', '.join(sorted(known)) or 'none'}."


def _check_section(
    source: Source, path: tuple[Key, ...], see: str, chapter: Chapter, chapters: Mapping[str, Chapter]
) -> None:
    other, _, anchor = see.rpartition("#")
    if other and other not in chapters:
        source.problem(path, f"there is no chapter {other!r}. {_choose(other, chapters)}")
        return
    sections = chapters[other].sections if other else chapter.sections
    if anchor not in sections:
        source.problem(path, f"the chapter has no section {anchor!r}. {_choose(anchor, sections)}")


def read_study(path: str | Path, chapters: Mapping[str, Chapter], shown: str | None = None) -> Source:
    """The flashcards, the quiz and the questions for practice in ``SLUG.yml``, checked against the `chapters` by slug.

    Raises `StudyFileError` as `Source` does, also for ids that stand twice, sections and figures that the chapter does
    not have, options of which none or too many are right, and templates that give no twenty variants.
    """
    source = Source(path, "study", shown)
    slug = Path(path).stem
    if slug not in chapters:
        raise StudyFileError(
            f"{source.shown}: there is no chapter {slug!r} in the contents. {_choose(slug, chapters)} "
            "Name the file as its chapter."
        )
    chapter = chapters[slug]
    seen: dict[str, int] = {}
    for part in ("cards", "quiz", "practice"):
        for number, entry in enumerate(source.data.get(part, [])):
            place = (part, number)
            if not entry["id"].startswith(f"{slug}-"):
                source.problem((*place, "id"), f"the id must begin with '{slug}-', so that it is unique in the book.")
            if entry["id"] in seen:
                source.problem(
                    (*place, "id"), f"the id stands twice, also on line {seen[entry['id']]}. Choose another one."
                )
            seen[entry["id"]] = source.line(*place, "id")
            _check_section(source, (*place, "see"), entry["see"], chapter, chapters)
            check = {"cards": _check_card, "quiz": _check_question, "practice": _check_template}[part]
            check(source, place, entry, chapter)
    source.stop_if_wrong()
    return source


def _check_card(source: Source, place: tuple[Key, ...], card: dict[str, Any], chapter: Chapter) -> None:
    if (card["kind"] == "plot") != ("figure" in card):
        words = "a card of the kind plot needs a figure, the id of a cell" if card["kind"] == "plot" else None
        source.problem(place, f"{words or 'only a card of the kind plot has a figure'}.")
    elif "figure" in card and card["figure"] not in chapter.figures:
        known = _choose(card["figure"], chapter.figures)
        source.problem(
            (*place, "figure"), f"no cell {card['figure']!r} with a described figure is in the chapter. {known}"
        )


def _check_question(source: Source, place: tuple[Key, ...], question: dict[str, Any], chapter: Chapter) -> None:
    if question["kind"] == "number":
        wanted, other = {"answer", "tolerance", "why", "check"}, {"options"}
    else:
        wanted, other = {"options"}, {"answer", "tolerance", "unit", "why"}
    for key in sorted(wanted - set(question)):
        source.problem(place, f"a question of the kind {question['kind']} needs {key!r}.")
    for key in sorted(other & set(question)):
        source.problem((*place, key), f"a question of the kind {question['kind']} has no {key!r}.")
    for number, option in enumerate(question.get("options", [])):
        _check_one_paragraph(source, (*place, "options", number, "text"), option["text"])
    right = sum("right" in option for option in question.get("options", []))
    if question["kind"] == "single" and "options" in question and right != 1:
        source.problem((*place, "options"), f"{right} options are right. With the kind single exactly one is.")
    if question["kind"] == "multiple" and "options" in question and not right:
        source.problem((*place, "options"), "no option is right. With the kind multiple at least one is.")


def _check_template(source: Source, place: tuple[Key, ...], template: dict[str, Any], chapter: Chapter) -> None:
    try:
        variants.variants(template)
    except variants.TemplateError as error:
        source.problem((*place, error.part), f"{error}.")


def _check_one_paragraph(source: Source, path: tuple[Key, ...], text: str) -> None:
    kinds = [token.type for token in MARKDOWN.parse(text)]
    if kinds != ["paragraph_open", "inline", "paragraph_close"]:
        first = kinds[0].removesuffix("_open").replace("_", " ") if kinds else "nothing"
        found = "several paragraphs" if first == "paragraph" else first
        source.problem(
            path,
            f"one paragraph must stand here, and Markdown reads {found}. Leave out empty lines, and the sign that "
            "begins a list or a heading, or put a backslash before the sign: 1\\. instead of 1.",
        )


def read_sheet(path: str | Path, kind: str, chapters: Mapping[str, Chapter], shown: str | None = None) -> Source:
    """The cheat sheet, the formulas or the glossary (`kind`), checked against the chapters (slug to `Chapter`).

    Raises `StudyFileError` as `Source` does, also for chapters and sections that do not exist, and for ids or names
    that stand twice.
    """
    source = Source(path, kind, shown)
    seen: dict[str, int] = {}
    for slug, entries in (source.data or {}).items():
        if slug not in chapters:
            source.problem((slug,), f"there is no chapter {slug!r} in the contents. {_choose(slug, chapters)}")
            continue
        for number, entry in enumerate(entries):
            _check_section(source, (slug, number, "see"), entry["see"], chapters[slug], chapters)
            for key in ("says", "instead", "name"):
                if key in entry:
                    _check_one_paragraph(source, (slug, number, key), entry[key])
            for symbol, meaning in entry.get("symbols", {}).items():
                _check_one_paragraph(source, (slug, number, "symbols", symbol), meaning)
            names = (
                [entry["id"]] if "id" in entry else [name.lower() for name in [entry["term"], *entry.get("also", [])]]
            )
            for name in names:
                if name in seen:
                    source.problem(
                        (slug, number), f"{name!r} stands twice, also on line {seen[name]}. Name one of them otherwise."
                    )
                seen[name] = source.line(slug, number)
    if kind == "cheatsheet":
        _check_claims(source, chapters)
    source.stop_if_wrong()
    return source


def _check_claims(source: Source, chapters: Mapping[str, Chapter]) -> None:
    for slug, entries in (source.data or {}).items():
        for number, entry in enumerate(entries):
            if entry["verdict"] == "measured" and slug in chapters and entry["id"] not in chapters[slug].claims:
                source.problem(
                    (slug, number, "verdict"),
                    f"the verdict is measured, but no cell of the chapter has the tag 'claim:{entry['id']}'. "
                    "Tag the cell that asserts it, or give another verdict.",
                )
