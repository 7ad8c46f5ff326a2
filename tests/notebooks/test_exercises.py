"""The exercises: their form, and that right answers get their points and wrong ones lose them."""

import ast
import copy
import itertools
import re
from pathlib import Path

import book
import pytest
import run_notebooks
import submissions
import yaml
from grading import course, handout, notebooks

SLUGS = [path.stem for path in book.chapters()]
NAMES = sorted(path.stem for path in (book.ROOT / "solutions").glob("*/*.ipynb"))

each_exercise = pytest.mark.parametrize("name", NAMES)


def solution(name):
    return notebooks.read(book.ROOT / "solutions" / name / f"{name}.ipynb")


def released(name):
    return notebooks.read(book.ROOT / "exercises" / name / f"{name}.ipynb")


def mutants(name):
    """The known wrong answers of an exercise, a list of mappings (tests/notebooks/wrong_answers/NAME.yml)."""
    return yaml.safe_load((book.ROOT / "tests/notebooks/wrong_answers" / f"{name}.yml").read_text(encoding="utf-8"))


def cells_with(notebook, *roles):
    return [cell for cell in notebook.cells if notebooks.role(cell) in roles]


def text(notebook):
    return "\n\n".join(
        cell.source for cell in notebook.cells if cell.cell_type == "markdown" and not notebooks.role(cell)
    )


# ---- form ----


def test_every_chapter_has_its_exercise():
    assert NAMES == sorted(SLUGS)
    assert sorted(path.parent.name for path in (book.ROOT / "exercises").glob("*/*.ipynb")) == NAMES
    assert sorted(path.stem for path in (book.ROOT / "tests/notebooks/wrong_answers").glob("*.yml")) == NAMES


def test_hand_outs_are_up_to_date(tmp_path):
    handout.make(book.ROOT / "solutions", tmp_path)
    for name in NAMES:
        made, committed = (
            (folder / name / f"{name}.ipynb").read_text(encoding="utf-8")
            for folder in (tmp_path, book.ROOT / "exercises")
        )
        assert made == committed, f"run make exercises\n{handout.difference(made, committed)}"


@each_exercise
def test_hand_out_tells_nothing(name):
    """No line of a solution or a hidden test, no output, no text alternative that gives a result away."""
    source, given = solution(name), released(name)
    shown = "\n".join(cell.source for cell in given.cells)
    for cell in source.cells:
        hidden = [part for marks in (handout.SOLUTION, handout.HIDDEN) for part in marks.findall(cell.source)]
        if notebooks.role(cell) == "answer":
            hidden.append(cell.source)
        for part in hidden:
            assert part.strip() not in shown
            public = {line.strip() for other in source.cells for line in submissions.public_source(other).splitlines()}
            for line in {line.strip() for line in part.splitlines()} - public:
                assert len(line) < 25 or line not in shown, f"{name}: {line}"
    for cell in given.cells:
        assert set(cell.metadata) <= {"nbgrader", "editable", "deletable"}
        assert not cell.get("outputs") and cell.get("execution_count") is None


@each_exercise
def test_an_exercise_has_its_parts(name):
    notebook = solution(name)
    words = text(notebook)
    assert len(re.findall(r"^# ", words, re.M)) == 1
    tasks = re.findall(r"^## (\d)\. .+ \((\d+) points?\)$", words, re.M)
    assert [int(number) for number, _ in tasks] == list(range(1, len(tasks) + 1))
    assert 3 <= len(tasks) <= 5
    table = re.findall(r"^\| (\d)\. [^|]+\| (\d+) \|", words, re.M)
    assert table == tasks, "the table at the beginning says the same points as the headings"
    graded = cells_with(notebook, "check", "answer")
    assert sum(cell.metadata.nbgrader.points for cell in graded) == sum(int(points) for _, points in tasks) == 20
    assert "epair" in words, "one task repairs a training run"
    answers = cells_with(notebook, "answer")
    assert {cell.cell_type for cell in answers} == {"code", "markdown"}, "an experiment and its reading"
    assert re.search(r"^\| criterion \| points \|$", words, re.M), "students see the rubric"
    rubric = [int(points) for points in re.findall(r"^\| (?:code|reading)[^|]*\| (\d) \|$", words, re.M)]
    assert sum(rubric) == sum(cell.metadata.nbgrader.points for cell in answers)
    assert all("MARK SCHEME" in cell.source for cell in answers), "graders get a mark scheme"
    assert f"../../chapters/{name}.ipynb" in words


