"""nbgrader's settings for a course made by `grading new`: what its nbgrader_config.py applies before its own lines."""

import functools
from pathlib import Path

import nbgrader
from nbconvert.exporters import HTMLExporter
from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    ClearOutput,
    DeduplicateIds,
    IgnorePattern,
    LimitOutput,
    OverwriteCells,
    OverwriteKernelspec,
    SaveAutoGrades,
)
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from . import deadlines, feedback, handout, restore, sandbox

CONFIG_FILE = "nbgrader_config.py"


def apply(config: Config) -> None:
    """Set in `config` what keeps grading safe, fair and quiet; `nbgrader` commands run in the course obey it too."""
    config.merge(handout.settings())
    config.Autograde.sanitize_preprocessors = [
        restore.RestoreHandout,
        ClearOutput,
        DeduplicateIds,
        OverwriteKernelspec,
        OverwriteCells,
        CheckCellMetadata,
    ]
    config.Autograde.autograde_preprocessors = [
        sandbox.SandboxedExecute,
        IgnorePattern,
        LimitOutput,
        SaveAutoGrades,
        AssignLatePenalties,
        CheckCellMetadata,
    ]
    config.AssignLatePenalties.plugin_class = deadlines.LatePolicy
    config.Execute.extra_arguments = ["--HistoryManager.hist_file=:memory:"]
    config.Execute.iopub_timeout = 30
    config.Execute.store_widget_state = False
    config.Execute.error_on_timeout = {
        "ename": "TimeoutError",
        "evalue": "the cell ran too long and was interrupted",
        "traceback": ["TimeoutError: the cell ran too long and was interrupted"],
    }
    # the formgrader shows notebooks by this class, the returned page is made by a subclass
    filters = {"strip_files_prefix": "grading.feedback.unchanged"}
    config.HTMLExporter.filters = {"markdown2html": "grading.feedback.markdown_for_graders"} | filters
    config.Page.filters = {"markdown2html": "grading.feedback.markdown_for_students"} | filters
    config.GenerateFeedback.preprocessors = [feedback.Grades, feedback.ForStudents]
    config.GenerateFeedback.exporter_class = feedback.Page
    # nbgrader sets HTMLExporter's template itself, for this and for the formgrader, so both are told where all
    # templates lie; before nbgrader's lies one that replaces nbconvert's link to MathJax on another host
    templates = Path(__file__).with_name("templates")
    formgrader = _template_folders(
        "formgrade", Path(nbgrader.__file__).parent / "server_extensions/formgrader/templates"
    )
    config.HTMLExporter.template_paths = [str(templates / "formgrader"), *formgrader]
    config.Page.template_paths = _template_folders("returned", templates)


@functools.cache
def _template_folders(name: str, folder: Path) -> list[str]:
    """Where nbconvert looks for the parts of the template `name`, which lies in `folder`."""
    return HTMLExporter(template_name=name, extra_template_basedirs=[str(folder)]).template_paths


def load(course: str | Path) -> Config:
    """The settings of the course in the folder `course`, a traitlets Config with that folder as the course's root.

    Raises FileNotFoundError, saying how to make a course, if there is none.
    """
    course = Path(course).resolve()
    if not (course / CONFIG_FILE).is_file():
        raise FileNotFoundError(f"{course} is no course: it has no {CONFIG_FILE}. Make one: grading new {course}")
    config = Config()
    config.merge(PyFileConfigLoader(CONFIG_FILE, path=str(course)).load_config())
    config.CourseDirectory.root = str(course)
    return config
