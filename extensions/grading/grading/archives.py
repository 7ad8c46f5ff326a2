"""What a learning platform's folder or archive holds: archives within it opened, in pieces and within bounds."""

import datetime
import re
import shutil
import unicodedata
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .notebooks import LARGEST

IGNORED = re.compile(r"(^|/)(__MACOSX/|\.DS_Store$|\.ipynb_checkpoints/|Thumbs\.db$)")
DEEPEST = 2  # an archive within an archive within the download
MOST_MEMBERS = 10_000  # of an archive that somebody handed in
MOST_UNPACKED = 4 * LARGEST  # bytes of all archives within one that somebody handed in
CHUNK = 1 << 16
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # others unpack as much at once as they like


class Unreadable(ValueError):
    """A file of a download cannot be read; the message says why."""


@dataclass
class Found:
    """A file of a download."""

    name: str  # its path there, with / and through archives: "class.zip/ada.ipynb"
    time: float  # the date that the platform or the disk gave it; an archive's for everything in it
    inner_time: float  # the date that somebody's archive claims for it
    file: Path  # where it lies on the disk, or the archive that holds it
    member: zipfile.ZipInfo | None = None
    problem: str = ""  # why it cannot be read, if so


def is_archive(name: str) -> bool:
    """Whether a file is a ZIP archive, by its name."""
    return name.lower().endswith(".zip")


class Download:
    """A folder, or an archive that a platform made; `scratch` is a folder for archives that lie within archives."""

    def __init__(self, folder: str | Path, scratch: str | Path) -> None:
        self.folder, self.scratch = Path(folder), Path(scratch)
        self._number, self._unpacked = 0, 0
        self._open: tuple[Path, zipfile.ZipFile] | None = None

    def files(self) -> Iterator[Found]:
        """Yield a `Found` for every file but editors' own; nothing is read of it yet."""
        if self.folder.is_file() and is_archive(self.folder.name):
            yield from self._members(self.folder, "", self.folder.stat().st_mtime, 0)
        elif self.folder.is_file():
            yield from self._on_disk(self.folder, self.folder.name)
        else:
            for path in sorted(path for path in self.folder.rglob("*") if path.is_file() and not path.is_symlink()):
                name = path.relative_to(self.folder).as_posix()
                if not IGNORED.search(name):
                    yield from self._on_disk(path, name)

    def copy(self, found: Found, target: Path) -> None:
        """Write what `found` holds to `target`. Raises `Unreadable`."""
        if found.member is None:
            shutil.copyfile(found.file, target)
            return
        try:
            with self._archive(found.file).open(found.member) as reading, open(target, "wb") as writing:
                shutil.copyfileobj(reading, writing, CHUNK)
        except Exception as error:  # a stranger's archive breaks in many ways
            target.unlink(missing_ok=True)
            raise Unreadable(f"cannot be read from its archive: {error}") from None

    def _on_disk(self, path: Path, name: str) -> Iterator[Found]:
        status, self._unpacked = path.stat(), 0
        found = Found(_printable(name), status.st_mtime, status.st_mtime, path, problem=_too_large(status.st_size))
        if is_archive(name) and not found.problem:
            yield from self._members(path, found.name, found.time, 1)
        else:
            yield found

    def _members(self, file: Path, name: str, time: float, depth: int) -> Iterator[Found]:
        """Yield what the archive `file` holds, each below the path `name`; `depth` is 0 for the platform's own."""
        try:
            if depth and _members_at_most(file) > MOST_MEMBERS:
                raise Unreadable(f"it holds more than {MOST_MEMBERS} files")
            members = self._archive(file).infolist()
        except Exception as error:  # a stranger's archive breaks in many ways
            problem = f"an archive that cannot be read: {error}"
            yield Found(name or _printable(file.name), time, time, file, problem=problem)
            return
        for member in members:
            if depth == 0:
                self._unpacked = 0
            path = _printable(member.filename.replace("\\", "/"))
            inner = f"{name}/{path}" if name else path
            if member.is_dir() or IGNORED.search(inner):
                continue
            claimed = _time_of(member, time)
            found = Found(inner, claimed if depth == 0 else time, claimed, file, member, _too_large(member.file_size))
            if member.compress_type not in METHODS:
                found.problem = "packed in an unusual way; an ordinary ZIP archive can be read"
            if not is_archive(inner) or found.problem or depth >= DEEPEST:
                yield found
                continue
            self._unpacked += member.file_size
            self._number += 1
            unpacked = self.scratch / f"{self._number}.zip"
            try:
                if self._unpacked > MOST_UNPACKED:
                    raise Unreadable(f"with the archives before it more than {MOST_UNPACKED / 1e6:.0f} MB")
                self.copy(found, unpacked)
            except Unreadable as error:
                found.problem = str(error)
                yield found
                continue
            yield from self._members(unpacked, inner, found.time, depth + 1)

    def _archive(self, file: Path) -> zipfile.ZipFile:
        """The archive, kept open until another is asked for: a class has more than may be open at once."""
        if self._open is None or self._open[0] != file:
            self.close()
            self._open = file, zipfile.ZipFile(file)
        return self._open[1]

    def close(self) -> None:
        """Close the archive that is open."""
        if self._open is not None:
            self._open[1].close()
            self._open = None


def _members_at_most(file: Path) -> int:
    """How many members an archive can have: how often the mark of an entry stands in it.

    `zipfile` reads all entries at once, and the number that the archive itself says may be wrong.
    """
    with open(file, "rb") as reading:
        return sum(piece.count(b"PK\x01\x02") for piece in iter(lambda: reading.read(CHUNK), b""))


def _time_of(member: zipfile.ZipInfo, otherwise: float) -> float:
    try:
        return datetime.datetime(*member.date_time).timestamp()
    except (ValueError, OverflowError):  # some programs write no date: month 0
        return otherwise


def _too_large(size: int) -> str:
    return f"larger than {LARGEST / 1e6:.0f} MB" if size > LARGEST else ""


def _printable(name: str) -> str:
    """A name that can be written to a terminal and a table: no control characters, no bytes that are no text."""
    text = name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return "".join("\ufffd" if unicodedata.category(c) == "Cc" else c for c in text)
