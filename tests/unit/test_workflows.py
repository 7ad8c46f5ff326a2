"""The workflows that GitHub runs: their form, what they may do, what they name, and the scripts in them."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import book
import nbformat
import pytest
import run_notebooks
import yaml
from nbformat.v4 import new_code_cell, new_notebook

FOLDER = book.ROOT / ".github/workflows"
WORKFLOWS = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.yml"))}
JOBS = {(name, job): body for name, workflow in WORKFLOWS.items() for job, body in workflow["jobs"].items()}
# what a job may do beyond reading the repository
ALLOWED = {
    ("publish", "build"): {"pages": "read"},
    ("publish", "deploy"): {"pages": "write", "id-token": "write"},
    ("weekly", "report"): {"issues": "write"},
    ("release", "attach"): {"contents": "write"},
}
LINTERS = [
    ["jactionlint", "--profile", "correctness", "--no-online", "--shellcheck=", "--pyflakes="],
    ["zizmor", "--offline", "--quiet", "."],
]

each_job = pytest.mark.parametrize("key", JOBS, ids=" ".join)


def steps(key):
    return JOBS[key].get("steps", [])


def scripts(key):
    """What the steps of a job run, as one text without line continuations."""
    return "\n".join(step.get("run", "") for step in steps(key)).replace("\\\n", " ")


# ---- form and rights ----


def lint(folder):
    """What the linters find in the workflows of the repository in `folder`; empty if all is well."""
    found = ""
    for command in LINTERS:
        program = Path(sys.executable).with_name(command[0])
        result = subprocess.run([program, *command[1:]], cwd=folder, capture_output=True, text=True)
        if result.returncode:
            found += result.stdout + result.stderr
    return found


def test_the_linters_find_nothing():
    assert lint(book.ROOT) == ""


@pytest.mark.parametrize(
    "old, new, finding",
    [
        ("runs-on: .*", "needs: nobody", 'needs job "nobody" which does not exist'),
        ("github.ref", "github.reference", 'property "reference" is not defined'),
        ("cache: pip", "cached: pip", 'input "cached" is not defined'),
        ("run: .ci/run", "run: echo ${{ github.head_ref }}", "template-injection"),
        ("pull_request:", "pull_request_target:", "dangerous-triggers"),
        (r"@\w{40} # ", "@", "unpinned-uses"),
    ],
)
def test_the_linters_find_a_mistake(tmp_path, old, new, finding):
    text = (FOLDER / "test.yml").read_text(encoding="utf-8")
    broken = re.sub(old, new, text)
    assert broken != text
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    (tmp_path / ".github/workflows").mkdir(parents=True)
    (tmp_path / ".github/workflows/test.yml").write_text(broken, encoding="utf-8")
    assert finding in lint(tmp_path)


def test_actions_are_github_s_own_and_pinned():
    versions = {}
    for path in FOLDER.glob("*.yml"):
        for used in re.findall(r"uses: (.+)", path.read_text(encoding="utf-8")):
            pinned = re.fullmatch(r"(actions/[\w-]+)@([0-9a-f]{40}) # (v\d+\.\d+\.\d+)", used)
            assert pinned or used == "$/.github/workflows/test.yml", f"{path.name}: {used}"
            if pinned:
                versions.setdefault(pinned[1], set()).add(pinned.groups()[1:])
    assert all(len(pins) == 1 for pins in versions.values()), f"one action in two versions: {versions}"


def test_workflows_may_at_most_read_the_repository():
    for name, workflow in WORKFLOWS.items():
        assert workflow["permissions"] in ({}, {"contents": "read"}), name
    assert set(ALLOWED) <= set(JOBS)


@each_job
def test_a_job_has_the_rights_it_needs_and_an_end(key):
    rights = JOBS[key].get("permissions", WORKFLOWS[key[0]]["permissions"])
    beyond = {scope: right for scope, right in rights.items() if (scope, right) != ("contents", "read")}
    assert beyond == ALLOWED.get(key, {})
    assert "timeout-minutes" in JOBS[key] or "uses" in JOBS[key]
    for step in steps(key):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert rights.get("contents") == "read" and step["with"]["persist-credentials"] is False


@each_job
def test_a_job_that_installs_packages_looks_where_the_variable_says(key):
    installs = re.search(r"\bmake\b|\.ci/run", scripts(key))
    given = JOBS[key].get("env", {}).get("PIP_EXTRA_INDEX_URL")
    assert given == ("${{ vars.PIP_EXTRA_INDEX_URL }}" if installs else None)


@pytest.mark.parametrize("name", ["publish", "release"])
def test_only_what_was_tested_is_published(name):
    jobs = WORKFLOWS[name]["jobs"]
    assert jobs["test"]["uses"] == "$/.github/workflows/test.yml" and "workflow_call" in WORKFLOWS["test"][True]
    for job, body in jobs.items():
        needed = body
        while "needs" in needed:
            assert "if" not in needed, f"{job} may run though a job that it needs failed"
            needed = jobs[needed["needs"]]
        assert needed is jobs["test"], f"{job} does not wait for the tests"


# ---- what they name ----


@each_job
def test_what_a_job_runs_is_there(key):
    for targets in re.findall(r"\bmake ([\w =-]+)", scripts(key)):
        result = subprocess.run(["make", "--dry-run", *targets.split()], cwd=book.ROOT, capture_output=True, text=True)
        assert result.returncode == 0, result.stderr
    ours = {path.name for path in book.ROOT.iterdir()} - {"_build"}
    for word in re.findall(r"[\w.*/-]+", scripts(key)):
        if word.split("/")[0] in ours:
            assert list(book.ROOT.glob(word)), f"there is no {word}"


def test_colab_runs_every_notebook():
    named = re.findall(r"\S+\.ipynb", scripts(("weekly", "colab")))
    found = {path for pattern in named for path in book.ROOT.glob(pattern)}
    everywhere = (book.ROOT.glob(f"{folder}/**/*.ipynb") for folder in ("chapters", "exercises", "solutions"))
    assert found == {book.ROOT / "index.ipynb"}.union(*everywhere)


def test_what_a_release_attaches_is_made(site):
    named = re.findall(r"_build/(\w+)/(\S+\.(?:zip|pdf|epub|apkg))", scripts(("release", "build")))
    assert [Path(name).suffix for _, name in named] == [".zip", ".pdf", ".epub", ".apkg", ".zip"]
    command = ["make", "--dry-run", "zip", "pdf", "epub"]
    made = subprocess.run(command, cwd=book.ROOT, capture_output=True, text=True).stdout
    for folder, name in named[:3]:
        lines = [line for line in made.splitlines() if f"_build/{folder}" in line and Path(name).stem in line]
        assert lines, f"make does not make _build/{folder}/{name}"
    assert (site.parent / named[3][0] / named[3][1]).exists()
    assert "solutions" not in scripts(("release", "build"))
    assert "_build/html" == WORKFLOWS["publish"]["jobs"]["build"]["steps"][-1]["with"]["path"]


def test_the_newest_releases_are_those_of_the_subject(tmp_path):
    lifted = tmp_path / "requirements.txt"
    subprocess.run(["make", "-s", f"NEWEST={tmp_path}", lifted], cwd=book.ROOT, check=True)
    before, after = (path.read_text(encoding="utf-8") for path in (book.ROOT / "requirements.txt", lifted))
    names = re.findall(r"^([\w-]+)>=", after, re.M)
    assert set(names) == set(run_notebooks.PACKAGES)
    assert after.replace(">=", "==") == before


def test_the_newest_tools_leave_the_subject_as_it_is(tmp_path):
    lifted = tmp_path / "requirements.txt"
    subprocess.run(["make", "-s", f"TOOLS={tmp_path}", lifted], cwd=book.ROOT, check=True)
    before, after = (path.read_text(encoding="utf-8") for path in (book.ROOT / "requirements.txt", lifted))
    pinned = set(re.findall(r"^([\w-]+)==", after, re.M))
    assert pinned == set(run_notebooks.PACKAGES) - {"ipywidgets"}, "sliders depend on ipywidgets' insides"
    assert "jupyter-book>=1" in after and ",<2" in after, "version 2 is another program"
    assert after.replace(">=", "==").replace(",<2", "") == before


# ---- the weekly run ----

# answers as GitHub's command line does, and writes down what it is asked
GH = f"""#!{sys.executable}
import json, pathlib, sys
issue, calls = (pathlib.Path(__file__).with_name(name) for name in ("issue", "calls"))
with calls.open("a") as file:
    file.write(json.dumps(sys.argv[1:]) + "\\n")
