"""Who is in the course: the roster, whose upload is whose, and what an instructor has said about the rest."""

import re
import unicodedata
from collections.abc import Callable, Iterable
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
    lower = [name.lower() for name in header]
    if "id" in lower and "section" in lower and ("student" in lower or {"lastname", "firstname"} <= set(lower)):
        people = [person for row in rows if (person := _from_canvas(dict(zip(lower, row, strict=False))))]
    else:
        people = [_from_other(header, row) for row in rows]
    seen: dict[str, Person] = {}
    for number, person in enumerate(people, start=2):
        if not person.id:
            raise ValueError(f"{path}, line {number}: {person.name or 'a row'} has no id ({', '.join(header)})")
        other = seen.setdefault(person.id.casefold(), person)
        if other is not person and other != person:
            raise ValueError(f"{path}: the id {person.id} stands for {other.name} and for {person.name}")
    if not seen:
        raise ValueError(f"{path} names nobody")
    return sorted(seen.values(), key=lambda person: person.id)


def _from_canvas(row: dict[str, str]) -> Person | None:
    name = row.get("student") or f"{row.get('lastname', '')}, {row.get('firstname', '')}"
    number = row["id"].strip()
    if not number or name.strip() == "Student, Test":  # the rows below the header, and Canvas' test student
        return None
    login = row.get("sis login id", "").strip()
    email = login if "@" in login else ""
    id = platforms.person_id(row.get("sis user id", "").strip() or login or number)
    return Person(id, _first_name_first(name), email, row["section"].strip(), login, number)


def _from_other(header: list[str], row: list[str]) -> Person:
    def cell(what: str) -> str:
        place = column(header, what)
        return "" if place is None else row[place].strip()

    name = cell("name") or f"{cell('first')} {cell('last')}".strip()
    id = cell("id") or cell("login") or cell("email")
    if column(header, "id") is None and column(header, "login") is None and column(header, "email") is None:
        raise ValueError(f"no column tells who is who; there are {', '.join(header)}, and needed are id and name")
    others = (cell(what) for what in ("email", "section", "login", "canvas_id"))
    return Person(platforms.person_id(id), _first_name_first(name), *others)


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
    before = {person.id for person in load(course).people}
    people = read_people(path)
    after = {person.id for person in people}
    tables.write(Path(course, FILE), COLUMNS, [vars(person) for person in people])
    return Change(sorted(after - before), sorted(before - after), len(people))


def assign(course: str | Path, written: str, id: str) -> None:
    """Note that files of the name `written` are the work of the person `id`, or of nobody (`NOBODY`).

    Raises ValueError if the roster has no such person.
    """
    known = load(course)
    if known.people and id != NOBODY and id not in {person.id for person in known.people}:
        raise ValueError(f"there is no {id} in {FILE}")
    rows = [row for row in tables.read(Path(course, ASSIGNED)) if row["written"] != written]
    tables.write(Path(course, ASSIGNED), ("written", "id", "file"), [*rows, {"written": written, "id": id}])


def squash(name: str, loose: bool = False) -> str:
    """A name without spaces, signs and case; if `loose`, without accents, too."""
    text = unicodedata.normalize("NFKD" if loose else "NFC", name).casefold()
    text = unicodedata.normalize("NFKD" if loose else "NFC", text)
    return "".join(c for c in text if unicodedata.category(c)[0] in ("LN" if loose else "LMN"))


def _orders(name: str) -> Iterable[str]:
    """A name in all orders that put some last words first: platforms write Lovelace Ada as well as Ada Lovelace."""
    words = _first_name_first(name).split()
    return [" ".join(words[k:] + words[:k]) for k in range(len(words))]