@each_exercise
def test_links_to_sections_of_chapters_exist(name):
    for slug, anchor in re.findall(r"\.\./\.\./chapters/([\w-]+)\.ipynb(?:#([\w-]+))?", text(solution(name))):
        chapter = book.ROOT / "chapters" / f"{slug}.ipynb"
        assert chapter.exists()
        words = "\n".join(cell.source for cell in book.read(chapter).cells if cell.cell_type == "markdown")
        assert not anchor or anchor in book.anchors(words), f"no section {anchor} in {slug}"


def _global_names(tree):
    """The names that code sets outside of functions and comprehensions."""
    names = []
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.append(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.append(node.id)
        elif not isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp | ast.Lambda):
            names += _global_names(node)
    return names


@each_exercise
def test_checks_speak(name):
    """Each assertion has words, the first one asks whether the function is there, and names do not clash."""
    notebook = solution(name)
    for cell in cells_with(notebook, "check"):
        tree = ast.parse(cell.source)
        where = cell.metadata.nbgrader.grade_id
        first = tree.body[0]
        assert isinstance(first, ast.Assert) and "globals().get(" in ast.unparse(first.test), where
        for node in ast.walk(tree):
            if isinstance(node, ast.Assert):
                assert node.msg is not None, f"{where}: {ast.unparse(node)} says nothing"
        names = _global_names(tree)
        assert all(n.startswith("_") for n in names), f"{where} overwrites {names}"
        assert not isinstance(tree.body[-1], ast.Expr) or isinstance(tree.body[-1].value, ast.Call)
        visible = ast.parse(handout.HIDDEN.sub("", cell.source))
        assert sum(isinstance(node, ast.Assert) for node in ast.walk(visible)) >= 3, f"{where}: few visible checks"


@each_exercise
def test_imports_are_stock_and_cells_are_plain(name):
    for number, cell in enumerate(solution(name).cells, start=1):
        if cell.cell_type != "code":
            continue
        tree = ast.parse(cell.source)
        for node in ast.walk(tree):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            modules += [node.module] if isinstance(node, ast.ImportFrom) else []
            for module in modules:
                top = module.split(".")[0]
                assert top in book.STOCK_PACKAGES | {"math", "itertools", "copy", "collections", "functools"}, module
        assert not re.search(r"^\s*[%!]", cell.source, re.M), f"cell {number} holds a magic"
        assert "rcParams" not in cell.source, f"cell {number} sets a plot style"
        if "plt." in cell.source and "show" in cell.source:
            assert cell.metadata.get("mystnb", {}).get("image", {}).get("alt"), f"cell {number}: a figure without words"
        for width in re.findall(r"figsize=\(([\d.]+),", cell.source):
            assert float(width) <= 7, f"cell {number}: a figure wider than 7 inches"


@each_exercise
def test_wrong_answers_are_kept_for_every_task(name):
    tasks = [cell.metadata.nbgrader.grade_id for cell in cells_with(solution(name), "task")]
    listed = [mutant["task"] for mutant in mutants(name)]
    assert set(listed) == set(tasks)
    assert all(listed.count(task) >= 2 for task in tasks)
    for mutant in mutants(name):
        source = submissions.cell_of(solution(name), mutant["task"]).source
        assert source.count(mutant["replace"].rstrip("\n")) == 1, f"{mutant['wrong']}: not found, or not once"


# ---- points ----


def _wrong(name, round_):
    """The right notebook with the wrong answer number `round_` of every task that has so many, and these mutants."""
    notebook = submissions.solved(solution(name), released(name))
    chosen = []
    for _, group in itertools.groupby(sorted(mutants(name), key=lambda m: m["task"]), key=lambda m: m["task"]):
        for mutant in list(group)[round_ : round_ + 1]:
            cell = submissions.cell_of(notebook, mutant["task"])
            old, new = mutant["replace"].rstrip("\n"), mutant["by"].rstrip("\n")
            cell.source = cell.source.replace(old, new)
            chosen.append(mutant)
    return notebook, chosen


