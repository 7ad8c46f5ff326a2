"""Whose an upload is: platforms' names, the roster, and what an instructor says about the rest."""

import shutil

import pytest
from grading import collect, course, platforms, roster, tables

MARKED = {
    "Ada Lovelace_77_assignsubmission_file_/neurons.ipynb": ("moodle", "Ada Lovelace", "77", False),
    "Ada Lovelace_77_assignsubmission_file_neurons.ipynb": ("moodle", "Ada Lovelace", "77", False),
    "lovelaceada_LATE_12_34_neurons-2.ipynb": ("canvas", "lovelaceada", "12", True),
    "lovelaceada_12_34_my.zip/x/neurons.ipynb": ("canvas", "lovelaceada", "12", False),
    "81-92 - Ada Lovelace - Oct 3, 2026 1158 PM/neurons.ipynb": ("brightspace", "Ada Lovelace", "81", False),
    "Neurons_alovelace_attempt_2026-10-03-23-58-00_neurons.ipynb": ("blackboard", "alovelace", "", False),
}


@pytest.mark.parametrize("path", MARKED)
def test_platforms_names_are_understood(path):
    mark = platforms.mark(path.partition("/")[0])
    assert (mark.platform, mark.name, mark.number, mark.late) == MARKED[path]
    if mark.platform in ("brightspace", "blackboard"):
        assert f"{mark.when:%Y-%m-%d %H:%M}" == "2026-10-03 23:58"


def test_a_path_without_marks_has_none():
    assert platforms.mark("ada") is None


def test_times_are_understood_or_not_guessed():
    moodle = platforms.time("Thursday, 26 November 2026, 11:58 PM")
    assert f"{moodle:%Y-%m-%d %H:%M}" == "2026-11-26 23:58"
    for unclear in ("-", "", "3/10/2026 11:58", "Donnerstag, 26. November 2026, 23:58", "31 February 2026"):
        assert platforms.time(unclear) is None


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
    found = [(person.id, person.name, person.email) for person in roster.load(tmp_path).people.values()]
    assert found == [("ada", "Ada Lovelace", "alovelace@example.org"), ("oed", "Ödön Müller", "o@example.org")]


def test_two_people_cannot_have_one_id(tmp_path):
    (tmp_path / "people.csv").write_text("id,name\nada,Ada Lovelace\nAda,Ada Byron\n")
    with pytest.raises(ValueError, match="stands for Ada Lovelace and for Ada Byron"):
        roster.read_people(tmp_path / "people.csv")


def _collect(home, paths, **options):
    inbox = home / "inbox"
    for path in paths:
        (inbox / path).parent.mkdir(parents=True, exist_ok=True)
        (inbox / path).write_text(path)
    return {r.file: r for r in collect.collect(home, inbox, ["neurons"], **options)}


@pytest.fixture
def course_with_roster(tmp_path):
    (tmp_path / "people.csv").write_text(PEOPLE["Canvas"], encoding="utf-8")
    roster.replace(tmp_path, tmp_path / "people.csv")
    return tmp_path


@pytest.mark.parametrize("path", [*MARKED, "Lovelace Ada/neurons.ipynb", "alovelace@example.org_neurons.ipynb"])
def test_every_platform_s_upload_finds_its_person(course_with_roster, path):
    path = path.replace("my.zip", "my")
    assert _collect(course_with_roster, [path])[path].student == "ada"


def test_folders_around_all_of_them_are_nobody_s(course_with_roster):
    paths = [f"download/week 3/{name}/neurons.ipynb" for name in ("ada", "O\u0308do\u0308n Mu\u0308ller")]
    results = _collect(course_with_roster, paths)
    assert [results[path].student for path in paths] == ["ada", "oed"]


def test_marks_within_a_known_folder_are_harmless_if_they_are_the_same_person_s(course_with_roster):
    results = _collect(
        course_with_roster, ["ada/lovelaceada_12_34_neurons.ipynb", "oed/lovelaceada_12_34_neurons.ipynb"]
    )
    assert [r.student for r in results.values()] == ["ada", ""]


def test_text_typed_into_moodle_is_no_submission(course_with_roster):
    paths = ["Ada Lovelace_77_assignsubmission_onlinetext_/onlinetext.html"]
    (result,) = _collect(course_with_roster, paths, exercise="neurons").values()
    assert (result.status, result.student, "not a file" in result.detail) == ("not collected", "", True)
    course.note_uncollected(course_with_roster, [result])
    assert course.read_report(course_with_roster) == {}


def test_a_stranger_waits_for_one_line(course_with_roster):
    path = "Adele L._9_assignsubmission_file_/neurons.ipynb"
    result = _collect(course_with_roster, [path])[path]
    assert (result.status, result.student) == ("not collected", "") and "grading assign" in result.detail
    assert tables.read(course_with_roster / "assigned.csv") == [{"written": "Adele L.", "id": "", "file": path}]
    with pytest.raises(ValueError, match="no adaa .* mean ada"):
        roster.assign(course_with_roster, "Adele L.", "adaa")
    roster.assign(course_with_roster, "Adele L.", "ada")
    assert _collect(course_with_roster, [path])[path].student == "ada"
    roster.assign(course_with_roster, "Adele L.", roster.NOBODY)
    assert "left out" in _collect(course_with_roster, [path])[path].detail


def test_an_accent_makes_another_name(course_with_roster):
    assert _collect(course_with_roster, ["Odon Muller/neurons.ipynb"])["Odon Muller/neurons.ipynb"].student == ""


