"""The exercises: their form, and that right answers get their points and wrong ones lose them."""

import ast
import copy
import re
import shutil
from pathlib import Path

import answers
import book
import pytest
import run_notebooks
import submissions
from answers import NAMES, mutants, released, solution
from grading import course, handout, notebooks
from grading.restore import restore
from nbval.plugin import IPyNbFile, coalesce_streams

SLUGS = [path.stem for path in book.chapters()]

# what is said of an exercise when it has been run stays on one process, which runs it once
each_exercise = pytest.mark.parametrize("name", NAMES)
each_exercise_run = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.xdist_group(f"exercise {name}")) for name in book.due("answers")]
)


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
    for folder in (answers.WRONG, answers.RIGHT):
        assert sorted(path.stem for path in folder.glob("*.yml")) == NAMES


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


@each_exercise
def test_right_answers_of_other_hands_are_kept(name):
    tasks = [cell.metadata.nbgrader.grade_id for cell in cells_with(solution(name), "task")]
    kept = answers.other_hands(name)
    assert len(kept) >= 6
    assert {answer["task"] for answer in kept} == set(tasks)
    sources = [ast.dump(ast.parse(submissions.cell_of(solution(name), task).source)) for task in tasks]
    sources += [ast.dump(ast.parse(answer["source"])) for answer in kept]
    assert len(set(sources)) == len(sources), "an answer is the same as another"


# ---- answers, run in copies of one process ----


@pytest.fixture(scope="session")
def judged():
    """What the checks say of all known answers to an exercise, by its name; each is run once."""
    known = {}

    def judge(name):
        if name not in known:
            known[name] = answers.judge(solution(name), answers.variants(name))
        return known[name]

    return judge


@each_exercise_run
def test_the_right_answers_print_what_is_stored(name, judged, request):
    """The comparison is nbval's, as for the chapters."""
    path = book.ROOT / "solutions" / name / f"{name}.ipynb"
    differ = []
    for item, outputs in zip(
        IPyNbFile.from_parent(request.session, path=path).collect(), judged(name).outputs, strict=True
    ):
        live = coalesce_streams([notebooks.NotebookNode(output) for output in outputs])
        if item.options["check"] and not item.compare_outputs(live, coalesce_streams(item.cell.outputs)):
            differ += [item.name, *item.comparison_traceback]
    assert not differ, "run make outputs\n" + "\n".join(differ)


@each_exercise_run
def test_every_check_passes_the_right_answers(name, judged):
    assert not any(judged(name).errors[""].values()), judged(name).errors[""]


def _each(wrong):
    return pytest.mark.parametrize(
        ("name", "variant"),
        [
            pytest.param(name, variant, id=f"{name} {variant.title}", marks=pytest.mark.xdist_group(f"exercise {name}"))
            for name in book.due("answers")
            for variant in answers.variants(name)
            if bool(variant.says) == wrong
        ],
    )


@_each(wrong=False)
def test_a_right_answer_in_another_hand_loses_nothing_and_stops_no_cell(name, variant, judged):
    errors = judged(name).errors[variant.title]
    titles = [f"{answer['task']}: {answer['right']}" for answer in answers.other_hands(name)]
    assert not any(errors.values()), ({cell: error for cell, error in errors.items() if error}, titles)


@_each(wrong=True)
def test_a_wrong_answer_loses_its_points_is_told_why_and_costs_no_other_task(name, variant, judged):
    errors = judged(name).errors[variant.title]
    for task, words in variant.says.items():
        said = errors[f"{task}-check"]
        assert said.startswith("AssertionError"), said or "the check passes"
        assert words in said
    failed = {cell.removesuffix("-check") for cell, error in errors.items() if error and cell.endswith("-check")}
    assert failed <= set(variant.says)


# ---- points, given by the grader in its sandbox ----

# the grader gives points by the same checks, whatever the answer is: one exercise is graded with wrong answers, too
WITH_WRONG_ANSWERS = NAMES[0]


def _first_wrong(name):
    """The notebook with the first wrong answer to every task, and these mutants."""
    notebook, chosen = submissions.solved(solution(name), released(name)), {}
    for mutant in mutants(name):
        if mutant["task"] not in chosen:
            chosen[mutant["task"]] = mutant
            cell = submissions.cell_of(notebook, mutant["task"])
            cell.source = answers.mutated(cell.source, mutant)
    return notebook, list(chosen.values())


def _without_metadata(notebook):
    stripped = copy.deepcopy(notebook)
    stripped.nbformat_minor = 2
    for cell in stripped.cells:
        cell.metadata = {}
        cell.pop("id")
    return stripped


