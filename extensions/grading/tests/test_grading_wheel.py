"""The package alone: its wheel in an empty environment goes from solutions to marks. Run by `pytest -m wheel`."""

import csv
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest
import submissions
from grading import notebooks

PACKAGE = Path(__file__).resolve().parents[1]


@pytest.mark.wheel
def test_the_wheel_works_in_an_empty_environment(tmp_path):
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    environment["PATH"] = "/usr/bin:/bin"  # the environment is not activated

    def run(*command):
        result = subprocess.run(list(map(str, command)), cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    source = tmp_path / "package"
    run("cp", "-r", PACKAGE, source)  # building leaves files beside the sources
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", tmp_path / "wheels", source)
    (wheel,) = (tmp_path / "wheels").glob("grading-*.whl")
    venv.create(tmp_path / "venv", with_pip=True)
    programs = tmp_path / "venv/bin"
    run(programs / "pip", "install", "--quiet", wheel)
    installed = run(programs / "pip", "list", "--format", "freeze").lower()
    assert "grading==" in installed and "\nsphinx==" not in installed and "measured" not in installed

    submissions.write(submissions.small_exercise(), tmp_path / "solutions/numbers/numbers.ipynb")
    grading = programs / "grading"
    assert "1 hand-outs" in run(grading, "handouts", "solutions", "exercises")
    assert "numbers added" in run(grading, "new", "course", "--solutions", "solutions")
    released = notebooks.read(tmp_path / "exercises/numbers/numbers.ipynb")
    assert released == notebooks.read(tmp_path / "course/release/numbers/numbers.ipynb")
    right = submissions.solved(submissions.small_exercise(), released)
    submissions.write(right, tmp_path / "inbox/ada_numbers.ipynb")
    assert "collected: ada, numbers" in run(grading, "collect", "course", "inbox")
    assert "[1/1] ada, numbers: graded" in run(grading, "autograde", "course")
    assert "1 pages" in run(grading, "feedback", "course")
    assert "<math" in (tmp_path / "course/feedback/ada/numbers/numbers.html").read_text(encoding="utf-8")
    run(grading, "marks", "course")
    with open(tmp_path / "course/marks.csv", newline="", encoding="utf-8") as file:
        assert [(row["student"], float(row["points"])) for row in csv.DictReader(file)] == [("ada", 7)]
