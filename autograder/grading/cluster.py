"""Grade on a Dask cluster: its workers get whole papers, and need the course installed, but no file of this machine."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import TYPE_CHECKING, Any

from autograder.grading.results import judge_version

if TYPE_CHECKING:
    from distributed import Client

PATIENCE = 20  # seconds until a scheduler has to answer

INSTALL = "--scheduler needs dask.distributed. Here and on each worker: pip install -c constraints.txt -e '.[cluster]'"


class ClusterError(Exception):
    """The cluster cannot be used; the text says why and what to do."""


def connect(address: str) -> tuple[Callable[[], Executor], int]:
    """What starts an executor on the cluster, as `workers.grade_all` wants it, and how many papers fit at once.

    Raises:
        ClusterError: no scheduler answers at ``address``, it has no workers, or these would grade differently.
    """
    try:
        from distributed import Client
    except ImportError:
        raise ClusterError(INSTALL) from None
    try:
        client = Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ClusterError(
            f"No Dask scheduler answers at {address} ({str(error).splitlines()[0]}). Start one with `dask scheduler`, "
            "and workers with `dask worker ADDRESS`."
        ) from error
    threads = sum(client.nthreads().values())
    if not threads:
        client.close()
        raise ClusterError(f"The scheduler at {address} has no workers. Start some: `dask worker {address}`.")
    _check_versions(client)
    return lambda: _OnCluster(client), threads


def _check_versions(client: Client) -> None:
    found = client.run(judge_version, on_error="return")
    different = sorted(worker for worker, version in found.items() if version != judge_version())
    if different:
        client.close()
        raise ClusterError(
            f"These workers would grade differently: {', '.join(different)}. "
            "Install the same course, Python and PyTorch there as here."
        )


class _OnCluster(Executor):
    """dask.distributed's executor, which can also end without waiting for what nobody asks for any more."""

    def __init__(self, client: Client):
        self._client = client
        self._executor = client.get_executor(pure=False)

    def submit(self, do: Callable, /, *args: Any, **kwargs: Any) -> Future:
        """Have it done by a worker; where one is lost, by another one.

        Raises:
            ClusterError: there is no scheduler any more.
        """
        if self._client.status != "running":
            raise ClusterError("The Dask scheduler is gone. Start it, and run this again: what is graded stays so.")
        return self._executor.submit(do, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let go of the cluster, which stays for others."""
        self._executor.shutdown(wait=wait and not cancel_futures)
        self._client.close()
