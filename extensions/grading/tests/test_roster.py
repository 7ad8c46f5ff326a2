"""Whose an upload is: platforms' names, the roster, and what an instructor says about the rest."""

import pytest
import submissions
from grading import collect, course, platforms, roster, tables

MARKED = {
    "Ada Lovelace_77_assignsubmission_file_/neurons.ipynb": ("moodle", "Ada Lovelace", "77", False),
    "Ada Lovelace_77_assignsubmission_onlinetext/onlinetext.html": ("moodle", "Ada Lovelace", "77", False),
    "Ada Lovelace_77_assignsubmission_file_neurons.ipynb": ("moodle", "Ada Lovelace", "77", False),
    "lovelaceada_LATE_12_34_neurons-2.ipynb": ("canvas", "lovelaceada", "12", True),
    "lovelaceada_12_34_my.zip/x/neurons.ipynb": ("canvas", "lovelaceada", "12", False),
    "81-92 - Ada Lovelace - Oct 3, 2026 1158 PM/neurons.ipynb": ("brightspace", "Ada Lovelace", "81", False),
    "Neurons_alovelace_attempt_2026-10-03-23-58-00_neurons.ipynb": ("blackboard", "alovelace", "", False),
}


@pytest.mark.parametrize("path", MARKED)
def test_platforms_names_are_understood(path):
    mark = platforms.mark(path)
    assert (mark.platform, mark.name, mark.number, mark.late) == MARKED[path]
    if mark.platform in ("brightspace", "blackboard"):
        assert f"{mark.when:%Y-%m-%d %H:%M}" == "2026-10-03 23:58"


def test_a_path_without_marks_has_none():
    assert platforms.mark("ada/neurons.ipynb") is None


PEOPLE = {
    "ours": "id,name,email,section\nada,Ada Lovelace,alovelace@example.org,A\noed,Ödön Müller,o@example.org,B\n",
    "Canvas": "Student,ID,SIS User ID,SIS Login ID,Section,Neurons (7)\n    Points Possible,,,,,20\n"
    '"Lovelace, Ada",12,ada,alovelace@example.org,A,\n"Müller, Ödön",13,oed,o@example.org,B,\n'
    '"Student, Test",99,,,A,\n',
    "Moodle": "First name;Last name;ID number;Email address\nAda;Lovelace;ada;alovelace@example.org\n"
    "Ödön;Müller;oed;o@example.org\n",
}


@pytest.mark.parametrize("form", PEOPLE)
def test_a_roster_comes_from_each_platform(form, tmp_path):
    (tmp_path / "people.csv").write_text(PEOPLE[form], encoding="utf-8-sig")
    assert roster.replace(tmp_path, tmp_path / "people.csv") == roster.Change(["ada", "oed"], [], 2)
    found = [(person.id, person.name, person.email) for person in roster.load(tmp_path).people]
    assert found == [("ada", "Ada Lovelace", "alovelace@example.org"), ("oed", "Ödön Müller", "o@example.org")]


def test_two_people_cannot_have_one_id(tmp_path):
    (tmp_path / "people.csv").write_text("id,name\nada,Ada Lovelace\nAda,Ada Byron\n")
    with pytest.raises(ValueError, match="stands for Ada Lovelace and for Ada Byron"):
        roster.read_people(tmp_path / "people.csv")


def _collect(home, paths):
    inbox = home / "inbox"
    for path in paths:
        (inbox / path).parent.mkdir(parents=True, exist_ok=True)
        (inbox / path).write_text(path)
    return {r.file: r for r in collect.collect(home, inbox, ["neurons"])}


@pytest.fixture
def course_with_roster(tmp_path):
    (tmp_path / "people.csv").write_text(PEOPLE["Canvas"], encoding="utf-8")
    roster.replace(tmp_path, tmp_path / "people.csv")
    return tmp_path


@pytest.mark.parametrize("path", [*MARKED, "submissions/ada/neurons.ipynb", "Lovelace Ada/neurons.ipynb"])
def test_every_platform_s_upload_finds_its_person(course_with_roster, path):
    path = path.replace(".html", "/neurons.ipynb").replace("my.zip", "my")
    paths = [path, "submissions/oed/neurons.ipynb"] if path.startswith("submissions/") else [path]
    assert _collect(course_with_roster, paths)[path].student == "ada"


