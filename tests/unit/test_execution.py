"""parallel_execution: the runner on small notebooks, its settings, and a Sphinx build that finds what it cached."""

import json
import logging
import os
import re
import signal
import time
from pathlib import Path

import book
import nbformat
import psutil
import pytest
from jupyter_cache import get_cache
from measured_book.execution import checks
from measured_book.execution.cache import fingerprint
from measured_book.execution.runner import NotebookFailed, Runner, code_key, read_environment
from measured_book.execution.worker import first_line
from sphinx.errors import ExtensionError
from sphinx.testing.util import SphinxTestApp
from sphinx.util import logging as sphinx_logging


def write(path, *sources, **metadata):
    """Write a notebook whose first cell is text and whose code cells are `sources`; returns its path as text."""
    notebook = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})
    notebook.cells.append(nbformat.v4.new_markdown_cell(f"# {path.stem}", id="title"))
    for number, source in enumerate(sources):
        notebook.cells.append(nbformat.v4.new_code_cell(source, id=f"cell{number}", metadata=metadata))
    nbformat.write(notebook, path)
    return str(path)


def runner_for(folder, *, workers=2, limit=60, cell_timeout=60, environment=None):
    lines = []
    cache = folder / "cache/key"
    cache.mkdir(parents=True, exist_ok=True)
    runner = Runner(
        cache, environment or {}, workers=workers, limit=limit, cell_timeout=cell_timeout, report=lines.append
    )
    runner.lines = lines
    return runner


def printed(runner, path):
    """What the cached notebook at `path` printed."""
    _, notebook = runner.cache.merge_match_into_notebook(nbformat.read(path, as_version=4))
    return "".join(output["text"] for cell in notebook.cells for output in cell.get("outputs", []))


def is_running(pid):
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


# each waits for the other one to begin, so they finish only if they run at the same time
MEET = """
import os, time, pathlib
began = time.time()
pathlib.Path("{me}.began").touch()
while not pathlib.Path("{other}.began").exists():
    time.sleep(0.02)
print(began, time.time(), os.getppid())
"""


def test_notebooks_run_at_the_same_time_in_processes_of_their_own_and_are_cached(tmp_path):
    paths = [
        write(tmp_path / "one.ipynb", MEET.format(me="one", other="two")),
        write(tmp_path / "two.ipynb", MEET.format(me="two", other="one")),
    ]
    runner = runner_for(tmp_path)
    assert runner.missing(paths) == paths
    runner.run(paths)
    (began_1, ended_1, parent_1), (began_2, ended_2, parent_2) = (map(float, printed(runner, p).split()) for p in paths)
    assert max(began_1, began_2) < min(ended_1, ended_2)
    assert len({parent_1, parent_2, os.getpid()}) == 3
    # another runner finds them, and has nothing left to do
    assert runner_for(tmp_path).missing(paths) == []
    # and so does whoever knows jupyter-cache
    records = get_cache(str(tmp_path / "cache/key")).list_cache_records()
    assert sorted(record.uri for record in records) == paths
    assert all(record.data["execution_seconds"] > 0 for record in records)


def test_a_failing_notebook_is_reported_and_the_others_are_finished(tmp_path):
    bad = write(tmp_path / "bad.ipynb", "a = 1", "# why\n\nvalue = a / 0\nprint(value)")
    dies = write(tmp_path / "dies.ipynb", "import os\nos._exit(7)")
    good = write(tmp_path / "good.ipynb", "import os\nprint(os.environ['FROM_FILE'], os.environ['HOME'])")
    runner = runner_for(tmp_path, workers=3, environment={"FROM_FILE": "yes"})
    with pytest.raises(NotebookFailed) as caught:
        runner.run([bad, dies, good])
    message = str(caught.value)
    assert f"{bad}, cell 3 (value = a / 0):\n" in message
    assert "ZeroDivisionError: division by zero" in message
    assert "\x1b" not in message
    assert f"{dies}, cell 2 (import os):\nKernel died" in message
    assert printed(runner, good) == f"yes {os.environ['HOME']}\n"
    assert sorted(runner.missing([bad, dies, good])) == [bad, dies]
    # jupyter-book colours code by what the kernel says about its language
    _, notebook = runner.cache.merge_match_into_notebook(nbformat.read(good, as_version=4))
    assert notebook.metadata.language_info.pygments_lexer


