"""What authors get wrong in notebooks is told with file, cell and remedy."""

import io
import json
import re
import types

import book
import nbformat
import pytest
from measured_book.execution import mistakes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import docutils_namespace


@pytest.fixture
def files(tmp_path):
    """A function that writes a book's files and returns the message that stops its build, or an empty one."""

    def check(contents=("root: index",), depends=(), **written):
        (tmp_path / "_toc.yml").write_text("format: jb-book\n" + "\n".join(contents), encoding="utf-8")
        for name, content in written.items():
            name = name.replace("__", "/").replace("_at_", ".")
            (tmp_path / name).parent.mkdir(exist_ok=True)
            content = content if isinstance(content, bytes) else content.encode()
            (tmp_path / name).write_bytes(content)
        config = types.SimpleNamespace(external_toc_path="_toc.yml", parallel_execution_depends=list(depends))
        try:
            mistakes.check_files(types.SimpleNamespace(srcdir=tmp_path), config)
        except ExtensionError as error:
            return str(error).replace(str(tmp_path), "BOOK")
        return ""

    return check


def notebook(*cells, **metadata):
    """A notebook as text: Markdown as strings, code in a tuple."""
    made = nbformat.v4.new_notebook(metadata=metadata)
    new = nbformat.v4
    made.cells = [new.new_markdown_cell(c) if isinstance(c, str) else new.new_code_cell(c[0]) for c in cells]
    return nbformat.writes(made)


GOOD = notebook("# Title\n\n`<img src=a.png>` ![a](a.png)\n```html\n<img src='b.png'>\n```", ("import os",))


def test_a_book_without_mistakes_passes(files):
    assert files(index_at_ipynb=GOOD) == ""
    assert files(["root: index", "chapters:", "- file: page"], page_at_md="Title\n=====\n") == ""
    assert files(["root: index", "chapters:", "- file: page"], page_at_md="---\ntitle: T\n---\nText") == ""


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", " is empty. Restore it"),
        (b"\xef\xbb\xbf" + GOOD.encode(), " begins with a byte order mark. Save it as UTF-8"),
        (GOOD.encode("utf-16"), " is not in UTF-8"),
        (GOOD[: len(GOOD) // 2], r", line \d+: this is no notebook any more \(.*\). Restore it"),
        (f"<<<<<<< HEAD\n{GOOD}\n=======\n>>>>>>> x", ", line 1: git left both sides of a conflict here. Keep one"),
        ('{"nbformat": 3, "worksheets": []}', " is no notebook of format 4: open it in JupyterLab"),
        (notebook("Words\n\n```\n# no title\n```", ("# nor this",)), ": it has no title. Begin its first cell with"),
        (notebook("# T", widgets={}), ': the state of widgets is saved in it, .* turn off "Save Widget State'),
        (notebook("# T", "<IMG width=3 src='b.png'>"), r", cell 2: <img> names b.png, which .*Write !\[.*\]\(b.png\)"),
        (notebook("# T", '<img src="https://a.org/b">'), ", cell 2: <img> asks another host for https://a.org/b. Put"),
    ],
)
def test_a_mistake_in_a_notebook_is_told_with_its_remedy(files, content, message):
    assert re.fullmatch(f"BOOK/index.ipynb{message}.*", files(index_at_ipynb=content)), files()


def test_a_page_without_title_is_told(files):
    assert files(index_at_md="Only words\n") == "BOOK/index.md has no title: begin it with a line such as # Title."


def test_the_contents_name_what_is_there_and_all_that_is_there(files):
    contents = ["root: index", "parts:", "- chapters:", "  - file: part/one", "  - file: part/two.ipynb"]
    told = files(contents, index_at_ipynb=GOOD, part__one_at_ipynb=GOOD, part__three_at_ipynb=GOOD)
    missing, forgotten = told.splitlines()
    assert missing.startswith("BOOK/_toc.yml names part/two, of which there is no notebook and no page. Write it, or")
    assert forgotten.startswith("BOOK/part/three.ipynb is not in BOOK/_toc.yml, so the book does not have it. Name it")
    assert files(contents, part__two_at_ipynb=GOOD, part__three_at_ipynb=GOOD).count("\n") == 0
    assert "is no YAML" in files(["root: ["])


def test_a_helper_module_that_the_cache_does_not_know_is_told(files):
    cells = notebook(
        "# T", ("%matplotlib inline\nimport numpy, helper.part as h\nfrom tools import x\nfrom . import y",)
    )
    written = {"index_at_ipynb": cells, "helper_at_py": "x = 1", "tools__x_at_py": "x = 1"}
    helper, tools = files(**written).splitlines()
    assert re.fullmatch(r"BOOK/index.ipynb, cell 2: it imports helper.py, .* List helper.py under parallel_.*", helper)
    assert re.fullmatch(r"BOOK/index.ipynb, cell 2: it imports tools, .* List tools under parallel_.*", tools)
    assert files(depends=["helper.py", "tools"], **written) == ""
    assert files(index_at_ipynb=notebook("# T", ("import helper (",))) == "", "the kernel tells of a syntax error"


def test_all_mistakes_of_a_book_are_told_at_once(files):
    told = files(["root: index", "chapters:", "- file: other"], index_at_ipynb="", other_at_md="no title")
    assert told.count("\n") == 1


OUTPUTS = [
    ("import matplotlib.pyplot as plt\nplt.plot([1]);", "alt"),
    ("from IPython.display import HTML\nHTML('<script>x()</script>')", "html"),
    ('from IPython.display import HTML\nHTML(\'<img alt="" src="//example.org/a.png">\')', "html"),
    ("print('line\\n' * 30)", "lines"),
    ("print('line\\n' * 5)", ""),
    ("from IPython.display import HTML\nHTML('<b>a</b>')", ""),
]


def test_what_cells_put_out_is_looked_at(tmp_path):
    settings = {"extensions": ["myst_nb"], "nb_execution_mode": "force", "output_lines": 20}
    book.write_configuration(tmp_path, settings | {"show_warning_types": True}, mistakes.__name__)
    kernel = {"name": "python3", "display_name": "Python 3"}
    made = json.loads(notebook("# Title", *((source,) for source, _ in OUTPUTS), kernelspec=kernel))
    described = {"mystnb": {"image": {"alt": "A point"}}}
    made["cells"].append(made["cells"][1] | {"metadata": described, "id": "described"})
    (tmp_path / "index.ipynb").write_text(json.dumps(made))
    log = io.StringIO()
    with docutils_namespace():
        Sphinx(tmp_path, tmp_path, tmp_path / "out", tmp_path / "trees", "dummy", warning=log, status=None).build()
    told = re.sub(r"\x1b\[[0-9;]*m", "", log.getvalue())
    found = re.findall(r"index\.ipynb: WARNING: cell (\d+) .*\[measured_book\.(\w+)\]", told)
    assert found == [(str(n), kind) for n, (_, kind) in enumerate(OUTPUTS, 2) if kind], told
    for remedy in ["cell's metadata", "Show a table, a figure", "asks another host", "30 lines, .*Print less"]:
        assert re.search(remedy, told)
