"""From a folder as a learning platform gives it to submitted/STUDENT/EXERCISE/EXERCISE.ipynb, losing nothing."""

import datetime
import filecmp
import re
import tempfile
import unicodedata
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from . import archives, notebooks, platforms, roster, tables

HISTORY = "collected.csv"
TYPED = "text typed into the platform, not a file"
STORED = ("collected", "unchanged")  # of the statuses below
TIMESTAMP = "timestamp.txt"  # beside a submission: nbgrader reads there when it was handed in
# what else `--pattern` can say: the outermost folder names the student, or the file's name does
PATTERNS = (*platforms.MARKS, "folders", "names")
NUMBERED = re.compile(r"\s*\(\d+\)$")  # as in "neurons (2).ipynb", where a browser had such a file already


@dataclass
class Collected:
    """What became of a file: a line of collected.csv."""

    file: str
    student: str
    exercise: str
    status: str  # "collected", "unchanged", "older version" or "not collected"
    detail: str = ""
    written: str = ""  # the name that the path gives
    handed_in: str = ""  # when, if that is known
    late: str = ""  # "yes" if the platform says so, without a time
    dated: str = ""  # what the platform or the disk dates it


@dataclass(frozen=True)
class Name:
    """Somebody's name in a path."""

    written: str
    mark: platforms.Mark | None = None  # if it is a platform's mark
    within: str = ""  # the next folder below that has a name, too

    @property
    def has_number(self) -> bool:
        """Whether a platform tells namesakes apart by a number in it."""
        return bool(self.mark and self.mark.number)


@dataclass(frozen=True)
class Identity:
    """Whose work a path says that it is, and of which exercise; with a `problem` it must not be collected."""

    names: tuple[Name, ...] = ()  # outermost first; several must be the same person's
    exercise: str = ""  # one of the course's
    problem: str = ""


def identify(path: str, exercises: Sequence[str], exercise: str | None = None, pattern: str | None = None) -> Identity:
    """Whose work the file at `path` is, and of which exercise.

    The student is the outermost name: a platform's mark, else a folder, an archive or the file. So nobody can hand in
    for somebody else by a name within their own folder. Where it cannot be told whether the outermost name is one
    student's or a whole class's, the next one counts, too: within an archive without a mark, at a platform's mark
    within a folder without one, and at a second mark of the same platform.

    Parameters
    ----------
    path: its parts divided by ``/``, archives among them with their ``.zip``.
    exercises: the names of the course's exercises.
    exercise: which exercise it is, whatever the path says.
    pattern: one of `PATTERNS`, or a regular expression for the whole path with a group ``student`` and, if it can,
        ``exercise``.
    """
    parts = unicodedata.normalize("NFC", path).split("/")
    if any(part in ("", ".", "..") for part in parts):
        return Identity(exercise=exercise or "", problem="its path leads out of its folder")
    words = _Words(exercises)
    match = None
    if pattern is None:
        names = words.names(parts)
    elif pattern in platforms.MARKS:
        names = [name for name in words.names(parts, plain=False) if name.mark and name.mark.platform == pattern]
    elif pattern == "folders":
        names = words.names(parts[:1])[:1] if len(parts) > 1 else []
    elif pattern == "names":
        names = words.names(parts[-1:])
    else:
        match = re.fullmatch(pattern, "/".join(parts))
        names = [Name(match["student"])] if match and match["student"] else []
    if exercise is None:
        named = match.groupdict().get("exercise") if match else None
        found = [named] if named else words.exercises_in(parts)
        if len(found) > 1:
            return Identity(problem=f"its path names two exercises (see --exercise): {', '.join(found)}")
        exercise = found[0] if found else ""
        if exercise and exercise not in exercises:
            return Identity(problem=f"there is no exercise {exercise} in this course; there are {', '.join(exercises)}")
    problem = ""
    if not names or not all(platforms.person_id(name.written) for name in names):
        names, problem = [], "its name does not say whose it is (see --pattern)"
    elif not exercise:
        problem = f"its name does not say which exercise it is (see --exercise): {', '.join(exercises)}"
    return Identity(tuple(dict.fromkeys(names)), exercise, problem)


