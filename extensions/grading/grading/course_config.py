"""The settings of this course, for `grading` and for `nbgrader` run in this folder. Change what you like."""

from pathlib import Path

from grading.settings import apply

c = get_config()  # noqa: F821 (nbgrader provides it)
apply(c)

c.CourseDirectory.course_id = "deep-learning"

# The grade book: a file for one computer; for several that grade or read at once, PostgreSQL:
# "postgresql+psycopg2://USER:PASSWORD@HOST/DATABASE"
c.CourseDirectory.db_url = f"sqlite:///{Path(__file__).resolve().with_name('gradebook.db')}?timeout=60"

# What a submission may use. A cell that takes too long is interrupted and the next one runs; a notebook is ended.
c.Execute.timeout = 60  # seconds a cell
c.Sandbox.total_timeout = 300  # seconds a notebook
c.Sandbox.memory = 4096  # MiB

# What coming late costs, of the points reached; nothing as long as it is 0. Deadlines: grading deadline
c.LatePolicy.percent_per_day = 0
c.LatePolicy.most_percent = 100
c.LatePolicy.grace_minutes = 15

# Only in a container or a virtual machine that holds nothing else:
# c.Sandbox.unprotected = True
