"""Which pairs a study is made of: every pair follows from the protocol and its number alone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from scipy.spatial.transform import Rotation
from scipy.stats import qmc

from pipeline.phantom.case import Vector
from pipeline.validation.protocol import Protocol, Repositioning

LEAST_MM3 = 10.0
"""A residue smaller than this is not painted: the fragment has vanished or has not."""
_ALL_PAIRS = 10_000


class Kind(StrEnum):
    """What truly happens to a fragment."""

    CHANGED = "changed"
    UNCHANGED = "unchanged"
    COMPLETE = "complete"


@dataclass(frozen=True)
class Position:
    """How a patient lies at one visit: degrees about L, P, S; mm; and how far off the stacks are placed, mm."""

    rotation_deg: Vector
    translation_mm: Vector
    planning_mm: Vector


@dataclass(frozen=True)
class PairPlan:
    """One pair before it is made.

    Attributes
    ----------
    number
        0, 1, 2, … within the protocol.
    anatomy
        Number of the patient.
    baseline_mm3, followup_mm3
        Volumes asked for; 0 for none. What was painted is the truth.
    scans
        Names of the scans at both visits.
    positions
        How the patient lies at both visits.
    swapped
        Whether the visits also change places.
    seed
        Of everything else.
    """

    number: int
    anatomy: int
    kind: Kind
    baseline_mm3: float
    followup_mm3: float
    scans: tuple[str, str]
    positions: tuple[Position, Position]
    swapped: bool
    seed: int


def plan_pairs(protocol: Protocol, count: int) -> tuple[PairPlan, ...]:
    """The first pairs of a study.

    Kind, volume, change and scans come from a scrambled Halton sequence (Owen 2017), so that any number of pairs covers
    the ranges evenly; a longer study begins with the pairs of a shorter one.

    Parameters
    ----------
    protocol
        What to draw from.
    count
        Number of pairs, at most 10,000.
    """
    spread = qmc.Halton(6, scramble=True, seed=protocol.seed).random(min(count, _ALL_PAIRS))
    return tuple(_plan(protocol, number, spread[number].tolist()) for number in range(len(spread)))


def _plan(protocol: Protocol, number: int, even: list[float]) -> PairPlan:
    kind_at, volume_at, change_at, first_at, same_at, second_at = even
    rng = np.random.default_rng([protocol.seed, number])
    kind = _kind(protocol, kind_at)
    before = _volume(protocol, volume_at)
    names = tuple(protocol.scans)
    first = names[int(first_at * len(names))]
    same = len(names) == 1 or 100 * same_at < protocol.same_scan_percent
    others = [name for name in names if name != first]
    return PairPlan(
        number=number,
        anatomy=number // protocol.pairs_per_anatomy,
        kind=kind,
        baseline_mm3=before,
        followup_mm3=_after(protocol, kind, before, change_at),
        scans=(first, first if same else others[int(second_at * len(others))]),
        positions=_positions(rng, protocol.repositioning),
        swapped=protocol.swap_every > 0 and number % protocol.swap_every == 0,
        seed=int(rng.integers(1, 2**31)),
    )


def _kind(protocol: Protocol, at: float) -> Kind:
    complete, unchanged = protocol.truth.complete_percent, protocol.truth.unchanged_percent
    if 100 * at < complete:
        return Kind.COMPLETE
    return Kind.UNCHANGED if 100 * at < complete + unchanged else Kind.CHANGED


def _volume(protocol: Protocol, at: float) -> float:
    low, high = protocol.truth.volume_mm3
    return round(math.exp(math.log(low) + at * (math.log(high) - math.log(low))), 1)


def _after(protocol: Protocol, kind: Kind, before: float, at: float) -> float:
    if kind is Kind.COMPLETE:
        return 0.0
    if kind is Kind.UNCHANGED:
        return before
    low, high = protocol.truth.change_percent
    return max(LEAST_MM3, round(before * (1 + (low + at * (high - low)) / 100), 1))


def _positions(rng: np.random.Generator, reach: Repositioning) -> tuple[Position, Position]:
    """Half of the way between the visits to either side, so that neither lies straighter than the other."""
    axis, direction = rng.standard_normal((2, 3))
    turn = axis / np.linalg.norm(axis) * rng.uniform(0, reach.rotation_deg) / 2
    shift = direction / np.linalg.norm(direction) * rng.uniform(0, reach.translation_mm) / 2
    placed = rng.uniform(-reach.planning_mm, reach.planning_mm, (2, 3))
    first, second = (
        Position(
            _vector(Rotation.from_rotvec(side * turn, degrees=True).as_euler("xyz", degrees=True)),
            _vector(side * shift),
            _vector(own),
        )
        for side, own in zip((-1, 1), placed, strict=True)
    )
    return first, second


def _vector(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Vector:
    x, y, z = (round(float(v), 6) for v in values)
    return x, y, z
