"""The course's CSV files: read and written whole, and harmless in a spreadsheet program."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

FORMULA = ("=", "+", "-", "@", "\t", "\r")
csv.field_size_limit(2**31 - 1)  # a path in somebody's archive is as long as they like


def read(path: str | Path) -> list[dict[str, str]]:
    """The rows of a table that `write` wrote or a person has edited; empty without such a file."""
    if not Path(path).exists():
        return []
    header, rows = read_foreign(path)
    return [{key: _plain(value) for key, value in zip(header, row, strict=True)} for row in rows]


def write(path: str | Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Write a table, whole or not at all.

    What students wrote stands in it, and spreadsheet programs run what begins like a formula: it gets an apostrophe.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".tmp")
    with open(aside, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore", restval="")
        writer.writeheader()
        writer.writerows({key: _harmless(value) for key, value in row.items()} for row in rows)
    aside.replace(path)


def read_foreign(path: str | Path) -> tuple[list[str], list[list[str]]]:
    """The header and the rows of any program's table, with the separator that it uses.

    Raises ValueError if it is empty or not text.
    """
    content = Path(path).read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "cp1252")
        except UnicodeDecodeError:
            raise ValueError(f"{path} is no table: it is not text") from None
    separator = max(",;\t", key=text.partition("\n")[0].count)
    table = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) if any(row)]
    if not table:
        raise ValueError(f"{path} is empty")
    header = [name.strip() for name in table[0]]
    return header, [[*row, *[""] * (len(header) - len(row))][: len(header)] for row in table[1:]]


def _harmless(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def _plain(value: str) -> str:
    return value[1:] if value[:1] == "'" and value[1:].startswith(FORMULA) else value