class Roster:
    """The people of a course, found by what platforms call them; empty without a roster."""

    def __init__(self, people: Iterable[Person]) -> None:
        self.people = list(people)
        self.numbers: dict[str, Person] = {}  # Moodle's for one exercise, from its worksheet
        self.times: dict[str, str] = {}  # when Moodle got the submission of a person's id, as it writes it
        self._found: dict[tuple[str, str], set[Person]] = {}
        for person in self.people:
            keys = {("id", person.id.casefold()), ("login", person.login.casefold()), ("canvas", person.canvas_id)}
            keys |= {("email", person.email.casefold()), ("local", person.email.partition("@")[0].casefold())}
            for order in _orders(person.name):
                keys |= {("name", squash(order)), ("loose", squash(order, loose=True))}
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
        return self.look(("name", squash(name)), ("loose", squash(name, loose=True)))

    def called(self, written: str) -> Person | None:
        """The person whose id, login, address or name this is. Raises LookupError if several have it."""
        text = unicodedata.normalize("NFC", written).casefold()
        keys = [(kind, text) for kind in ("id", "login", "email", "local")]
        return self.look(*keys, ("id", platforms.person_id(written).casefold())) or self.named(written)

    def marked(self, mark: platforms.Mark) -> Person | None:
        """The person whom a platform's mark means. Raises LookupError if it can be several."""
        if mark.platform == "canvas":
            person = self.look(("canvas", mark.number)) or self.named(mark.name)
            # a namesake whose number is another's
            return None if person and person.canvas_id not in ("", mark.number) else person
        if mark.platform == "blackboard":
            return self.called(mark.name)
        if mark.platform == "moodle" and self.numbers:
            return self.numbers.get(mark.number)
        return self.look(("id", mark.id.casefold())) or self.named(mark.name)

    def add_worksheet(self, path: str | Path) -> None:
        """Learn from Moodle's grading worksheet of an exercise whose numbers are whose, and when they handed in.

        Raises ValueError if it is none, or names somebody who is not in the roster.
        """
        header, rows = tables.read_foreign(path)
        places = {what: column(header, what) for what in ("number", "id", "email", "name", "when")}
        if places["number"] is None:
            raise ValueError(f"{path} is no grading worksheet of Moodle: it has no column Identifier")
        for row in rows:
            cells = {what: row[place].strip() if place is not None else "" for what, place in places.items()}
            number = re.search(r"\d*$", cells["number"])
            keys = ("id", platforms.person_id(cells["id"]).casefold()), ("email", cells["email"].casefold())
            person = self.look(*keys) or self.named(cells["name"])
            if person and number and number[0]:
                self.numbers[number[0]] = person
                self.times[person.id] = cells["when"]


def load(course: str | Path) -> Roster:
    """The roster of a course, from its roster.csv."""
    path = Path(course, FILE)
    return Roster(read_people(path) if path.exists() else [])


@dataclass
class Upload:
    """A file that somebody handed in, on its way to a person."""

    path: str
    written: str  # the name that its path gives, by `collect.identify`
    exercise: str
    student: str = ""
    problem: str = ""


