"""What the extension does in a Sphinx build: settings and events."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from myst_nb.sphinx_ import NbMetadataCollector
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinx.util.matching import get_matching_files

from . import PACKAGE, __version__, errors, fingerprint, markup, settings
from .render import (
    BUILDERS,
    FRAME_FOLDER,
    ForTheBuilder,
    page_record,
    pages_of,
    static_interact,
    store_folder,
    visit_static_interact,
)


def point_kernels_to_startup(app: Sphinx, config: Config) -> None:
    """Have every kernel of the build freeze its sliders, within the configured budgets."""
    startup = [str(Path(app.confdir, path).resolve()) for path in config.static_interact_startup]
    for path in startup:
        if not Path(path).is_file():
            raise ExtensionError(f"static_interact_startup names {path}, which does not exist.")
    os.environ["PYTHONSTARTUP"] = str(PACKAGE / "startup.py")
    settings.write(
        {
            "max_frames": config.static_interact_max_frames,
            "max_seconds": config.static_interact_max_seconds,
            "startup": startup,
            "cells": _settings_of_cells(app, config),
        }
    )
    config.html_static_path.append(str(PACKAGE / "static"))
    # a slider that cannot be frozen fails its cell: show the message, not only that something failed
    config.nb_execution_show_tb = True


def _settings_of_cells(app: Sphinx, config: Config) -> dict[str, dict[str, Any]]:
    """What cells of the book's notebooks ask for in their metadata."""
    found: dict[str, dict[str, Any]] = {}
    for name in get_matching_files(app.srcdir, ["**.ipynb"], config.exclude_patterns):
        path = Path(app.srcdir, name)
        try:
            found |= settings.of_cells(json.loads(path.read_text(encoding="utf-8"))["cells"])
        except ValueError as error:
            if isinstance(error, (json.JSONDecodeError, UnicodeDecodeError)):
                continue  # the parser will say it
            raise ExtensionError(f"{path}: {error}.") from error
        except (KeyError, TypeError):
            continue
    return found


def separate_cache(app: Sphinx, config: Config) -> None:
    """Give what this version freezes, with these settings, a cache of its own: myst-nb's looks at notebooks alone."""
    if config.nb_execution_mode == "cache" and config.static_interact_separate_cache:
        base = Path(config.nb_execution_cache_path or Path(app.outdir).parent / ".jupyter_cache")
        startup = [Path(app.confdir, path) for path in config.static_interact_startup]
        config.nb_execution_cache_path = str(base / fingerprint(config.static_interact_max_frames, startup))


def forget_page(app: Sphinx, environment: BuildEnvironment, docname: str) -> None:
    """Drop the record of a page that is read again."""
    pages_of(environment).pop(docname, None)


def merge_pages(app: Sphinx, environment: BuildEnvironment, docnames: list[str], other: BuildEnvironment) -> None:
    """Take over the records of pages that another process has read."""
    for docname in docnames:
        if docname in pages_of(other):
            page_record(environment, docname).update(pages_of(other)[docname])


def separate_identifiers(app: Sphinx, document: nodes.document) -> None:
    """Give a slider another id where a section or a label of the page has the same."""
    taken = set(document.ids)
    for slider in document.findall(static_interact):
        slider["identifier"] = markup.unique_identifier(slider["identifier"], taken)
        taken.add(slider["identifier"])


def check_pages(app: Sphinx, environment: BuildEnvironment) -> None:
    """Stop the build when a slider could not be frozen or the frames of a page weigh more than the budget."""
    if problems := [*_failures(environment), *_overweight(environment, app.config.static_interact_max_page_bytes)]:
        raise ExtensionError("\n".join(problems))


def _failures(environment: BuildEnvironment) -> Iterator[str]:
    """The messages of sliders that could not be frozen: by itself, myst-nb shows the failed cell and goes on."""
    for docname in sorted(environment.found_docs):
        traceback = (NbMetadataCollector.get_exec_data(environment, docname) or {}).get("traceback")
        if message := errors.message_in(traceback or ""):
            yield f"{environment.doc2path(docname)}: {message}"


def _overweight(environment: BuildEnvironment, budget: int) -> Iterator[str]:
    """The pages that weigh too much, and which sliders weigh how much."""
    for docname, page in sorted(pages_of(environment).items()):
        weight = sum(page["files"].values()) + sum(slider["text_bytes"] for slider in page["sliders"])
        if weight > budget:
            heaviest = sorted(page["sliders"], key=lambda s: -s["bytes"])
            each = "; ".join(
                f"{s['name']}() in cell {s['cell']}: {s['frames']} frames, {s['bytes'] / 1e3:,.0f} kB" for s in heaviest
            )
            yield (
                f"{environment.doc2path(docname)}: its slider frames weigh {weight / 1e6:.2f} MB, more than the budget "
                f"of {budget / 1e6:.2f} MB (static_interact_max_page_bytes). Draw less in each frame, make the figure "
                f"smaller or take fewer positions. ({each})"
            )


def add_assets(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Give the pages with sliders, and no others, style and script."""
    if (
        app.builder.name in BUILDERS
        and doctree is not None
        and next(iter(doctree.findall(static_interact)), None) is not None
    ):
        app.add_css_file(markup.STYLES)
        app.add_js_file(markup.SCRIPT, loading_method="defer")


def write_frames(app: Sphinx, exception: Exception | None) -> None:
    """Copy the frames that the pages use beside them, and remove those that no page uses any more."""
    if exception or app.builder.name not in BUILDERS:
        return
    needed = {name for page in pages_of(app.env).values() for name in page["files"]}
    target, store = Path(app.outdir, FRAME_FOLDER), store_folder(app.env)
    for folder in (target, store):
        folder.mkdir(parents=True, exist_ok=True)
        for path in folder.glob("*.webp"):
            if path.name not in needed:
                path.unlink()
    for name in needed:
        if not (target / name).exists():
            shutil.copyfile(store / name, target / name)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register settings, the slider's node and the handlers of events; README.md explains the settings."""
    app.add_config_value("static_interact_max_frames", 120, "env", int)
    app.add_config_value("static_interact_max_seconds", 60, "env", (int, float))
    app.add_config_value("static_interact_max_page_bytes", 2_500_000, "env", int)
    app.add_config_value("static_interact_startup", [], "env", list)
    app.add_config_value("static_interact_compress_figures", False, "env", bool)
    app.add_config_value("static_interact_separate_cache", True, "", bool)
    app.add_node(static_interact, html=(visit_static_interact, None))
    app.add_post_transform(ForTheBuilder)
    app.connect("config-inited", point_kernels_to_startup)
    app.connect("config-inited", separate_cache, priority=900)  # others may have said that they do it
    app.connect("env-purge-doc", forget_page)
    app.connect("env-merge-info", merge_pages)
    app.connect("doctree-read", separate_identifiers)
    app.connect("env-updated", check_pages)
    app.connect("html-page-context", add_assets)
    app.connect("build-finished", write_frames)
    return {"version": __version__, "parallel_read_safe": True, "parallel_write_safe": True}