@pytest.fixture(scope="session")
def classroom(tmp_path_factory):
    """An exercise, graded, by its name: its course's folder and the rows of the marks by student."""
    graded = {}

    def grade(name):
        if name not in graded:
            folder = tmp_path_factory.mktemp(name)
            shutil.copytree(book.ROOT / "solutions" / name, folder / "solutions" / name)
            course.new(folder / "course", folder / "solutions")
            right = submissions.solved(solution(name), released(name))
            people = {"right": right, "untouched": released(name)}
            if name == WITH_WRONG_ANSWERS:
                people |= {"wrong": _first_wrong(name)[0], "stripped": _without_metadata(right)}
            for student, notebook in people.items():
                submissions.write(notebook, folder / "course/submitted" / student / name / f"{name}.ipynb")
            course.grade(folder / "course", say=lambda line: None)
            graded[name] = folder / "course", {row["student"]: row for row in course.marks(folder / "course")}
        return graded[name]

    return grade


def _graded(home, student, name):
    return notebooks.read(Path(home, "autograded", student, name, f"{name}.ipynb"))


def _error(cell):
    return next((f"{o.ename}: {o.evalue}" for o in cell.outputs if o.output_type == "error"), "")


@each_exercise_run
def test_the_solution_gets_all_points(classroom, name):
    home, marks = classroom(name)
    by_machine = sum(cell.metadata.nbgrader.points for cell in cells_with(solution(name), "check"))
    row = marks["right"]
    errors = [_error(cell) for cell in cells_with(_graded(home, "right", name), "check")]
    assert (row["points"], row["to_read"], row["status"]) == (by_machine, 20 - by_machine, "graded"), errors
    assert not course.read_report(home)["right", name].detail, "nothing of an honest answer asks for a look"


@each_exercise_run
def test_the_untouched_hand_out_gets_none(classroom, name):
    home, marks = classroom(name)
    row = marks["untouched"]
    assert (row["points"], row["to_read"], row["status"]) == (0, 0, "graded")
    assert not course.read_report(home)["untouched", name].detail
    notebook = _graded(home, "untouched", name)
    for cell in cells_with(notebook, "given"):
        assert not _error(cell), f"{cell.metadata.nbgrader.grade_id} does not run in the hand-out: {_error(cell)}"
    for cell in cells_with(notebook, "check"):
        assert run_notebooks.UNSOLVED in _error(cell), "an unsolved task says so"
    for number, cell in enumerate(notebook.cells, start=1):
        error = _error(cell) if cell.cell_type == "code" else ""
        assert not error or run_notebooks.UNSOLVED in error, f"cell {number} fails for another reason: {error}"


@each_exercise
def test_a_notebook_without_metadata_is_restored_to_what_it_was(name):
    right = submissions.solved(solution(name), released(name))
    stripped = _without_metadata(right)
    assert restore(stripped, released(name)), "it is noted for the instructor"
    restore(right, released(name))
    cells = ([(c.cell_type, c.source, c.metadata.get("nbgrader")) for c in n.cells] for n in (stripped, right))
    assert next(cells) == next(cells)


@pytest.mark.xdist_group(f"exercise {WITH_WRONG_ANSWERS}")
def test_a_notebook_without_metadata_gets_its_points(classroom):
    _, marks = classroom(WITH_WRONG_ANSWERS)
    for column in ("points", "to_read"):
        assert marks["stripped"][column] == marks["right"][column]
    assert marks["stripped"]["status"] == "restored and graded"


@pytest.mark.xdist_group(f"exercise {WITH_WRONG_ANSWERS}")
def test_the_grader_says_what_the_copies_of_a_process_say(classroom):
    name = WITH_WRONG_ANSWERS
    home, marks = classroom(name)
    notebook = _graded(home, "wrong", name)
    _, mutants_ = _first_wrong(name)
    assert marks["wrong"]["points"] == 0 and len(mutants_) > 2
    for mutant in mutants_:
        said = _error(submissions.cell_of(notebook, f"{mutant['task']}-check"))
        assert said.startswith("AssertionError") and mutant["says"] in said, said or "the check passes"
    right = _graded(home, "right", name)
    assert not any(_error(cell) for cell in cells_with(right, "check"))


# ---- the running of answers ----


def test_an_answer_that_does_not_end_or_kills_its_process_is_named(monkeypatch):
    source = submissions.small_exercise()
    for body, words in {"while True: pass": "longer than", "import os; os._exit(3)": "status 3"}.items():
        endless = answers.Variant("the odd one", {"mean": body}, {"mean": ""})
        with pytest.raises(RuntimeError, match=f"the odd one: .*{words}"):
            answers.judge(source, [endless], limit=2)
    whole = answers.Variant("wrong", {"mean": "def mean(a, b): return 7"}, {"mean": "1.5"})
    result = answers.judge(source, [whole])
    assert "1.5, not 7" in result.errors["wrong"]["mean-check"] and not result.errors["wrong"]["distance-check"]
    assert result.errors[""]["mean-check"] == result.errors[""]["distance-check"] == ""
