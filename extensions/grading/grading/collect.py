"""From a folder as a learning platform gives it to submitted/STUDENT/EXERCISE/EXERCISE.ipynb, losing nothing."""

import datetime
import io
import re
import unicodedata
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from . import notebooks, platforms, roster

IGNORED = re.compile(r"(^|/)(__MACOSX/|\.DS_Store$|\.ipynb_checkpoints/|Thumbs\.db$)")
# what else `--pattern` can say: the outermost folder names the student, or the file's name does
PATTERNS = (*platforms.MARKS, "folders", "names")
NUMBERED = re.compile(r"\s*\(\d+\)$")  # as in "neurons (2).ipynb", where a browser had such a file already


@dataclass
class Found:
    """A file of the platform's folder."""

    name: str  # its path there, with / and through archives: "class.zip/ada.ipynb"
    content: bytes
    time: float
    problem: str = ""  # why it cannot be read, if so


@dataclass
class Collected:
    """What became of a file."""

    file: str
    student: str
    exercise: str
    status: str  # "collected", "unchanged", "older version" or "not collected"
    detail: str = ""
    written: str = ""  # the name that the path gives


@dataclass(frozen=True)
class Identity:
    """Whose work a path says that it is, and of which exercise; with a `problem` it must not be collected."""

    student: str = ""  # as a folder's name: letters, digits and _ . @ + -
    exercise: str = ""  # one of the course's
    problem: str = ""
    student_as_written: str = ""  # before it was made a folder's name


def walk(folder: str | Path) -> Iterator[Found]:
    """Yield a `Found` for every file in a folder or ZIP archive, also within archives, but for editors' own files."""
    folder = Path(folder)
    if folder.is_file():
        yield from _read(folder, "" if _is_archive(folder.name) else folder.name)
        return
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()):
        name = path.relative_to(folder).as_posix()
        if not IGNORED.search(name):
            yield from _read(path, name)


def _is_archive(name: str) -> bool:
    return name.lower().endswith(".zip")


def _too_large() -> str:
    return f"larger than {notebooks.LARGEST / 1e6:.0f} MB"


def _read(path: Path, name: str) -> Iterator[Found]:
    """Yield the file at `path`, or what it holds if it is an archive; `name` is its path, empty for the outermost."""
    time = path.stat().st_mtime
    if _is_archive(path.name):
        yield from _unzip(path, name, path.name, time, 0)
    elif path.stat().st_size > notebooks.LARGEST:
        yield Found(name, b"", time, _too_large())
    else:
        yield Found(name, path.read_bytes(), time)


def _unzip(file: Path | IO[bytes], name: str, shown: str, time: float, depth: int) -> Iterator[Found]:
    """Yield what the archive `file` holds, each below the path `name`; a damaged archive is called `shown`."""
    try:
        archive = zipfile.ZipFile(file)
    except zipfile.BadZipFile:
        yield Found(name or shown, b"", time, "a damaged archive")
        return
    with archive:
        for member in archive.infolist():
            inner = f"{name}/{member.filename}" if name else member.filename
            if member.is_dir() or IGNORED.search(inner):
                continue
            when = _time_of(member, time)
            if member.file_size > notebooks.LARGEST:
                yield Found(inner, b"", when, _too_large())
                continue
            try:
                content = archive.read(member)
            except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, EOFError) as error:
                yield Found(inner, b"", when, f"cannot be read from its archive: {error}")
                continue
            if _is_archive(inner) and depth < 2:
                yield from _unzip(io.BytesIO(content), inner, inner, when, depth + 1)
            else:
                yield Found(inner, content, when)


def _time_of(member: zipfile.ZipInfo, otherwise: float) -> float:
    try:
        return datetime.datetime(*member.date_time).timestamp()
    except ValueError:  # some programs write no date: month 0
        return otherwise


