"""The package as others meet it: what kernels import, which files decide a frame, what an error says."""

import json
import os
import subprocess
import sys

import pytest
import static_interact
from static_interact.errors import message_in
from static_interact.settings import VARIABLE

PACKAGE = static_interact.PACKAGE
# what a kernel of the build has imported when it has frozen its first slider
IN_A_KERNEL = """
import json, os, runpy, sys
from IPython.core.interactiveshell import InteractiveShell
InteractiveShell.instance()
runpy.run_path(os.environ["PYTHONSTARTUP"])
import ipywidgets
import matplotlib.pyplot as plt
plt.switch_backend("module://matplotlib_inline.backend_inline")
ipywidgets.interact(lambda n: plt.plot([n]) and None, n=(0, 1))
print()
print(json.dumps({name: getattr(module, "__file__", None) for name, module in sys.modules.items()}))
"""


@pytest.fixture(scope="module")
def in_a_kernel():
    """The modules of a kernel that has frozen a slider, and the files that they come from."""
    environment = os.environ | {"PYTHONSTARTUP": str(PACKAGE / "startup.py"), VARIABLE: "{}"}
    command = [sys.executable, "-c", IN_A_KERNEL]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def test_a_kernel_loads_no_sphinx(in_a_kernel):
    assert "static_interact.freeze" in in_a_kernel
    assert not {"sphinx", "docutils", "myst_nb"} & set(in_a_kernel)


def test_the_kernel_files_are_those_that_a_kernel_runs(in_a_kernel):
    loaded = {file for name, file in in_a_kernel.items() if name.startswith("static_interact.")}
    assert {str(file) for file in static_interact.kernel_files()} == loaded | {str(PACKAGE / "startup.py")}


def test_what_shows_the_frames_knows_no_sphinx_either():
    code = "import sys, static_interact.frames, static_interact.markup; print('sphinx' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_the_message_of_a_traceback_is_found_without_colours():
    traceback = "\x1b[31mZeroDivisionError\x1b[0m: x\n\n\x1b[31mStaticInteractError\x1b[0m: cell In[2]: f(n=0) raised\n"
    assert message_in(traceback) == "cell In[2]: f(n=0) raised"
    assert message_in("ZeroDivisionError: division by zero") == ""


def test_the_fingerprint_sees_the_setting_and_the_content_of_start_up_files(tmp_path):
    style = tmp_path / "style.py"
    found = {static_interact.fingerprint(120), static_interact.fingerprint(121)}
    for content in ("a = 1", "a = 2"):
        style.write_text(content)
        found.add(static_interact.fingerprint(120, [style]))
    assert len(found) == 4
    assert static_interact.fingerprint(120) in found
