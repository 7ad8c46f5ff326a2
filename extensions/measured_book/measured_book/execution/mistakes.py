"""What authors get wrong in notebooks, told with file, cell and remedy before the page is wrong or a library fails.

What stands in the files is looked at before anything else happens, what cells put out when their page is read.
"""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import yaml
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError
from sphinx.util import logging
from static_interact.render import static_interact
from static_interact.rich import what_a_page_cannot_show

logger = logging.getLogger(__name__)

CONTENTS = "_toc.yml"
TITLE = re.compile(r"^(?:# \S|<h1\b|=+\s*$)", re.M)
FENCED = re.compile(r"^(```|~~~|:::).*?^\1", re.M | re.S)
INLINE_CODE = re.compile(r"`[^`\n]*`")
PICTURE = re.compile(r"<img\b[^>]*?\bsrc\s*=\s*[\"']?([^\"'\s>]+)", re.I)


def check_files(app: Sphinx, config: Config) -> None:
    """Stop the build with all mistakes in the notebooks and pages that the contents name."""
    root = Path(app.srcdir)
    path = root / (getattr(config, "external_toc_path", "") or CONTENTS)
    if not path.exists():
        return
    try:
        names = list(_named(yaml.safe_load(path.read_text(encoding="utf-8"))))
    except yaml.YAMLError as error:
        raise ExtensionError(f"{path} is no YAML: {error}") from error
    depends = [root / entry for entry in getattr(config, "parallel_execution_depends", [])]
    problems = list(_missing_and_forgotten(root, path, names))
    for name in names:
        for file in (root / f"{name}.ipynb", root / f"{name}.md"):
            if file.exists():
                problems += [f"{file}{problem}" for problem in mistakes_in(file, root, depends)]
    if problems:
        raise ExtensionError("\n".join(problems))


def _named(entry: dict[str, Any]) -> Iterator[str]:
    """The pages of the contents, in their order, without endings."""
    name = entry.get("root") or entry.get("file")
    if name:
        yield re.sub(r"\.(ipynb|md)$", "", str(name))
    for key in ("parts", "subtrees", "chapters", "sections", "entries"):
        for inner in entry.get(key) or []:
            yield from _named(inner)


def _missing_and_forgotten(root: Path, contents: Path, names: list[str]) -> Iterator[str]:
    for name in names:
        if not any((root / f"{name}{ending}").exists() for ending in (".ipynb", ".md", ".rst")):
            yield f"{contents} names {name}, of which there is no notebook and no page. Write it, or take it out there."
    # folders with a notebook of the contents; what else is in them is meant to be read as well
    folders = {PurePosixPath(name).parent for name in names if (root / f"{name}.ipynb").exists()}
    for folder in sorted(folders):
        for file in sorted((root / folder).glob("*.ipynb")):
            if str(folder / file.stem) not in names:
                yield f"{file} is not in {contents}, so the book does not have it. Name it there, or move it elsewhere."


def mistakes_in(file: Path, root: Path, depends: list[Path]) -> Iterator[str]:
    """The mistakes in a notebook or a Markdown page, in words that follow its name; the cache looks at `depends`."""
    content = file.read_bytes()
    if problem := _unreadable(content, file.suffix == ".ipynb"):
        yield problem
        return
    text = content.decode("utf-8")
    if file.suffix == ".md":
        if not TITLE.search(FENCED.sub("", text)) and not re.match(r"---\n(?:.*\n)*?title:", text):
            yield " has no title: begin it with a line such as # Title."
        return
    notebook = json.loads(text)
    cells = notebook.get("cells")
    if not isinstance(cells, list) or notebook.get("nbformat", 0) < 4:
        yield " is no notebook of format 4: open it in JupyterLab and save it there."
        return
    prose = [(number, _source(cell)) for number, cell in enumerate(cells, 1) if cell.get("cell_type") == "markdown"]
    if not any(TITLE.search(FENCED.sub("", source)) for _, source in prose):
        yield ": it has no title. Begin its first cell with a line such as # Title."
    if "widgets" in notebook.get("metadata", {}):
        yield (
            ": the state of widgets is saved in it, for which the page would load a widget manager from another host. "
            'In JupyterLab turn off "Save Widget State Automatically" in the settings, restart the kernel and save.'
        )
    for number, source in prose:
        for address in PICTURE.findall(INLINE_CODE.sub("", FENCED.sub("", source))):
            if re.match(r"(?:https?:)?//", address):
                yield f", cell {number}: <img> asks another host for {address}. Put the picture beside the notebook."
            elif not address.startswith("data:"):
                yield f", cell {number}: <img> names {address}, which is not copied. Write ![what it shows]({address})."
    for number, cell in enumerate(cells, 1):
        if cell.get("cell_type") == "code":
            for helper in _helpers(_source(cell), file.parent, root, depends):
                yield (
                    f", cell {number}: it imports {helper.name}, and when that changes, the outputs of before would be "
                    f"shown. List {helper.relative_to(root)} under parallel_execution_depends in the configuration."
                )


