"""Which notebooks a pass of the tests runs: those without a proof, and by turns a seventh of the others.

`proofs.py due PASS` prints their paths, with `--all` every notebook's; `proofs.py record PASS`, after the pass, writes
into proofs.json that those hold. A proof is the digest of all that the pass depends on: so what nobody has touched is
not run again by each change, and nothing that was touched is passed over.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import nbformat

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
PROOFS = HERE / "proofs.json"
DAYS = 7  # until each notebook was run again
CHAPTERS, SOLUTIONS = "chapters/*.ipynb", "solutions/*/*.ipynb"
# what each pass runs; the files of which it compares the code cells alone have no proof by their prose
NOTEBOOKS = {
    "colab": [CHAPTERS, SOLUTIONS],
    "plain": [CHAPTERS, SOLUTIONS],
    "answers": [SOLUTIONS],
    "pages": [CHAPTERS],
}
CODE_ALONE = ("colab", "plain")
# what each depends on besides; {} is the name of the notebook
FILES = {
    "colab": ["tests/matrix/two-threads.env", "tests/matrix/colab.txt"],
    "plain": ["tests/matrix/plain-instructions.env"],
    # the known answers of an exercise, what the checks say of them, and the points of the grader in its sandbox
    "answers": [
        "exercises/{}/{}.ipynb", "tests/notebooks/*_answers/{}.yml", "tests/notebooks/answers.py",
        "tests/notebooks/forking.py", "tests/notebooks/test_exercises.py", "extensions/grading/grading/**/*.*",
    ],
    # a chapter's page and that of its exercise in a browser
    "pages": [
        "exercises/{}/{}.ipynb", "assets/study/{}.yml", "assets/static/*", "_config.yml", "requirements.txt",
        "tests/browser/*.py", "tests/axe/*.json", "tests/site/test_pdf.py",
        "extensions/measured_book/measured_book/**/*.*",
        "extensions/static_interact/static_interact/**/*.*",
    ],
}  # fmt: skip


def notebooks(of_pass: str) -> list[str]:
    """The paths of all notebooks that `of_pass` runs."""
    return sorted(path.relative_to(ROOT).as_posix() for places in NOTEBOOKS[of_pass] for path in ROOT.glob(places))


def subject() -> str:
    """The lines of requirements.txt that a notebook's numbers depend on."""
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    return text.partition("# the subject\n")[2].partition("\n\n")[0]


def digest(path: str, of_pass: str) -> str:
    """What `of_pass` proves of the notebook at `path`, as 16 hexadecimal digits."""
    if of_pass in CODE_ALONE:
        cells = [
            [cell.source, cell.get("metadata", {}).get("tags", []), cell.outputs]
            for cell in nbformat.read(ROOT / path, as_version=4).cells
            if cell.cell_type == "code"
        ]
        own = json.dumps(cells, sort_keys=True).encode()
    else:
        own = (ROOT / path).read_bytes()
    parts = [own, subject().encode()]
    for place in FILES[of_pass]:
        found = sorted(ROOT.glob(place.replace("{}", Path(path).stem)))
        parts += [file.read_bytes() for file in found if file.is_file() and file.suffix != ".pyc"]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def due(digests: dict[str, str], proven: dict[str, str], day: int) -> list[str]:
    """The paths in `digests` without a proof in `proven`, and of the others those whose turn it is on `day`.

    All have had their turn after `DAYS` days.
    """
    unproven = [path for path in digests if proven.get(path) != digests[path]]
    turn = [path for number, path in enumerate(sorted(digests)) if number % DAYS == day % DAYS]
    return sorted({*unproven, *turn})


def read() -> dict[str, dict[str, str]]:
    """The proofs of each pass: a digest for each path."""
    return json.loads(PROOFS.read_text(encoding="utf-8")) if PROOFS.exists() else {}


def pending(of_pass: str) -> Path:
    """Where the digests of the notebooks that the pass runs lie until it has succeeded."""
    return ROOT / "_build/proofs" / f"{of_pass}.json"


def begin(of_pass: str, everything: bool = False) -> list[str]:
    """The paths that `of_pass` has to run now; what is said of them goes to standard error."""
    digests = {path: digest(path, of_pass) for path in notebooks(of_pass)}
    proven = read().get(of_pass, {})
    paths = sorted(digests) if everything else due(digests, proven, date.today().toordinal())
    file = pending(of_pass)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({path: digests[path] for path in paths}), encoding="utf-8")
    unproven = sum(proven.get(path) != digests[path] for path in digests)
    print(f"   {of_pass}: {len(paths)} of {len(digests)} notebooks; {unproven} have no proof yet", file=sys.stderr)
    return paths


def record(of_pass: str, known: Iterable[str]) -> int:
    """Write down the proofs of the notebooks that `of_pass` has run, and drop those of notebooks not in `known`.

    What was changed while it ran gets none. Returns how many were written.
    """
    ran = json.loads(pending(of_pass).read_text(encoding="utf-8"))
    proven = {path: value for path, value in ran.items() if digest(path, of_pass) == value}
    proofs = read()
    kept = {path: value for path, value in proofs.get(of_pass, {}).items() if path in set(known)}
    proofs[of_pass] = kept | proven
    PROOFS.write_text(json.dumps(proofs, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return len(proven)


def main() -> None:
    """What the Makefile calls."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("what", choices=["due", "record"])
    parser.add_argument("of_pass", metavar="PASS", choices=sorted(FILES))
    parser.add_argument("--all", action="store_true", help="every notebook, proven or not")
    given = parser.parse_args()
    if given.what == "due":
        print(*begin(given.of_pass, given.all))
    else:
        written = record(given.of_pass, notebooks(given.of_pass))
        print(f"   {given.of_pass}: {written} proofs written: commit tests/proofs.json")


if __name__ == "__main__":
    main()