match sys.argv[1:3]:
    case ["issue", "list"]:
        print(issue.read_text() if issue.exists() else "")
    case ["issue", "create"]:
        issue.write_text("7")
    case ["issue", "close"]:
        issue.unlink()
"""
WEEKLY = [job for job in WORKFLOWS["weekly"]["jobs"] if job != "report"]
WELL = ["success"] * len(WEEKLY)
LOG = "https://host/someone/a-course/actions/runs/1/attempts/1"


@pytest.fixture
def report(tmp_path):
    """Report the results of the jobs, in the order of `WEEKLY`; what gh was asked to change."""
    program = tmp_path / "gh"
    program.write_text(GH, encoding="utf-8")
    program.chmod(0o755)

    def run(*results):
        (tmp_path / "calls").write_text("", encoding="utf-8")
        results = {name.upper(): result for name, result in zip(WEEKLY, results, strict=True)}
        variables = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "LOG": LOG} | results
        subprocess.run([book.ROOT / ".github/weekly_issue.sh"], env=os.environ | variables, check=True)
        calls = [json.loads(line) for line in (tmp_path / "calls").read_text(encoding="utf-8").splitlines()]
        assert calls[0][:2] == ["issue", "list"]
        assert calls[0][calls[0].index("--label") + 1] == "weekly"
        return calls[1:]

    return run


def test_the_report_waits_for_every_job_and_hears_of_it():
    report = JOBS["weekly", "report"]
    assert report["needs"] == WEEKLY == ["newest", "colab", "tools", "matrix", "links"]
    given = steps(("weekly", "report"))[-1]["env"]
    for job in WEEKLY:
        assert given[job.upper()] == f"${{{{ needs.{job}.result }}}}"


def test_nothing_waits_for_the_weekly_run():
    assert set(WORKFLOWS["weekly"][True]) == {"schedule", "workflow_dispatch"}
    assert not any("weekly.yml" in str(body.get("uses")) for body in JOBS.values())


def test_one_issue_is_open_while_the_weekly_run_fails(report):
    label, issue = report("failure", *WELL[1:])
    assert label[:3] == ["label", "create", "weekly"]
    assert issue[:4] == ["issue", "create", "--label", "weekly"]
    (comment,) = report(*["failure"] * len(WEEKLY))
    assert comment[:3] == ["issue", "comment", "7"]
    (closing,) = report(*WELL)
    assert closing[:3] == ["issue", "close", "7"] and LOG in closing[-1]
    assert report(*WELL) == []
    assert len(report(*WELL[1:], "failure")) == 2, "the next failure has an issue of its own"


@pytest.mark.parametrize("result", ["failure", "cancelled"])
@pytest.mark.parametrize("failing", [[job] for job in WEEKLY] + [WEEKLY[:2], WEEKLY], ids=" ".join)
def test_the_issue_says_what_failed_and_where_its_log_is(report, failing, result):
    text = report(*[result if job in failing else "success" for job in WEEKLY])[-1][-1]
    assert LOG in text
    # the job goes by that name
    expected = [(JOBS["weekly", job]["name"], f" ({result})") for job in failing]
    assert re.findall(r"^- \*\*(.+)\*\*( \(\w+\))", text, re.M) == expected


def test_an_issue_that_cannot_be_looked_up_fails(report, tmp_path):
    (tmp_path / "gh").write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    with pytest.raises(subprocess.CalledProcessError):
        report(*WELL)


def run_all(folder, *sources):
    """Run a notebook of these cells, as the weekly run does; its exit status and what it says."""
    nbformat.write(new_notebook(cells=[new_code_cell(source) for source in sources]), folder / "one.ipynb")
    command = [sys.executable, book.ROOT / "tests/run_notebooks.py", folder / "one.ipynb"]
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return result.returncode, result.stdout


SLIDER = "from ipywidgets import interact\ninteract(lambda x: {}, x=(0, 3))"


def test_a_notebook_that_runs_is_well(tmp_path):
    status, said = run_all(tmp_path, "print(1)", SLIDER.format("x + 1"))
    assert status == 0, said
    assert re.search(r"torch \d.*, ipywidgets \d", said), "the log says with which releases"


def test_an_unsolved_task_is_well(tmp_path):
    task = 'def task(x):\n    raise NotImplementedError("your code goes here")'
    status, said = run_all(tmp_path, task, "task(0)", "assert False, 'your code goes here'", SLIDER.format("task(x)"))
    assert status == 0, said


def test_all_that_fails_is_told(tmp_path):
    status, said = run_all(tmp_path, "import nothing_here", "x = 1", "assert x == 2, 'no'", SLIDER.format("1 / 0"))
    assert status == 1
    assert "cell 1: ModuleNotFoundError: No module named 'nothing_here'" in said
    assert "cell 3: AssertionError: no" in said
    assert "cell 4: ZeroDivisionError" in said and "cell 2" not in said
    assert "1 of 1 fail" in said
