"""Marks and feedback in the form in which Canvas and Moodle take them back, made from the platform's own export.

- Canvas (*Grades, Import*; ``lib/gradebook_importer.rb``): its export with the exercises' columns filled in, and no
  other assignment's. *Upload submissions* (``infer_comment_context_from_filename``) takes a ZIP archive with files
  called as in the download, ``NAME_USER_ATTACHMENT_...``.
- Moodle (*Upload grading worksheet*; ``mod/assign/feedback/offline/importgradeslib.php``): its worksheet with grades
  and comments; rows, identifiers and times stay, since Moodle looks at them. *Upload multiple feedback files in a zip*
  (``mod/assign/feedback/file/importziplib.php``) takes folders ``NAME_NUMBER_assignsubmission_file_``.
"""

import csv
import re
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from . import collect, course, notebooks, platforms, roster, tables

FOLDER = "returned"
ABOUT_STUDENTS = (
    "student",
    "lastname",
    "firstname",
    "id",
    "sis user id",
    "sis login id",
    "root account",
    "integration id",
    "section",
)
OWN_COMMENT = re.compile(r"-?[\d.]+ of [\d.]+ points")
Marks = dict[tuple[str, str], dict[str, Any]]  # the rows of marks.csv by (student, exercise)


def write(home: str | Path, export: str | Path, exercise: str | None = None, heading: str | None = None) -> list[str]:
    """Write what the platform takes back into the course's returned/; say in lines what was written, and what not.

    Parameters
    ----------
    export: Canvas' gradebook or Moodle's grading worksheet of the exercise, as exported.
    exercise: which one; needed for Moodle, all that have a column for Canvas.
    heading: the column of Canvas' export, if its name is not like that of the exercise.

    Raises
    ------
    ValueError
        If the table is neither, there is no roster, no column is the exercise's, or the platform's maximum differs.
    """
    home = Path(home).resolve()
    names = course.exercises(home)
    notebooks.check_exercise(exercise, names)
    people = roster.load(home)
    if not people.people:
        raise ValueError(f"the course has no roster yet: grading roster {home} {export}")
    header, rows = tables.read_foreign(export)
    marks = {(row["student"], row["exercise"]): row for row in course.marks(home)}
    if roster.is_canvas(header):
        columns = _canvas_columns(header, [exercise] if exercise else names, heading)
        return _write_canvas(home, header, rows, columns, marks)
    if exercise is None:
        raise ValueError("a worksheet of Moodle is that of one exercise: say which, --exercise NAME")
    return _write_moodle(home, header, rows, exercise, marks, people)


def _canvas_columns(header: Sequence[str], exercises: Sequence[str], heading: str | None) -> dict[str, int]:
    """The place of each exercise's column."""
    titles = {k: name for k, name in enumerate(header) if name.lower() not in ABOUT_STUDENTS}
    if heading is not None:
        if len(exercises) != 1 or heading not in header:
            raise ValueError(f"--column is that of one --exercise, and one of {', '.join(titles.values())}")
        return {exercises[0]: header.index(heading)}
    found: dict[str, int] = {}
    for k, title in titles.items():
        words = re.sub(r" \(\d+\)$", "", title).lower().replace(" ", "-")
        for name in collect.exercises_in(words, exercises):
            if name in found:
                raise ValueError(f"{header[found[name]]} and {title} can both be {name}: say which, --column")
            found[name] = k
    if not found:
        raise ValueError(
            f"no column is called like {' or '.join(exercises)} (see --column): {', '.join(titles.values())}"
        )
    return found


def _write_canvas(
    home: Path, header: list[str], rows: list[list[str]], columns: dict[str, int], marks: Marks
) -> list[str]:
    lower = [name.lower() for name in header]
    kept = [k for k, name in enumerate(lower) if name in ABOUT_STUDENTS or k in columns.values()]
    filled: dict[str, list[str]] = {name: [] for name in columns}
    for row in rows:
        person = roster.from_canvas(dict(zip(lower, row, strict=True)))
        for name, k in columns.items():
            if row[0].strip().startswith("Points Possible"):
                _check_maximum("Canvas", row[k], name, marks)
            elif person and (person.id, name) in marks:
                row[k] = _points(marks[person.id, name]) or row[k]
                filled[name].append(person.id)
    path = home / FOLDER / "canvas-grades.csv"
    _write_table(path, [[row[k] for k in kept] for row in [header, *rows]])
    lines = [f"{path}: {', '.join(header[columns[name]] for name in columns)}"]
    for name in columns:
        members = {}
        for line in tables.read(home / collect.HISTORY):
            part = next((p for p in line["file"].split("/") if (m := platforms.mark(p)) and m.platform == "canvas"), "")
            if part and line["status"] in collect.STORED and line["exercise"] == name:
                members[line["student"]] = f"{Path(part).stem}.html"
        lines += _write_feedback(home, name, "canvas", {members[id]: id for id in filled[name] if id in members})
        lines += _notes(name, filled[name], marks)
    return lines


