"""Run a function in a process of its own, so that whatever happens there harms nothing here, and say what happened."""

import multiprocessing
import os
import pickle
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any


class ProcessFailed(RuntimeError):
    """A process brought no result; the message is the cause, in words that fit after "could not be graded: "."""


def run_in_process(function: Callable, arguments: tuple, limit: float) -> Any:
    """Return `function(*arguments)`, computed in a process that lives for this call alone.

    A pool would not do: when a worker of `concurrent.futures` dies, all others of its pool are given up, too.

    Raises
    ------
    ProcessFailed
        If the function raised, its process died, or it took more than `limit` seconds (and was then killed).
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["grading.course"])
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_compute_and_send, args=(sending, function, arguments), daemon=True)
    process.start()
    sending.close()  # the child's is the only one left: when it dies, receiving ends
    try:
        if not receiving.poll(limit):
            process.kill()  # a kernel that it started dies with it
            raise ProcessFailed(f"it took more than {limit:.0f} seconds")
        try:
            result, problem = receiving.recv()
        except (EOFError, OSError, pickle.UnpicklingError):
            process.join(5)
            raise ProcessFailed(_ending(process.exitcode)) from None
    finally:
        receiving.close()
        process.join(5)
        if process.is_alive():
            process.kill()
            process.join()
    if problem:
        raise ProcessFailed(problem)
    return result


def _compute_and_send(connection: Connection, function: Callable, arguments: tuple) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        message = (function(*arguments), "")
    except BaseException as error:  # the parent has to hear of everything, sys.exit and lack of memory included
        traceback.print_exc(file=sys.stderr)
        message = (None, error_in_words(error))
    connection.send(message)
    connection.close()
    os._exit(0)  # all is written; what strangers' outputs left behind in libraries' threads may take seconds to end


def _end_with_parent() -> None:
    """End this process when the one that waits for it is gone: somebody else may be at the same work by then."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def error_in_words(error: BaseException) -> str:
    """An error's kind and what it says, in one line."""
    return " ".join("".join(traceback.format_exception_only(error)).split())


def _ending(exit_code: int | None) -> str:
    if exit_code is None:
        return "its process closed its connection and did not end"
    if exit_code < 0:
        return f"its process was ended by the signal {signal.Signals(-exit_code).name}"
    return f"its process ended without a result, with the exit status {exit_code}"
