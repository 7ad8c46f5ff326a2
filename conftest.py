"""Give every kernel that the tests start the numeric environment of the build, or that of NUMERIC_ENVIRONMENT."""

import os
from pathlib import Path

from parallel_execution.runner import read_environment

ROOT = Path(__file__).parent
os.environ.update(read_environment(ROOT / os.environ.get("NUMERIC_ENVIRONMENT", "assets/numeric.env")))
