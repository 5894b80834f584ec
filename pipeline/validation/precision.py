"""The precision profile of a study, in the format that the measurement reads.

A grid of volume, slice distance, brightness and signal-to-noise ratio has far more cells than a study has visits in
them. So the figures of a cell are those of all visits, weighed by how near they are, from as wide a neighbourhood as it
takes to have :data:`ENOUGH` of them. Then all spreads are multiplied by one factor, found on pairs that had no part in
the figures they are judged by (:mod:`pipeline.validation.calibration`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from itertools import product
from typing import Any

import numpy as np

from pipeline import __version__
from pipeline.config import MeasurementSettings
from pipeline.measurement.precision import Contrast, PrecisionCell, PrecisionProfile
from pipeline.measurement.precision.cell import CONTRASTS
from pipeline.measurement.precision.profile import VERSION
from pipeline.measurement.precision.table import NEAR
from pipeline.measurement.profiled import BLANK_QUANTILE
from pipeline.segmentation.network import weights_sha256
from pipeline.validation.calibration import DRAWS, Factors, calibrated
from pipeline.validation.lessons import Lessons, Vector, lessons
from pipeline.validation.local import Spot, middle, near, shrunk, spread
from pipeline.validation.outcome import PairOutcome
from pipeline.validation.protocol import Protocol
from pipeline.validation.rejudge import rejudged

VOLUMES_MM3 = (75.0, 150.0, 300.0, 600.0, 1200.0, 2400.0)
DARK, BRIGHT = 0.4, 0.6
"""Signal of a fragment as a share of that of CSF at which it counts as darker or brighter than the middle."""
ENOUGH = 24.0
"""Visits or pairs that the figures of a cell rest on, neighbours included."""
ENOUGH_MISSED = 10.0
LEAST = 3
LEAST_OF_CLASS = 8.0
"""Fragments of a brightness, or nearly, for it to have cells of its own."""
NARROW = 0.7
"""Width of the kernel for missed fragments: they are missed for being small, and their neighbours are not."""
LIKE_EACH_OTHER = 1.3
"""Signal-to-noise ratios within this factor are one."""
FLOOR_OF_ALL = 8.0
"""Weight of the visits of all slice distances, in visits, where those of one say what is measured of nothing."""
SAME_PITCH_MM = 0.5
BLANKS = 0.99
"""Share of empty measurements that the limit of blank lies above: so many vanished fragments are to be called so."""
GAIN = (0.1, 20.0)
"""True over measured volume; beyond this a bias is no bias."""


def cells_of(outcomes: Sequence[PairOutcome], settings: MeasurementSettings | None = None) -> tuple[PrecisionCell, ...]:
    """The profile's cells from usable pairs, sorted; none from too few."""
    return profile_cells(outcomes, settings)[0]


def profile_cells(
    outcomes: Sequence[PairOutcome], settings: MeasurementSettings | None = None
) -> tuple[tuple[PrecisionCell, ...], Factors]:
    """The cells, and the factors that are in them.

    Which fragments count as seen, and by how much the direct change moves their volumes, depends a little on the
    profile that the pairs were judged with. So they are judged anew with a first profile of theirs, and the second is
    taken.
    """
    settings = settings or MeasurementSettings()
    first = raw_cells(outcomes)
    if not first:
        return (), Factors()
    quick = settings.model_copy(update={"draws": DRAWS})
    anew = rejudged(outcomes, quick, PrecisionProfile(first, {"provisional": False}))
    factors = calibrated(anew, settings, raw_cells)
    return tuple(factors.on(cell) for cell in raw_cells(anew)), factors


def raw_cells(outcomes: Sequence[PairOutcome]) -> tuple[PrecisionCell, ...]:
    """The cells before their spreads are calibrated."""
    known = lessons(outcomes)
    if len(known.errors) < LEAST or len(known.changes) < LEAST:
        return ()
    places = product(_pitches(known), _classes(known), _snrs(known), _volumes(known))
    return tuple(_cell(known, pitch, contrast, snr, volume) for pitch, contrast, snr, volume in places)


def profile_of(outcomes: Sequence[PairOutcome], settings: MeasurementSettings | None = None) -> PrecisionProfile | None:
    """The profile, ready to be asked; None from too few pairs."""
    cells = cells_of(outcomes, settings)
    return PrecisionProfile(cells, {"provisional": False}) if cells else None


def profile_json(cells: Sequence[PrecisionCell], factors: Factors, pairs: int, protocol: Protocol) -> str:
    """The file that ``measurement.precision_profile`` names, made from so many pairs."""
    data: dict[str, Any] = {
        "version": VERSION,
        "made_with": {
            "discdelta": __version__,
            "weights_sha256": weights_sha256(),
            "protocol": protocol.name,
            "protocol_sha256": protocol.sha256(),
            "pairs": pairs,
            "calibration": {name: round(value, 4) for name, value in asdict(factors).items()},
            "provisional": False,
        },
        "cells": [asdict(cell) for cell in cells],
    }
    return json.dumps(data, indent=1) + "\n"