class Matching:
    """Finds the person for each upload of one download, and never takes two for one in silence."""

    def __init__(self, course: str | Path, worksheet: str | Path | None = None) -> None:
        self.course = Path(course)
        self.roster = load(course)
        if worksheet:
            if not self.roster.people:
                raise ValueError(f"a worksheet needs a roster: grading roster {course} {worksheet}")
            self.roster.add_worksheet(worksheet)
        self.assigned = {row["written"]: row["id"] for row in tables.read(self.course / ASSIGNED) if row["id"]}
        self.waiting: dict[str, str] = {}  # the names that nobody has, with a file
        self.earlier: dict[str, str] = {}  # without a roster: the name that an id came from
        for row in tables.read(self.course / "collected.csv"):
            if row.get("status") == "collected" and row.get("written"):
                self.earlier[row["student"]] = row["written"]

    def match(self, uploads: list[Upload], rename: Callable[[str], tuple[str, str]]) -> None:
        """Give each of `uploads` its `student`, or a `problem`.

        `rename` says of a path which (name, exercise) it gives: folders that all files lie in are nobody's, and the
        path is looked at without them.
        """
        for upload in uploads:
            upload.student, upload.problem = self._person(upload)
        while len(uploads) > 1 and all("/" in upload.path for upload in uploads):
            first = {upload.path.partition("/")[0] for upload in uploads}
            marked = any(platforms.mark(part) for part in first)
            if len(first) > 1 or marked or any(upload.student for upload in uploads if self.roster.people):
                break
            inner = [upload.path.partition("/")[2] for upload in uploads]
            if not self.roster.people and not self._several_folders(inner):
                break
            if not self.roster.people and {upload.written for upload in uploads} == first:
                for upload in uploads:
                    upload.student, upload.problem = (
                        "",
                        (f"is {upload.written} a student, or a folder of several? Give the folder itself, or a roster"),
                    )
                break
            for upload, path in zip(uploads, inner, strict=True):
                written, exercise = rename(path)
                upload.path, upload.written, upload.exercise = path, written, exercise or upload.exercise
                upload.student, upload.problem = self._person(upload)
        self._refuse_namesakes(uploads)
        self._list_waiting()

    @staticmethod
    def _several_folders(paths: list[str]) -> bool:
        return len({path.partition("/")[0] for path in paths if "/" in path}) > 1

    def _person(self, upload: Upload) -> tuple[str, str]:
        """The id of the person whose file this is, or the problem."""
        mark = platforms.mark(upload.path)
        names = _names(mark, upload.written)
        assigned = next((self.assigned[name] for name in names if name in self.assigned), "")
        if assigned == NOBODY:
            return "", "left out by the instructor"
        if assigned:
            return assigned, ""
        if not self.roster.people:
            return _id_without_roster(mark, upload.written), ""
        try:
            person = self.roster.marked(mark) if mark else self.roster.called(upload.written)
        except LookupError as error:
            self.waiting[names[0]] = upload.path
            return "", f"{error}; say whose it is: grading assign {self.course} '{names[0]}' ID"
        if person:
            return person.id, ""
        self.waiting[names[-1]] = upload.path
        return "", f"{names[-1]} is not in the roster; say who it is: grading assign {self.course} '{names[-1]}' ID"

    def _refuse_namesakes(self, uploads: list[Upload]) -> None:
        """Refuse uploads of several people who would become one: none of them may replace another's work."""
        claims: dict[tuple[str, str], dict[str, list[Upload]]] = {}
        for upload in uploads:
            if upload.student:
                name = _names(platforms.mark(upload.path), upload.written)[0]
                # a person's numbers differ between exercises on Moodle, and only there
                claims.setdefault((upload.student, upload.exercise), {}).setdefault(name, []).append(upload)
        for (student, _), names in claims.items():
            certain = {name for name in names if self.assigned.get(name) == student}
            before = self.earlier.get(student)
            spelled = {_spelling(name) for name in names} | ({_spelling(before)} if before else set())
            one_way = len(names) < 2 or names.keys() == certain or self._all_known(student, names)
            if one_way and (self.roster.people or len(spelled) < 2):
                continue
            everyone = sorted({*names, *([before] if before and not self.roster.people else [])})
            for name, several in names.items():
                for upload in several:
                    if name not in certain:
                        upload.student = ""
                        upload.problem = f"two names would become the same student: {', '.join(everyone)}"
                        self.waiting[name] = upload.path

    def _all_known(self, student: str, names: dict[str, list[Upload]]) -> bool:
        """Whether one person can have all these names: in a roster by id, login and address, but one number only."""
        if not self.roster.people:
            return False
        numbers = {mark.number for ups in names.values() for up in ups if (mark := platforms.mark(up.path))}
        return len(numbers) < 2

    def _list_waiting(self) -> None:
        """Add the names that nobody has to assigned.csv, where one line says whose they are."""
        rows = tables.read(self.course / ASSIGNED)
        known = {row["written"] for row in rows}
        new = [{"written": name, "id": "", "file": file} for name, file in self.waiting.items() if name not in known]
        if new:
            tables.write(self.course / ASSIGNED, ("written", "id", "file"), [*rows, *new])


def _names(mark: platforms.Mark | None, written: str) -> list[str]:
    """What a person is called in assigned.csv: with the platform's number, and without it."""
    if mark is None:
        return [written]
    if mark.platform in ("moodle", "canvas"):
        return [f"{mark.name}_{mark.number}", *([mark.name] if mark.platform == "moodle" else [])]
    return [mark.name]


def _id_without_roster(mark: platforms.Mark | None, written: str) -> str:
    if mark is None:
        return platforms.person_id(written)
    if mark.platform == "moodle" and mark.name != "Participant":  # as everybody is called who is marked anonymously
        return platforms.person_id(mark.name)
    return platforms.person_id(_names(mark, written)[0])


def _spelling(name: str) -> str:
    """A name without Moodle's number of one exercise, for comparison with other exercises."""
    return re.sub(r"_\d+$", "", unicodedata.normalize("NFC", name))
