"""Running a study: every pair that is not finished yet, patient by patient, on one or several processes."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from functools import partial
from itertools import groupby
from multiprocessing.connection import wait as wait_for
from pathlib import Path

from pipeline.config import Config
from pipeline.validation.draw import PairPlan, plan_pairs
from pipeline.validation.making import paint_patient
from pipeline.validation.one_pair import run_pair
from pipeline.validation.outcome import PairOutcome
from pipeline.validation.protocol import Protocol
from pipeline.validation.store import Store

Told = Callable[[int, int], None]
"""Called with the number of finished pairs and of all pairs."""
_LOOK_EVERY_S = 0.5


def run_study(
    protocol: Protocol, out: Path, *, count: int, config: Config | None = None, jobs: int = 1, told: Told | None = None
) -> tuple[PairOutcome, ...]:
    """Finish the first ``count`` pairs of a protocol.

    Pairs already finished below ``out`` with the same protocol, settings, weights and version are taken as they are. A
    pair's result does not depend on which others are asked for, on the order, or on ``jobs``.

    Parameters
    ----------
    protocol
        What to simulate.
    out
        Folder of the study.
    count
        Number of pairs.
    config
        Settings of the comparison; the defaults when None.
    jobs
        Processes that work at once; each takes about 2 GB.
    told
        Called when pairs are finished.

    Returns
    -------
    The pairs in their order.

    Raises
    ------
    pipeline.errors.OutputError
        If a result cannot be written.
    pipeline.errors.DiscdeltaError
        If the images of a pair cannot be made, or the settings are wrong.
    """
    config = config or Config()
    store = Store.of(out, protocol, config)
    plans = plan_pairs(protocol, count)
    held = {plan.number for plan in plans if store.read(plan.number) is not None}
    pending = [plan for plan in plans if plan.number not in held]
    tell = told or _nobody
    tell(len(held), count)
    groups = [tuple(group) for _, group in groupby(pending, key=lambda plan: plan.anatomy)]
    if jobs > 1 and len(groups) > 1:
        look = partial(_look, tell, store, plans)
        _together(protocol, groups, config, store, jobs=min(jobs, len(groups)), look=look)
    else:
        for group in groups:
            for number in _pairs_of_patient(protocol, group, config, store):
                held.add(number)
                tell(len(held), count)
    finished = (store.read(plan.number) for plan in plans)
    return tuple(outcome for outcome in finished if outcome is not None)


def _nobody(done: int, count: int) -> None:
    """Nobody wants to know."""


def _look(tell: Told, store: Store, plans: tuple[PairPlan, ...]) -> None:
    """Tell how many pairs other processes have finished by now."""
    tell(len(store.numbers() & {plan.number for plan in plans}), len(plans))


def _pairs_of_patient(protocol: Protocol, plans: tuple[PairPlan, ...], config: Config, store: Store) -> Iterator[int]:
    """Numbers of the pairs, each when it is finished and written."""
    patient = paint_patient(protocol, plans[0].anatomy)
    for plan in plans:
        store.write(run_pair(protocol, plan, patient, config))
        yield plan.number


def _finish(protocol: Protocol, plans: tuple[PairPlan, ...], config: Config, store: Store) -> None:
    for _ in _pairs_of_patient(protocol, plans, config, store):
        pass


def _together(
    protocol: Protocol,
    groups: list[tuple[PairPlan, ...]],
    config: Config,
    store: Store,
    *,
    jobs: int,
    look: Callable[[], None],
) -> None:
    context = multiprocessing.get_context("spawn")  # threads of the image libraries do not survive a fork
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=_end_with_parent) as pool:
        waiting: set[Future[None]] = {pool.submit(_finish, protocol, group, config, store) for group in groups}
        try:
            while waiting:
                done, waiting = wait(waiting, timeout=_LOOK_EVERY_S, return_when=FIRST_COMPLETED)
                for future in done:
                    future.result()
                look()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _end_with_parent() -> None:
    """A worker whose parent was killed would wait for ever for its next task."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        wait_for([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
