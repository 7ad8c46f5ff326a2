"""live_code: the button, Binder's protocol (a stand-in on this computer), a real Jupyter server, and a real browser."""

import http.server
import json
import re
import secrets
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from types import SimpleNamespace

import accessibility
import book
import nbformat
import pytest
import yaml
from measured_book.pages import live_code, thebe
from measured_book.pages.live_code import panel
from measured_book.pages.repository import Repository
from sphinx.errors import ExtensionError

# they share a server with kernels, a site that is built for it, and the folder that Thebe is fetched to
pytestmark = pytest.mark.xdist_group("live_code")

HEAD = "---\nfile_format: mystnb\nkernelspec: {name: python3}\n---\n"
CHAPTER = f"""{HEAD}# Numbers

Words.

```{{code-cell}}
from ipywidgets import interact
factor = 2
```

```{{code-cell}}
print(factor * 21)
```

```{{code-cell}}
def times(x):
    print("the product is", factor * x)


interact(times, x=(0, 10));
```
"""
PAGES = {
    "index": f"{HEAD}# A book\n\n```{{code-cell}}\n1 + 1\n```\n",
    "chapters/numbers": CHAPTER,
    "chapters/words": "# Words\n\nNo code.\n",
}
TASK = {"grade_id": "answer", "cell_type": "code", "grade": True, "solution": True, "task": False, "locked": False}
EXERCISE = nbformat.v4.new_notebook(
    cells=[
        nbformat.v4.new_markdown_cell("# Exercises: numbers\n\n## 1. An answer"),
        nbformat.v4.new_code_cell("answer = 0", metadata={"nbgrader": TASK | {"points": 1, "schema_version": 3}}),
    ],
    metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
)
# those that a strict policy of content needs
EXTENSIONS = ["static_interact", "measured_book"]
CONTENTS = {"chapters": [{"file": name} for name in [*list(PAGES)[1:], "exercises/numbers/numbers"]]}
STRICT = "default-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'; object-src 'none'"
BUTTON = "Run the code here"
SLOW = 60_000  # milliseconds that a kernel may take to start


class Hub(http.server.BaseHTTPRequestHandler):
    """Answers as a BinderHub does when asked for a server: `events` is what it tells, `asked` the addresses."""

    events, asked = [], []

    def do_GET(self):
        self.asked.append(self.path)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Access-Control-Allow-Origin", "*")
        self.end_headers()
        for event in self.events:
            self.wfile.write(f"data: {json.dumps(event)}\n\n".encode())

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory):
    """The address and the token of a Jupyter server, as Binder would start one."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(8)
    command = [sys.executable, "-m", "jupyter_server", "--allow-root", f"--port={port}", "--ip=127.0.0.1"]
    command += [f"--IdentityProvider.token={token}", "--ServerApp.allow_origin=*", "--ServerApp.port_retries=0"]
    root = tmp_path_factory.mktemp("server")
    with (root / "log").open("w") as log:
        process = subprocess.Popen([*command, f"--ServerApp.root_dir={root}"], stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}/"
    for _ in range(300):
        try:
            urllib.request.urlopen(f"{address}api/status?token={token}").close()
            break
        except OSError:
            assert process.poll() is None, (root / "log").read_text()
            time.sleep(0.1)
    yield {"url": address, "token": token}
    process.terminate()
    process.wait(timeout=20)


@pytest.fixture(scope="module")
def hub():
    """A BinderHub's stand-in; its `url` is the address."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def ready(hub, jupyter):
    """The hub has a server to lend."""
    Hub.asked.clear()
    Hub.events = [{"phase": "building", "message": "a step"}, {"phase": "ready"} | jupyter]


def _build(folder, repository, hub):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BOOK_REPOSITORY", repository)
        settings = yaml.safe_load((book.ROOT / "_config.yml").read_text(encoding="utf-8"))["sphinx"]["config"]
        config = {name: value for name, value in settings.items() if name.startswith(("bundled_assets", "html_theme"))}
        # a browser asks for an icon, and complains of a page that has none
        shutil.copyfile(book.ROOT / "assets/favicon.svg", folder / "favicon.svg")
        config |= {"live_code_binder": hub}
        book.write(folder, PAGES, CONTENTS, EXTENSIONS, config, html={"favicon": "favicon.svg"})
        (folder / "exercises/numbers").mkdir(parents=True)
        nbformat.write(EXERCISE, folder / "exercises/numbers/numbers.ipynb")
        result = book.build(folder)
    assert result.returncode == 0, result.stdout[-3000:]
    return folder / "_build/html"


