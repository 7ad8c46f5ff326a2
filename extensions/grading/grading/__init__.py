"""Exercises that instructors can hand out, collect, grade and return (see README.md)."""

import os
import sys
from pathlib import Path

__version__ = "1.0.0"

# nbgrader calls the program alembic by its name; it lies beside this Python, also where no environment was activated
_programs = str(Path(sys.executable).parent)
if _programs not in os.environ.get("PATH", "").split(os.pathsep):
    os.environ["PATH"] = os.pathsep.join(filter(None, (_programs, os.environ.get("PATH"))))
