"""Who is in the course: the roster, whose upload is whose, and what an instructor has said about the rest."""

import datetime
import difflib
import functools
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from . import platforms, tables

FILE = "roster.csv"
ASSIGNED = "assigned.csv"  # what the instructor says: this name is that person
COLUMNS = ("id", "name", "email", "section", "login", "canvas_id")
NOBODY = "-"  # in assigned.csv: leave these files out
# headers of other programs' tables, in lower case
HEADERS = {
    "id": ("id number", "id-nummer", "idnumber", "student id", "studentid", "org defined id", "orgdefinedid"),
    "name": ("full name", "vollständiger name", "fullname", "student name"),
    "first": ("first name", "firstname", "vorname", "given name"),
    "last": ("last name", "lastname", "surname", "nachname", "family name"),
    "email": ("email address", "e-mail-adresse", "e-mail", "mail"),
    "section": ("group", "groups", "gruppe", "gruppen"),
    "login": ("username", "user name", "anmeldename", "login id"),
    "number": ("identifier", "id", "identifikator"),
    "when": ("last modified (submission)", "zuletzt geändert (abgabe)"),
}


@dataclass(frozen=True)
class Person:
    """Somebody of the course; `id` is the name of the person's folders."""

    id: str
    name: str = ""
    email: str = ""
    section: str = ""
    login: str = ""
    canvas_id: str = ""


def column(header: list[str], what: str) -> int | None:
    """The place of a column in a header of ours or of another program's, by `HEADERS`; None without it."""
    lower = [name.lower() for name in header]
    return next((lower.index(name) for name in (what, *HEADERS.get(what, ())) if name in lower), None)


def read_people(path: str | Path) -> list[Person]:
    """The people of a CSV file: the columns id, name, email, section, or an export of Canvas or Moodle.

    From Canvas (*Grades, Export*) the id is the SIS user ID, else the login, else Canvas' own number. From Moodle (the
    participants, the grader report, or an assignment's grading worksheet) it is the ID number, else the username, else
    the address.

    Raises
    ------
    ValueError
        If there is no column for names and ids, a row has no id, or two rows have the same; the message says which.
    """
    header, rows = tables.read_foreign(path)
    if is_canvas(header):
        lower = [name.lower() for name in header]
        people = [person for row in rows if (person := from_canvas(dict(zip(lower, row, strict=True))))]
    else:
        people = [_from_other(header, row) for row in rows]
    seen: dict[str, Person] = {}
    for number, person in enumerate(people, start=2):
        if not person.id or len(person.id) > platforms.LONGEST_ID:
            raise ValueError(f"{path}, line {number}: {person.name or 'a row'} has no id that can be a folder's name")
        other = seen.setdefault(person.id.casefold(), person)
        if other is not person and other != person:
            raise ValueError(f"{path}: the id {person.id} stands for {other.name} and for {person.name}")
    if not seen:
        raise ValueError(f"{path} names nobody")
    return sorted(seen.values(), key=lambda person: person.id)


def is_canvas(header: list[str]) -> bool:
    """Whether this is the header of Canvas' export of grades."""
    lower = {name.lower() for name in header}
    return {"id", "section"} <= lower and ("student" in lower or {"lastname", "firstname"} <= lower)


def from_canvas(row: dict[str, str]) -> Person | None:
    """The person of a row of Canvas' export, its header in lower case; None for rows of points and the test student."""
    name = row.get("student") or f"{row.get('lastname', '')}, {row.get('firstname', '')}"
    number = row["id"].strip()
    if not number or name.strip() == "Student, Test":  # the rows below the header, and Canvas' test student
        return None
    login = row.get("sis login id", "").strip()
    email = login if "@" in login else ""
    id = platforms.person_id(row.get("sis user id", "").strip() or login or number)
    return Person(id, _first_name_first(name), email, row["section"].strip(), login, number)


def _from_other(header: list[str], row: list[str]) -> Person:
    if all(column(header, what) is None for what in ("id", "login", "email")):
        raise ValueError(f"no column tells who is who; there are {', '.join(header)}, and needed are id and name")
    cell = functools.partial(_cell, header, row)
    name = cell("name") or f"{cell('first')} {cell('last')}".strip()
    others = (cell(what) for what in ("email", "section", "login", "canvas_id"))
    id = platforms.person_id(cell("id") or cell("login") or cell("email"))
    return Person(id, _first_name_first(name), *others)


def _cell(header: list[str], row: list[str], what: str) -> str:
    place = column(header, what)
    return "" if place is None else row[place].strip()


def _first_name_first(name: str) -> str:
    last, comma, first = name.partition(",")
    return " ".join(f"{first} {last}".split()) if comma else " ".join(name.split())


@dataclass(frozen=True)
class Change:
    """What a new roster changes."""

    added: list[str]
    gone: list[str]
    total: int


def replace(course: str | Path, path: str | Path) -> Change:
    """Make the people of the table at `path` the course's roster; see `read_people`."""
    before = set(load(course).people)
    people = read_people(path)
    after = {person.id for person in people}
    tables.write(Path(course, FILE), COLUMNS, [vars(person) for person in people])
    return Change(sorted(after - before), sorted(before - after), len(people))


