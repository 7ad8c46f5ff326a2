"""Collecting: whose work a path says that it is, and that nothing is lost or taken for somebody else's."""

import copy
import io
import json
import os
import shutil
import subprocess
import sys
import zipfile

import nbformat
import pytest
import submissions
from grading import collect, course, notebooks

EXERCISES = ["neurons", "gradient-descent", "gradient"]


NAMES = {
    "ada_neurons.ipynb": ("ada", "neurons"),
    "neurons-ada.ipynb": ("ada", "neurons"),
    "gradient-descent_ada.lovelace (2).ipynb": ("ada.lovelace", "gradient-descent"),
    "ada_gradient.ipynb": ("ada", "gradient"),
    "ada@example.org/gradient-descent.ipynb": ("ada@example.org", "gradient-descent"),
    "Ada Lovelace_12345_assignsubmission_file_/neurons.ipynb": ("Ada Lovelace_12345", "neurons"),
    "Ada Lovelace_12345_assignsubmission_file/work/neurons.ipynb": ("Ada Lovelace_12345", "neurons"),
    "Ada Lovelace_12345_assignsubmission_file_neurons.ipynb": ("Ada Lovelace_12345", "neurons"),
    "lovelaceada_12345_67890_neurons-1.ipynb": ("lovelaceada_12345", "neurons"),
    "lovelaceada_LATE_12345_67890_neurons.ipynb": ("lovelaceada_12345", "neurons"),
    "lovelaceada_12345_67890_work.zip/neurons.ipynb": ("lovelaceada_12345", "neurons"),
    "81-92 - Ada Lovelace - Oct 3, 2026 1158 PM/neurons.ipynb": ("Ada Lovelace_81", "neurons"),
    "Week 2_alovelace_attempt_2026-10-03-23-58-00_neurons.ipynb": ("alovelace", "neurons"),
    "ada_neurons/work/neurons.ipynb": ("ada", "neurons"),
    "neurons/ada.ipynb": ("ada", "neurons"),
    "ada.zip/neurons.ipynb": ("ada", "neurons"),
    "\u00dcbung \u00d6d\u00f6n_neurons.ipynb": ("\u00dcbung \u00d6d\u00f6n", "neurons"),
    "O\u0308do\u0308n_neurons.ipynb": ("\u00d6d\u00f6n", "neurons"),  # as macOS writes it
    # the outermost name wins: nobody hands in for somebody else
    "ada/boris_neurons.ipynb": ("ada", "neurons"),
    "Ada_1_assignsubmission_file_/boris_2_3_neurons.ipynb": ("Ada_1", "neurons"),
    "a_1_2_boris.zip/Boris_2_assignsubmission_file_/neurons.ipynb": ("a_1", "neurons"),
}
TWO = {  # whether the outer name is one student's or a class's cannot be told: both must be the same person's
    "ada/boris_2_3_neurons.ipynb": ["ada", "boris_2"],
    "week 3/Ada_1_assignsubmission_file_/neurons.ipynb": ["week 3", "Ada_1"],
    "Ada_1_assignsubmission_file_/Boris_2_assignsubmission_file_/neurons.ipynb": ["Ada_1", "Boris_2"],
    "a_1_2_work.zip/b_3_4_neurons.ipynb": ["a_1", "b_3"],
    "fay_neurons.zip/boris_neurons.ipynb": ["fay", "boris"],
}
REFUSED = {
    "neurons.ipynb": "does not say whose",
    "neurons/neurons.ipynb": "does not say whose",
    "ada/work.ipynb": "which exercise",
    "ada/myneurons.ipynb": "which exercise",  # part of a word
    "../ada/neurons.ipynb": "leads out of its folder",
    "/ada/neurons.ipynb": "leads out of its folder",
    "???/neurons.ipynb": "does not say whose",
    "ada/gradient-descent/neurons.ipynb": "two exercises",
}


def _put(folder, path, content):
    """A file, or one in an archive of which the path names the .zip."""
    archive, inside, member = path.partition(".zip/")
    target = folder / (archive + ".zip" if inside else path)
    target.parent.mkdir(parents=True, exist_ok=True)
    if inside:
        with zipfile.ZipFile(target, "a") as file:
            file.writestr(member, content)
    else:
        target.write_text(content)
    return target


@pytest.mark.parametrize("path", NAMES)
def test_paths_tell_student_and_exercise(path):
    found = collect.identify(path, EXERCISES)
    assert ([name.written for name in found.names], found.exercise, found.problem) == (
        [NAMES[path][0]],
        NAMES[path][1],
        "",
    )


