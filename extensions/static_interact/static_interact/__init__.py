"""Sliders made with `ipywidgets.interact` that work on the published page without a kernel.

A Sphinx extension (see README.md). In the kernels of a build `interact` runs every position and keeps the outputs;
on the page a few kilobytes of script show the output of the position that the reader chooses.
"""

import json
import os
import shutil
from pathlib import Path

from sphinx.errors import ExtensionError

__version__ = "1.0.0"
PACKAGE = Path(__file__).parent


def _point_kernels_to_startup(app, config):
    from .freeze import SETTINGS_VARIABLE

    startup = [str(Path(app.confdir, path).resolve()) for path in config.static_interact_startup]
    for path in startup:
        if not Path(path).is_file():
            raise ExtensionError(f"static_interact_startup names {path}, which does not exist.")
    os.environ["PYTHONSTARTUP"] = str(PACKAGE / "startup.py")
    os.environ[SETTINGS_VARIABLE] = json.dumps(
        {
            "max_frames": config.static_interact_max_frames,
            "max_seconds": config.static_interact_max_seconds,
            "startup": startup,
        }
    )
    config.html_static_path.append(str(PACKAGE / "static"))
    # a slider that cannot be frozen fails its cell: show the message, not only that something failed
    config.nb_execution_show_tb = True


def _forget_page(app, environment, docname):
    getattr(environment, "static_interact_pages", {}).pop(docname, None)


def _merge_pages(app, environment, docnames, other):
    from .render import page_record

    for docname in docnames:
        pages = getattr(other, "static_interact_pages", {})
        if docname in pages:
            page_record(environment, docname).update(pages[docname])


def _check_pages(app, environment):
    """Stop the build when a slider could not be frozen or the frames of a page weigh more than the budget."""
    if problems := [*_failures(environment), *_overweight(environment, app.config.static_interact_max_page_bytes)]:
        raise ExtensionError("\n".join(problems))


def _failures(environment):
    """The messages of sliders that could not be frozen: by itself, myst-nb shows the failed cell and goes on."""
    from myst_nb.sphinx_ import NbMetadataCollector

    from .capture import ANSI_ESCAPE
    from .errors import StaticInteractError

    for docname in sorted(environment.found_docs):
        traceback = (NbMetadataCollector.get_exec_data(environment, docname) or {}).get("traceback") or ""
        _, found, message = ANSI_ESCAPE.sub("", traceback).rpartition(f"{StaticInteractError.__name__}: ")
        if found:
            yield f"{environment.doc2path(docname)}: {message.strip()}"


def _overweight(environment, budget):
    """The pages that weigh too much, and which sliders weigh how much."""
    for docname, page in sorted(getattr(environment, "static_interact_pages", {}).items()):
        weight = sum(page["files"].values())
        if weight > budget:
            heaviest = sorted(page["sliders"], key=lambda s: -s["bytes"])
            each = "; ".join(
                f"{s['name']}() in cell {s['cell']}: {s['frames']} frames, {s['bytes'] / 1e3:,.0f} kB" for s in heaviest
            )
            yield (
                f"{environment.doc2path(docname)}: its slider frames weigh {weight / 1e6:.2f} MB, more than the budget "
                f"of {budget / 1e6:.2f} MB. Draw less in each frame, make the figure smaller or take fewer positions. "
                f"({each})"
            )


def _separate_identifiers(app, document):
    """Give a slider another id where a section or a label of the page has the same."""
    from .render import static_interact, unique_identifier

    taken = set(document.ids)
    for slider in document.findall(static_interact):
        slider["identifier"] = unique_identifier(slider["identifier"], taken)
        taken.add(slider["identifier"])


def _write_frames(app, exception):
    """Copy the frames that the pages use beside them, and remove those that no page uses any more."""
    if exception or app.builder.format != "html":
        return
    from .render import FRAME_FOLDER, store_folder

    pages = getattr(app.env, "static_interact_pages", {})
    needed = {name for page in pages.values() for name in page["files"]}
    target, store = Path(app.outdir, FRAME_FOLDER), store_folder(app.env)
    for folder in (target, store):
        folder.mkdir(parents=True, exist_ok=True)
        for path in folder.glob("*.webp"):
            if path.name not in needed:
                path.unlink()
    for name in needed:
        if not (target / name).exists():
            shutil.copyfile(store / name, target / name)


def _add_assets(app, pagename, templatename, context, doctree):
    from .render import static_interact

    if doctree is not None and next(doctree.findall(static_interact), None) is not None:
        app.add_css_file("static_interact.css")
        app.add_js_file("static_interact.js", loading_method="defer")


def setup(app):
    """Register the extension with Sphinx.

    Configuration: ``static_interact_max_frames`` (positions per slider, 120), ``static_interact_max_seconds`` (to
    freeze one, 60), ``static_interact_max_page_bytes`` (frames of a page, 2.5 MB), ``static_interact_startup`` (Python
    files that each kernel runs first, relative to the configuration; for a plot style, say).
    """
    from .render import skip_static_interact, static_interact, visit_static_interact

    app.add_config_value("static_interact_max_frames", 120, "env", int)
    app.add_config_value("static_interact_max_seconds", 60, "env", (int, float))
    app.add_config_value("static_interact_max_page_bytes", 2_500_000, "env", int)
    app.add_config_value("static_interact_startup", [], "env", list)
    app.add_config_value("static_interact_compress_figures", False, "env", bool)
    html = (visit_static_interact, None)
    other = (skip_static_interact, None)
    app.add_node(static_interact, html=html, latex=other, text=other, man=other, texinfo=other)
    app.connect("config-inited", _point_kernels_to_startup)
    app.connect("env-purge-doc", _forget_page)
    app.connect("env-merge-info", _merge_pages)
    app.connect("doctree-read", _separate_identifiers)
    app.connect("env-updated", _check_pages)
    app.connect("html-page-context", _add_assets)
    app.connect("build-finished", _write_frames)
    return {"version": __version__, "parallel_read_safe": True, "parallel_write_safe": True}