WORKSHEET = (
    "Identifier,Full name,ID number,Status,Grade,Last modified (submission),Last modified (grade),Feedback comments\n"
    'Participant 77,Ada Lovelace,ada,Submitted,,"Thursday, 26 November 2026, 11:58 PM",-,\n'
    "Participant 78,Ada Lovelace,ada2,Submitted,,-,-,\n"
)


def test_moodle_s_worksheet_tells_namesakes_apart_and_when_they_handed_in(tmp_path):
    (tmp_path / "people.csv").write_text(WORKSHEET)
    roster.replace(tmp_path, tmp_path / "people.csv")
    moodle = [f"Ada Lovelace_{n}_assignsubmission_file_/neurons.ipynb" for n in (77, 78)]
    for result in _collect(tmp_path, moodle).values():
        assert result.student == "" and "ada and ada2 are both called so" in result.detail
    results = _collect(tmp_path, moodle, exercise="neurons", worksheet=tmp_path / "people.csv")
    assert [r.student for r in results.values()] == ["ada", "ada2"]
    assert (tmp_path / "submitted/ada/neurons/timestamp.txt").read_text() == "2026-11-26 23:58:00 UTC"
    assert not (tmp_path / "submitted/ada2/neurons/timestamp.txt").exists()
    for sheet in ("id,name\nada,Ada\n", WORKSHEET.replace("Thursday, 26 November", "Donnerstag, 26. November")):
        (tmp_path / "people.csv").write_text(sheet)
        with pytest.raises(ValueError, match="no grading worksheet|not understood as a time"):
            _collect(tmp_path, moodle, exercise="neurons", worksheet=tmp_path / "people.csv")


@pytest.mark.parametrize("has_roster", [True, False])
def test_namesakes_never_become_one(course_with_roster, tmp_path, has_roster):
    home = course_with_roster if has_roster else tmp_path / "without"
    moodle = [f"Ada Lovelace_{n}_assignsubmission_file_/neurons.ipynb" for n in (1, 2)]
    for result in _collect(home, moodle).values():
        assert result.student == "" and "same student" in result.detail
    shutil.rmtree(home / "inbox")
    assert _collect(home, moodle[:1])[moodle[0]].status == "collected"
    shutil.rmtree(home / "inbox")
    assert "same student" in _collect(home, moodle[1:])[moodle[1]].detail  # also not in two runs


def test_without_a_roster_nothing_collides(tmp_path):
    two = ["\u0915\u093f\u0930/neurons.ipynb", "\u0915\u0940\u0930/neurons.ipynb"]
    assert len({r.student for r in _collect(tmp_path / "marks", two).values()}) == 2
    nested = _collect(tmp_path / "nested", ["submissions/ada/neurons.ipynb", "submissions/bob/neurons.ipynb"])
    assert all(r.status == "not collected" and "folder of several" in r.detail for r in nested.values())
    number = _collect(tmp_path / "number", ["Ada Lovelace_12_assignsubmission_file_/neurons.ipynb"])
    assert [r.student for r in number.values()] == ["Ada_Lovelace"]
    spaces = _collect(tmp_path / "spaces", ["a b/neurons.ipynb", "a_b/neurons.ipynb", "boris/neurons.ipynb"])
    assert [r.student for r in spaces.values()] == ["", "", "boris"]
    late = [f"lovelaceada{late}_12_34_neurons.ipynb" for late in ("", "_LATE")]
    assert {r.student for r in _collect(tmp_path / "late", late).values()} == {"lovelaceada_12"}


def test_a_table_is_harmless_in_a_spreadsheet_and_read_as_one_saves_it(tmp_path):
    rows = [{"file": "=HYPERLINK(1)", "id": roster.NOBODY}, {"file": "a\u2028b, c\nd", "id": "e" * 200_000}]
    tables.write(tmp_path / "t.csv", ["file", "id"], rows)
    assert "'=HYPERLINK" in (tmp_path / "t.csv").read_text()
    assert tables.read(tmp_path / "t.csv") == rows
    (tmp_path / "t.csv").write_bytes("written;id\r\nÖdön;oed\r\n".encode("cp1252"))
    assert tables.read(tmp_path / "t.csv") == [{"written": "Ödön", "id": "oed"}]


def test_collected_csv_keeps_its_history_and_ids_do_not_collide_across_runs(tmp_path):
    for name, student in (("Ada Lovelace", "Ada_Lovelace"), ("Ada_Lovelace", "")):
        results = _collect(tmp_path, [f"{name}/neurons.ipynb"])
        assert [r.student for r in results.values()] == [student]
        shutil.rmtree(tmp_path / "inbox")
    assert [row["status"] for row in tables.read(tmp_path / "collected.csv")] == ["collected", "not collected"]


def test_who_handed_in_nothing_stands_in_the_marks_and_a_misspelt_exercise_is_an_error(empty_course, tmp_path):
    home = tmp_path / "course"
    shutil.copytree(empty_course, home)
    (tmp_path / "people.csv").write_text(PEOPLE["Canvas"], encoding="utf-8")
    roster.replace(home, tmp_path / "people.csv")
    assert course.marks(home) == []
    course.write_report(home, {("ada", "numbers"): course.Outcome("ada", "numbers", "not graded", "an empty file")})
    rows = [(r["student"], r["section"], r["points"], r["maximum"], r["status"]) for r in course.marks(home)]
    assert rows == [("ada", "A", 0, 10, "not graded"), ("oed", "B", 0, 10, "no submission")]
    for step in (course.grade, course.write_feedback):
        with pytest.raises(ValueError, match="no exercise nubmers .* did you mean numbers"):
            step(home, "nubmers")
