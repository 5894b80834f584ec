"""Which pairs of visits are made of which patient: fixed seeds, every size, zone, brightness and kind of change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from training.evaluation.canal_room import CanalRoom
from training.evaluation.fragments import FORMS, LATERAL_MM, MIGRATION_MM, reachable
from training.evaluation.paste import SMALLEST_MM3, Wanted
from training.evaluation.real import Patient

VOLUMES_MM3 = (230.0, 400.0, 650.0, 1000.0, 1500.0, 2300.0)
ZONES = ("central", "subarticular", "central", "foraminal", "subarticular", "central")
PREFERENCE = {"L4/L5": 1.5, "L5/S1": 1.0, "L3/L4": 1.0, "L2/L3": 0.3}
"""Weight of each level in the draw."""
FIRST_SEED = 100
"""Seeds of pasted fragments begin here, so that none is a fragment of the other part."""
LEAST_LEFT_MM3 = SMALLEST_MM3 + 10.0


class Kind(StrEnum):
    """What becomes of the fragment between the visits."""

    SHRUNK = "shrunk"
    STAYED = "stayed"
    VANISHED = "vanished"
    GROWN = "grown"
    NONE = "none"


CHANGES: Mapping[Kind, tuple[tuple[float, float], ...]] = {
    Kind.SHRUNK: ((-0.5, -0.15), (-0.85, -0.5)),
    Kind.STAYED: ((0.0, 0.0),),
    Kind.VANISHED: ((-1.0, -1.0),),
    Kind.GROWN: ((0.1, 0.4),),
    Kind.NONE: ((0.0, 0.0),),
}
"""Bounds of the change as a share of the first volume; the first two shrunk ones of a patient take one each."""


@dataclass(frozen=True)
class PairWanted:
    """One pair to make.

    Attributes
    ----------
    number
        Of the pair within its patient.
    level
        Whose disc is measured.
    baseline, followup
        The fragment at either visit; None where there is none.
    """

    number: int
    kind: Kind
    level: str
    baseline: Wanted | None
    followup: Wanted | None


def wanted_pairs(patient: Patient, rooms: Mapping[str, CanalRoom]) -> list[PairWanted]:
    """Six pairs of a patient, behind discs that are not graded herniated; the first in the narrowest canal."""
    rng = np.random.default_rng((patient.number, 904))
    levels = [name for name in rooms if not (name in patient.gradings and patient.gradings[name].herniated)]
    if not levels:
        return []
    narrowest = min(levels, key=lambda name: rooms[name].depth_mm)
    weights = np.array([PREFERENCE[name] for name in levels])
    count = len(VOLUMES_MM3)
    volumes, brightness = rng.permutation(VOLUMES_MM3), rng.permutation(np.linspace(0.25, 0.8, count))
    kinds, zones = rng.permutation([str(kind) for kind in _kinds(patient.number)]), rng.permutation(ZONES)
    result: list[PairWanted] = []
    for k in range(count):
        kind = Kind(kinds[k])
        level = narrowest if k == 0 else str(rng.choice(levels, p=weights / weights.sum()))
        side = float(rng.choice([-1.0, 1.0]))
        low, high = MIGRATION_MM[int(rng.integers(len(MIGRATION_MM)))]
        first = Wanted(
            level=level,
            volume_mm3=float(volumes[k]),
            lateral_mm=reachable(side * float(rng.uniform(*LATERAL_MM[zones[k]])), patient, rooms[level]),
            migration_mm=float(rng.uniform(low, high)),
            form=FORMS[k % len(FORMS)],
            brightness=float(brightness[k]),
            line_mm=float(rng.uniform(0.5, 1.1)) if rng.random() < 0.6 else 0.0,
            seed=FIRST_SEED + k,
        )
        nth = sum(one.kind is kind for one in result)
        second = _later(rng, first, kind, nth)
        shown = None if kind is Kind.NONE else first
        result.append(PairWanted(k, kind, level, shown, None if kind in {Kind.NONE, Kind.VANISHED} else second))
    return result


def _kinds(number: int) -> tuple[Kind, ...]:
    last = Kind.NONE if number % 3 == 0 else Kind.STAYED
    return Kind.SHRUNK, Kind.STAYED, Kind.VANISHED, Kind.GROWN, Kind.SHRUNK, last


def _later(rng: np.random.Generator, first: Wanted, kind: Kind, nth: int) -> Wanted:
    """The same form in the same place with another volume, and now and then a little brighter or darker."""
    bounds = CHANGES[kind]
    share = 1.0 + float(rng.uniform(*bounds[nth % len(bounds)]))
    tint = float(rng.uniform(0.88, 1.12)) if rng.random() < 0.5 else 1.0
    volume = first.volume_mm3 * share
    if kind is Kind.SHRUNK:
        volume = max(volume, LEAST_LEFT_MM3)
    return replace(first, volume_mm3=volume, brightness=float(np.clip(first.brightness * tint, 0.22, 0.85)))
