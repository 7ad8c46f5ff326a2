"""Run functions in copies of this process, each from the state in which it is now, and bring back what they return."""

import contextlib
import gc
import io
import json
import os
import random
import selectors
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from .errors import StaticInteractError


class InCopy(Exception):
    """Where in the author's code a copy failed: its words are the traceback there."""


class CopyEnded(Exception):
    """A copy of the process brought nothing: it was ended from outside, or ended itself."""


def available() -> bool:
    """Whether a process can be copied here.

    Windows has no copies. On macOS system libraries do not bear them, nor does a graphics card that is in use already.
    """
    torch = sys.modules.get("torch")
    return hasattr(os, "fork") and sys.platform != "darwin" and not (torch and torch.cuda.is_initialized())


def run(
    functions: Sequence[Callable[[], Any]], *, at_once: int | None = None, check: Callable[[int], None]
) -> Iterator[tuple[Any, str]]:
    """Yield what each of `functions` returns, in their order, and what it wrote to standard error.

    functions: each runs in a copy of its own, so that none sees what another did; what it returns travels as JSON.
    at_once: how many copies run beside each other, one for each core that this process may use if None.
    check: called with the number of results so far whenever one came, and every second; what it raises ends all copies.

    Raises `StaticInteractError` if a function does, any other error of a function as `CopyEnded` with the same words
    and with the traceback as its cause (`InCopy`), and `CopyEnded` for a copy that brought nothing.
    """
    at_once = at_once or len(os.sched_getaffinity(0))
    running: dict[int, tuple[int, int, bytearray]] = {}  # by file descriptor: number, process, what came
    done: dict[int, bytes] = {}
    selector = selectors.DefaultSelector()
    generators = Generators()  # Python seeds its own anew in a copy
    # looked for here once: a search through all libraries in each copy would take longer than many a frame
    threadpoolctl = sys.modules.get("threadpoolctl")
    pools = threadpoolctl.ThreadpoolController() if threadpoolctl else None
    started = given = 0
    try:
        while given < len(functions):
            while started < len(functions) and len(running) < at_once:
                descriptor, process = _start(functions[started], generators, pools)
                running[descriptor] = (started, process, bytearray())
                selector.register(descriptor, selectors.EVENT_READ)
                started += 1
            for key, _ in selector.select(timeout=1):
                number, process, received = running[key.fd]
                if piece := os.read(key.fd, 2**20):
                    received += piece
                    continue
                selector.unregister(key.fd)
                os.close(key.fd)
                del running[key.fd]
                _, status = os.waitpid(process, 0)
                done[number] = bytes(received) or json.dumps({"ended": _ending(status)}).encode()
            check(len(done))
            while given in done:
                yield _opened(done.pop(given))
                given += 1
    finally:
        for descriptor, (_, process, _) in running.items():
            os.close(descriptor)
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
        selector.close()


def _start(function: Callable[[], Any], generators: "Generators", pools: Any) -> tuple[int, int]:
    """Start a copy that runs `function`; return where its answer will come from, and its process."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        # the other threads of a kernel wait for messages, of which a copy takes none
        warnings.simplefilter("ignore", DeprecationWarning)
        process = os.fork()
    if process:
        os.close(writing)
        return reading, process
    try:
        os.close(reading)
        generators.restore()
        answer = _answer(function, pools)
        with os.fdopen(writing, "wb") as file:
            file.write(answer)
    finally:
        os._exit(0)  # no clean-up here may touch what the original has open


def _answer(function: Callable[[], Any], pools: Any) -> bytes:
    gc.disable()  # a collection would copy all of the memory that is shared with the original
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is the original's, which ends its copies
    words = io.StringIO()
    try:
        with _one_thread(pools), _instead_of_standard_error(words):
            answer: dict[str, Any] = {"result": function()}
    except StaticInteractError as error:
        answer = {"refused": str(error), "traceback": _told(error.__cause__)}
    except BaseException as error:
        answer = {"ended": f"{type(error).__name__}: {error}", "traceback": _told(error)}
    return json.dumps(answer | {"words": words.getvalue()}).encode()


def _told(error: BaseException | None) -> str:
    return "".join(traceback.format_exception(error)) if error else ""


@contextlib.contextmanager
def _one_thread(pools: Any) -> Iterator[None]:
    """Let libraries compute with one thread: a copy has none of those that they started, and would wait for them.

    pools: threadpoolctl's controller of the pools of all libraries that are loaded, if it is there.
    """
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(1)
    with pools.limit(limits=1) if pools else contextlib.nullcontext():
        yield


@contextlib.contextmanager
def _instead_of_standard_error(target: io.StringIO) -> Iterator[None]:
    """Send to `target` what is written to standard error, also by those who took hold of it before, such as loggers."""
    stream = sys.stderr
    with contextlib.suppress(AttributeError):  # a file of the system cannot be turned
        stream.write = target.write  # type: ignore[method-assign]
    sys.stderr = target
    yield


def _ending(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    return f"its process was ended by {signal.Signals(-code).name}" if code < 0 else "its process ended itself"


def _opened(answer: bytes) -> tuple[Any, str]:
    content = json.loads(answer)
    if "result" in content:
        return content["result"], content["words"]
    cause = InCopy("\n" + content["traceback"]) if content.get("traceback") else None
    if "refused" in content:
        raise StaticInteractError(content["refused"]) from cause
    raise CopyEnded(content["ended"]) from cause


class Generators:
    """The random generators of Python, NumPy and PyTorch as they are now."""

    def __init__(self) -> None:
        numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
        self._python = random.getstate()
        self._numpy = numpy.random.get_state() if numpy else None
        self._torch = torch.get_rng_state() if torch else None

    def restore(self) -> None:
        """Set them back."""
        random.setstate(self._python)
        if self._numpy is not None:
            sys.modules["numpy"].random.set_state(self._numpy)
        if self._torch is not None:
            sys.modules["torch"].set_rng_state(self._torch)