@pytest.mark.parametrize("path", TWO)
def test_a_path_that_names_two_people_is_not_collected(path, tmp_path):
    assert [name.written for name in collect.identify(path, EXERCISES).names] == TWO[path]
    _put(tmp_path / "inbox", path, "work")
    (result,) = collect.collect(tmp_path / "course", tmp_path / "inbox", EXERCISES)
    assert result.status == "not collected" and not list((tmp_path / "course").rglob("*.ipynb"))
    # who handed in is told why, where the platform says who that was
    assert bool(result.student) == ("assignsubmission" in path.split("/")[0] or path.startswith("a_1"))
    assert f"two students: {', '.join(TWO[path])}" in result.detail and "--pattern" in result.detail


@pytest.mark.parametrize("path", REFUSED)
def test_a_path_that_does_not_tell_or_tells_two_things_is_refused(path):
    assert REFUSED[path] in collect.identify(path, EXERCISES).problem


def test_an_exercise_that_is_given_needs_no_name_in_the_path():
    found = collect.identify("ada/work.ipynb", EXERCISES, exercise="neurons")
    assert (found.names[0].written, found.exercise, found.problem) == ("ada", "neurons", "")


@pytest.mark.parametrize(
    ("pattern", "path", "student"),
    [
        ("folders", "ada.zip/boris/neurons.ipynb", "ada"),
        ("names", "class.zip/boris_neurons.ipynb", "boris"),
        ("moodle", "ada/neurons.ipynb", ""),
        ("moodle", "week 3/Ada_1_assignsubmission_file_/neurons.ipynb", "Ada_1"),
        ("canvas", "x/ada_1_2_neurons.ipynb", "ada_1"),
        (r"group\d/(?P<exercise>[a-z]+)-(?P<student>\d+)\.ipynb", "group7/neurons-123.ipynb", "123"),
        (r"group\d/(?P<exercise>[a-z]+)-(?P<student>\d+)\.ipynb", "other.ipynb", ""),
    ],
)
def test_a_pattern_says_what_counts(pattern, path, student):
    found = collect.identify(path, EXERCISES, pattern=pattern)
    assert [name.written for name in found.names] == ([student] if student else [])
    assert bool(found.problem) == (not student)


def test_an_exercise_that_a_pattern_finds_must_be_one_of_the_course():
    found = collect.identify("ada-letters.ipynb", EXERCISES, pattern=r"(?P<student>\w+)-(?P<exercise>\w+)\.ipynb")
    assert found.problem.startswith("there is no exercise letters in this course")


def test_a_pattern_does_not_lead_out_of_the_course(tmp_path):
    with zipfile.ZipFile(tmp_path / "class.zip", "w") as archive:
        archive.writestr("ada-../../../x", "work")
        archive.writestr("ada-..", "work")
    results = collect.collect(
        tmp_path / "a/course", tmp_path / "class.zip", EXERCISES, pattern="(?P<student>[^-]+)-(?P<exercise>.+)"
    )
    assert [r.status for r in results] == ["not collected"] * 2
    assert not list(tmp_path.rglob("x"))


def test_collecting_loses_nothing(empty_course, right_answer, tmp_path):
    right, other = right_answer, tmp_path / "course"
    shutil.copytree(empty_course, other)
    inbox = tmp_path / "inbox"
    for name in ("ada", "boris"):
        submissions.write(right, inbox / name / "numbers.ipynb")
    (inbox / "chen").mkdir()
    (inbox / "chen/numbers.pdf").write_bytes(b"%PDF")
    (inbox / "dora").mkdir()
    (inbox / "dora/notes.ipynb").write_bytes(b"{}")
    (inbox / "dora/.DS_Store").write_bytes(b"x")
    older = copy.deepcopy(right)
    older.cells.append(nbformat.v4.new_code_cell("'older'"))
    os.utime(submissions.write(older, inbox / "ada/numbers (1).ipynb"), (1, 1))
    with zipfile.ZipFile(inbox / "platform.zip", "w") as archive:
        archive.writestr("numbers_emil.ipynb", nbformat.writes(right))
        archive.writestr("../../escape_numbers.ipynb", nbformat.writes(right))
    with zipfile.ZipFile(inbox / "grace.zip", "w") as archive:
        archive.writestr(zipfile.ZipInfo("numbers.ipynb", (1980, 0, 0, 0, 0, 0)), nbformat.writes(right))
    with zipfile.ZipFile(inbox / "fay_numbers.zip", "w") as archive:
        archive.writestr("numbers.ipynb", nbformat.writes(right))
    (inbox / "broken.zip").write_bytes(b"PK no archive")
    before = sorted(path for path in inbox.rglob("*") if path.is_file())
    results = collect.collect(other, inbox, course.exercises(other))
    assert before == sorted(path for path in inbox.rglob("*") if path.is_file())
    assert not (tmp_path.parent / "escape_numbers.ipynb").exists()
    by_file = {result.file: result for result in results}
    assert by_file["ada/numbers.ipynb"].status == "collected"
    assert by_file["ada/numbers (1).ipynb"].status == "older version"
    assert "two students: platform, emil" in by_file["platform.zip/numbers_emil.ipynb"].detail
    assert "leads out of" in by_file["platform.zip/../../escape_numbers.ipynb"].detail
    assert "not a notebook" in by_file["chen/numbers.pdf"].detail
    assert "--exercise" in by_file["dora/notes.ipynb"].detail
    assert "archive that cannot be read" in by_file["broken.zip"].detail
    course.note_uncollected(other, results)
    assert course.read_report(other)["chen", "numbers"].status == "not graded"
    submitted = {path.parent.parent.name for path in (other / "submitted").rglob("numbers.ipynb")}
    assert submitted == {"ada", "boris", "fay", "grace"}
    given_alone = collect.collect(other, inbox / "platform.zip", course.exercises(other))
    assert [(r.file, r.student, r.status) for r in given_alone if r.student] == [
        ("numbers_emil.ipynb", "emil", "collected")
    ]
    # the same again changes nothing; another version is kept beside
    assert {r.status for r in collect.collect(other, inbox / "ada/numbers.ipynb", ["numbers"])} == {"not collected"}
    again = collect.collect(other, inbox, course.exercises(other))
    assert {r.file: r.status for r in again}["ada/numbers.ipynb"] == "unchanged"
    submissions.write(older, inbox / "ada/numbers.ipynb")
    collect.collect(other, inbox, course.exercises(other))
    kept = list((other / "earlier/ada/numbers").glob("*.ipynb"))
    assert len(kept) == 1 and notebooks.read(kept[0]).cells[-1].source != "'older'"


