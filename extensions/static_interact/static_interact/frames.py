"""Frames as files: what a bundle carries in base64 is written once, under a name made of its content."""

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

from .bundle import Part


class FramePart(TypedDict, total=False):
    """A part of a frame on the page: ``text``, or ``image`` (a file's name) with its size in CSS pixels."""

    text: str
    image: str
    width: int
    height: int


def name_of(content: bytes) -> str:
    """The file name of an image: a hash of its bytes."""
    return hashlib.sha256(content).hexdigest()[:20] + ".webp"


def store(frames: Sequence[Sequence[Part]], folder: Path) -> tuple[list[list[FramePart]], dict[str, int]]:
    """Write the images of a bundle's `frames` into `folder`, which is made if need be.

    Returns the frames with file names in place of images, and the size of each file in bytes by its name.
    """
    files: dict[str, int] = {}
    return [[_stored(part, folder, files) for part in frame] for frame in frames], files


def _stored(part: Part, folder: Path, files: dict[str, int]) -> FramePart:
    if part["type"] == "text":
        return {"text": part["text"]}
    content = base64.b64decode(part["webp"])
    name = name_of(content)
    path = folder / name
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    files[name] = len(content)
    return {"image": name, "width": part["width"], "height": part["height"]}
