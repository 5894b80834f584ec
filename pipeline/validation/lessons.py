"""What a study teaches about precision: one row per visit and per pair, filed by what a measurement knows of itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.measurement.judging import seen_alike
from pipeline.measurement.precision import Contrast, PrecisionCell, PrecisionProfile
from pipeline.measurement.precision.table import NEAR
from pipeline.measurement.profiled import View
from pipeline.measurement.uncertainty import FLOOR_SHARE, apart_sd_mm3
from pipeline.validation.outcome import PairOutcome, visits

Vector = NDArray[np.float64]
NEUTRAL = PrecisionProfile((PrecisionCell(800, 4.4, Contrast.MIDDLE, 15, 100, 0, 0, 0, 0, 0),), {"provisional": True})
"""Adds nothing: what a study teaches depends on no profile that there was before."""
CORRELATION = 0.8
"""Of the border errors of visits that are alike (``measurement.boundary_correlation``)."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of one kind.

    Attributes
    ----------
    place
        (n, 3): log2 volume, slice distance, log2 signal-to-noise ratio, in the steps that weigh alike when a profile is
        read.
    brightness
        (n,): of the fragment against CSF.
    value
        (n,): what was found.
    weight
        (n,): how much the row counts.
    offset
        (n,): mm³ added to volumes before their logarithm is taken.
    """

    place: Vector
    brightness: Vector
    value: Vector
    weight: Vector
    offset: Vector

    def __len__(self) -> int:
        return len(self.value)


@dataclass(frozen=True, eq=False)
class Lessons:
    """Everything that a profile is made from.

    Attributes
    ----------
    errors
        Fragments that were seen, by the volume that was measured; value: log((true + c) / (measured + c)).
    missed
        All fragments, by their true volume; value: 1 where none was reported.
    changes
        Pairs, by the mean of both measured volumes; value: by how much the logarithmic errors of the visits differ, as
        it would be were the visits alike. Of pairs with a fragment at both visits, where there are any. What both
        visits get wrong alike is left out: it makes no change out of none, and is in the error of the volumes.
    floors
        Visits without a fragment: (n, 2) slice distance and what was measured, mm³.
    pitches_mm, snrs
        Of all visits.
    """

    errors: Rows
    missed: Rows
    changes: Rows
    floors: Vector
    pitches_mm: Vector
    snrs: Vector


def lessons(outcomes: Sequence[PairOutcome]) -> Lessons:
    """Rows of the usable pairs."""
    good = [one for one in outcomes if one.refused is None and one.usable]
    errors: list[tuple[float, ...]] = []
    missed: list[tuple[float, ...]] = []
    floors: list[tuple[float, float]] = []
    changes: dict[bool, list[tuple[float, ...]]] = {True: [], False: []}
    views: list[View] = []
    for one in good:
        seen, ratio = _seen(one)
        views += seen
        offs: list[float] = []
        for visit, view in zip(visits(one), seen, strict=True):
            measured = visit.measured_mm3 or 0.0
            offset = 2 * FLOOR_SHARE * (visit.limit_mm3 or 0.0)
            offs.append(float(np.log((visit.true_mm3 + offset) / (measured + offset))))
            if visit.true_mm3 <= 0:
                floors.append((view.pitch_mm, measured))
                continue
            missed.append(_row(visit.true_mm3, view, 0.0 if visit.present else 1.0, 1.0, offset))
            if visit.present:
                errors.append(_row(measured, view, offs[-1], 1.0, offset))
        mean = sum(visit.measured_mm3 or 0.0 for visit in visits(one)) / 2
        if mean > 0:
            both = bool(one.baseline.present and one.followup.present)
            apart = (offs[1] - offs[0]) / ratio
            changes[both] += [_row(mean, view, apart, 0.5, _offset(one)) for view in seen]
    return Lessons(
        errors=_rows(errors),
        missed=_rows(missed),
        changes=_rows(changes[True] or changes[False]),
        floors=np.array(floors, dtype=np.float64).reshape(-1, 2),
        pitches_mm=np.array([view.pitch_mm for view in views], dtype=np.float64),
        snrs=np.array([view.snr for view in views if view.snr], dtype=np.float64),
    )


def _seen(one: PairOutcome) -> tuple[tuple[View, View], float]:
    """How both visits saw the fragment, and by how much more than alike ones their errors differ.

    As measured where the pair keeps it, for that is what a measurement will ask the profile with; by the scanner's card
    and the truth otherwise.
    """
    cards = tuple(View(visit.pitch_mm, visit.brightness, visit.snr) for visit in (one.baseline, one.followup))
    if one.evidence is None:
        return (cards[0], cards[1]), 1.0
    first, second = seen_alike(one.evidence, NEUTRAL)
    alike = CORRELATION * one.evidence.alike
    plain, ideal = (apart_sd_mm3(first.spread, second.spread, share) for share in (alike, CORRELATION))
    known = [_completed(measured.view, card) for measured, card in zip((first, second), cards, strict=True)]
    return (known[0], known[1]), plain / ideal if ideal > 0 else 1.0


def _offset(one: PairOutcome) -> float:
    return sum(FLOOR_SHARE * (visit.limit_mm3 or 0.0) for visit in visits(one))


def _completed(view: View | None, card: View) -> View:
    if view is None:
        return card
    return View(view.pitch_mm, card.brightness if view.brightness is None else view.brightness, view.snr or card.snr)


def _row(volume_mm3: float, view: View, value: float, weight: float, offset: float) -> tuple[float, ...]:
    place = np.array([np.log2(max(volume_mm3, 1.0)), view.pitch_mm, np.log2(view.snr or 1.0)]) / NEAR
    return (*(float(v) for v in place), view.brightness or 0.0, value, weight, offset)


def _rows(rows: list[tuple[float, ...]]) -> Rows:
    table = np.array(rows, dtype=np.float64).reshape(-1, 7)
    return Rows(table[:, :3], table[:, 3], table[:, 4], table[:, 5], table[:, 6])