@pytest.fixture(scope="module")
def live_site(hub, tmp_path_factory):
    """The small book of a known repository."""
    return _build(tmp_path_factory.mktemp("live"), "https://github.com/someone/a-course", hub)


@pytest.fixture(scope="module")
def live_server(live_site):
    with book.Server(live_site) as running:
        yield running.url


@pytest.fixture
def live_page(live_server, open_page, ready):
    """The chapter with its code made live."""
    page = open_page(f"{live_server}/chapters/numbers.html")
    _press(page)
    return page


def _press(page):
    page.get_by_role("button", name=BUTTON).click()
    page.get_by_text("Ready. Change and run any cell").wait_for(timeout=SLOW)


def _output(page, number):
    return page.locator("div.cell").nth(number - 1).locator(".live-code-output")


def _run(page, number):
    page.get_by_role("button", name=f"Run cell {number}", exact=True).click()
    page.get_by_role("button", name=f"Run cell {number}", exact=True).wait_for()


def _sessions(jupyter):
    """The sessions that run on the server: the path of each, by its id."""
    with urllib.request.urlopen(f"{jupyter['url']}api/sessions?token={jupyter['token']}") as answer:
        return {session["id"]: session["path"] for session in json.load(answer)}


def _change(page, number, text):
    page.get_by_role("textbox", name=f"Code of cell {number}").fill(text)


# ---- what the build writes ----


def test_pages_with_code_have_a_button_and_others_do_not(live_site):
    for name in ("chapters/numbers", "exercises/numbers/numbers"):
        found = book.parsed(live_site, name).select_one(".live-code")
        assert found.find("button").get_text() == BUTTON
        assert found["data-notebook"] == f"{name}.ipynb"
        assert found["data-binder"].endswith("/build/gh/someone/a-course/main")
        script = live_site / name / ".." / found["data-thebe"] / "thebe-core.min.js"
        assert script.resolve().stat().st_size > 1e6
    for name in ("index", "chapters/words"):
        assert book.parsed(live_site, name).select_one(".live-code") is None


def test_without_a_repository_there_is_no_button_and_no_thebe(hub, tmp_path):
    site = _build(tmp_path, "", hub)
    assert book.parsed(site, "chapters/numbers").select_one(".live-code") is None
    assert not list(site.rglob("thebe*"))


def test_addresses_are_escaped():
    text = panel(Repository("some", "a-course", 'a/b"c'), "https://hub.example/", "chapters/a", "../_static/x/")
    assert 'data-binder="https://hub.example/build/gh/some/a-course/a%2Fb%22c"' in text
    assert "hub.example lends a computer" in text


def test_thebe_is_fetched_whole_and_once(tmp_path, monkeypatch):
    folder = thebe.folder(tmp_path)
    assert {"thebe-core.min.js", "thebe-core.css", "LICENSE"} <= {path.name for path in folder.iterdir()}
    assert not list(folder.glob("*.map"))
    assert list(tmp_path.iterdir()) == [folder]
    monkeypatch.setattr(thebe, "npm", None)
    assert thebe.folder(tmp_path) == folder