def identify(path: str, exercises: list[str], exercise: str | None = None, pattern: str | None = None) -> Identity:
    """Whose work the file at `path` is, and of which exercise.

    The student is the outermost name that is recognized: what a platform marks, else a folder, an archive or the file.
    So nobody can hand in for somebody else by a name within their own folder. A path that names two students, by marks
    of one platform or outside and inside of an archive, or two exercises, is refused.

    Parameters
    ----------
    path: its parts divided by ``/``, archives among them with their ``.zip``.
    exercises: the names of the course's exercises.
    exercise: which exercise it is, whatever the path says.
    pattern: one of `PATTERNS`, or a regular expression for the whole path with a group ``student`` and, if it can,
        ``exercise``. Without it the marks of the known platforms are looked for, then plain names.
    """
    parts = unicodedata.normalize("NFC", path).split("/")
    if any(part in ("", ".", "..") for part in parts):
        return Identity(exercise=exercise or "", problem="its path leads out of its folder")
    names = _Names(exercises)
    match = None
    if pattern is None:
        students = next((found for mark in platforms.MARKS if (found := _marked(parts, mark, names))), None)
        students = students or names.plain(parts)
    elif pattern in platforms.MARKS:
        students = _marked(parts, pattern, names)
    elif pattern == "folders":
        students = names.student_in(parts[0], _is_archive(parts[0])) if len(parts) > 1 else []
    elif pattern == "names":
        students = names.plain(parts[-1:])
    else:
        match = re.fullmatch(pattern, "/".join(parts))
        students = [match["student"] or ""] if match else []
    if exercise is None:
        named = match.groupdict().get("exercise") if match else None
        found = [named] if named else names.exercises_in(parts)
        if len(found) > 1:
            return Identity(problem=f"its path names two exercises (see --exercise): {', '.join(found)}")
        exercise = found[0] if found else ""
        if exercise and exercise not in exercises:
            return Identity(problem=f"there is no exercise {exercise} in this course; there are {', '.join(exercises)}")
    if len(students) > 1:
        words = f"its path names two students: {', '.join(students)} (see --pattern)"
        return Identity(exercise=exercise, problem=words)
    written = students[0] if students else ""
    student = re.sub(r"[^\w.@+-]+", "_", written).strip("._-")
    if not student:
        return Identity(exercise=exercise, problem="its name does not say whose it is (see --pattern)")
    if not exercise:
        words = f"its name does not say which exercise it is (see --exercise): {', '.join(exercises)}"
        return Identity(student, problem=words, student_as_written=written)
    return Identity(student, exercise, student_as_written=written)


def _marked(parts: list[str], platform: str, names: "_Names") -> list[str]:
    """The students that a platform's mark names in a path, outermost first; more than one is one too many."""
    found = [match["student"] for part in parts if (match := platforms.MARKS[platform].fullmatch(part))]
    # a file neurons_2026_11_ada.ipynb is not the work of a student called neurons
    return list(dict.fromkeys(student for student in found if not names.exercises_in([student])))


class _Names:
    """Tells exercises and students apart in names such as ada_neurons.ipynb, neurons-ada.zip or ada."""

    def __init__(self, exercises: list[str]) -> None:
        longest_first = sorted(map(re.escape, exercises), key=len, reverse=True) or ["(?!)"]  # nothing matches that
        # a name of its own and not a part of a longer word; digits may follow, as in neurons2
        self._exercise = re.compile(rf"(?<![^\W_])(?:{'|'.join(longest_first)})(?![^\W\d_])")

    def exercises_in(self, parts: list[str]) -> list[str]:
        """The exercises that parts of a path name, each once."""
        return list(dict.fromkeys(found for part in parts for found in self._exercise.findall(part)))

    def student_in(self, part: str, is_file: bool) -> list[str]:
        """What the name of a folder or a file says besides the exercise; empty if nothing."""
        name = NUMBERED.sub("", Path(part).stem) if is_file else part
        pieces = (piece.strip("-_. ") for piece in self._exercise.split(name))
        return ["_".join(found)] if (found := [piece for piece in pieces if piece]) else []

    def plain(self, parts: list[str]) -> list[str]:
        """The students that a path without marks names: the outermost folder that does, or an archive, or the file.

        Who made an archive that lies among others is not known, a student or a platform for its class. So what its
        members' names say counts, too, and two names are returned if they differ.
        """
        for k, part in enumerate(parts):
            found = self.student_in(part, is_file=k == len(parts) - 1 or _is_archive(part))
            if found and _is_archive(part):
                found += self.plain(parts[k + 1 :])
            if found:
                return list(dict.fromkeys(found))
        return []


