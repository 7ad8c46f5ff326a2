"""From a folder as a learning platform gives it to submitted/STUDENT/EXERCISE/EXERCISE.ipynb, losing nothing."""

import datetime
import io
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from . import notebooks

IGNORED = re.compile(r"(^|/)(__MACOSX/|\.DS_Store$|\.ipynb_checkpoints/|Thumbs\.db$)")
# how platforms name what they let instructors download; tried in this order
PATTERNS = {
    "moodle": r"(?:.*/)?(?P<student>[^/]+_\d+)_assignsubmission_file(?:_[^/]*)?/.*",
    "canvas": r"(?:.*/)?(?P<student>[^/_]+(?:_LATE)?_\d+)_\d+_[^/]*",
    "folders": r"(?P<student>[^/]+)/.*",
    "names": r"(?P<student>[^/]+)",
}


@dataclass
class Found:
    """A file of the platform's folder."""

    name: str  # its path there, with / and through archives
    inner: str  # the same without the names of archives
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


def walk(folder):
    """Yield a `Found` for every file in a folder or ZIP archive, also within archives, but for editors' own files."""
    folder = Path(folder)
    paths = [folder] if folder.is_file() else sorted(path for path in folder.rglob("*") if path.is_file())
    for path in paths:
        name = path.name if folder.is_file() else path.relative_to(folder).as_posix()
        when = path.stat().st_mtime
        if IGNORED.search(name) or path.is_symlink():
            continue
        if path.suffix.lower() == ".zip":
            yield from _unzip(path, name, "" if "/" not in name else name.rpartition("/")[0] + "/", when, 0)
        elif path.stat().st_size > notebooks.LARGEST:
            yield Found(name, name, b"", when, f"larger than {notebooks.LARGEST / 1e6:.0f} MB")
        else:
            yield Found(name, name, path.read_bytes(), when)


def _unzip(file, name, inner, when, depth):
    """Yield what the archive `file` holds; `name` is its own path, `inner` what stands before its members' names."""
    try:
        archive = zipfile.ZipFile(file)
    except zipfile.BadZipFile:
        yield Found(name, name, b"", when, "a damaged archive")
        return
    with archive:
        for member in archive.infolist():
            names = f"{name.removesuffix('.zip')}/{member.filename}", inner + member.filename
            if member.is_dir() or IGNORED.search(names[0]):
                continue
            when = datetime.datetime(*member.date_time).timestamp()
            if member.file_size > notebooks.LARGEST:
                yield Found(*names, b"", when, f"larger than {notebooks.LARGEST / 1e6:.0f} MB")
                continue
            try:
                content = archive.read(member)
            except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, EOFError) as error:
                yield Found(*names, b"", when, f"cannot be read from its archive: {error}")
                continue
            if names[0].lower().endswith(".zip") and depth < 2:
                yield from _unzip(io.BytesIO(content), names[0], names[1][:-4] + "/", when, depth + 1)
            else:
                yield Found(*names, content, when)


def identify(name, exercises, exercise=None, pattern=None):
    """The student and the exercise that a file's path tells, either empty if it does not.

    `pattern` is a key of `PATTERNS` or a regular expression with a group ``student`` and, if it can, ``exercise``.
    Without it the known platforms' are tried. The exercise is the one given, else the one named in the path.
    """
    path = PurePosixPath(name)
    candidates = sorted(exercises, key=len, reverse=True)
    if exercise is None:
        exercise = next((e for part in (path.name, str(path)) for e in candidates if e in part), "")
    for regex in [PATTERNS.get(pattern, pattern)] if pattern else PATTERNS.values():
        match = re.fullmatch(regex, name)
        if match:
            groups = match.groupdict()
            exercise = groups.get("exercise") or exercise
            student = groups["student"]
            break
    else:
        return "", exercise
    if student == path.name:
        student = re.sub(r"\s*\(\d+\)$", "", path.stem)  # EXERCISE-STUDENT (2).ipynb, as browsers number downloads
    if exercise:  # STUDENT_EXERCISE.ipynb, or a folder of that name
        student = re.sub(rf"[-_. ]*{re.escape(exercise)}[-_. ]*", "", student)
    return re.sub(r"[^\w.@+-]+", "_", student).strip("._-"), exercise


def collect(course, folder, exercises, exercise=None, pattern=None):
    """Copy the newest notebook of each student and exercise from `folder` into the course's submitted/.

    What lay there before and differs is kept in earlier/. Returns a `Collected` for every file.
    Raises FileNotFoundError without such a folder, ValueError for an unknown exercise or a pattern without a student.
    """
    course, folder = Path(course), Path(folder)
    if not folder.exists():
        raise FileNotFoundError(f"there is no folder {folder}")
    if exercise is not None and exercise not in exercises:
        raise ValueError(f"there is no exercise {exercise} in this course; there are {', '.join(exercises)}")
    if pattern and pattern not in PATTERNS and "student" not in re.compile(pattern).groupindex:
        raise ValueError(f"the pattern {pattern!r} has no group (?P<student>...) and is none of {', '.join(PATTERNS)}")
    results, newest = [], {}
    for found in walk(folder):
        # an archive of the whole class says nothing of its members' authors, one student's archive may say all
        student, name = identify(found.inner, exercises, exercise, pattern)
        if not student:
            student, name = identify(found.name, exercises, exercise, pattern)
        result = Collected(found.name, student, name, "not collected", found.problem)
        results.append(result)
        if found.problem:
            continue
        if not student:
            result.detail = "its name does not say whose it is (see --pattern)"
        elif not name:
            result.detail = f"its name does not say which exercise it is (see --exercise): {', '.join(exercises)}"
        elif not found.name.lower().endswith(".ipynb"):
            result.detail = "not a notebook (.ipynb)"
        else:
            newest.setdefault((student, name), []).append((found.time, len(results), found, result))
    for (student, name), versions in newest.items():
        versions.sort(key=lambda version: version[:2])
        for _, _, _, result in versions[:-1]:
            result.status, result.detail = "older version", f"{versions[-1][2].name} is newer"
        _, _, found, result = versions[-1]
        result.status = _store(course, student, name, found)
    return results


def _store(course, student, exercise, found):
    target = course / "submitted" / student / exercise / f"{exercise}.ipynb"
    if target.exists():
        if target.read_bytes() == found.content:
            return "unchanged"
        when = datetime.datetime.fromtimestamp(target.stat().st_mtime).strftime("%Y-%m-%d-%H%M%S")
        kept = course / "earlier" / student / exercise / f"{when}.ipynb"
        kept.parent.mkdir(parents=True, exist_ok=True)
        target.replace(kept)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(found.content)
    return "collected"