def _unreadable(content: bytes, is_notebook: bool) -> str:
    if not content.strip():
        return " is empty. Restore it (git checkout), or delete it and take it out of the contents."
    if content.startswith(b"\xef\xbb\xbf"):
        return " begins with a byte order mark. Save it as UTF-8 without one."
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        return f" is not in UTF-8 ({error}). Save it as that."
    lines = text.splitlines()
    if marker := next((n for n, line in enumerate(lines, 1) if re.match(r"(<{7} |>{7} )", line)), None):
        return f", line {marker}: git left both sides of a conflict here. Keep one, or check out one of the files."
    if is_notebook:
        try:
            json.loads(text)
        except json.JSONDecodeError as error:
            return f", line {error.lineno}: this is no notebook any more ({error.msg}). Restore it (git checkout)."
    return ""


def _source(cell: dict[str, Any]) -> str:
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(source)


def _helpers(source: str, folder: Path, root: Path, depends: list[Path]) -> Iterator[Path]:
    """The modules beside the notebook that a cell imports, and that the cache does not look at."""
    try:
        tree = ast.parse("\n".join(line for line in source.splitlines() if not line.lstrip().startswith(("%", "!"))))
    except SyntaxError:
        return  # the kernel says it better
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name.partition(".")[0] for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            names.append(node.module.partition(".")[0])
    for name in dict.fromkeys(names):
        for module in (folder / f"{name}.py", folder / name):
            if module.exists() and module.is_relative_to(root) and not {module, *module.parents} & set(depends):
                yield module


def check_outputs(app: Sphinx, document: nodes.document) -> None:
    """Warn of what the cells of a page put out that the page cannot show well; a strict build stops at it."""
    for cell in document.findall(nodes.container):
        if cell.get("nb_element") != "cell_code":
            continue
        number = cell.get("cell_index", 0) + 1
        for output in cell.children:
            if isinstance(output, nodes.container) and output.get("nb_element") == "cell_code_output":
                for kind, problem in _mistakes_of(output, app.config.output_lines):
                    logger.warning(
                        f"cell {number} {problem}",
                        location=(app.env.docname, None),
                        type="measured_book",
                        subtype=kind,
                    )


def _mistakes_of(output: nodes.Element, longest: int) -> Iterator[tuple[str, str]]:
    for node in output.children:
        if isinstance(node, static_interact):
            continue  # it looks at its frames itself
        if isinstance(node, nodes.image) and not node.get("alt"):
            yield (
                "alt",
                "shows a figure without a text alternative. Describe what it shows in the cell's metadata: "
                '{"mystnb": {"image": {"alt": "..."}}}.',
            )
        elif isinstance(node, nodes.raw) and "html" in node.get("format", ""):
            if problem := what_a_page_cannot_show(node.astext()):
                yield (
                    "html",
                    f"puts out HTML that {problem}, which the page does not bear. Show a table, a figure or text.",
                )
        elif isinstance(node, nodes.literal_block) and (lines := node.astext().strip().count("\n") + 1) > longest:
            yield (
                "lines",
                f"puts out {lines:,} lines, more than a reader scrolls through ({longest}, output_lines). Print less.",
            )
        elif isinstance(node, nodes.Element):
            yield from _mistakes_of(node, longest)


def register(app: Sphinx) -> None:
    """Declare the setting; the README explains it."""
    app.add_config_value("output_lines", 200, "env", int)