def test_a_cell_over_its_time_and_a_file_that_is_no_notebook_are_named(tmp_path):
    slow = write(tmp_path / "slow.ipynb", "import time\ntime.sleep(60)")
    with pytest.raises(NotebookFailed, match=r"slow\.ipynb, cell 2 \(import time\):\n.*timed out"):
        runner_for(tmp_path, cell_timeout=1).run([slow])
    broken = tmp_path / "broken.ipynb"
    broken.write_text("<<<<<<< HEAD")
    with pytest.raises(NotebookFailed, match=r"broken\.ipynb cannot be read as a notebook"):
        runner_for(tmp_path).missing([str(broken)])


# it hangs where a kernel notices nothing: in compiled code that holds the interpreter's lock
HANG = """
import os, pathlib, re
if not pathlib.Path("go").exists():
    pathlib.Path("pid").write_text(str(os.getpid()))
    re.match("(a+)+$", "a" * 40 + "b")
print("second try")
"""


def test_a_hanging_notebook_is_killed_with_its_kernel_and_tried_again(tmp_path):
    path = write(tmp_path / "hang.ipynb", HANG)
    began = time.monotonic()
    runner_for(tmp_path).run([write(tmp_path / "plain.ipynb", "print(1)")])
    # long enough for a kernel to start and begin to hang, on a busy computer too
    limit = max(6, round(3 * (time.monotonic() - began)))
    runner = runner_for(tmp_path, limit=limit)

    def report(line):
        runner.lines.append(line)
        if "trying once more" in line:
            (tmp_path / "go").touch()
            runner.limit = 60

    runner.report = report
    runner.run([path])
    assert printed(runner, path) == "second try\n"
    assert runner.lines.count(f"hang.ipynb did not finish within {limit} s: killed, trying once more") == 1
    assert not is_running(int((tmp_path / "pid").read_text()))


def test_a_notebook_that_hangs_twice_is_reported(tmp_path):
    path = write(tmp_path / "hang.ipynb", "import time\ntime.sleep(60)")
    runner = runner_for(tmp_path, limit=1)
    with pytest.raises(NotebookFailed, match=r"hang\.ipynb did not finish within 1 s, twice.*parallel_execution_limit"):
        runner.run([path])


def test_what_a_notebook_leaves_running_does_not_hold_it_up(tmp_path):
    source = "import subprocess\nprint(subprocess.Popen(['sleep', '60'], start_new_session=True).pid)"
    path = write(tmp_path / "leaves.ipynb", source)
    runner = runner_for(tmp_path, limit=20)
    runner.run([path])
    assert "trying once more" not in "".join(runner.lines)
    os.kill(int(printed(runner, path)), signal.SIGKILL)


COUNTED = """
import pathlib, os
with open("{name}.runs", "a") as runs:
    runs.write("x")
if "{name}" != "quick" and not pathlib.Path("go").exists():
    import time
    pathlib.Path("{name}.pid").write_text(str(os.getpid()))
    time.sleep(60)
"""


def interrupt_when_done(lines):
    """A report that raises KeyboardInterrupt, as Ctrl-C would, once the first notebook is done."""

    def report(line):
        lines.append(line)
        if line.startswith("[1/"):
            raise KeyboardInterrupt

    return report


def test_an_interrupted_run_goes_on_with_what_is_missing(tmp_path):
    paths = [write(tmp_path / f"{name}.ipynb", COUNTED.format(name=name)) for name in ("quick", "slow", "queued")]
    runner = runner_for(tmp_path)
    runner.report = interrupt_when_done(runner.lines)
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        runner.run(paths)
    assert time.monotonic() - began < 50  # it did not wait for the notebooks that sleep for 60 s
    stopped = [int(file.read_text()) for file in tmp_path.glob("*.pid")]
    assert not any(map(is_running, stopped))
    second = runner_for(tmp_path)
    left = second.missing(paths)
    assert sorted(left) == sorted(paths[1:])
    (tmp_path / "go").touch()
    second.run(left)
    assert second.missing(paths) == []
    assert (tmp_path / "quick.runs").read_text() == "x"


def test_no_notebook_begins_after_an_interruption(tmp_path):
    paths = [
        write(tmp_path / f"{n}.ipynb", f"open('{n}.began', 'w').close()\nimport time\ntime.sleep(60)") for n in "ab"
    ]
    runner = runner_for(tmp_path, workers=1)
    start, begun = runner._execute, []

    def interrupted(path):
        begun.append(path)
        if len(begun) == 1:
            raise OSError("as if the disk were full")
        return start(path)

    runner._execute = interrupted
    with pytest.raises(OSError, match="disk"):
        runner.run(paths)
    runner._execute = start
    with pytest.raises(NotebookFailed, match="was not executed: the run was stopped"):
        runner._execute(paths[0])
    assert not list(tmp_path.glob("*.began"))


