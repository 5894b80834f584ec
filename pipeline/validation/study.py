"""Running a study: every pair that is not finished yet, patient by patient, on one or several processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import groupby
from pathlib import Path

from pipeline.config import Config
from pipeline.validation.draw import PairPlan, plan_pairs
from pipeline.validation.making import paint_patient
from pipeline.validation.one_pair import run_pair
from pipeline.validation.outcome import PairOutcome
from pipeline.validation.protocol import Protocol
from pipeline.validation.store import Store
from pipeline.validation.workers import work_together

Told = Callable[[int, int], None]
"""Called with the number of finished pairs and of all pairs."""


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
        work_together(partial(_finish, protocol, config, store), groups, jobs=min(jobs, len(groups)), look=look)
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
        with store.room(plan.number) as room:
            outcome = run_pair(protocol, plan, patient, config, room)
        store.write(outcome)
        yield plan.number


def _finish(protocol: Protocol, config: Config, store: Store, plans: tuple[PairPlan, ...]) -> None:
    for _ in _pairs_of_patient(protocol, plans, config, store):
        pass
