"""What a frozen slider is between the kernel that made it and the page that shows it: one MIME bundle, as JSON."""

from typing import NotRequired, TypedDict

MIME_TYPE = "application/vnd.static-interact.v1+json"


class Part(TypedDict, total=False):
    """A part of a frame.

    ``type`` is ``text``, ``html``, ``markdown`` or ``latex``, each with ``text``; or ``image``, with ``webp`` (base64)
    and CSS pixels.
    """

    type: str
    text: str
    webp: str
    width: int
    height: int


class ControlData(TypedDict):
    """A control as the page needs it; ``default`` is an index into ``labels``.

    The positions of an ``interval`` are all pairs of its ``ends``, the first no greater than the second, in the order
    of `itertools.combinations_with_replacement`. A ``play`` takes ``milliseconds`` for each position.
    """

    name: str
    label: str
    kind: str
    labels: list[str]
    default: int
    ends: NotRequired[list[str]]
    milliseconds: NotRequired[int]
    repeats: NotRequired[bool]


class Bundle(TypedDict):
    """A frozen slider: each distinct frame once, and ``index``, the frame of each position.

    Positions are in row-major order, the last control running fastest; ``default`` is the one shown at first. ``name``
    is the function's, ``seconds`` is how long the freezing took. ``button`` has the words of the button that the live
    slider runs at, empty if it follows its controls.
    """

    name: str
    controls: list[ControlData]
    frames: list[list[Part]]
    index: list[int]
    default: int
    seconds: float
    button: str