def _write_moodle(
    home: Path, header: list[str], rows: list[list[str]], exercise: str, marks: Marks, people: roster.Roster
) -> list[str]:
    lower = [name.lower() for name in header]
    missing = [
        name for name in ("Identifier", "Full name", "Grade", "Last modified (grade)") if name.lower() not in lower
    ]
    if missing:
        words = "is neither an export of Canvas' grades nor Moodle's grading worksheet in English"
        raise ValueError(f"the table {words}: it has no column {', '.join(missing)}")
    place = {name: lower.index(name) for name in ("identifier", "full name", "grade")}
    comments = lower.index("feedback comments") if "feedback comments" in lower else None
    filled: list[str] = []
    members: dict[str, str] = {}
    for row in rows:
        person = people.of_row(header, row)
        if person is None or (person.id, exercise) not in marks:
            continue
        mark = marks[person.id, exercise]
        if "maximum grade" in lower:
            _check_maximum("Moodle", row[lower.index("maximum grade")], exercise, marks)
        filled.append(person.id)
        row[place["grade"]] = _points(mark) or row[place["grade"]]
        if comments is not None and _points(mark) and (not row[comments] or OWN_COMMENT.match(row[comments])):
            row[comments] = _comment(mark)
        if number := re.search(r"\d+$", row[place["identifier"]].strip()):
            name = re.sub(r"[_/\\]", " ", row[place["full name"]])
            members[f"{name}_{number[0]}_assignsubmission_file_/{exercise}.html"] = person.id
    path = home / FOLDER / f"moodle-{exercise}-grades.csv"
    _write_table(path, [header, *rows])
    return [str(path), *_write_feedback(home, exercise, "moodle", members), *_notes(exercise, filled, marks)]


def _points(mark: dict[str, Any]) -> str:
    """Points as a platform reads them; "" if nothing was handed in, which the platform knows better."""
    return "" if mark["status"] == "no submission" else f"{round(mark['points'], 2):g}"


def _comment(mark: dict[str, Any]) -> str:
    late = f"; {mark['penalty']:g} were taken off because it was late" if mark["penalty"] else ""
    to_read = "; a person has still to read a part" if mark["to_read"] else ""
    return (
        f"{_points(mark)} of {mark['maximum']:g} points{late}{to_read}. The page with remarks is in the feedback files."
    )


def _check_maximum(platform: str, said: str, exercise: str, marks: Marks) -> None:
    maximum = max((row["maximum"] for key, row in marks.items() if key[1] == exercise), default=0)
    try:
        same = not said.strip() or abs(float(said.replace(",", ".")) - maximum) < 0.005
    except ValueError:  # Canvas writes "(read only)" there for sums
        same = False
    if not same:
        raise ValueError(
            f"{exercise} has {maximum:g} points, and in {platform} {said.strip()}: change it there and export again"
        )


def _write_table(path: Path, rows: Iterable[Sequence[str]]) -> None:
    """Write a table as it came: what the platform compares must not get an apostrophe."""
    path.parent.mkdir(exist_ok=True)
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)


def _write_feedback(home: Path, exercise: str, platform: str, members: dict[str, str]) -> list[str]:
    """Write the pages of these students, by their names there, into one archive."""
    path = home / FOLDER / f"{platform}-{exercise}-feedback.zip"
    pages = {name: home / "feedback" / id / exercise / f"{exercise}.html" for name, id in members.items()}
    pages = {name: page for name, page in pages.items() if page.exists()}
    if not pages:
        return [f"no feedback for {exercise}: grading feedback {home} writes the pages"]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, page in sorted(pages.items()):
            archive.write(page, name)
    return [f"{path}: {len(pages)} pages"]


def _notes(exercise: str, filled: Sequence[str], marks: Marks) -> list[str]:
    """What an instructor should know before the marks go out."""
    of_it = {id: row for (id, name), row in marks.items() if name == exercise}
    nothing = [id for id in filled if of_it[id]["status"] == "no submission"]
    bad = [id for id in filled if of_it[id]["status"] == "not graded"]
    to_read = [id for id in filled if of_it[id]["to_read"]]
    left = sorted(of_it.keys() - set(filled))
    notes = [
        (nothing, "handed in nothing, and their cells stay as they were"),
        (bad, "could not be graded, and get 0 points"),
        (to_read, "have answers that a person has still to read"),
        (left, "are not in this table"),
    ]
    return [f"{exercise}: {len(ids)} {words}: {', '.join(ids)}" for ids, words in notes if ids]
