"""Several processes that work on a study, and end with it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait as wait_for
from typing import TypeVar

from pipeline.errors import UsageError

_LOOK_EVERY_S = 0.5

T = TypeVar("T")


def work_together(do: Callable[[T], None], tasks: Sequence[T], *, jobs: int, look: Callable[[], None]) -> None:
    """Do all tasks on ``jobs`` processes.

    Parameters
    ----------
    do
        What to do with one task; it and the tasks travel to other processes.
    look
        Called every now and then.

    Raises
    ------
    UsageError
        If a process was killed, as happens where memory runs out.
    Exception
        Whatever the first task to fail raised; the others are stopped.
    """
    context = multiprocessing.get_context("spawn")  # threads of the image libraries do not survive a fork
    others = set(multiprocessing.active_children())
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin) as pool:
        waiting: set[Future[None]] = {pool.submit(do, task) for task in tasks}
        try:
            while waiting:
                done, waiting = wait(waiting, timeout=_LOOK_EVERY_S, return_when=FIRST_COMPLETED)
                for future in done:
                    future.result()
                look()
        except BrokenProcessPool as error:
            raise UsageError(
                "A process ended by itself, most likely for want of memory. Run again with fewer --jobs; finished "
                "pairs are kept."
            ) from error
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in set(multiprocessing.active_children()) - others:
                process.terminate()  # a task may take minutes, and whoever stopped the study does not want to wait
            raise


def _begin() -> None:
    """Leave Ctrl-C to the parent, and end with it: a worker whose parent was killed would wait for ever."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        wait_for([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
