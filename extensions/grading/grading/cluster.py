"""Run a function on the workers of a Dask cluster, and say what happened to each call."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from .processes import ProcessFailed, error_in_words

if TYPE_CHECKING:
    from distributed import Client

PATIENCE = 10  # seconds in which a scheduler has to answer


class ClusterFailed(RuntimeError):
    """There is no cluster, or it cannot do the work; the message says why, and what to do."""


class WorkerUnfit(RuntimeError):
    """Raised by a function that finds its worker unable to do any such work; the message says what it lacks."""


def run(
    address: str, function: Callable, calls: Sequence[tuple[str, ...]], say: Callable[[str], object]
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Call `function(*call)` for each of `calls` on the cluster at `address`; yield (call, result) as they come.

    A call whose worker dies is made again on another one, as often as the scheduler's setting ``allowed-failures`` says
    (3 times), and then once more in the same way when all others are done. If its workers still die, the result is a
    `ProcessFailed`. `calls` have to differ. Leaving the iterator early takes back what was not begun.

    Raises
    ------
    ClusterFailed
        If `distributed` is not installed, no scheduler answers, the scheduler goes away, or a worker is unfit.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise ClusterFailed(
            f"A cluster needs the package distributed: pip install 'grading[cluster]' ({error})"
        ) from None
    try:
        client = Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ClusterFailed(
            f"No Dask scheduler answers at {address!r} ({error_in_words(error)}). The address is the one that `dask "
            "scheduler` prints when it starts, such as tcp://10.0.0.5:8786."
        ) from None
    with client:
        if not client.scheduler_info()["workers"]:
            say(f"The cluster at {address} has no worker yet; the work begins when one comes.")
        suspects = []
        for call, result in _results(client, function, calls):
            if isinstance(result, ProcessFailed):
                suspects.append(call)
            else:
                yield call, result
        # Dask suspects whatever its scheduler had sent to a worker that died; alone, a call dies by its own fault
        for call in suspects:
            yield from _results(client, function, [call])


def _results(
    client: "Client", function: Callable, calls: Sequence[tuple[str, ...]]
) -> Iterator[tuple[tuple[str, ...], Any]]:
    from distributed import CancelledError, KilledWorker, as_completed

    if not calls:
        return
    kind = f"grade-{uuid4().hex}"
    futures = client.map(function, *zip(*calls, strict=True), key=[(kind, *call) for call in calls])
    for future in as_completed(futures, loop=client.loop):
        call = future.key[1:]
        try:
            yield call, future.result()
        except KilledWorker as killed:
            yield call, ProcessFailed(f"the worker that ran it died, {killed.allowed_failures + 1} times in a row")
        except WorkerUnfit as unfit:
            raise ClusterFailed(str(unfit)) from None
        except CancelledError:
            raise ClusterFailed(
                "The scheduler went away; what was finished is kept, and the next run does the rest."
            ) from None
        except Exception as error:
            raise ClusterFailed(
                f"A worker cannot do this: {error_in_words(error)}. All need the Python packages of this computer."
            ) from error
