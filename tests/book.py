"""What the tests of the chapters, the built site and the browser share: where things are, and how to read them."""

import functools
import gzip
import http.server
import json
import os
import re
import subprocess
import sys
import threading
import types
from pathlib import Path

import nbformat
import yaml
from bs4 import BeautifulSoup
from measured_book.site import finishing

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "_build/html"
PAGE_WEIGHT_BUDGET = 500_000
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
# what stock Colab has and a chapter or an exercise may use; they must not need anything else
STOCK_PACKAGES = {"torch", "numpy", "matplotlib", "sklearn", "scipy", "ipywidgets"}


def notebooks():
    """The paths of the notebooks that the site is made from: the landing page and the chapters of the contents."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    names = [toc["root"]] + [entry["file"] for part in toc["parts"] for entry in part["chapters"]]
    return [ROOT / f"{name}.ipynb" for name in names if (ROOT / f"{name}.ipynb").exists()]


def chapters():
    """The paths of the chapters."""
    return [path for path in notebooks() if path.parent.name == "chapters"]


def due(of_pass):
    """The names of the chapters that `of_pass` of proofs.py runs now: all, but for what `make test` says is proven."""
    named = os.environ.get(f"DUE_{of_pass.upper()}")
    names = [path.stem for path in chapters()]
    return names if named is None else [name for name in names if name in {Path(path).stem for path in named.split()}]


def read(path):
    """The notebook at `path`, as nbformat 4."""
    return nbformat.read(path, as_version=4)


def anchors(text):
    """The anchors of the sections in Markdown, as they are made on the site."""
    titles = re.findall(r"^#{2,3} (.+)$", text, re.M)
    return {re.sub(r"\s+", "-", re.sub(r"[^\w\s-]", "", title.strip().lower())) for title in titles}


def page_of(path):
    """The built page of a notebook."""
    return SITE / path.relative_to(ROOT).with_suffix(".html")


def write(folder, pages, contents, extensions, config=None, **settings):
    """Write a small book: Markdown `pages` by name, what follows the root in the contents, extensions and settings."""
    for name, text in pages.items():
        (folder / f"{name}.md").parent.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    contents = {"format": "jb-book", "root": "index"} | contents
    (folder / "_toc.yml").write_text(yaml.safe_dump(contents, sort_keys=False), encoding="utf-8")
    sphinx = {"extra_extensions": extensions, "config": {"language": "en"} | (config or {})}
    settings = {"title": "A book", "only_build_toc_files": True, "sphinx": sphinx} | settings
    (folder / "_config.yml").write_text(yaml.safe_dump(settings), encoding="utf-8")


def write_configuration(folder, settings, part):
    """Write the configuration of a bare Sphinx site that has one `part` of measured_book, a module's name, alone."""
    lines = [f"{name} = {value!r}\n" for name, value in settings.items()]
    lines += ["import importlib\n", "import measured_book\n", "def setup(app):\n"]
    lines += [f"    measured_book.connect(app, [importlib.import_module({part!r})])\n"]
    (folder / "conf.py").write_text("".join(lines), encoding="utf-8")


def parsed(site, name):
    """The page `name` of a built site, parsed."""
    return BeautifulSoup((site / f"{name}.html").read_text(encoding="utf-8"), "lxml")


def build(source, output=None):
    """Build a book strictly and return the finished process with its log as `stdout`."""
    command = [Path(sys.executable).with_name("jupyter-book"), "build", source, "-W", "-n", "--keep-going"]
    if output:
        command += ["--path-output", output]
    environment = os.environ | {"NO_COLOR": "1"}
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)


class _Quiet(http.server.SimpleHTTPRequestHandler):
    policy = None

    def log_message(self, *_):
        pass

    def end_headers(self):
        if self.policy:
            self.send_header("Content-Security-Policy", self.policy)
        super().end_headers()


class _Compressing(_Quiet):
    """As web hosts do it: text is compressed, and a browser may keep what it got."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path = Path(self.translate_path(self.path))
        path = path / "index.html" if path.is_dir() else path
        if not path.is_file():
            self.send_error(404)
            return
        kind, body = self.guess_type(path), path.read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        if is_text(kind):
            body = gzip.compress(body, 6)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "max-age=600")
        self.end_headers()
        self.wfile.write(body)


class Server:
    """Serves a folder on this computer while the `with` block lasts; `url` is its address.

    `policy` is sent as the header Content-Security-Policy; with `compress` text is sent as a web host sends it.
    """

    def __init__(self, folder, policy=None, compress=False):
        base = _Compressing if compress else _Quiet
        handler = functools.partial(type("Handler", (base,), {"policy": policy}), directory=str(folder))
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


def transferred_bytes(response):
    """Bytes of a Playwright response on the wire, text compressed as any web host compresses it."""
    body = response.body()
    return len(gzip.compress(body, 6)) if is_text(response.headers.get("content-type", "")) else len(body)


def is_text(kind):
    """Whether web hosts compress what has the media type `kind`."""
    return kind.startswith("text/") or any(word in kind for word in ("javascript", "json", "svg", "xml"))


def slider_data(figure):
    """The JSON that a slider's <figure> element carries (a BeautifulSoup tag)."""
    return json.loads(figure.find("script", type="application/json").string)


def mended(html, *steps, name="page.html", address=""):
    """A page of a site without other pages, by its HTML, after these steps of the finishing pass (functions)."""
    app = types.SimpleNamespace(config=types.SimpleNamespace(html_baseurl=address))
    return finishing.finish(html, name, app, [finishing.Step(step.__name__, step) for step in steps])
