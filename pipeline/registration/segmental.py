"""How neighbouring vertebrae moved against each other between the visits: what a rigid alignment cannot show.

Every vertebra is refined alone from the common alignment. A patient who lies with bent hips at one visit and stretched
at the other has discs that open by a few degrees; the common alignment is then a mean, and this tells by how much.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from pipeline import rigid
from pipeline.findings import Finding, Severity
from pipeline.registration import quality
from pipeline.registration.alignment import SegmentMotion
from pipeline.registration.polish import Effort, Polished, polish
from pipeline.registration.prepared import Prepared
from pipeline.registration.smoothed import Sharpening
from pipeline.volume import Affine, Points

FARTHEST_MM = 8.0
"""A vertebra refined farther than this from the common alignment has locked onto something else."""
NOTABLE_DEG = 3.0
NOTABLE_MM = 1.5
"""Motion between neighbours from which the reader is told."""
FLOOR_DEG = 0.5
"""Smallest error (95 %) of an angle between neighbours."""
EFFORT = Effort((4_000, 12_000), (0.05, 0.02))
"""A third of the bone with a third of the points, and no finer than its error asks for."""


@dataclass(frozen=True, eq=False)
class Own:
    """One vertebra's own alignment.

    Attributes
    ----------
    transform
        (4, 4): baseline LPS mm to follow-up LPS mm.
    points
        (n, 3): some of its bone, baseline LPS mm.
    error_deg, error_mm
        Standard errors.
    likeness
        Correlation that it reaches with its rim when smoothed by 1 mm, the mean of both directions.
    """

    transform: Affine
    points: Points
    error_deg: float
    error_mm: float
    likeness: float


def own_alignments(
    first: Prepared, second: Prepared, transform: Affine, images: tuple[Sharpening, Sharpening] | None = None
) -> dict[str, Own | None]:
    """Every vertebra of both visits refined alone from the common alignment; None where its images do not fix it.

    ``images`` are those of both visits, where they were made before.
    """
    images = images or (Sharpening.of(first), Sharpening.of(second))
    names = [name for name in first.names if name in second.names]
    return {name: _own((first, second), images, transform, name) for name in names}


def segment_motions(
    first: Prepared, second: Prepared, transform: Affine, own: Mapping[str, Own | None] | None = None
) -> tuple[SegmentMotion, ...]:
    """Motion between neighbouring vertebrae that both visits show, from the top down; empty where fewer than two do.

    ``own`` are their own alignments, where they were found before.
    """
    own = own_alignments(first, second, transform) if own is None else own
    out = []
    for upper, lower in zip(first.names[:-1], first.names[1:], strict=True):
        above, below = own.get(upper), own.get(lower)
        if above is not None and below is not None:
            out.append(_between(f"{upper}/{lower}", above, below, rigid.half(transform)))
    return tuple(out)


def only(prepared: Prepared, name: str) -> Prepared:
    """The same image with one bone, and the points of the metric that lie nearest to it."""
    mine = prepared.nearest == prepared.names.index(name) + 1
    return replace(prepared, mask=prepared.mask & mine, bone=prepared.bone & mine, names=(name,))


def _own(
    visits: tuple[Prepared, Prepared], images: tuple[Sharpening, Sharpening], transform: Affine, name: str
) -> Own | None:
    """One vertebra's alignment, both directions averaged; None where the images do not fix it."""
    fixed, moving = (only(visit, name) for visit in visits)
    if not (fixed.bone.any() and moving.bone.any()):
        return None
    forward = polish(fixed, moving, transform, images, EFFORT)
    backward = polish(moving, fixed, rigid.inverse(transform), images[::-1], EFFORT)
    if forward is None or backward is None:
        return None
    found = rigid.mean(forward.transform, rigid.inverse(backward.transform))
    points = np.concatenate([_few(fixed), rigid.apply(rigid.inverse(found), _few(moving))])
    if quality.disagreement_mm(found, transform, points) > FARTHEST_MM:
        return None
    gap = forward.transform @ backward.transform
    angle = np.hypot(_spread_deg(forward) + _spread_deg(backward), rigid.angle_deg(gap)) / 2
    centre = rigid.apply(found, points).mean(axis=0)[None]
    spread = np.sqrt(np.trace(forward.covariance[3:, 3:])) + np.sqrt(np.trace(backward.covariance[3:, 3:]))
    distance = np.hypot(spread, quality.disagreement_mm(gap, np.eye(4), centre)) / 2
    likeness = (forward.smooth_correlation + backward.smooth_correlation) / 2
    return Own(found, points, float(angle), float(distance), likeness)


def _few(prepared: Prepared) -> Points:
    """As many points of the bone from either visit, LPS mm."""
    index = np.argwhere(prepared.bone)
    return prepared.image.to_lps(index[np.linspace(0, len(index) - 1, 300).astype(np.intp)].astype(np.float64))


def _spread_deg(polished: Polished) -> float:
    return float(np.degrees(np.sqrt(np.trace(polished.covariance[:3, :3]))))


def _between(level: str, above: Own, below: Own, to_halfway: Affine) -> SegmentMotion:
    """The upper one's motion after the lower ones have been laid onto each other, its axes those of the half-way space.

    There the turn of exchanged visits has the other sign and is the same otherwise.
    """
    relative = rigid.inverse(below.transform) @ above.transform
    turn = to_halfway[:3, :3] @ np.degrees(Rotation.from_matrix(relative[:3, :3]).as_rotvec())
    centre = above.points.mean(axis=0)
    moved: NDArray[np.float64] = rigid.apply(relative, centre) - centre
    return SegmentMotion(
        level=level,
        flexion_deg=round(float(turn[0]), 3),
        angle_deg=round(float(np.linalg.norm(turn)), 3),
        shift_mm=round(float(np.linalg.norm(moved)), 3),
        error_deg=round(float(max(FLOOR_DEG, 1.96 * np.hypot(above.error_deg, below.error_deg))), 3),
        error_mm=round(float(1.96 * np.hypot(above.error_mm, below.error_mm)), 3),
    )


def is_notable(motion: SegmentMotion) -> bool:
    """Whether it is beyond both its error and what lying differently always brings."""
    turned = motion.angle_deg > max(NOTABLE_DEG, motion.error_deg)
    return turned or motion.shift_mm > max(NOTABLE_MM, motion.error_mm)


def segment_findings(motions: tuple[SegmentMotion, ...]) -> list[Finding]:
    """One sentence where neighbouring vertebrae moved notably against each other."""
    told = [
        f"{one.level} by {one.angle_deg:.1f} degrees ({abs(one.flexion_deg):.1f} of them "
        f"{'flexion' if one.flexion_deg > 0 else 'extension'}) and {one.shift_mm:.1f} mm"
        for one in motions
        if is_notable(one)
    ]
    if not told:
        return []
    message = (
        f"Between the visits the vertebrae moved against each other at {'; '.join(told)}: the patient lay bent "
        "differently. The common alignment is a mean of both."
    )
    return [Finding("vertebrae-moved", Severity.WARNING, message)]
