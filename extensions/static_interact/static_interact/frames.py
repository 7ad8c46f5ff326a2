"""Frames as files: what a bundle carries in base64 is written once, under a name made of its content."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict

from .bundle import Part


class FramePart(TypedDict, total=False):
    """A part of a frame on the page.

    It is ``text``; or ``image`` (a file's name) with its size in CSS pixels; or ``rich``, the place of its HTML in a
    list beside the frames.
    """

    text: str
    image: str
    width: int
    height: int
    rich: int


@dataclass
class Stored:
    """A bundle's frames without what is large in them."""

    frames: list[list[FramePart]] = field(default_factory=list)
    files: dict[str, int] = field(default_factory=dict)  # the size of each image in bytes, by its name
    rich: list[tuple[str, str]] = field(default_factory=list)  # kind (html, markdown or latex) and text, each once

    def weight(self) -> int:
        """What the frames add to a page, in bytes: images, text and markup."""
        texts = [part.get("text", "") for frame in self.frames for part in frame]
        return sum(self.files.values()) + sum(len(t.encode()) for t in [*texts, *(text for _, text in self.rich)])


def name_of(content: bytes) -> str:
    """The file name of an image: a hash of its bytes."""
    return hashlib.sha256(content).hexdigest()[:20] + ".webp"


def store(frames: Sequence[Sequence[Part]], folder: Path) -> Stored:
    """Write the images of a bundle's `frames` into `folder`, which is made if need be; return the rest."""
    stored = Stored()
    stored.frames = [[_stored(part, folder, stored) for part in frame] for frame in frames]
    return stored


def _stored(part: Part, folder: Path, stored: Stored) -> FramePart:
    if part["type"] == "text":
        return {"text": part["text"]}
    if part["type"] != "image":
        rich = (part["type"], part["text"])
        if rich not in stored.rich:
            stored.rich.append(rich)
        return {"rich": stored.rich.index(rich)}
    content = base64.b64decode(part["webp"])
    name = name_of(content)
    path = folder / name
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    stored.files[name] = len(content)
    return {"image": name, "width": part["width"], "height": part["height"]}