def collect(
    course: str | Path,
    folder: str | Path,
    exercises: list[str],
    exercise: str | None = None,
    pattern: str | None = None,
) -> list[Collected]:
    """Copy the newest notebook of each student and exercise from `folder` into the course's submitted/.

    What lay there before and differs is kept in earlier/. Returns a `Collected` for every file; see `identify` for the
    other parameters.
    Raises FileNotFoundError without such a folder, ValueError for an unknown exercise or a pattern without a student.
    """
    course, folder = Path(course), Path(folder)
    if not folder.exists():
        raise FileNotFoundError(f"there is no folder {folder}")
    if exercise is not None and exercise not in exercises:
        raise ValueError(f"there is no exercise {exercise} in this course; there are {', '.join(exercises)}")
    if pattern and pattern not in PATTERNS and "student" not in re.compile(pattern).groupindex:
        raise ValueError(f"the pattern {pattern!r} has no group (?P<student>...) and is none of {', '.join(PATTERNS)}")
    results = []
    accepted: list[tuple[Found, Collected]] = []
    for found in walk(folder):
        identity = identify(found.name, exercises, exercise, pattern)
        problem = found.problem or identity.problem
        written = identity.student_as_written
        result = Collected(found.name, identity.student, identity.exercise, "not collected", problem, written)
        results.append(result)
        if not problem and not found.name.lower().endswith(".ipynb"):
            result.detail = "not a notebook (.ipynb)"
        elif not problem:
            accepted.append((found, result))
    # ---- whose they are, by the roster ----
    uploads = [roster.Upload(found.name, result.written, result.exercise) for found, result in accepted]

    def rename(path: str) -> tuple[str, str]:
        inner = identify(path, exercises, exercise, pattern)
        return inner.student_as_written, inner.exercise

    roster.Matching(course).match(uploads, rename)
    versions: dict[tuple[str, str], list[tuple[Found, Collected]]] = {}
    for (found, result), upload in zip(accepted, uploads, strict=True):
        result.student, result.exercise, result.detail = upload.student, upload.exercise, upload.problem
        if upload.student:
            versions.setdefault((upload.student, upload.exercise), []).append((found, result))
    # ---- end ----
    for (student, name), candidates in versions.items():
        candidates.sort(key=lambda version: version[0].time)  # of equally old ones the last that was found
        newest, newest_result = candidates[-1]
        for _, result in candidates[:-1]:
            result.status, result.detail = "older version", f"{newest.name} is newer"
        newest_result.status = _store(course, student, name, newest.content)
    return results


def _store(course: Path, student: str, exercise: str, content: bytes) -> str:
    """Put a notebook where nbgrader expects it, keeping a different one that was there; return the status."""
    target = course / "submitted" / student / exercise / f"{exercise}.ipynb"
    if target.exists():
        if target.read_bytes() == content:
            return "unchanged"
        when = datetime.datetime.fromtimestamp(target.stat().st_mtime).strftime("%Y-%m-%d-%H%M%S")
        kept = course / "earlier" / student / exercise / f"{when}.ipynb"
        kept.parent.mkdir(parents=True, exist_ok=True)
        target.replace(kept)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    return "collected"
