"""How far up the interval of a volume has to reach in real canals, told by patients that it is not judged by."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pipeline.measurement.profiled import OVERLOOKED
from pipeline.validation.agreement import share
from training.evaluation.markdown import markdown
from training.evaluation.pair_tables import share as in_words

Row = dict[str, Any]
MARGINS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0)
"""Shares of the measured volume that an interval may reach further up."""
EVERY = 2
"""One pair in two of a patient: they take hours."""


def covered_by_margin(rows: Sequence[Row], margins: Sequence[float] = MARGINS) -> list[Row]:
    """For every margin how many true volumes lie in their interval: of all, and of those where something was seen.

    Parameters
    ----------
    rows
        Of pairs, their intervals with the margin that the product has.
    """
    return [
        {
            "margin": margin,
            "all": _share(_held(visit, truth, margin) for visit, truth in _volumes(rows)),
            "seen": _share(_held(visit, truth, margin) for visit, truth in _volumes(rows) if visit["present"]),
        }
        for margin in margins
    ]


def margins_table(results: dict[str, Any]) -> str:
    """Coverage by margin, in the patients that the networks were trained on and in those held out."""
    columns = [results["trained"]["margins"], covered_by_margin(results["pairs"]["patients"])]
    rows: list[list[object]] = [
        [f"{100 * one['margin']:.0f} %", in_words(one["all"]), in_words(one["seen"]), in_words(other["all"])]
        for one, other in zip(*columns, strict=True)
    ]
    return markdown(["reaching up by", "training patients, all", "… of those seen", "held-out patients, all"], rows)


def _volumes(rows: Sequence[Row]) -> list[tuple[Row, float]]:
    pairs = [(row[name], row["true_mm3"][k]) for row in rows for k, name in enumerate(("baseline", "followup"))
             if name in row and row["usable"]]  # fmt: skip
    return [(visit, truth) for visit, truth in pairs if truth > 0]


def _held(visit: Row, truth: float, margin: float) -> bool:
    low, high = visit["interval_mm3"]
    further = (margin - OVERLOOKED) * visit["mm3"] if visit["present"] else 0.0
    return bool(low <= truth <= high + further)


def _share(held: Iterable[bool]) -> list[float]:
    found = share(list(held))
    return [found.count, found.n, round(100 * found.low), round(100 * found.high)]
