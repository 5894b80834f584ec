"""The series of one visit as they would lie had the patient not moved between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline import rigid
from pipeline.dicom.visit import Role
from pipeline.findings import Finding, Severity
from pipeline.motion.visit_motion import SeriesMotion, Still
from pipeline.segmentation.anatomy import Anatomy, Level, SeriesSegmentation, Structure
from pipeline.segmentation.parallel import for_each
from pipeline.volume import Affine, Points, Volume

NEAR_MM = 70.0
WORTH_TELLING_MM = 1.2
"""A smaller motion is corrected, too; there is no need to look at it."""


@dataclass(frozen=True, eq=False)
class Steadied:
    """One stack in the coordinates of the visit's reference series.

    Attributes
    ----------
    own
        The stack as its header places it.
    image
        The same with an affine to LPS mm of the reference.
    to_own
        (4, 4): maps LPS points of the reference to those of the stack's own header, mm.
    motion
        How it was found; None for the reference itself, and where nothing was tried.
    """

    own: Volume
    image: Volume
    to_own: Affine
    motion: SeriesMotion | None

    def shift_at(self, point: Points, further_mm: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
        """By how much a point (3,) of the reference lies elsewhere in the stack's own coordinates, LPS mm.

        ``further_mm`` is a shift that was found after this motion.
        """
        moved = point if further_mm is None else point + further_mm
        return np.asarray(rigid.apply(self.to_own, moved[None])[0] - point)


def steadied(
    stacks: Sequence[tuple[Role, Volume]],
    reference: SeriesSegmentation,
    fixed: Volume,
    middle: Points,
    threads: int,
) -> list[Steadied]:
    """Bring stacks of one visit into the coordinates of its reference series, by the bone that both show.

    Parameters
    ----------
    stacks
        Series, or blocks of them.
    reference, fixed
        What is known of the reference series; its image.
    middle
        (3,) LPS mm: only bone within 70 mm of it counts, for a spine that bends does not move as one.
    """
    bone = _near(reference, middle)
    changing = np.isin(reference.labels.array, (Structure.CANAL, Structure.FRAGMENT))
    still = Still.of(fixed, bone, changing)

    def look(stack: tuple[Role, Volume]) -> Steadied:
        role, image = stack
        if role is reference.role:
            return Steadied(image, image, np.eye(4), None)
        motion = still.motion_of(image)
        if not motion.believed:
            return Steadied(image, image, np.eye(4), motion)
        moved_back = Volume(image.array, rigid.inverse(motion.transform) @ image.affine)
        return Steadied(image, moved_back, motion.transform, motion)

    return for_each(look, stacks, threads)


def _near(reference: SeriesSegmentation, middle: Points) -> NDArray[np.bool_]:
    """Bone of the reference in a box around a point; all of it where there is none."""
    labels = reference.labels
    bone = np.isin(labels.array, (Structure.VERTEBRA, Structure.SACRUM))
    centre, reach = labels.to_index(middle), NEAR_MM / np.array(labels.spacing_mm)
    low = np.clip(np.floor(centre - reach), 0, labels.shape).astype(int)
    high = np.clip(np.ceil(centre + reach) + 1, 0, labels.shape).astype(int)
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    kept = np.zeros_like(bone)
    kept[box] = bone[box]
    return kept if kept.any() else bone


def motion_findings(found: Mapping[Role, Steadied], reference: Role) -> list[Finding]:
    """Which series lay elsewhere, so far that a reader should know."""
    findings = []
    for role, one in found.items():
        if one.motion is None or not one.motion.believed or one.motion.shift_mm < WORTH_TELLING_MM:
            continue
        text = (
            f"Between the {reference.words} and the {role.words} series the patient moved by "
            f"{one.motion.shift_mm:.1f} mm and {one.motion.angle_deg:.1f} degrees (known to "
            f"{one.motion.estimated_tre_mm:.1f} mm); this was corrected where the series are looked at together."
        )
        findings.append(Finding("series-moved", Severity.INFO, text))
    return findings


def in_reference(segmentation: SeriesSegmentation, anatomy: Anatomy) -> SeriesSegmentation:
    """The same labels in the coordinates of the reference, as far as a shift does that."""
    shift = anatomy.shifts_lps_mm.get(segmentation.role)
    if shift is None:
        return segmentation
    affine = segmentation.labels.affine.copy()
    affine[:3, 3] -= shift
    return replace(
        segmentation,
        labels=Volume(segmentation.labels.array, affine),
        instances=Volume(segmentation.instances.array, affine),
    )


def on_own_grid(segmentation: SeriesSegmentation, own: Volume) -> SeriesSegmentation:
    """Labels that were found in the coordinates of the reference, on the grid of their series' own header."""
    return replace(
        segmentation,
        labels=own.with_array(segmentation.labels.array),
        instances=own.with_array(segmentation.instances.array),
    )


def middle_of(levels: Sequence[Level]) -> Points:
    """Where shifts are taken: the posterior margin of the middle one of some discs, (3,) LPS mm."""
    return levels[len(levels) // 2].posterior_margin_lps_mm
