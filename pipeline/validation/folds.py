"""Pairs divided so that those of one patient stay together."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.validation.outcome import PairOutcome

Part = tuple[tuple[PairOutcome, ...], tuple[PairOutcome, ...]]


def folds(outcomes: Sequence[PairOutcome], count: int) -> tuple[Part, ...]:
    """Each part of the pairs with all the others.

    Pairs that share an anatomy are in one part, so that nothing about a held-out patient is among the others.

    Parameters
    ----------
    count
        Number of parts; there are fewer where there are fewer patients, and none of a single one.

    Returns
    -------
    Tuples of the held-out pairs and of the others, every pair held out once.
    """
    patients = sorted({one.anatomy for one in outcomes})
    count = min(count, len(patients))
    if count < 2:
        return ()
    place = {anatomy: rank % count for rank, anatomy in enumerate(patients)}
    return tuple(
        (
            tuple(one for one in outcomes if place[one.anatomy] == part),
            tuple(one for one in outcomes if place[one.anatomy] != part),
        )
        for part in range(count)
    )