def exercises_in(text: str, exercises: Sequence[str]) -> list[str]:
    """The exercises that a text names, such as "week-2-neurons"."""
    return _Words(exercises).exercises_in([text])


class _Words:
    """Tells exercises and students apart in names such as ada_neurons.ipynb, neurons-ada.zip or ada."""

    def __init__(self, exercises: Sequence[str]) -> None:
        longest_first = sorted(map(re.escape, exercises), key=len, reverse=True) or ["(?!)"]  # nothing matches that
        # a name of its own and not a part of a longer word; digits may follow, as in neurons2
        self._exercise = re.compile(rf"(?<![^\W_])(?:{'|'.join(longest_first)})(?![^\W\d_])")

    def exercises_in(self, parts: Sequence[str]) -> list[str]:
        """The exercises that parts of a path name, each once."""
        return list(dict.fromkeys(found for part in parts for found in self._exercise.findall(part)))

    def names(self, parts: Sequence[str], plain: bool = True) -> list[Name]:
        """The names that count in a path, outermost first; see `identify`. Without `plain`, platforms' marks only."""
        found: list[Name] = []
        for k, part in enumerate(parts):
            mark = platforms.mark(part)
            if mark and self.exercises_in([mark.name]):  # neurons_2026_11_ada.ipynb is not the work of one neurons
                mark = None
            is_file = k == len(parts) - 1 or archives.is_archive(part)
            name = Name(mark.written, mark) if mark else Name(self._plain(part, is_file)) if plain else Name("")
            if not name.written:
                continue
            if not found:
                found.append(name)
                opened = plain and not mark and archives.is_archive(part)  # a student's, or a class's?
            elif opened or (mark and (found[0].mark is None or found[0].mark.platform == mark.platform)):
                found.append(name)
            elif not found[0].mark and not found[0].within and not is_file:
                found[0] = Name(found[0].written, within=name.written)
        return found

    def _plain(self, part: str, is_file: bool) -> str:
        """What the name of a folder or a file says besides the exercise; "" if nothing."""
        name = NUMBERED.sub("", Path(part).stem) if is_file else part
        return "_".join(piece for piece in (text.strip("-_. ") for text in self._exercise.split(name)) if piece)


@dataclass
class _Upload:
    """A file that somebody handed in, on its way to a person."""

    found: archives.Found
    names: tuple[Name, ...]
    result: Collected
    is_sure: bool = False  # the instructor or the platform's number says whose it is
    handed_in: datetime.datetime | None = None

    @classmethod
    def of(cls, found: archives.Found, identity: Identity) -> "_Upload":
        """The upload of a file with this identity."""
        result = Collected(found.name, "", identity.exercise, "not collected", identity.problem)
        if identity.names:
            result.written, mark = identity.names[0].written, identity.names[0].mark
            if mark and mark.is_text:  # nobody is to be told that it could not be graded
                result.detail = TYPED
        return cls(found, identity.names, result)

    @property
    def is_notebook(self) -> bool:
        """Whether it can be a submission, by its name."""
        return self.found.name.lower().endswith(".ipynb")

    def refuse(self, why: str) -> None:
        """Say why it has no student."""
        self.result.student, self.result.detail = "", why

    def set_times(self, people: roster.Roster, file_dates: bool) -> None:
        """Note when it was handed in, as far as the platform says it, and what it is dated."""
        mark = self.names[0].mark if self.names else None
        self.handed_in = people.times.get(self.result.student) or (mark.when if mark else None)
        if file_dates and mark is None:
            self.handed_in = datetime.datetime.fromtimestamp(self.found.time).astimezone()
        self.result.handed_in = self.handed_in.isoformat(" ", "seconds") if self.handed_in else ""
        self.result.late = "yes" if mark and mark.late else ""
        self.result.dated = datetime.datetime.fromtimestamp(self.found.time).astimezone().isoformat(" ")

    def age(self) -> tuple[float, float]:
        """What tells a newer version of the same work from an older one: it is larger."""
        return (self.handed_in.timestamp() if self.handed_in else self.found.time), self.found.inner_time