def test_the_longest_notebooks_of_the_last_run_come_first(tmp_path):
    paths = [write(tmp_path / f"{name}.ipynb", f"print('{name}')") for name in ("short", "long", "new")]
    runner = runner_for(tmp_path)
    runner._cache(paths[0], {"seconds": 1.0, "notebook": Path(paths[0]).read_text()})
    runner._cache(paths[1], {"seconds": 20.04, "notebook": Path(paths[1]).read_text()})
    assert json.loads((tmp_path / "cache/durations.json").read_text()) == {"short.ipynb": 1.0, "long.ipynb": 20.0}
    # with another key, after a change that executes all anew
    other = Runner(tmp_path / "cache/other", {}, workers=1, limit=1, cell_timeout=1, report=print)
    assert [Path(p).stem for p in other.missing(paths)] == ["new", "long", "short"]
    (tmp_path / "cache/durations.json").write_text("{damaged")
    assert len(other.missing(paths)) == 3


def test_a_machine_that_executed_nothing_goes_by_the_expected_durations(tmp_path):
    paths = [write(tmp_path / f"{name}.ipynb", f"print('{name}')") for name in ("short", "long", "new")]
    expected = {"short.ipynb": 3.0, "long.ipynb": 5.0}

    def order():
        cache = tmp_path / "cache/key"
        cache.mkdir(parents=True, exist_ok=True)
        other = Runner(cache, {}, workers=1, limit=1, cell_timeout=1, report=print, expected=expected)
        return [Path(p).stem for p in other.missing(paths)]

    assert order() == ["new", "long", "short"]
    (tmp_path / "cache/durations.json").write_text('{"short.ipynb": 9.0}')  # its own, which count more
    assert order() == ["new", "short", "long"]


def changed(path, change):
    """Apply `change` to the notebook at `path` in place."""
    notebook = nbformat.read(path, as_version=4)
    change(notebook)
    nbformat.write(notebook, path)


def test_outputs_are_taken_over_when_only_the_page_changed(tmp_path):
    path = write(tmp_path / "one.ipynb", "print(1)", "print(2)")
    runner = runner_for(tmp_path)
    runner.run([path])
    before = runner.cache.match_cache_notebook(nbformat.read(path, as_version=4))

    def for_the_page(notebook):
        notebook.cells[1].metadata.tags = ["hide-input"]
        notebook.cells[2].metadata.mystnb = {"image": {"alt": "words"}}
        notebook.cells.insert(2, nbformat.v4.new_markdown_cell("More words."))
        notebook.cells[0].source = "# Another title"

    changed(path, for_the_page)
    later = runner_for(tmp_path)
    assert later.missing([path]) == []
    assert later.lines == ["one.ipynb: its code did not change, so its outputs are taken over"]
    assert printed(later, path) == "1\n2\n"
    # what myst-nb finds has the new tags, and the date and the seconds of the execution
    _, notebook = later.cache.merge_match_into_notebook(nbformat.read(path, as_version=4))
    assert notebook.cells[1].metadata.tags == ["hide-input"] and "mystnb" in notebook.cells[3].metadata
    after = later.cache.match_cache_notebook(notebook)
    assert after.pk != before.pk and (after.created, after.data) == (before.created, before.data)
    assert notebook.metadata.language_info.pygments_lexer


@pytest.mark.parametrize(
    "change",
    [
        lambda notebook: notebook.cells[1].update(source="print(3)"),
        lambda notebook: notebook.cells[1].metadata.update(tags=["raises-exception"]),
        lambda notebook: notebook.cells[1].metadata.update(tags=["skip-execution"]),
        lambda notebook: notebook.cells.append(nbformat.v4.new_code_cell("")),
        lambda notebook: notebook.metadata.kernelspec.update(name="another"),
    ],
    ids=["code", "raises", "skipped", "one more cell", "kernel"],
)
def test_what_changes_the_outputs_is_executed(tmp_path, change):
    path = write(tmp_path / "one.ipynb", "print(1)")
    runner = runner_for(tmp_path)
    runner._cache(path, {"seconds": 1.0, "notebook": Path(path).read_text()})
    assert runner.missing([path]) == []
    changed(path, change)
    assert runner.missing([path]) == [path]


