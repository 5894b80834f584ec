"""Names for the discs: counted up from the sacrum, with a confidence drawn from the evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.errors import LevelError
from pipeline.findings import Finding, Severity
from pipeline.segmentation.discs import Disc
from pipeline.segmentation.instances import Spine
from pipeline.segmentation.lumbosacral import FITTED, Weighing, lumbosacral_chances
from pipeline.segmentation.names import bodies_above
from pipeline.segmentation.transitional import OPEN, Sign, transitional_finding, transitional_signs

USUAL_LOWEST = "L5/S1"
GAP_OF_A_LOST_DISC = 1.6
GAP_OF_A_FALSE_DISC = 0.5
SPLIT_GAP = 0.75
"""A disc that divides a usual distance in two parts, both shorter than this share of it, lies inside a vertebra."""
WHOLE_GAP = 1.3
LEAST_SACRUM_MM = 12.0
"""With less bone in view below the lowest disc, a vertebra cut by the edge of the image looks like a sacrum."""
SUREST = 0.97
"""No count from the sacrum is surer: about one spine in thirty has a vertebra more or less, or a transitional one that
does not look it."""
OVERRIDE_CONFIDENCE = 0.99
PER_LEVEL = 0.995
"""What each step up from the sacrum leaves of the confidence."""
PER_LOST_DISC = 0.6
"""What a disc that was not seen leaves of it for the names above."""
STRONG_DISC = 0.5
WEAKEST = 0.6


@dataclass(frozen=True)
class LevelNaming:
    """Names of the discs of one series.

    Attributes
    ----------
    discs
        Index into :attr:`Spine.discs` by level name, cranial to caudal.
    bodies
        Index into :attr:`Spine.bodies` by vertebra name, cranial to caudal; the sacrum is ``"S1"``.
    confidence
        Probability 0…1 that the name of each level is right, by name.
    counted_from
        ``"sacrum"`` or ``"override"``.
    transitional
        True when the lumbosacral junction looks transitional.
    sacral_from
        Index of the first body that belongs to the sacrum; the number of bodies when it is not in view.
    """

    discs: dict[str, int]
    bodies: dict[str, int]
    confidence: dict[str, float]
    counted_from: str
    transitional: bool
    sacral_from: int
    findings: tuple[Finding, ...]


def name_levels(spine: Spine, lowest_disc: str | None = None, weighing: Weighing = FITTED) -> LevelNaming:
    """Count the discs up from the sacrum.

    Parameters
    ----------
    spine
        Discs and bodies, cranial to caudal; at least one disc.
    lowest_disc
        Name of the lowest disc above the sacrum (of the lowest one in view, when the sacrum is not), given by the
        user; then nothing is inferred.
    weighing
        What the evidence for the lumbosacral disc counts for.

    Raises
    ------
    LevelError
        If the sacrum is not in view and ``lowest_disc`` is None.
    UsageError
        If ``lowest_disc`` is no name to count from.
    """
    chances = lumbosacral_chances(spine.discs, spine.bodies, spine.junctions, weighing)
    best = int(np.argmax(chances.discs))
    in_view = bool(chances.discs[best] > chances.none)
    if not in_view and lowest_disc is None:
        raise LevelError(_no_sacrum(spine))
    lowest = best if in_view else len(spine.discs) - 1
    findings: list[Finding] = []
    positions = _positions(spine.discs[: lowest + 1], findings)
    signs = transitional_signs(spine, lowest, chances) if in_view else ()
    if signs:
        findings.append(transitional_finding(signs))
    counted = _with_signs(min(float(chances.discs[lowest]), SUREST), signs)
    if in_view and spine.junctions[lowest].below_mm < LEAST_SACRUM_MM:
        findings.append(_barely_seen(spine.junctions[lowest].below_mm))
        counted = min(counted, OPEN)
    base = counted
    if lowest_disc is not None:
        findings.append(_overridden(lowest_disc, counted if in_view else None))
        base = OVERRIDE_CONFIDENCE
    names = _disc_names(positions, lowest_disc or USUAL_LOWEST)
    return LevelNaming(
        discs={name: k for k, name in names.items()},
        bodies=_body_names(names, len(spine.bodies), spine, lowest),
        confidence=_confidences(names, positions, spine.discs, base),
        counted_from="sacrum" if lowest_disc is None else "override",
        transitional=bool(signs),
        sacral_from=lowest + 1 if in_view else len(spine.bodies),
        findings=tuple(findings),
    )


def _no_sacrum(spine: Spine) -> str:
    n = len(spine.discs)
    seen = f"{n} discs are" if n != 1 else "1 disc is"
    return (
        f"{seen} in view but no sacrum below them, so they cannot be counted. Look at the "
        "images and name the lowest visible disc with --lowest-disc, for example --lowest-disc L5/S1."
    )


def _barely_seen(below_mm: float) -> Finding:
    return Finding(
        "sacrum-barely-in-view",
        Severity.WARNING,
        f"Only {below_mm:.0f} mm of the bone below the lowest disc are in view; whether it is the sacrum or a vertebra "
        "cut by the edge of the image is unsure. Look at the images and name the lowest visible disc with "
        "--lowest-disc.",
    )


def _with_signs(chance: float, signs: Sequence[Sign]) -> float:
    """The chance that the lowest disc is rightly named, where signs of transitional anatomy leave the name open."""
    for sign in signs:
        chance = min(chance * sign.factor, sign.most)
    return chance


def _overridden(lowest_disc: str, counted: float | None) -> Finding:
    """Record an override with what the count would have been (``counted``: its confidence; None without a sacrum)."""
    by_itself = (
        f"counted from the sacrum it would be {USUAL_LOWEST}, with a confidence of {counted:.2f}"
        if counted is not None
        else "no sacrum is in view to count from"
    )
    return Finding(
        "lowest-disc-overridden",
        Severity.INFO,
        f"The lowest disc was named {lowest_disc} by the user, and levels are counted up from it; {by_itself}.",
    )


def _positions(discs: Sequence[Disc], findings: list[Finding]) -> list[int | None]:
    """How many levels each disc lies above the lowest one; None for a disc that is none."""
    positions: list[int | None] = [None] * len(discs)
    positions[-1] = 0
    real = [k for k in range(len(discs)) if not _splits_a_vertebra(discs, k)]
    findings.extend(_false_disc(_gap(discs, k, k + 1)) for k in range(len(discs)) if k not in real)
    for place in range(len(real) - 2, -1, -1):
        k = real[place]
        last = next(j for j in real if j > k and positions[j] is not None)
        gap, usual = _gap(discs, k, last), _usual_gap([discs[j] for j in real], place)
        if gap < GAP_OF_A_FALSE_DISC * usual:
            findings.append(_false_disc(gap))
            continue
        steps = 2 if gap > GAP_OF_A_LOST_DISC * usual else 1
        if steps > 1:
            findings.append(_lost_disc(gap))
        positions[k] = (positions[last] or 0) + steps
    return positions


def _gap(discs: Sequence[Disc], k: int, other: int) -> float:
    return float(np.linalg.norm(discs[k].centre - discs[other].centre))


def _splits_a_vertebra(discs: Sequence[Disc], k: int) -> bool:
    """Whether disc ``k`` divides a usual distance between its neighbours in two."""
    if not 0 < k < len(discs) - 1:
        return False
    usual = float(np.median([_gap(discs, j, j + 1) for j in range(len(discs) - 1)]))
    above, below = _gap(discs, k - 1, k), _gap(discs, k, k + 1)
    return max(above, below) < SPLIT_GAP * usual and above + below < WHOLE_GAP * usual


def _usual_gap(discs: Sequence[Disc], k: int) -> float:
    """Median distance between neighbouring discs near disc ``k``, its own gap left out where others exist."""
    gaps = np.linalg.norm(np.diff([disc.centre for disc in discs], axis=0), axis=1)
    near = [float(gaps[j]) for j in range(max(0, k - 3), min(len(gaps), k + 4)) if j != k]
    return float(np.median(near)) if near else 35.0


def _false_disc(gap: float) -> Finding:
    return Finding(
        "disc-ignored",
        Severity.WARNING,
        f"Something that looks like a disc lies only {gap:.0f} mm above another disc; it was not counted as a level.",
    )


def _lost_disc(gap: float) -> Finding:
    return Finding(
        "disc-not-seen",
        Severity.WARNING,
        f"Two neighbouring discs lie {gap:.0f} mm apart: one disc between them was not seen, perhaps a fused level. "
        "It was counted, and the names above it are less sure.",
    )


def _disc_names(positions: Sequence[int | None], lowest_disc: str) -> dict[int, str]:
    """Name of every counted disc by its index, cranial to caudal."""
    available = bodies_above(lowest_disc)
    below = (lowest_disc.partition("/")[2], *available)
    return {k: f"{available[p]}/{below[p]}" for k, p in enumerate(positions) if p is not None and p < len(available)}


def _body_names(names: dict[int, str], bodies: int, spine: Spine, lowest: int) -> dict[str, int]:
    """Bodies by name: each disc names the body above it, and the lowest disc also the one below."""
    result: dict[str, int] = {}
    for k, name in names.items():
        if spine.bodies[k].voxels:
            result[name.partition("/")[0]] = k
    if lowest in names and lowest + 1 < bodies and spine.bodies[lowest + 1].voxels:
        result[names[lowest].partition("/")[2]] = lowest + 1
    return result


def _confidences(
    names: dict[int, str], positions: Sequence[int | None], discs: Sequence[Disc], base: float
) -> dict[str, float]:
    """Confidence of every name: the base, less for each step up and much less above a disc that was not seen."""
    result = {}
    for k, name in names.items():
        position = positions[k] or 0
        counted = sum(1 for other in names if other > k)
        lost = position - counted
        weak = float(np.clip(discs[k].strength / STRONG_DISC, WEAKEST, 1.0))
        result[name] = float(np.clip(base * PER_LEVEL**counted * PER_LOST_DISC**lost * weak, 0.0, 1.0))
    return result
