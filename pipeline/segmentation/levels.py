"""Names for the discs: counted up from the sacrum, with a confidence drawn from the evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import LevelError
from pipeline.findings import Finding, Severity
from pipeline.segmentation.bodies import Body
from pipeline.segmentation.discs import Disc
from pipeline.segmentation.instances import Spine
from pipeline.segmentation.names import bodies_above

USUAL_LOWEST = "L5/S1"
SACRUM_SHARE = 0.5
"""Share of sacrum among a body's bone from which it is taken for sacrum."""
SACRUM_HEIGHT_MM = 18.0
"""So much of S1 must be seen for full trust in the count."""
GAP_OF_A_LOST_DISC = 1.6
GAP_OF_A_FALSE_DISC = 0.5
FULL_DISC_DEPTH_MM = 20.0
FULL_DISC_HEIGHT_MM = 4.5
UNSURE_SHARE = (0.25, 0.75)
OVERRIDE_CONFIDENCE = 0.99
FLAT_SACRUM_DEGREES = 12.0


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


def name_levels(spine: Spine, lowest_disc: str | None = None) -> LevelNaming:
    """Count the discs up from the sacrum.

    Parameters
    ----------
    spine
        Discs and bodies, cranial to caudal; at least one disc.
    lowest_disc
        Name of the lowest disc above the sacrum (of the lowest one in view, when the sacrum is not), given by the
        user; then nothing is inferred.

    Raises
    ------
    LevelError
        If the sacrum is not in view and ``lowest_disc`` is None.
    UsageError
        If ``lowest_disc`` is no name to count from.
    """
    shares = [_sacrum_share(body) for body in spine.bodies]
    lowest = _lumbosacral(shares)
    findings: list[Finding] = []
    if lowest is None and lowest_disc is None:
        raise LevelError(
            f"{len(spine.discs)} discs are in view but no sacrum below them, so they cannot be counted. Look at the "
            "images and name the lowest visible disc with --lowest-disc, for example --lowest-disc L5/S1."
        )
    if lowest is None:
        lowest = len(spine.discs) - 1
    positions = _positions(spine.discs[: lowest + 1], findings)
    transitional = _transitional(spine, shares, lowest, findings)
    if lowest_disc is not None:
        findings.append(
            Finding(
                "lowest-disc-overridden",
                Severity.INFO,
                f"The lowest disc was named {lowest_disc} by the user; levels are counted up from it, "
                "not from the sacrum.",
            )
        )
        base = OVERRIDE_CONFIDENCE
    else:
        base = _base_confidence(spine, shares, lowest, transitional)
    names = _disc_names(positions, lowest_disc or USUAL_LOWEST)
    return LevelNaming(
        discs={name: k for k, name in names.items()},
        bodies=_body_names(names, len(spine.bodies), spine, lowest),
        confidence=_confidences(names, positions, spine.discs, base),
        counted_from="sacrum" if lowest_disc is None else "override",
        transitional=transitional,
        sacral_from=lowest + 1 if shares[lowest + 1] >= SACRUM_SHARE else len(spine.bodies),
        findings=tuple(findings),
    )


def _sacrum_share(body: Body) -> float:
    bone = body.vertebra_share + body.sacrum_share
    return body.sacrum_share / bone if body.voxels and bone > 0 else 0.0


def _lumbosacral(shares: Sequence[float]) -> int | None:
    """Index of the disc with vertebra above and sacrum below it: the cut that contradicts least; None without one."""
    if max(shares) < SACRUM_SHARE:
        return None
    values = np.array(shares)
    costs = [values[: k + 1].sum() + (1.0 - values[k + 1 :]).sum() for k in range(len(values) - 1)]
    lowest = int(np.argmin(costs))
    return lowest if values[lowest + 1] >= SACRUM_SHARE > values[lowest] else None


def _positions(discs: Sequence[Disc], findings: list[Finding]) -> list[int | None]:
    """How many levels each disc lies above the lowest one; None for a disc that is none."""
    positions: list[int | None] = [None] * len(discs)
    positions[-1] = 0
    last = len(discs) - 1
    for k in range(len(discs) - 2, -1, -1):
        gap = float(np.linalg.norm(discs[k].centre - discs[last].centre))
        usual = _usual_gap(discs, k)
        if gap < GAP_OF_A_FALSE_DISC * usual:
            findings.append(_false_disc(gap))
            continue
        steps = 2 if gap > GAP_OF_A_LOST_DISC * usual else 1
        if steps > 1:
            findings.append(_lost_disc(gap))
        positions[k] = (positions[last] or 0) + steps
        last = k
    return positions


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


def _transitional(spine: Spine, shares: Sequence[float], lowest: int, findings: list[Finding]) -> bool:
    """Whether the lumbosacral junction is ambiguous, with what was seen."""
    seen = []
    for disc in spine.discs[lowest + 1 : lowest + 2]:
        if disc.depth_mm >= FULL_DISC_DEPTH_MM and disc.height_mm >= FULL_DISC_HEIGHT_MM:
            size = f"{disc.depth_mm:.0f} mm deep, {disc.height_mm:.0f} mm high"
            seen.append(f"a full disc ({size}) below the first sacral body")
    doubtful = [k for k in (lowest, lowest + 1) if UNSURE_SHARE[0] < shares[k] < UNSURE_SHARE[1]]
    if doubtful:
        place = "above" if doubtful[0] == lowest else "below"
        seen.append(
            f"the body {place} the lowest disc is neither clearly lumbar nor clearly sacral ({shares[doubtful[0]]:.0%})"
        )
    if seen:
        findings.append(
            Finding(
                "transitional-anatomy",
                Severity.WARNING,
                f"The lumbosacral junction may be transitional: {' and '.join(seen)}. Check the level names, and "
                "set them with --lowest-disc where they are wrong.",
            )
        )
    return bool(seen)


def _base_confidence(spine: Spine, shares: Sequence[float], lowest: int, transitional: bool) -> float:
    """Confidence, as weighed evidence, that the lowest disc is L5/S1: a product of one factor per piece of evidence."""
    sacrum, above = spine.bodies[lowest + 1], spine.bodies[lowest]
    contrast = float(np.clip(shares[lowest + 1] - shares[lowest], 0.0, 1.0))
    in_view = float(np.clip(sacrum.height_mm / SACRUM_HEIGHT_MM, 0.3, 1.0))
    votes = [s >= SACRUM_SHARE > a for s, a in zip(sacrum.variants_sacrum, above.variants_sacrum, strict=True)]
    agreement = float(np.mean(votes)) if votes else 1.0
    strength = float(np.clip(spine.discs[lowest].strength / 0.6, 0.5, 1.0))
    return (
        0.98
        * (0.4 + 0.6 * contrast)
        * (0.7 + 0.3 * in_view)
        * (0.5 + 0.5 * agreement)
        * (0.8 + 0.2 * strength)
        * (0.9 if sacral_slope_degrees(spine.discs[lowest]) < FLAT_SACRUM_DEGREES else 1.0)
        * (0.9 if lowest < 3 else 1.0)
        * (0.65 if transitional else 1.0)
    )


def sacral_slope_degrees(disc: Disc) -> float:
    """Tilt of a disc against the horizontal of the image; positive where its front lies lower, as on S1."""
    posterior: NDArray[np.float64] = disc.axes[:, 1]
    return float(np.degrees(np.arctan2(-posterior[1], posterior[2])))


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
        weak = float(np.clip(discs[k].strength / 0.5, 0.6, 1.0))
        result[name] = float(np.clip(base * 0.995**counted * 0.6**lost * weak, 0.0, 1.0))
    return result
