"""How learning platforms name what they hand over: whose it is, when it came, and whether it came late.

The forms are those of the platforms' own sources and users:

- Moodle: ``mod/assign/classes/downloader.php`` (``NAME_NUMBER_assignsubmission_PLUGIN``; the number is the
  participant's in this one assignment, ``assign::get_uniqueid_for_user``, so it changes from exercise to exercise).
- Canvas: ``lib/content_zipper.rb`` (``SORTABLENAME[_LATE]_USER_ATTACHMENT_FILE``; the user's number stays).
- Brightspace: ``USER-FOLDER - NAME - DATE`` with the student's files within, or ``... - FILE``.
- Blackboard: ``ASSIGNMENT_USERNAME_attempt_DATE_FILE``, once for each attempt.

Moodle and Canvas date the members of their archives with the time of the download.
"""

import datetime
import re
import unicodedata
from dataclasses import dataclass

import dateutil.parser

LONGEST_ID = 60  # characters; a folder's name has at most 255 bytes

# tried in this order on each part of a path
MARKS = {
    "moodle": re.compile(r"(?P<name>.+?)_(?P<number>\d+)_assignsubmission_(?P<kind>file|onlinetext)(?:_.*)?"),
    "canvas": re.compile(r"(?P<name>[^_]+)(?P<late>_LATE)?_(?P<number>\d+)_\d+_.*"),
    "brightspace": re.compile(
        r"(?P<number>\d+)-\d+ - (?:\w*\d{4,} - )?(?P<name>.+?) - (?P<when>[^-]*\d{4}[^-]*?\d[^-]*?)(?: ?- .*)?"
    ),
    "blackboard": re.compile(r".+_(?P<name>[^_]+)_attempt_(?P<when>\d{4}(?:-\d\d){5})(?:_.*|\.txt)"),
}


@dataclass(frozen=True)
class Mark:
    """What a platform says of a submission in the name of a folder, an archive or a file."""

    platform: str  # one of MARKS
    name: str  # of the person, as the platform writes it; a username on Blackboard
    number: str = ""  # the platform's own for the person
    late: bool = False
    when: datetime.datetime | None = None  # in the time zone of this computer
    is_text: bool = False  # typed into a field of Moodle: no file

    @property
    def written(self) -> str:
        """The name with the number that tells namesakes apart."""
        return f"{self.name}_{self.number}" if self.number else self.name


def mark(part: str) -> Mark | None:
    """What a platform says in the part `part` of a path; None if none does."""
    for platform, pattern in MARKS.items():
        if match := pattern.fullmatch(unicodedata.normalize("NFC", part)):
            said = {"number": "", "late": "", "when": "", "kind": ""} | match.groupdict(default="")
            late, is_text = bool(said["late"]), said["kind"] == "onlinetext"
            return Mark(platform, said["name"], said["number"], late, time(said["when"]), is_text)
    return None


def time(text: str) -> datetime.datetime | None:
    """A time as a platform writes it, in this computer's time zone unless it says another; None if it is none.

    Brightspace writes "Oct 3, 2026 1158 PM", Blackboard "2026-10-03-23-58-00", Moodle "Saturday, 3 October 2026, 11:58
    PM". Names of months in other languages than English are not understood.
    """
    text = re.sub(r"\b(\d{1,2})(\d\d)(?= ?[AP]M\b)", r"\1:\2", text.strip())
    if re.fullmatch(r"\d{4}(?:-\d\d){5}", text):
        text = f"{text[:10]} {text[11:].replace('-', ':')}"
    try:
        # 3/10/2026 is in March for one half of the world and in October for the other
        clear = re.match(r"\d{4}-", text) or re.search(r"[^\W\d_]{3}.*\d{4}", text)
        return dateutil.parser.parse(text).astimezone() if clear else None
    except (ValueError, OverflowError):  # another language, or the 31st of February
        return None


def person_id(written: str) -> str:
    """A name as that of a folder: letters, their marks, digits and ``_.@+-``; the rest becomes ``_``.

    Unlike ``\\w`` this keeps combining marks, without which names in Devanagari or Thai become one.
    """
    text = unicodedata.normalize("NFC", written)
    kept = (c if c in "_.@+-" or unicodedata.category(c)[0] in "LMN" else " " for c in text)
    return "_".join("".join(kept).split()).strip("._-")
