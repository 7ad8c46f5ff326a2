"""nbgrader's settings for a course made by `grading new`: what its nbgrader_config.py applies before its own lines."""

from pathlib import Path

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

from . import deadlines, feedback, handout, restore, sandbox, sanitize

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
        sanitize.Defuse,
        LimitOutput,
        restore.ForgiveWarnings,
        SaveAutoGrades,
        AssignLatePenalties,
        CheckCellMetadata,
    ]
    config.AssignLatePenalties.plugin_class = deadlines.LatePolicy
    config.Execute.extra_arguments = ["--HistoryManager.hist_file=:memory:"]
    config.Execute.iopub_timeout = 30
    config.Execute.error_on_timeout = {
        "ename": "TimeoutError",
        "evalue": "the cell ran too long and was interrupted",
        "traceback": ["TimeoutError: the cell ran too long and was interrupted"],
    }
    # the formgrader shows notebooks by this class, the returned page is made by a subclass
    config.HTMLExporter.filters = {"markdown2html": "grading.feedback.markdown_for_graders"}
    config.Page.filters = {"markdown2html": "grading.feedback.markdown_for_students"}
    config.GenerateFeedback.preprocessors = [feedback.Grades, feedback.ForStudents]
    config.GenerateFeedback.exporter_class = feedback.Page
    # nbgrader sets HTMLExporter's template itself, for this and for the formgrader; the subclass has its own
    config.Page.template_name = "returned"
    config.Page.extra_template_basedirs = [str(Path(__file__).with_name("templates"))]


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