@dataclass
class _Matching:
    """Finds the person for each upload of one download, and never takes two for one in silence."""

    course: Path
    people: roster.Roster
    history: dict[str, list[dict[str, str]]]  # of each student's id, the rows of collected.csv that were stored
    waiting: dict[str, str] = field(default_factory=dict)  # the names that nobody has, with a file

    def __post_init__(self) -> None:
        rows = tables.read(self.course / roster.ASSIGNED)
        self.assigned = {row["written"]: row["id"] for row in rows if row["id"]}

    def match(self, uploads: list[_Upload]) -> None:
        """Give each of `uploads` its student, or the reason why it has none."""
        for upload in uploads:
            try:
                found = list(dict.fromkeys(self._person(name, upload) for name in upload.names))
            except LookupError as error:
                upload.refuse(str(error))
                continue
            if len(found) > 1:
                names = ", ".join(name.written for name in upload.names)
                upload.refuse(
                    f"its path names two students: {names}. A folder or archive of several is given by itself, or see "
                    "--pattern"
                )
            if len(found) == 1 or upload.names[0].mark:  # whose a platform's upload is, is known: it gets the reason
                upload.result.student = found[0]
        self._refuse_namesakes([upload for upload in uploads if upload.result.student and not upload.result.detail])
        rows = tables.read(self.course / roster.ASSIGNED)
        known = {row["written"] for row in rows}
        new = [{"written": name, "file": file} for name, file in self.waiting.items() if name not in known]
        if new:
            tables.write(self.course / roster.ASSIGNED, ("written", "id", "file"), [*rows, *new])

    def _person(self, name: Name, upload: _Upload) -> str:
        """The id of the person of this name. Raises LookupError with the reason if there is none."""
        mark = name.mark
        short = mark.name if mark and mark.platform == "moodle" else name.written  # without an exercise's number
        for spelling in (name.written, short):
            if id := self.assigned.get(spelling):
                if id == roster.NOBODY:
                    raise LookupError("left out by the instructor")
                if id not in self.people.people if self.people.people else id != platforms.person_id(id):
                    raise LookupError(f"{roster.ASSIGNED} says that it is {id}: there is no such person")
                upload.is_sure = True
                return id
        if not self.people.people:
            anonymous = mark and mark.name == "Participant"  # so Moodle calls everybody who is marked anonymously
            id = platforms.person_id(name.written if anonymous else short)
            if len(id) > platforms.LONGEST_ID:
                raise LookupError(self._ask(name.written, upload, "a name that is too long"))
            return id
        try:
            person = self.people.marked(mark) if mark else self.people.called(name.written)
        except LookupError as error:
            raise LookupError(self._ask(name.written, upload, str(error))) from None
        if person is None:
            raise LookupError(self._ask(short, upload, f"{short} is not in the roster"))
        upload.is_sure = mark is not None and self.people.has_number(mark)
        return person.id

    def _ask(self, written: str, upload: _Upload, problem: str) -> str:
        if upload.is_notebook:
            self.waiting[written] = upload.found.name
        return f"{problem}; say whose it is: grading assign {self.course} '{written}' ID"

    def _refuse_namesakes(self, uploads: list[_Upload]) -> None:
        """Refuse uploads of several people who would become one: none of them may replace another's work."""
        alone = not self.people.people  # without a roster
        claims: dict[tuple[str, str], list[_Upload]] = {}
        for upload in uploads:
            claims.setdefault((upload.result.student, upload.result.exercise), []).append(upload)
        for (student, exercise), claim in claims.items():
            unsure = [upload for upload in claim if not upload.is_sure]
            names = {name.written for upload in unsure if (name := upload.names[0]) and (alone or name.has_number)}
            for row in self.history.get(student, []) if names else []:
                same = any(_same_but_number(row["written"], name) for name in names)
                # Moodle's numbers differ between exercises; in a roster one person has an id, a login and a name
                if (same and row["exercise"] == exercise) or (alone and not same):
                    names.add(row["written"])
            if len(names) > 1:
                words = f"these would be the same student {student}: {', '.join(sorted(names))}"
                for upload in unsure:
                    upload.refuse(self._ask(upload.names[0].written, upload, words))
            folders = {upload.names[0].within for upload in unsure if upload.names[0].within}
            if alone and len(folders) > 1:
                several = f"a folder of several ({', '.join(sorted(folders))})"
                for upload in unsure:
                    words = f"is {upload.names[0].written} a student, or {several}?"
                    upload.refuse(f"{words} Give the folder itself, or a roster (grading roster)")