def brightness_class(ratio: float) -> Contrast:
    """Class of a fragment by its signal as a share of that of CSF."""
    return Contrast.DARK if ratio < DARK else Contrast.MIDDLE if ratio <= BRIGHT else Contrast.BRIGHT


def _pitches(known: Lessons) -> list[float]:
    return sorted({round(float(pitch), 1) for pitch in known.pitches_mm})


def _classes(known: Lessons) -> list[Contrast]:
    """Classes that the study has fragments of; the nearest one where it has few of any."""
    apart = {
        contrast: np.abs(known.missed.brightness - CONTRASTS[contrast.value]) <= (BRIGHT - DARK) / 2
        for contrast in Contrast
    }
    found = [contrast for contrast, members in apart.items() if members.sum() >= LEAST_OF_CLASS]
    return found or [max(apart, key=lambda contrast: int(apart[contrast].sum()))]


def _snrs(known: Lessons) -> list[float]:
    """One signal-to-noise ratio, or two where the study has unlike ones."""
    if not len(known.snrs):
        return [1.0]
    low, high = (float(np.quantile(known.snrs, q)) for q in (0.2, 0.8))
    return [low, high] if high > LIKE_EACH_OTHER * low else [float(np.median(known.snrs))]


def _volumes(known: Lessons) -> list[float]:
    """Of the usual volumes those that the study has around it."""
    seen = 2 ** (known.missed.place[:, 0] * NEAR[0])
    low, high = float(np.quantile(seen, 0.02)), float(np.quantile(seen, 0.98))
    inside = [volume for volume in VOLUMES_MM3 if low / np.sqrt(2) <= volume <= high * np.sqrt(2)]
    return inside or [float(np.median(seen))]


def _cell(known: Lessons, pitch_mm: float, contrast: Contrast, snr: float, volume_mm3: float) -> PrecisionCell:
    place = np.array([np.log2(volume_mm3), pitch_mm, np.log2(snr)]) / NEAR
    spot = Spot(place, CONTRASTS[contrast.value])
    around = near(known.errors, spot, ENOUGH)
    located = middle(known.errors.value, around.weight)
    location = shrunk(located, spread(known.errors.value, around.weight, located), around.count)
    deviation = spread(known.errors.value, around.weight, location)
    offset = float(np.average(known.errors.offset, weights=around.weight))
    gain = float(np.clip(((volume_mm3 + offset) * np.exp(location) - offset) / volume_mm3, *GAIN))
    pairs = near(known.changes, spot, ENOUGH)
    changed = spread(known.changes.value, pairs.weight, 0.0) * (volume_mm3 + offset) / volume_mm3
    unseen = near(known.missed, spot, ENOUGH_MISSED, width=NARROW)
    return PrecisionCell(
        volume_mm3=volume_mm3,
        thickness_mm=pitch_mm,
        contrast=contrast,
        snr=round(snr, 2),
        n=max(LEAST, round(min(around.count, pairs.count))),
        bias_percent=round(100 * (1 / gain - 1), 3),
        sd_percent=round(100 * deviation * (volume_mm3 + offset) / volume_mm3 / gain, 3),
        sd_floor_mm3=round(_floor(known.floors, pitch_mm), 3),
        change_sd_percent=round(100 * changed / gain, 3),
        missed_share=round(float(np.average(known.missed.value, weights=unseen.weight)), 4),
    )


def _floor(floors: Vector, pitch_mm: float) -> float:
    """Standard deviation of what is measured of nothing, in slices like these, mm³.

    Root mean square, drawn towards that of all slices. What is measured of nothing has longer tails than a normal law,
    and the limit of blank is taken from this figure. So it is at least so large that the limit lies above 99 % of what
    was measured of nothing, by ranks (CLSI EP17-A2); see :func:`reached`.
    """
    if len(floors) < LEAST:
        return 0.0
    squares = floors[:, 1] ** 2

    def typical(pitch: float) -> float:
        own = squares[np.abs(floors[:, 0] - pitch) < SAME_PITCH_MM]
        return float(np.sqrt((own.sum() + FLOOR_OF_ALL * squares.mean()) / (len(own) + FLOOR_OF_ALL)))

    here = typical(pitch_mm)
    if here == 0:
        return 0.0
    relative = np.array([measured / typical(float(pitch)) for pitch, measured in floors])
    return here * max(1.0, reached(relative) / BLANK_QUANTILE)


def reached(readings: Vector) -> float:
    """What :data:`BLANKS` of such readings do not exceed.

    By ranks where there are enough. Of fewer, even the largest lies below it more often than not: the tail is taken for
    exponential, whose largest of n is expected at the harmonic number of n times its scale (Rényi 1953).
    """
    count = len(readings)
    rank = int(np.ceil((count + 1) * BLANKS))
    if rank <= count:
        return float(np.sort(readings)[rank - 1])
    harmonic = float((1 / np.arange(1, count + 1)).sum())
    return float(readings.max()) * max(1.0, -float(np.log(1 - BLANKS)) / harmonic)