@pytest.fixture(scope="session")
def classroom(tmp_path_factory):
    """All exercises, graded: right, untouched, without metadata, wrong in every known way. Folder, marks, mutants."""
    home = tmp_path_factory.mktemp("classroom") / "course"
    course.new(home, book.ROOT / "solutions")
    wrong = {}
    for name in NAMES:
        right = submissions.solved(solution(name), released(name))
        stripped = copy.deepcopy(right)
        stripped.nbformat_minor = 2
        for cell in stripped.cells:
            cell.metadata = {}
            cell.pop("id")
        people = {"right": right, "untouched": released(name), "stripped": stripped}
        for round_ in itertools.count():
            notebook, chosen = _wrong(name, round_)
            if not chosen:
                break
            people[f"wrong-{round_}"] = notebook
            wrong |= {(name, m["task"], m["wrong"]): (f"wrong-{round_}", m) for m in chosen}
        for student, notebook in people.items():
            submissions.write(notebook, home / "submitted" / student / name / f"{name}.ipynb")
    course.grade(home, say=lambda line: None)
    return home, {(row["student"], row["exercise"]): row for row in course.marks(home)}, wrong


def _graded(home, student, name):
    return notebooks.read(Path(home, "autograded", student, name, f"{name}.ipynb"))


def _error(cell):
    return next((f"{o.ename}: {o.evalue}" for o in cell.outputs if o.output_type == "error"), "")


@each_exercise
def test_the_solution_gets_all_points(classroom, name):
    home, marks, _ = classroom
    by_machine = sum(cell.metadata.nbgrader.points for cell in cells_with(solution(name), "check"))
    row = marks["right", name]
    errors = [_error(cell) for cell in cells_with(_graded(home, "right", name), "check")]
    assert (row["points"], row["to_read"], row["status"]) == (by_machine, 20 - by_machine, "graded"), errors


@each_exercise
def test_the_untouched_hand_out_gets_none(classroom, name):
    home, marks, _ = classroom
    row = marks["untouched", name]
    assert (row["points"], row["to_read"], row["status"]) == (0, 0, "graded")
    notebook = _graded(home, "untouched", name)
    for cell in cells_with(notebook, "given"):
        assert not _error(cell), f"{cell.metadata.nbgrader.grade_id} does not run in the hand-out: {_error(cell)}"
    for cell in cells_with(notebook, "check"):
        assert run_notebooks.UNSOLVED in _error(cell), "an unsolved task says so"
    for number, cell in enumerate(notebook.cells, start=1):
        error = _error(cell) if cell.cell_type == "code" else ""
        assert not error or run_notebooks.UNSOLVED in error, f"cell {number} fails for another reason: {error}"


@each_exercise
def test_a_notebook_without_metadata_gets_its_points(classroom, name):
    _, marks, _ = classroom
    assert marks["stripped", name]["points"] == marks["right", name]["points"]
    assert marks["stripped", name]["to_read"] == marks["right", name]["to_read"]
    assert marks["stripped", name]["status"] == "restored and graded"


WRONG = [(name, m["task"], m["wrong"]) for name in NAMES for m in mutants(name)]


@pytest.mark.parametrize("key", WRONG, ids=lambda key: " ".join(key))
def test_a_wrong_answer_loses_its_points_and_is_told_why(classroom, key):
    home, _, wrong = classroom
    student, mutant = wrong[key]
    notebook = _graded(home, student, key[0])
    said = _error(submissions.cell_of(notebook, f"{mutant['task']}-check"))
    assert said.startswith("AssertionError"), f"{mutant['wrong']}: {said or 'the check passes'}"
    assert mutant["says"] in said


@each_exercise
def test_a_wrong_answer_costs_no_other_task(classroom, name):
    home, _, wrong = classroom
    students = {student for key, (student, _) in wrong.items() if key[0] == name}
    for student in students:
        spoiled = {m["task"] for key, (other, m) in wrong.items() if key[0] == name and other == student}
        notebook = _graded(home, student, name)
        for cell in cells_with(notebook, "check"):
            task = cell.metadata.nbgrader.grade_id.removesuffix("-check")
            assert task in spoiled or not _error(cell), f"{task} fails though only {spoiled} are wrong: {_error(cell)}"
