"""A JupyterLab of its own for a folder of notebooks, asking no other host and nobody whether it may."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

PATIENCE = 300  # seconds for anything, on a computer that has a lot else to do
# settings by which JupyterLab asks no other host, and nobody whether it may
SETTINGS = {"fetchNews": "false", "checkForUpdates": False}
FOLDERS = ["JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"]
FOLDERS += ["JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR"]


@contextlib.contextmanager
def running(folder, name, own, **environment):
    """The address of the notebook `name` in `folder`, for a ``with`` block.

    `own` is a folder for JupyterLab's own files, `environment` more variables for it and its kernels.
    """
    settings = own / "JUPYTERLAB_SETTINGS_DIR/@jupyterlab/apputils-extension/notification.jupyterlab-settings"
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps(SETTINGS), encoding="utf-8")
    variables = os.environ | {variable: str(own / variable) for variable in FOLDERS}
    variables |= {"JUPYTER_TOKEN": "token"} | environment
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [Path(sys.executable).with_name("jupyter-lab"), "--no-browser", "--allow-root"]
    command += ["--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]
    command += ["--LabApp.extension_manager=readonly"]
    log = own / "jupyterlab.log"
    with log.open("wb") as stream:
        process = subprocess.Popen(command, env=variables, cwd=folder, stdout=stream, stderr=stream)
    try:
        _wait_for(f"http://127.0.0.1:{port}/api", process, log)
        yield f"http://127.0.0.1:{port}/lab/tree/{name}.ipynb?token=token"
    finally:
        process.terminate()  # it ends its kernels first
        try:
            process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(url, process, log):
    """Return as soon as the server answers; fail with its log if it ends or never does."""
    end = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < end:
        try:
            urllib.request.urlopen(url, timeout=10).close()
            return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"JupyterLab does not start:\n{log.read_text(encoding='utf-8')[-3000:]}")
