"""A kernel that executes cells, and what its outputs and its live widgets show, as a front end keeps it."""

import copy
import time

from jupyter_client.manager import KernelManager

PATIENCE = 300  # seconds for a cell, on a computer that has a lot else to do


class Kernel:
    """A kernel of its own for a ``with`` block, in an environment (a dictionary)."""

    def __init__(self, environment):
        self._environment = environment
        self._widgets = {}  # the outputs that each live Output shows
        self._taking = None  # the Output that takes what is shown
        self._clearing = set()  # which are cleared when something comes

    def __enter__(self):
        self._manager = KernelManager(kernel_name="python3")
        self._manager.start_kernel(env=self._environment)
        self._client = self._manager.client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=PATIENCE)
        return self

    def __exit__(self, *_):
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)

    def run(self, source):
        """Execute `source` and return its outputs, without those that widgets took; an error is raised."""
        asked, own = self._client.execute(source), []
        end = time.monotonic() + PATIENCE
        while True:
            message = self._client.get_iopub_msg(timeout=max(0, end - time.monotonic()))
            if message["parent_header"].get("msg_id") != asked:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "status" and content["execution_state"] == "idle":
                return own
            if kind in ("comm_open", "comm_msg"):
                self._note(content["comm_id"], content["data"].get("state", {}))
            elif kind == "error":
                raise AssertionError("\n".join(content["traceback"]))
            else:
                self._show(kind, content, own if self._taking is None else self._widgets[self._taking])

    def widget(self, identifier):
        """The outputs of a live Output, by its model's id."""
        return copy.deepcopy(self._widgets[identifier])

    def _note(self, identifier, state):
        if state.get("_model_name") == "OutputModel":
            self._widgets[identifier] = []
        if "msg_id" in state and identifier in self._widgets:
            self._taking = identifier if state["msg_id"] else None

    def _show(self, kind, content, outputs):
        if kind == "clear_output":
            self._clearing.add(id(outputs))
            if not content["wait"]:
                outputs.clear()
        elif kind in ("stream", "display_data", "execute_result"):
            if id(outputs) in self._clearing:
                self._clearing.remove(id(outputs))
                outputs.clear()
            if kind == "stream" and outputs and outputs[-1].get("name") == content["name"]:
                outputs[-1]["text"] += content["text"]
            else:
                outputs.append({"output_type": kind} | content)
