"""Runs of a sweep on the workers of a dask scheduler; a worker that dies in the middle has its runs done by others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from shortdesk.ground.errors import MissingExtraError, UsageError
from shortdesk.stage.sweep import SweepJob, run_job

__all__ = ["DaskEngine"]

_TIMEOUT_S = 10
_RETRIES = 3


class DaskEngine:
    """Hands jobs to the scheduler at an address, such as ``tcp://127.0.0.1:8786``.

    Raises:
        MissingExtraError: dask is not installed.
        UsageError: nobody answers at the address.
    """

    def __init__(self, address: str) -> None:
        try:
            from distributed import Client
        except ImportError:
            raise MissingExtraError("dask", "dask") from None
        try:
            self._client: Any = Client(address, timeout=_TIMEOUT_S, set_as_default=False)
        except (OSError, ValueError) as problem:
            raise UsageError(f"no dask scheduler answers at {address}: {problem}") from None

    def __enter__(self) -> DaskEngine:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def __call__(self, jobs: Sequence[SweepJob]) -> Iterator[tuple[int, dict[str, Any]]]:
        """Each job's number and row, as they are ready."""
        from distributed import as_completed

        futures = {self._client.submit(run_job, job, pure=False, retries=_RETRIES): at for at, job in enumerate(jobs)}
        for done in as_completed(list(futures), loop=self._client.loop):
            yield futures[done], done.result()
