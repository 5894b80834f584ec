"""The precision profile of a study, in the format that the measurement reads.

One cell per volume, slice pitch, brightness and signal-to-noise ratio; cells with few measurements are pooled over the
signal-to-noise ratios of their pitch.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from pipeline import __version__
from pipeline.measurement.precision import Contrast, PrecisionCell
from pipeline.measurement.precision.profile import VERSION
from pipeline.segmentation.network import weights_sha256
from pipeline.validation.outcome import PairOutcome, VisitOutcome
from pipeline.validation.protocol import Protocol
from pipeline.validation.summary import visits, volume_error_percent

EDGES_MM3 = (60.0, 150.0, 300.0, 600.0, 1200.0, 2400.0)
"""Volumes at which one cell ends and the next begins, mm³."""
DARK, BRIGHT = 0.4, 0.6
"""Signal of a fragment as a share of that of CSF at which it counts as darker or brighter than the middle."""
ENOUGH = 8
"""Measurements that a cell needs to stand alone."""
LEAST = 3

Key = tuple[int, float, Contrast, float]
"""Volume bin, pitch in mm, brightness, signal-to-noise ratio."""


def cells_of(outcomes: Sequence[PairOutcome]) -> tuple[PrecisionCell, ...]:
    """The profile's cells from usable pairs, sorted."""
    good = [one for one in outcomes if one.refused is None and one.usable]
    measured: dict[Key, list[VisitOutcome]] = defaultdict(list)
    for one in good:
        for visit in visits(one):
            if visit.true_mm3 > 0:
                measured[_key(visit, visit.true_mm3)].append(visit)
    changes: dict[Key, list[float]] = defaultdict(list)
    for one in good:
        error, mean = _change_error(one)
        for key in {_key(visit, mean) for visit in visits(one)}:
            changes[key].append(error)
    floors = [visit for one in good for visit in visits(one) if visit.true_mm3 == 0]
    seen: dict[int, list[float]] = defaultdict(list)
    for key, members in measured.items():
        seen[key[0]] += _errors(members)
    cells = [_cell(key, members, changes, floors, seen) for key, members in _pooled(measured).items()]
    known = [cell for cell in cells if cell is not None]
    return tuple(sorted(known, key=lambda cell: (cell.thickness_mm, cell.contrast, cell.snr, cell.volume_mm3)))


def profile_json(outcomes: Sequence[PairOutcome], protocol: Protocol) -> str:
    """The file that ``measurement.precision_profile`` names."""
    data: dict[str, Any] = {
        "version": VERSION,
        "made_with": {
            "discdelta": __version__,
            "weights_sha256": weights_sha256(),
            "protocol": protocol.name,
            "protocol_sha256": protocol.sha256(),
            "pairs": len(outcomes),
            "provisional": False,
        },
        "cells": [asdict(cell) for cell in cells_of(outcomes)],
    }
    return json.dumps(data, indent=1) + "\n"


def brightness_class(ratio: float) -> Contrast:
    """Class of a fragment by its signal as a share of that of CSF."""
    return Contrast.DARK if ratio < DARK else Contrast.MIDDLE if ratio <= BRIGHT else Contrast.BRIGHT


def _key(visit: VisitOutcome, volume_mm3: float) -> Key:
    place = int(np.searchsorted(EDGES_MM3, volume_mm3, side="right"))
    return place, visit.pitch_mm, brightness_class(visit.brightness), visit.snr


def _change_error(one: PairOutcome) -> tuple[float, float]:
    """Error of the change in percent of the mean true volume, and that volume in mm³."""
    mean = (one.baseline.true_mm3 + one.followup.true_mm3) / 2
    return 100 * ((one.delta_mm3 or 0.0) - one.true_delta_mm3) / mean, mean


def _pooled(measured: dict[Key, list[VisitOutcome]]) -> dict[Key, list[VisitOutcome]]:
    """Cells with enough measurements alone; the others of one volume, pitch and brightness together."""
    out = {key: members for key, members in measured.items() if len(members) >= ENOUGH}
    rest: dict[tuple[int, float, Contrast], list[VisitOutcome]] = defaultdict(list)
    for key, members in measured.items():
        if key not in out:
            rest[key[:3]] += members
    for (place, pitch, brightness), members in rest.items():
        out[(place, pitch, brightness, _geometric_mean([visit.snr for visit in members]))] = members
    return out


def _errors(members: Sequence[VisitOutcome]) -> list[float]:
    """Errors of the fragments that were seen, percent."""
    return [error for error in map(volume_error_percent, members) if error is not None]


def _cell(
    key: Key,
    members: list[VisitOutcome],
    changes: dict[Key, list[float]],
    floors: list[VisitOutcome],
    seen: dict[int, list[float]],
) -> PrecisionCell | None:
    """One cell; where nearly all its fragments were missed, with the errors of all of its volume or the next one."""
    own = _errors(members)
    errors = next((e for e in (own, seen[key[0]], seen[key[0] + 1]) if len(e) >= LEAST), [])
    if len(members) < LEAST or not errors:
        return None
    sd = float(np.std(errors, ddof=1))
    snrs = {visit.snr for visit in members}
    return PrecisionCell(
        volume_mm3=round(_geometric_mean([visit.true_mm3 for visit in members]), 1),
        thickness_mm=key[1],
        contrast=key[2],
        snr=round(key[3], 2),
        n=len(members),
        bias_percent=round(float(np.mean(errors)), 3),
        sd_percent=round(sd, 3),
        sd_floor_mm3=round(_floor(key[1], snrs, floors), 3),
        change_sd_percent=round(_change_sd(key, snrs, changes, sd * math.sqrt(2)), 3),
        missed_share=round(1 - len(own) / len(members), 4),
    )


def _change_sd(key: Key, snrs: set[float], changes: dict[Key, list[float]], otherwise: float) -> float:
    """From the narrowest set of pairs that is large enough: the cell, its pitch, its volume; else ``otherwise``."""
    wider: tuple[Callable[[Key], bool], ...] = (
        lambda k: k[:3] == key[:3] and k[3] in snrs,
        lambda k: k[:2] == key[:2],
        lambda k: k[0] == key[0],
    )
    for belongs in wider:
        errors = [error for k, found in changes.items() if belongs(k) for error in found]
        if len(errors) >= ENOUGH:
            return float(np.std(errors, ddof=1))
    return otherwise


def _floor(pitch_mm: float, snrs: set[float], floors: list[VisitOutcome]) -> float:
    """From visits without a fragment scanned alike; of the same pitch; of all. 0 where there are too few."""
    alike = [visit for visit in floors if visit.pitch_mm == pitch_mm]
    for members in ([visit for visit in alike if visit.snr in snrs], alike, floors):
        if len(members) >= LEAST:
            return float(np.std([visit.measured_mm3 or 0.0 for visit in members], ddof=1))
    return 0.0


def _geometric_mean(values: Sequence[float]) -> float:
    return float(np.exp(np.mean(np.log(values))))
