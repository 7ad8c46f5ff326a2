"""Run a function on the workers of a Dask cluster, and say what happened to each call."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any
from uuid import uuid4

from .processes import ProcessFailed, error_in_words

PATIENCE = 10  # seconds in which a scheduler has to answer


class ClusterFailed(RuntimeError):
    """There is no cluster, or it cannot do the work; the message says why, and what to do."""


class WorkerUnfit(RuntimeError):
    """Raised by a function that finds its worker unable to do any such work; the message says what it lacks."""


def run(
    address: str, function: Callable, calls: Sequence[tuple[str, ...]], say: Callable[[str], object]
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Call `function(*call)` for each of `calls` on the cluster at `address`; yield (call, result) as they come.

    A call whose worker dies is made again on another one. When that happened too often, by the scheduler's setting
    ``allowed-failures``, the result is a `ProcessFailed` with the cause. `calls` have to differ. Leaving the iterator
    early takes back what was not begun.

    Raises
    ------
    ClusterFailed
        If `distributed` is not installed, no scheduler answers, the scheduler goes away, or a worker is unfit.
    """
    try:
        from distributed import CancelledError, Client, KilledWorker, as_completed
    except ImportError as error:
        raise ClusterFailed(
            f"A cluster needs the package distributed: pip install 'grading[cluster]' ({error})"
        ) from None
    try:
        client = Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ClusterFailed(
            f"No Dask scheduler answers at {address} ({error_in_words(error)}). The address is the one that `dask "
            "scheduler` prints when it starts, such as tcp://10.0.0.5:8786."
        ) from None
    with client:
        if not calls:
            return
        if not client.scheduler_info()["workers"]:
            say(f"The cluster at {address} has no worker yet; grading begins when one comes.")
        kind = f"grade-{uuid4().hex}"
        futures = client.map(function, *zip(*calls, strict=True), key=[(kind, *call) for call in calls])
        for future in as_completed(futures, loop=client.loop):
            call = future.key[1:]
            try:
                yield call, future.result()
            except KilledWorker as killed:
                times = killed.allowed_failures + 1
                yield call, ProcessFailed(f"the worker that ran it died, {times} times in a row")
            except WorkerUnfit as unfit:
                raise ClusterFailed(str(unfit)) from None
            except CancelledError:
                raise ClusterFailed(f"The scheduler at {address} went away.") from None
            except Exception as error:
                raise ClusterFailed(
                    f"A worker cannot do this: {error_in_words(error)}. All need the Python packages of this computer."
                ) from error