HOSTILE = {  # what an archive that somebody handed in can hold, and what is said of it
    "date 0": (lambda raw: _with_bytes(raw, b"PK\x01\x02", 12, b"\0\0\0\0"), ""),
    "month 13": (lambda raw: _with_bytes(raw, b"PK\x01\x02", 14, b"\xb4\x5d"), ""),
    "broken deflate": (lambda raw: raw[:60] + b"\xff" * 30 + raw[90:], "cannot be read from its archive"),
    "LZMA": (lambda raw: _packed(zipfile.ZIP_LZMA), "unusual way"),
    "version 200": (lambda raw: _with_bytes(raw, b"PK\x01\x02", 6, b"\xc8\0"), "cannot be read: zip file version 20.0"),
    "name that is not text": (
        lambda raw: _with_bytes(raw, b"PK\x01\x02", 9, b"\x08", b"x", b"\xff"),
        "codec can't decode",
    ),
    "truncated": (lambda raw: raw[:-30], "cannot be read"),
    "lying size": (lambda raw: _with_bytes(raw, b"PK\x01\x02", 24, b"\1\0\0\0"), "Bad CRC"),
    "huge member": (lambda raw: _with_bytes(raw, b"PK\x01\x02", 24, b"\xff\xff\xff\x7f"), "larger than 50 MB"),
    "a thousand entries at one place": (lambda raw: raw + b"PK\x01\x02" * 10_001 + raw[-22:], "more than 10000 files"),
    "long folder": (lambda raw: _packed(zipfile.ZIP_DEFLATED, f"{'f' * 300}/numbers.ipynb"), ""),
    "control characters": (lambda raw: _packed(zipfile.ZIP_DEFLATED, "\x1b[2J/numbers.ipynb"), ""),
}


def _packed(method, name="x/numbers.ipynb"):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr(zipfile.ZipInfo(name), json.dumps({"cells": [], "of": name * 50}), method)
    return file.getvalue()


def _with_bytes(raw, mark, offset, new, old_name=b"", new_name=b""):
    """An archive with other bytes in the entry of its only member."""
    at = raw.rindex(mark)
    raw = raw[: at + offset] + new + raw[at + offset + len(new) :]
    return raw[:at] + raw[at:].replace(old_name, new_name, 1) if old_name else raw


def test_a_bad_archive_harms_nobody_else(tmp_path):
    with zipfile.ZipFile(tmp_path / "class.zip", "w") as archive:
        for number, (make, _) in enumerate(HOSTILE.values()):
            raw = make(_packed(zipfile.ZIP_DEFLATED))
            archive.writestr(f"s{number}_{number}_1_work.zip", raw)
        archive.writestr("honest_99_1_numbers.ipynb", "work")
        archive.writestr(f"{'n' * 300}_98_1_numbers.ipynb", "work")
    results = collect.collect(tmp_path / "course", tmp_path / "class.zip", ["numbers"], exercise="numbers")
    assert [r.status for r in results if r.file == "honest_99_1_numbers.ipynb"] == ["collected"]
    assert [r.detail[:23] for r in results if r.file.startswith("nnn")] == ["a name that is too long"]
    for number, (kind, (_, words)) in enumerate(HOSTILE.items()):
        (result,) = [r for r in results if r.file.startswith(f"s{number}_")]
        expected = ("not collected", True) if words else ("collected", True)
        assert (result.status, words in result.detail) == expected, (kind, result)
        assert result.file.isprintable() or kind == "control characters"
    assert not list((tmp_path / "course").glob(".collecting*"))