CHECKS = """
cards:
  - {id: one-right, check: ['value == 2 and np.sqrt(4) == value', "half = value / 2\\nassert half == 1, 'half'"]}
  - {id: one-without}
quiz:
  - {id: one-number, answer: 2, tolerance: 0, check: ['abs(answer - value) <= tolerance']}
  - id: one-wrong
    answer: 2.5
    tolerance: 0.1
    check: ["half = answer / 2\\nassert half == value, 'half'", 'nothing > 1']
"""


def test_checks_are_evaluated_in_the_kernel_and_leave_no_trace(tmp_path):
    (tmp_path / "one.yml").write_text(CHECKS)
    path = write(tmp_path / "one.ipynb", "value = 2\nprint(value)")
    plain = runner_for(tmp_path / "plain")
    plain.run([path])
    runner = runner_for(tmp_path)
    runner.checks_folder = tmp_path
    runner.run([path])
    notebook = nbformat.read(path, as_version=4)
    executed = [r.cache.merge_match_into_notebook(notebook)[1] for r in (plain, runner)]
    assert executed[0] == executed[1]
    found = {entry["id"]: entry for entry in checks.entries(tmp_path / "one.yml")}
    assert list(found) == ["one-right", "one-number", "one-wrong"]
    results = checks.stored(tmp_path / "cache/key", code_key(notebook))
    assert results.keys() == checks.requests(list(found.values())).keys()
    assert results[checks.key(found["one-right"])] == [] == results[checks.key(found["one-number"])]
    assert all(results[checks.key(entry)] for entry in checks.perturbed(found["one-number"]))
    first, second = results[checks.key(found["one-wrong"])]
    assert first.startswith("one-wrong: ") and first.endswith(" does not hold. half")
    assert "raises NameError: name 'nothing' is not defined" in second
    # another check has no result yet, and neither has one of another notebook
    assert checks.key(found["one-number"] | {"check": ["answer == value"]}) not in results
    changed(path, lambda notebook: notebook.cells[1].update(source="value = 3"))
    assert checks.stored(tmp_path / "cache/key", code_key(nbformat.read(path, as_version=4))) == {}


def test_checks_that_end_the_kernel_do_not_cost_the_notebook(tmp_path):
    (tmp_path / "one.yml").write_text("cards: [{id: one-ends, check: ['__import__(\"os\")._exit(3)']}]")
    path = write(tmp_path / "one.ipynb", "print(1)")
    runner = runner_for(tmp_path)
    runner.checks_folder = tmp_path
    runner.run([path])
    assert printed(runner, path) == "1\n"
    assert checks.stored(tmp_path / "cache/key", code_key(nbformat.read(path, as_version=4))) == {}


def test_wrong_answers_to_a_number_question_are_wrong_by_more_than_its_tolerance():
    def answers(answer, tolerance):
        return [e["answer"] for e in checks.perturbed({"answer": answer, "tolerance": tolerance})]

    assert answers(7, 0) == [6, 8]
    assert answers(0.5, 0.1) == pytest.approx([0.3, 0.7])
    assert answers(0.5, 0) == pytest.approx([0.495, 0.505])
    assert checks.perturbed({"id": "a card"}) == []


@pytest.mark.parametrize("check", ["True", "1 + 1 == 2", "'words'", "x = value\nassert True", "x = value\n"])
def test_a_check_that_asks_nothing_of_the_notebook_is_found(check):
    assert checks.says_nothing(check)
    assert not checks.says_nothing("value == 2")
    assert not checks.says_nothing("half = value / 2\nassert half == 1")


def test_the_fingerprint_sees_contents_environment_and_versions(tmp_path):
    (tmp_path / "style.py").write_text("a = 1")
    (tmp_path / "folder/__pycache__").mkdir(parents=True)
    (tmp_path / "folder/deep.txt").write_text("b")

    def key(environment=None, packages=("numpy",)):
        return fingerprint(tmp_path, ["style.py", "folder"], environment or {}, list(packages))

    first = key()
    assert key() == first
    (tmp_path / "folder/__pycache__/x.pyc").write_text("compiled")
    assert key() == first
    assert fingerprint(tmp_path, ["folder", "style.py"], {}, ["numpy"]) == first
    found = {first, key({"THREADS": "1"}), key({"THREADS": "2"}), key(packages=["numpy", "nbformat"])}
    (tmp_path / "style.py").write_text("a = 2")
    found.add(key())
    (tmp_path / "folder/deep.txt").rename(tmp_path / "folder/renamed.txt")
    found.add(key())
    assert len(found) == 6
    # code that runs in kernels, wherever it is installed
    module = tmp_path / "module.py"
    for text in ("c = 1", "c = 2"):
        module.write_text(text)
        found.add(fingerprint(tmp_path, ["style.py", "folder"], {}, ["numpy"], [module]))
    found.add(fingerprint(tmp_path, ["style.py", "folder"], {}, ["numpy"], [module], [120]))
    assert len(found) == 9
    with pytest.raises(FileNotFoundError, match="no-such-file"):
        fingerprint(tmp_path, ["no-such-file"], {}, [])