def test_decomposed_umlauts_are_the_same_name(course_with_roster):
    assert [
        r.student for r in _collect(course_with_roster, ["O\u0308do\u0308n Mu\u0308ller/neurons.ipynb"]).values()
    ] == ["oed"]


def test_a_stranger_waits_for_one_line(course_with_roster):
    path = "Adele L._9_assignsubmission_file_/neurons.ipynb"
    result = _collect(course_with_roster, [path])[path]
    assert (result.status, result.student) == ("not collected", "") and "grading assign" in result.detail
    assert tables.read(course_with_roster / "assigned.csv") == [{"written": "Adele L.", "id": "", "file": path}]
    with pytest.raises(ValueError, match="no adele"):
        roster.assign(course_with_roster, "Adele L.", "adele")
    roster.assign(course_with_roster, "Adele L.", "ada")
    assert _collect(course_with_roster, [path])[path].student == "ada"


def test_namesakes_never_become_one(course_with_roster, tmp_path):
    moodle = [f"Ada Lovelace_{n}_assignsubmission_file_/neurons.ipynb" for n in (1, 2)]
    for home in (course_with_roster, tmp_path / "without"):
        results = _collect(home, moodle)
        assert all("same student: Ada Lovelace_1, Ada Lovelace_2" in r.detail for r in results.values())


def test_without_a_roster_nothing_collides(tmp_path):
    two = ["\u0915\u093f\u0930/neurons.ipynb", "\u0915\u0940\u0930/neurons.ipynb"]
    assert len({r.student for r in _collect(tmp_path / "marks", two).values()}) == 2
    nested = _collect(tmp_path / "nested", ["submissions/ada/neurons.ipynb", "submissions/bob/neurons.ipynb"])
    assert all(r.status == "not collected" and "folder of several" in r.detail for r in nested.values())
    number = _collect(tmp_path / "number", ["Ada Lovelace_12_assignsubmission_file_/neurons.ipynb"])
    assert [r.student for r in number.values()] == ["Ada_Lovelace"]


def test_a_table_is_harmless_in_a_spreadsheet(tmp_path):
    tables.write(tmp_path / "t.csv", ["file"], [{"file": "=HYPERLINK(1)"}])
    assert "'=HYPERLINK" in (tmp_path / "t.csv").read_text()
    assert tables.read(tmp_path / "t.csv") == [{"file": "=HYPERLINK(1)"}]


def test_collected_csv_keeps_its_history_and_ids_do_not_collide_across_runs(tmp_path):
    for name, student in (("Ada Lovelace", "Ada_Lovelace"), ("Ada_Lovelace", "")):
        results = collect.collect(tmp_path, _inbox(tmp_path / name, name), ["neurons"])
        course.note_uncollected(tmp_path, results)
        assert [r.student for r in results] == [student]
    assert [row["status"] for row in tables.read(tmp_path / "collected.csv")] == ["collected", "not collected"]


def _inbox(folder, name):
    (folder / name).mkdir(parents=True)
    (folder / name / "neurons.ipynb").write_text("x")
    return folder


def test_who_handed_in_nothing_stands_in_the_marks(course_with_roster):
    home, solutions = course_with_roster, course_with_roster / "solutions"
    submissions.write(submissions.small_exercise(), solutions / "numbers/numbers.ipynb")
    course.new(home, solutions)
    assert course.marks(home) == []
    course.write_report(home, {("ada", "numbers"): course.Outcome("ada", "numbers", "not graded", "an empty file")})
    rows = [(r["student"], r["section"], r["points"], r["maximum"], r["status"]) for r in course.marks(home)]
    assert rows == [("ada", "A", 0, 10, "not graded"), ("oed", "B", 0, 10, "no submission")]


def test_a_misspelt_exercise_is_an_error(course_with_roster):
    home = course_with_roster
    submissions.write(submissions.small_exercise(), home / "solutions/numbers/numbers.ipynb")
    course.new(home, home / "solutions")
    for step in (course.grade, course.write_feedback):
        with pytest.raises(ValueError, match="no exercise nubmers in this course; there are numbers"):
            step(home, "nubmers")
