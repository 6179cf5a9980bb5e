"""The same function asked of many jobs, in this process or in a pool of others; answers come as they are ready."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import TypeVar

__all__ = ["spread"]

J = TypeVar("J")
A = TypeVar("A")


def spread(answer: Callable[[J], A], jobs: Sequence[J], workers: int) -> Iterator[tuple[int, A]]:
    """Each job's number and its answer, in the order in which they are ready; with one worker in the jobs' order.

    ``answer`` must be a function of a module: other processes import it.
    """
    if workers <= 1 or len(jobs) <= 1:
        for number, job in enumerate(jobs):
            yield number, answer(job)
        return
    # Begun anew and not copied: this process may have threads that write a Journal.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, len(jobs)), mp_context=context, initializer=_leave_signals) as pool:
        numbers = {pool.submit(answer, job): number for number, job in enumerate(jobs)}
        try:
            for done in as_completed(numbers):
                yield numbers[done], done.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _leave_signals() -> None:
    """Ctrl-C is for the process that was started by hand; it ends the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