def test_the_environment_file_is_read_and_its_errors_name_file_and_line(tmp_path):
    file = tmp_path / "numeric.env"
    file.write_text("# threads\n\n  A=1\nB=x=y # kept\nC=\n")
    assert read_environment(file) == {"A": "1", "B": "x=y # kept", "C": ""}
    for line in ("no separator", "export A=1", "=1"):
        file.write_text(f"A=1\n{line}\n")
        with pytest.raises(ValueError, match=r"numeric\.env, line 2: expected KEY=VALUE, got") as caught:
            read_environment(file)
        assert repr(line) in str(caught.value)


def test_a_cell_is_recognized_by_its_first_line_of_code():
    assert first_line("\n# comment\n  \n  x = 1  \ny = 2") == "x = 1"
    assert first_line("# only a comment") == ""


@pytest.fixture
def build(tmp_path):
    """A function that builds a Sphinx site of two notebooks with myst-nb and returns what it told and warned."""
    count = "with open('{0}.runs', 'a') as runs:\n    runs.write('x')\nprint('{0} was executed')"
    write(tmp_path / "index.ipynb", count.format("index"))
    write(tmp_path / "left_out.ipynb", count.format("left_out"))

    def run(**settings):
        settings = {
            "extensions": ["myst_nb"],
            "html_theme": "basic",
            "nb_execution_mode": "cache",
            # named here, since an extension adds to Sphinx's own default, which later builds in this process share
            "source_suffix": {".ipynb": "myst-nb"},
            "nb_execution_excludepatterns": ["left_out*"],
        } | settings
        book.write_configuration(tmp_path, settings, "measured_book.execution.cache")
        app = None
        try:
            app = SphinxTestApp(srcdir=tmp_path)
            app.build()
            return app.status.getvalue(), app.warning.getvalue()
        finally:
            if app:
                app.cleanup()
            # Sphinx's handlers would write into this build's closed streams
            logging.getLogger(sphinx_logging.NAMESPACE).handlers.clear()

    return run


def test_myst_nb_finds_what_was_cached_and_a_new_environment_executes_anew(build, tmp_path):
    told, warned = build()
    assert "notebooks: executing 1 notebook(s) with 1 process(es)" in told
    assert not re.search(r"index\.ipynb.*No source code lexer", warned)
    page = tmp_path / "_build/html/index.html"
    assert "index was executed" in page.read_text(encoding="utf-8")
    assert (tmp_path / "index.runs").read_text() == "x"  # once: myst-nb did not execute it again
    assert not (tmp_path / "left_out.runs").exists()

    (tmp_path / "a.env").write_text("A=1\n")
    build(parallel_execution_environment="a.env")
    assert (tmp_path / "index.runs").read_text() == "xx"
    assert len([p for p in (tmp_path / "_build/.jupyter_cache").iterdir() if p.is_dir()]) == 2
    build()
    assert (tmp_path / "index.runs").read_text() == "xx"  # found again in the first cache


def test_wrong_settings_and_failing_notebooks_stop_the_build(build, tmp_path):
    with pytest.raises(ExtensionError, match="no-such-file.*Check its settings in the configuration"):
        build(parallel_execution_depends=["no-such-file"])
    path = write(tmp_path / "index.ipynb", "print(1)", "missing_name")
    with pytest.raises(ExtensionError) as caught:
        build()
    assert str(caught.value).startswith(f"notebook execution failed.\n\n{path}, cell 3 (missing_name):")
    assert "NameError: name 'missing_name' is not defined" in str(caught.value)


def test_a_notebook_edited_while_it_was_executed_is_named_and_the_next_build_finds_the_edit(build, tmp_path):
    edit = "from pathlib import Path\nme = Path('index.ipynb')\nme.write_text(me.read_text().replace('draft', 'final'))"
    write(tmp_path / "index.ipynb", edit, "print('the draft version')")
    with pytest.raises(ExtensionError, match=r"index\.ipynb: executed, but .* If it was edited meanwhile, build again"):
        build()
    build()
    assert "the final version" in (tmp_path / "_build/html/index.html").read_text(encoding="utf-8")