def _same_but_number(one: str, other: str) -> bool:
    """Whether two names are the same without the number that Moodle gives anew for each exercise."""
    return re.sub(r"_\d+$", "", one) == re.sub(r"_\d+$", "", other)


def collect(
    course: str | Path,
    folder: str | Path,
    exercises: Sequence[str],
    exercise: str | None = None,
    pattern: str | None = None,
    worksheet: str | Path | None = None,
    file_dates: bool = False,
) -> list[Collected]:
    """Copy the newest notebook of each student and exercise from `folder` into the course's submitted/.

    What lay there before and differs is kept in earlier/, and collected.csv says what became of every file. Returns
    these rows, a `Collected` for every file; see `identify` for `exercise` and `pattern`.

    Parameters
    ----------
    worksheet: Moodle's grading worksheet of the exercise, which says whose its numbers are and when they handed in.
    file_dates: whether the date of a file tells when it was handed in, where the platform does not.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    ValueError
        For an unknown exercise, a pattern without a student, or a table that is no worksheet.
    """
    course, folder = Path(course), Path(folder)
    if not folder.exists():
        raise FileNotFoundError(f"there is no folder {folder}")
    notebooks.check_exercise(exercise, exercises)
    _check_pattern(pattern)
    people = roster.load(course)
    if worksheet and not (exercise and people.people):
        raise ValueError("a worksheet is that of one exercise (--exercise), for a course with a roster")
    unclear = people.add_worksheet(worksheet) if worksheet else []
    if unclear:
        raise ValueError(f"{worksheet}: {unclear[0]!r} is not understood as a time; export it with Moodle in English")
    history = tables.read(course / HISTORY)
    course.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=course, prefix=".collecting-") as scratch:
        download = archives.Download(folder, scratch)
        found = list(download.files())
        common = _common_folder([file.name for file in found], people)
        uploads = [
            _Upload.of(file, identify(file.name.removeprefix(common), exercises, exercise, pattern)) for file in found
        ]
        stored: dict[str, list[dict[str, str]]] = {}
        for row in history:
            if row["status"] in STORED:
                stored.setdefault(row["student"], []).append(row)
        _Matching(course, people, stored).match([upload for upload in uploads if not upload.result.detail])
        versions: dict[tuple[str, str], list[_Upload]] = {}
        for upload in uploads:
            upload.set_times(people, file_dates)
            if not upload.is_notebook and upload.result.detail != TYPED:
                upload.result.detail = "not a notebook (.ipynb)"
            upload.result.detail = upload.found.problem or upload.result.detail
            if not upload.result.detail:
                versions.setdefault((upload.result.student, upload.result.exercise), []).append(upload)
        for (student, name), candidates in versions.items():
            last = next((row for row in reversed(stored.get(student, [])) if row["exercise"] == name), None)
            _store_newest(course, download, candidates, last, Path(scratch, "copy"))
        download.close()
    results = [upload.result for upload in uploads]
    _note(course, results, history)
    return results


