"""Execute a book's notebooks on all cores before Sphinx reads them (see the README)."""

import hashlib
import importlib.metadata
import json
import os
import sys
from pathlib import Path, PurePosixPath

import static_interact
from sphinx.errors import ExtensionError
from sphinx.util import logging

from .runner import NotebookFailed, Runner, read_environment

# the file beside the caches that names the one of the last build
CURRENT = "current.txt"

logger = logging.getLogger(__name__)


def fingerprint(root, depends, environment, packages, modules=(), settings=()):
    """A short hash of all that notebook outputs depend on besides the notebooks.

    `depends` are files and folders below `root`, `environment` the kernels' variables, `packages` names whose
    installed versions count, `modules` files of code that runs in the kernels, wherever it is installed, `settings`
    values that they obey. Raises `FileNotFoundError` for a path that does not exist.
    """
    digest = hashlib.sha256()
    for entry in sorted(depends):
        path = Path(root, entry)
        if not path.exists():
            raise FileNotFoundError(path)
        files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
        for file in files:
            if "__pycache__" in file.parts or ".egg-info" in str(file):
                continue
            digest.update(str(file.relative_to(root)).encode() + b"\0" + file.read_bytes() + b"\0")
    for module in modules:
        digest.update(module.name.encode() + b"\0" + module.read_bytes() + b"\0")
    versions = {name: importlib.metadata.version(name) for name in packages}
    digest.update(json.dumps([environment, versions, sys.version_info[:2], *settings], sort_keys=True).encode())
    return digest.hexdigest()[:16]


def choose_cache(app, config):
    root = Path(app.confdir)
    try:
        file = config.parallel_execution_environment
        environment = read_environment(root / file) if file else {}
        modules, settings = [], []
        if static_interact.__name__ in app.extensions:
            modules, settings = static_interact.kernel_files(), [config.static_interact_max_frames]
            config.static_interact_separate_cache = False  # this key covers it
        key = fingerprint(
            root,
            config.parallel_execution_depends,
            environment,
            config.parallel_execution_packages,
            modules,
            settings,
        )
    except (OSError, ValueError, importlib.metadata.PackageNotFoundError) as error:
        raise ExtensionError(f"parallel_execution: {error!r}. Check its settings in the configuration.") from error
    config.parallel_execution_fingerprint = key
    app.parallel_execution_variables = environment
    base = Path(config.nb_execution_cache_path or Path(app.outdir).parent / ".jupyter_cache")
    config.nb_execution_cache_path = str(base / key)


def fill_cache(app, environment, docnames):
    config = app.config
    if config.nb_execution_mode != "cache":
        return
    paths = []
    for docname in docnames:
        path = environment.doc2path(docname)
        excluded = any(PurePosixPath(path).match(p) for p in config.nb_execution_excludepatterns)
        if path.endswith(".ipynb") and not excluded:
            paths.append(path)
    if not paths:
        return
    cache_path = Path(config.nb_execution_cache_path)
    cache_path.mkdir(parents=True, exist_ok=True)
    # whoever wants to know what this build executed (the tests) finds it
    (cache_path.parent / CURRENT).write_text(cache_path.name, encoding="utf-8")
    durations = config.parallel_execution_durations
    runner = Runner(
        cache_path,
        app.parallel_execution_variables,
        workers=config.parallel_execution_workers or os.cpu_count(),
        limit=config.parallel_execution_limit,
        cell_timeout=config.nb_execution_timeout,
        report=lambda line: logger.info("notebooks: %s", line),
        expected=json.loads(Path(app.confdir, durations).read_text(encoding="utf-8")) if durations else {},
        checks_folder=Path(app.confdir, config.parallel_execution_checks) if config.parallel_execution_checks else None,
    )
    try:
        runner.run(runner.missing(paths))
        if left := runner.missing(paths):
            raise ExtensionError(
                f"{', '.join(map(str, left))}: executed, but not in the cache as it is now. "
                f"If it was edited meanwhile, build again. Otherwise delete {cache_path} and build again."
            )
    except NotebookFailed as failure:
        raise ExtensionError(f"notebook execution failed.\n\n{failure}") from failure


def register(app):
    """Declare settings and nodes; the README explains the configuration values."""
    app.add_config_value("parallel_execution_environment", "", "env", str)
    app.add_config_value("parallel_execution_depends", [], "env", list)
    app.add_config_value("parallel_execution_packages", [], "env", list)
    app.add_config_value("parallel_execution_workers", 0, "", int)
    app.add_config_value("parallel_execution_limit", 300, "", (int, float))
    app.add_config_value("parallel_execution_durations", "", "", str)
    app.add_config_value("parallel_execution_checks", "", "", str)
    # filled in by the extension: a change makes Sphinx read every page again
    app.add_config_value("parallel_execution_fingerprint", "", "env", str)