def test_another_file_than_the_expected_one_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(thebe, "SHA512", thebe.SHA512[::-1])
    with pytest.raises(OSError, match=r"thebe-core-0\.5\.0\.tgz from npm is not the file"):
        thebe.folder(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_build_that_cannot_get_thebe_says_why_and_what_to_do(tmp_path, monkeypatch):
    """The registry is an address of this computer where nothing listens."""
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    monkeypatch.setenv("BOOK_REPOSITORY", "https://github.com/someone/a-course")
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    app = SimpleNamespace(
        builder=SimpleNamespace(format="html"),
        config=SimpleNamespace(live_code_pages=["*"]),
        srcdir=tmp_path,
        outdir=tmp_path / "html",
    )
    with pytest.raises(
        ExtensionError, match=r"(?s)npm cannot fetch thebe-core 0\.5\.0: .*do without: live_code_pages: \[\]"
    ):
        live_code.find(app)
    assert list((tmp_path / "share/live_code").iterdir()) == []


# ---- in a browser ----


def test_before_the_button_is_pressed_nothing_is_loaded(live_server, open_page, ready):
    page = open_page(f"{live_server}/chapters/numbers.html")
    page.wait_for_load_state("networkidle")
    assert [url for url in page.requested if "thebe" in url or not url.startswith(live_server)] == []
    assert Hub.asked == []
    assert page.locator(".cell textarea").count() == 0


def test_a_changed_cell_runs_and_shows_its_output(live_page):
    _run(live_page, 1)
    _change(live_page, 2, "print(factor * 4)\n")
    _run(live_page, 2)
    assert _output(live_page, 2).inner_text().strip() == "8"
    assert not live_page.get_by_text("42").is_visible()


def test_the_keyboard_alone_changes_and_runs_a_cell(live_page):
    editor = live_page.get_by_role("textbox", name="Code of cell 1")
    style = "e => [getComputedStyle(e).fontFamily, getComputedStyle(e).fontSize, getComputedStyle(e).lineHeight]"
    assert editor.evaluate(style) == live_page.locator(".cell_input pre").first.evaluate(style)
    editor.press("Control+a")
    live_page.keyboard.type("for i in range(2):")
    live_page.keyboard.press("Enter")
    live_page.keyboard.type("print('row', i)")
    assert editor.input_value() == "for i in range(2):\n    print('row', i)"
    live_page.keyboard.press("Shift+Enter")
    _output(live_page, 1).get_by_text("row 1").wait_for()
    assert live_page.get_by_role("status").first.inner_text() == "Ran cell 1."


def test_a_live_slider_stands_in_for_the_stored_one_and_moves(live_page):
    stored = live_page.locator("figure.static-interact")
    assert stored.is_visible()
    live_page.get_by_role("button", name="Run all to here: cell 3").click()
    output = _output(live_page, 3)
    output.get_by_text("the product is 10").wait_for()
    assert not stored.is_visible()
    handle = output.get_by_role("slider")
    handle.focus()
    live_page.keyboard.press("ArrowRight")
    output.get_by_text("the product is 12").wait_for()
    assert output.get_by_text("the product is").count() == 1


def test_after_an_error_the_kernel_restarts_and_stored_outputs_are_back(live_page):
    _change(live_page, 2, "1 / 0\n")
    _run(live_page, 2)
    assert "ZeroDivisionError" in _output(live_page, 2).inner_text()
    assert live_page.get_by_role("status").first.inner_text() == "Error in cell 2: ZeroDivisionError."
    live_page.get_by_role("button", name="Restart").click()
    live_page.get_by_text("Ready. Nothing has run yet.").wait_for(timeout=SLOW)
    assert live_page.get_by_text("42").is_visible()
    _change(live_page, 2, "print(factor)\n")
    _run(live_page, 2)
    assert "NameError" in _output(live_page, 2).inner_text(), "the restart has forgotten the variable"


def test_an_endless_loop_is_stopped(live_page):
    _change(live_page, 1, "print('begun')\nwhile True:\n    pass\n")
    live_page.get_by_role("button", name="Run cell 1", exact=True).click()
    _output(live_page, 1).get_by_text("begun").wait_for()
    live_page.get_by_role("button", name="Stop cell 1").click()
    live_page.get_by_text("Error in cell 1: KeyboardInterrupt.").wait_for()


def test_the_next_page_gets_the_same_computer_and_a_kernel_of_its_own(live_server, open_page, ready, jupyter):
    page = open_page(f"{live_server}/chapters/numbers.html")
    others = _sessions(jupyter).keys()
    _press(page)
    (first,) = _sessions(jupyter).keys() - others
    page.goto(f"{live_server}/exercises/numbers/numbers.html")
    _press(page)
    assert len(Hub.asked) == 1
    for _ in range(300):
        running = _sessions(jupyter)
        if first not in running:
            break
        page.wait_for_timeout(100)
    assert first not in running, "the page before has given its kernel back"
    assert [path for name, path in running.items() if name not in others][0].startswith("exercises/")
    _run(page, 1)


def test_only_the_site_and_binder_are_asked(live_server, live_page, hub, jupyter):
    live_page.get_by_role("button", name="Run all to here: cell 3").click()
    _output(live_page, 3).get_by_text("the product is 10").wait_for()
    known = (live_server, hub, jupyter["url"], "data:", "blob:")
    assert [url for url in live_page.requested if not url.startswith(known)] == []
    assert live_page.problems == []


def test_the_button_the_editors_and_the_outputs_are_accessible(live_page):
    _change(live_page, 2, "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()\n")
    live_page.get_by_role("button", name="Run all to here: cell 3").click()
    live_page.get_by_text("Ran cell 3.").wait_for()
    _output(live_page, 2).get_by_role("img", name="Figure of cell 2").wait_for()
    assert _output(live_page, 3).get_by_role("slider", name="x").get_attribute("aria-valuetext") == "5"
    for within in (".live-code", ".cell_input", ".live-code-tools", ".live-code-output"):
        assert accessibility.findings(live_page, within) == [], within


FAILURES = [
    ([{"phase": "failed", "message": "no such branch"}], "Binder has no computer for this book: no such branch"),
    ([], "Binder cannot be reached."),
]


@pytest.mark.parametrize(("events", "words"), FAILURES)
def test_a_refusal_is_told_with_the_way_out(events, words, live_server, open_page, ready):
    page = open_page(f"{live_server}/chapters/numbers.html")
    good, Hub.events = Hub.events, events
    page.get_by_role("button", name=BUTTON).click()
    page.get_by_text(words).wait_for()
    assert (
        page.get_by_role("link", name="open in Colab", exact=True)
        .get_attribute("href")
        .endswith("chapters/numbers.ipynb")
    )
    assert page.get_by_role("link", name="open on Binder", exact=True).is_visible()
    Hub.events = good
    _press(page)
    assert not page.get_by_role("link", name="open on Binder", exact=True).is_visible()


def test_a_strict_policy_is_named(live_site, open_page, ready):
    with book.Server(live_site, STRICT) as strict:
        page = open_page(f"{strict.url}/chapters/numbers.html")
        page.get_by_role("button", name=BUTTON).click()
        page.get_by_text("This site does not allow its pages to ask Binder").wait_for()
        assert page.get_by_role("link", name="open in Colab", exact=True).is_visible()


def test_the_policy_of_the_readme_is_enough(live_site, open_page, ready):
    """The README's header, with the addresses of this computer where it has those of Binder."""
    wider = re.search(r"`(connect-src [^`]*)`", (book.ROOT / "README.md").read_text())[1]
    policy = f"{STRICT}; {wider.replace('https: wss:', 'http: ws:')}"
    with book.Server(live_site, policy) as server:
        page = open_page(f"{server.url}/chapters/numbers.html")
        _press(page)
        page.get_by_role("button", name="Run all to here: cell 3").click()
        _output(page, 3).get_by_text("the product is 10").wait_for()
        assert page.problems == []


def test_a_lost_computer_is_told_and_the_text_stays(live_page, jupyter):
    _change(live_page, 2, "print('mine')\n")
    for name in _sessions(jupyter):
        address = f"{jupyter['url']}api/sessions/{name}?token={jupyter['token']}"
        try:
            urllib.request.urlopen(urllib.request.Request(address, method="DELETE")).close()
        except urllib.error.HTTPError as error:
            assert error.code == 404, "only the page of a test before may just have given it back"
    live_page.get_by_text("The connection to the computer is lost.").wait_for(timeout=SLOW)
    assert not live_page.get_by_role("button", name="Run cell 2", exact=True).is_visible()
    _press(live_page)
    _run(live_page, 2)
    assert _output(live_page, 2).inner_text().strip() == "mine"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_live_output_has_the_color_of_the_text(scheme, live_server, open_page, ready):
    page = open_page(f"{live_server}/chapters/numbers.html", color_scheme=scheme)
    _press(page)
    page.get_by_role("button", name="Run all to here: cell 3").click()
    _output(page, 3).get_by_text("the product is 10").wait_for()
    color = "e => getComputedStyle(e).color"
    expected = page.get_by_text("Words.", exact=True).evaluate(color)
    for part in ("pre", ".widget-label", ".widget-readout"):
        assert _output(page, 3).locator(part).first.evaluate(color) == expected, part


def test_from_disk_there_is_no_button(live_site, open_page):
    page = open_page((live_site / "chapters/numbers.html").as_uri())
    page.wait_for_load_state("networkidle")
    assert page.locator(".live-code").count() == 0