def _check_pattern(pattern: str | None) -> None:
    if pattern is None or pattern in PATTERNS:
        return
    try:
        groups = re.compile(pattern).groupindex
    except re.error as error:
        raise ValueError(f"the pattern {pattern!r} is no regular expression: {error}") from None
    if "student" not in groups:
        raise ValueError(f"the pattern {pattern!r} has no group (?P<student>...) and is none of {', '.join(PATTERNS)}")


def _common_folder(paths: Sequence[str], people: roster.Roster) -> str:
    """The folders in which everything lies and which name nobody of the roster, with a / at the end; often ""."""
    common = ""
    while people.people and paths and all("/" in path for path in paths):
        first = {path.partition("/")[0] for path in paths}
        part = first.pop()
        try:
            if first or platforms.mark(part) or people.called(part):
                break
        except LookupError:
            break
        common += f"{part}/"
        paths = [path.partition("/")[2] for path in paths]
    return common


def _store_newest(
    course: Path, download: archives.Download, versions: list[_Upload], last: dict[str, str] | None, copy: Path
) -> None:
    """Put the newest of one student's versions that can be read into submitted/, unless `last` was newer."""
    student, exercise = versions[0].result.student, versions[0].result.exercise
    target = course / "submitted" / student / exercise / f"{exercise}.ipynb"
    versions = sorted(versions, key=_Upload.age)  # of equally old ones the one that was found last
    while versions:
        newest = versions.pop()
        if last and target.exists() and _is_older(newest.result, last):
            newest.result.status, newest.result.detail = "older version", f"{last['file']}, collected before, is newer"
            continue
        now = newest.result
        if last and target.exists() and (last["file"], last["dated"]) == (now.file, now.dated):
            now.status = "unchanged"  # also if somebody has repaired it since
        else:
            try:
                download.copy(newest.found, copy)
            except archives.Unreadable as error:
                now.detail = str(error)
                continue
            now.status = "unchanged" if target.exists() and filecmp.cmp(copy, target, shallow=False) else "collected"
            if now.status == "collected":
                keep(course, student, exercise)
                target.parent.mkdir(parents=True, exist_ok=True)
                copy.replace(target)
        if newest.handed_in:
            words = f"{newest.handed_in.astimezone(datetime.UTC):%Y-%m-%d %H:%M:%S} UTC"
            target.with_name(TIMESTAMP).write_text(words, encoding="utf-8")
        for other in versions:
            other.result.status, other.result.detail = "older version", f"{newest.found.name} is newer"
        return


def _is_older(result: Collected, last: dict[str, str]) -> bool:
    """Whether a file is older than what the row `last` of collected.csv says."""
    column = "handed_in" if result.handed_in and last["handed_in"] else "dated"
    return datetime.datetime.fromisoformat(getattr(result, column)) < datetime.datetime.fromisoformat(last[column])


def keep(course: Path, student: str, exercise: str) -> list[Path]:
    """Move what a student handed in from submitted/ to earlier/STUDENT/EXERCISE/; return where the files are now."""
    kept = []
    folder = course / "submitted" / student / exercise
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        when = datetime.datetime.fromtimestamp(path.stat().st_mtime).strftime("%Y-%m-%d-%H%M%S")
        number, aside = 1, course / "earlier" / student / exercise / f"{when}{path.suffix}"
        while aside.exists():
            number += 1
            aside = aside.with_name(f"{when}-{number}{path.suffix}")
        aside.parent.mkdir(parents=True, exist_ok=True)
        path.replace(aside)
        kept.append(aside)
    return kept


def _note(course: Path, results: list[Collected], history: list[dict[str, str]]) -> None:
    """Add what became of each file to collected.csv."""
    when = f"{datetime.datetime.now():%Y-%m-%d %H:%M:%S}"
    columns = ["collected_at", *(field.name for field in fields(Collected))]
    now = [{"collected_at": when} | asdict(result) for result in results]
    tables.write(course / HISTORY, columns, [*history, *now])
