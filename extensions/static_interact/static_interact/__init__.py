"""Sliders made with `ipywidgets.interact` that work on the published page without a kernel (see README.md).

In the kernels of a build `interact` runs every position and keeps the outputs (`startup`, `freeze`, `controls`,
`capture`); files and HTML are made of them (`frames`, `markup`), and on the page a few kilobytes of script show the
output of the position that the reader chooses. None of this knows Sphinx; `render` and `sphinx_extension` put it into a
book. Kernels import this file, so it imports nothing of weight.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import StaticInteractError

if TYPE_CHECKING:
    from sphinx.application import Sphinx

__all__ = ["StaticInteractError", "fingerprint", "kernel_files", "setup"]
__version__ = "1.0.0"

PACKAGE = Path(__file__).parent
_IN_KERNELS = (
    "bundle",
    "capture",
    "controls",
    "copies",
    "errors",
    "freeze",
    "images",
    "labels",
    "rich",
    "settings",
    "startup",
    "widgets",
)


def kernel_files() -> list[Path]:
    """The files that decide what a kernel freezes.

    Whoever keeps executed notebooks has to execute them anew when the content of one of these files changes.
    """
    return [PACKAGE / f"{name}.py" for name in _IN_KERNELS]


def fingerprint(max_frames: int, startup: Iterable[Path] = ()) -> str:
    """A short hash of what decides the frames besides a notebook: this package, a setting and the start-up files."""
    digest = hashlib.sha256(f"{__version__} {max_frames}".encode())
    for file in [*kernel_files(), *startup]:
        digest.update(b"\0" + file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:16]


def setup(app: "Sphinx") -> dict[str, Any]:
    """Register the extension with Sphinx; README.md explains the settings."""
    from . import sphinx_extension

    return sphinx_extension.setup(app)