def test_a_bomb_is_not_held_in_memory(tmp_path):
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(3):
            archive.writestr(f"{number}/numbers.ipynb", bytes(45 * 10**6))
    with zipfile.ZipFile(tmp_path / "class.zip", "w") as archive:
        archive.writestr("ada_1_1_work.zip", bomb.getvalue())
        nested = io.BytesIO()
        with zipfile.ZipFile(nested, "w", zipfile.ZIP_DEFLATED) as inner:
            for number in range(5):
                inner.writestr(f"{number}.zip", bytes(49 * 10**6))
        archive.writestr("boris_2_1_work.zip", nested.getvalue())
    script = f"""
from pathlib import Path
from grading import collect
results = collect.collect({str(tmp_path / "course")!r}, {str(tmp_path / "class.zip")!r}, ["numbers"], "numbers")
print(sorted(r.status for r in results if "ada" in r.file), [r.detail for r in results if "4.zip" in r.file])
# what `getrusage` says is at least what the process had that started this one
print(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
"""
    output = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    told, memory = output.splitlines()
    assert told.startswith(f"{['collected'] + ['older version'] * 2}") and "more than 200 MB" in told
    assert int(memory) < 300_000  # kB, of which Python's modules are the most


def test_an_older_download_does_not_replace_a_newer_submission(tmp_path):
    def put(path, content, time):
        shutil.rmtree(tmp_path / "inbox", ignore_errors=True)
        os.utime(_put(tmp_path / "inbox", path, content), (time, time))
        (result,) = collect.collect(tmp_path, tmp_path / "inbox", ["numbers"], "numbers")
        now = (tmp_path / f"submitted/{student}/numbers/numbers.ipynb").read_text()
        return result.status, now

    student = "ada"
    assert put("ada/numbers.ipynb", "new", 2e9) == ("collected", "new")
    assert put("ada/old.ipynb", "old", 1e9) == ("older version", "new")
    assert put("ada.zip/numbers.ipynb", "old", 1e9) == ("older version", "new")  # whatever date stands in the archive
    assert put("ada/numbers.ipynb", "newest", 2.1e9) == ("collected", "newest")
    # an instructor's repair stays
    (tmp_path / "submitted/ada/numbers/numbers.ipynb").write_text("repaired")
    assert put("ada/numbers.ipynb", "newest", 2.1e9) == ("unchanged", "repaired")
    # the platform's date counts more than the file's
    student = "boris"
    attempt = "Numbers_boris_attempt_2026-10-{}-12-00-00_x.ipynb"
    assert put(attempt.format("05"), "new", 1e9) == ("collected", "new")
    assert put(attempt.format("04"), "old", 2e9) == ("older version", "new")
    assert put(attempt.format("06"), "newest", 1e9) == ("collected", "newest")
    assert len(list((tmp_path / "earlier").rglob("*.ipynb"))) == 2


def test_the_newest_that_can_be_read_counts(tmp_path):
    broken = HOSTILE["broken deflate"][0](_packed(zipfile.ZIP_DEFLATED))
    (tmp_path / "inbox/ada").mkdir(parents=True)
    (tmp_path / "inbox/ada/new.zip").write_bytes(broken)
    os.utime(_put(tmp_path / "inbox", "ada/old.ipynb", "old"), (1e9, 1e9))
    statuses = {r.file: r.status for r in collect.collect(tmp_path, tmp_path / "inbox", ["numbers"], "numbers")}
    assert statuses == {"ada/new.zip/x/numbers.ipynb": "not collected", "ada/old.ipynb": "collected"}


def test_what_cannot_be_collected_is_explained(tmp_path):
    home = tmp_path / "course"
    with pytest.raises(FileNotFoundError, match="no folder"):
        collect.collect(home, tmp_path / "nowhere", ["numbers"])
    with pytest.raises(ValueError, match="no exercise letters .* there are numbers"):
        collect.collect(home, tmp_path, ["numbers"], exercise="letters")
    with pytest.raises(ValueError, match="did you mean numbers"):
        collect.collect(home, tmp_path, ["numbers"], exercise="nubmers")
    with pytest.raises(ValueError, match="no regular expression"):
        collect.collect(home, tmp_path, ["numbers"], pattern="(")
    with pytest.raises(ValueError, match="no group"):
        collect.collect(home, tmp_path, ["numbers"], pattern="(.*)")
