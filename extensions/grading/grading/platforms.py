"""How learning platforms name what they hand over: whose it is, when it came, and whether it came late.

The forms are those of the platforms' own sources and users:

- Moodle: ``mod/assign/classes/downloader.php`` (``FULLNAME_NUMBER_assignsubmission_PLUGIN``; the number is the
  participant's in this one assignment, ``assign::get_uniqueid_for_user``, so it changes from exercise to exercise).
- Canvas: ``lib/content_zipper.rb`` (``SORTABLENAME[_LATE]_USER_ATTACHMENT_FILE``; the user's number stays).
- Brightspace: ``USER-FOLDER - FULL NAME - DATE`` with the student's files within, or ``… - FILE``.
- Blackboard: ``ASSIGNMENT_USERNAME_attempt_DATE_FILE``, once for each attempt.
"""

import datetime
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

import dateutil.parser

# each has a group `student`, which tells students of one download apart; tried in this order on each part of a path
MARKS = {
    "moodle": re.compile(r"(?P<student>(?P<name>.+?)_(?P<number>\d+))_assignsubmission_(?:file|onlinetext)(?:_.*)?"),
    "canvas": re.compile(r"(?P<student>(?P<name>[^_]+)(?:_(?P<late>LATE))?_(?P<number>\d+))_\d+_.*"),
    "brightspace": re.compile(
        r"(?P<student>(?P<number>\d+)-\d+ - (?:(?P<id>\w*\d{4,}) - )?(?P<name>.+?)) - "
        r"(?P<when>[^-]*\d{4}[^-]*?\d[^-]*?)(?: ?- .*)?"
    ),
    "blackboard": re.compile(r".+_(?P<student>(?P<name>[^_]+))_attempt_(?P<when>\d{4}(?:-\d\d){5})(?:_.*|\.txt)"),
}


@dataclass(frozen=True)
class Mark:
    """What a platform says of a submission in the name of a folder, an archive or a file."""

    platform: str  # one of MARKS
    name: str  # of the person, as the platform writes it; a username on Blackboard
    number: str = ""  # the platform's own for the person
    id: str = ""  # the institution's for the person
    late: bool = False
    when: datetime.datetime | None = None  # in the time zone of this computer
    part: str = ""  # the whole part of the path


def mark(path: str) -> Mark | None:
    """What a platform says of the file at `path` (parts divided by ``/``): the outermost part that is marked counts."""
    for part in unicodedata.normalize("NFC", path).split("/"):
        for platform, pattern in MARKS.items():
            if match := pattern.fullmatch(part):
                said = {"number": "", "id": "", "late": "", "when": ""} | match.groupdict(default="")
                late, when = bool(said["late"]), _time(said["when"])
                return Mark(platform, said["name"], said["number"], said["id"], late, when, part)
    return None


def _time(text: str) -> datetime.datetime | None:
    """A time as Brightspace ("Oct 3, 2026 1158 PM") or Blackboard ("2026-10-03-23-58-00") writes it."""
    if not text:
        return None
    if re.fullmatch(r"\d{4}(?:-\d\d){5}", text):
        return _local(lambda: datetime.datetime.strptime(text, "%Y-%m-%d-%H-%M-%S"))
    return _local(lambda: dateutil.parser.parse(re.sub(r"\b(\d{1,2})(\d\d)(?= ?[AP]M\b)", r"\1:\2", text)))


def _local(parse: Callable[[], datetime.datetime]) -> datetime.datetime | None:
    try:
        return parse().astimezone()
    except (ValueError, OverflowError):  # the 31st of February
        return None


def person_id(written: str) -> str:
    """A name as that of a folder: letters, their marks, digits and ``_.@+-``; the rest becomes ``_``.

    Unlike ``\\w`` this keeps combining marks, without which names in Devanagari or Thai become one.
    """
    text = unicodedata.normalize("NFC", written)
    kept = (c if c in "_.@+-" or unicodedata.category(c)[0] in "LMN" else " " for c in text)
    return "_".join("".join(kept).split()).strip("._-")