def assign(course: str | Path, written: str, id: str) -> None:
    """Note that files of the name `written` are the work of the person `id`, or of nobody (`NOBODY`).

    Raises ValueError if the roster has no such person.
    """
    people = load(course).people
    if id != NOBODY and (id not in people if people else id != platforms.person_id(id)):
        close = difflib.get_close_matches(id, people)
        suggestion = f"; did you mean {' or '.join(close)}?" if close else ""
        raise ValueError(f"there is no {id} in {FILE}{suggestion}" if people else f"{id!r} cannot be a folder's name")
    rows = [row for row in tables.read(Path(course, ASSIGNED)) if row["written"] != written]
    tables.write(Path(course, ASSIGNED), ("written", "id", "file"), [*rows, {"written": written, "id": id}])


def squash(name: str) -> str:
    """A name without spaces, signs and case; accents and the marks of other scripts stay."""
    text = unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
    return "".join(c for c in text if unicodedata.category(c)[0] in "LMN")


def _orders(name: str) -> Iterable[str]:
    """A name in all orders that put some last words first: platforms write Lovelace Ada as well as Ada Lovelace."""
    words = _first_name_first(name).split()
    return [" ".join(words[k:] + words[:k]) for k in range(len(words))]


class Roster:
    """The people of a course, found by what platforms call them; empty without a roster."""

    def __init__(self, people: Iterable[Person]) -> None:
        self.people = {person.id: person for person in people}
        self._numbers: dict[str, Person] = {}  # Moodle's for one exercise, from its worksheet
        self.times: dict[str, datetime.datetime] = {}  # when Moodle got the submission of a person's id
        self._found: dict[tuple[str, str], set[Person]] = {}
        for person in self.people.values():
            keys = {("id", person.id.casefold()), ("login", person.login.casefold()), ("canvas", person.canvas_id)}
            keys |= {("email", person.email.casefold()), ("local", person.email.partition("@")[0].casefold())}
            keys |= {("name", squash(order)) for order in _orders(person.name)}
            for key in keys:
                if key[1]:
                    self._found.setdefault(key, set()).add(person)

    def look(self, *keys: tuple[str, str]) -> Person | None:
        """The person of the first of these (kind, value) that is known. Raises LookupError if several share it."""
        for key in keys:
            found = self._found.get(key, set())
            if len(found) > 1:
                raise LookupError(f"{' and '.join(sorted(person.id for person in found))} are both called so")
            if found:
                return next(iter(found))
        return None

    def named(self, name: str) -> Person | None:
        """The person of this name, in any order of its words. Raises LookupError if several have it."""
        return self.look(("name", squash(name)))

    def called(self, written: str) -> Person | None:
        """The person whose id, login, address or name this is. Raises LookupError if several have it."""
        text = unicodedata.normalize("NFC", written).casefold()
        keys = [(kind, text) for kind in ("id", "login", "email", "local")]
        return self.look(*keys, ("id", platforms.person_id(written).casefold())) or self.named(written)

    def marked(self, mark: platforms.Mark) -> Person | None:
        """The person whom a platform's mark means. Raises LookupError if it can be several."""
        if mark.platform == "canvas":
            person = self.look(("canvas", mark.number)) or self.named(mark.name)
            # a namesake has another number
            return None if person and person.canvas_id not in ("", mark.number) else person
        if mark.platform == "moodle" and self._numbers:
            return self._numbers.get(mark.number)
        return self.called(mark.name) if mark.platform == "blackboard" else self.named(mark.name)

    def has_number(self, mark: platforms.Mark) -> bool:
        """Whether the platform's number alone says whose mark it is."""
        known = mark.number in self._numbers if mark.platform == "moodle" else ("canvas", mark.number) in self._found
        return known and mark.platform in ("moodle", "canvas")

    def of_row(self, header: list[str], row: list[str]) -> Person | None:
        """The person of a row of Moodle's grading worksheet. Raises LookupError if it can be several."""
        cells = {what: _cell(header, row, what) for what in ("id", "login", "email", "name")}
        keys = [("id", platforms.person_id(cells["id"]).casefold()), ("login", cells["login"].casefold())]
        return self.look(*keys, ("email", cells["email"].casefold())) or self.named(cells["name"])

    def add_worksheet(self, path: str | Path) -> list[str]:
        """Learn from Moodle's grading worksheet of an exercise whose numbers are whose, and when they handed in.

        Returns the times that are not understood. Raises ValueError if the table is no such worksheet.
        """
        header, rows = tables.read_foreign(path)
        missing = [HEADERS[what][0] for what in ("number", "name", "when") if column(header, what) is None]
        if missing:
            raise ValueError(f"{path} is no grading worksheet of Moodle in English: no column {', '.join(missing)}")
        unclear = []
        for row in rows:
            number = re.search(r"\d*$", _cell(header, row, "number"))
            person = self.of_row(header, row)
            if person is None or number is None or not number[0]:
                continue
            self._numbers[number[0]] = person
            text = _cell(header, row, "when")
            if when := platforms.time(text):
                self.times[person.id] = when
            elif text.strip("-"):
                unclear.append(text)
        return unclear


def load(course: str | Path) -> Roster:
    """The roster of a course, from its roster.csv; one of nobody if there is none."""
    path = Path(course, FILE)
    return Roster(read_people(path) if path.exists() else [])
