"""One pair of series, before and after contrast medium: aligned, matched, mapped, and the rim measured in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.dicom.visit import Role, Series, Stack, Visit
from pipeline.findings import Finding, Severity
from pipeline.measurement.change import FragmentMeasurement
from pipeline.measurement.enhancement.alignment import SeriesShift, known_shift, resampled, shift_between
from pipeline.measurement.enhancement.matching import Match, match_intensities
from pipeline.measurement.enhancement.outline import share_on
from pipeline.measurement.enhancement.point_spread import PointSpread, point_spread
from pipeline.measurement.enhancement.result import SeriesEnhancement
from pipeline.measurement.enhancement.rim import COARSEST_MM, RimImages, measure_rim
from pipeline.motion.sampled import cropped
from pipeline.segmentation.anatomy import Anatomy, Structure
from pipeline.segmentation.blocks import from_middle_mm, labelled_blocks
from pipeline.volume import Affine, Volume

NOTICED_MM = 0.5
BONE_REACH_MM = 65.0
REACH_MM = 70.0
"""So far around the level a series is looked at."""
NEAR_MM = 3.0
DOUBTFUL_SCALE = 0.10
DARK_SHARE = 0.03
"""Pixels darker than this share of the bright ones before contrast medium have no meaningful relative rise."""
SOLID = (Structure.VERTEBRA, Structure.SACRUM, Structure.DISC)
BONE = (Structure.VERTEBRA, Structure.SACRUM)


@dataclass(frozen=True, eq=False)
class _Block:
    """The block of a series that shows the level best: all of it, and what lies near the level with its labels."""

    stack: Stack
    image: Volume
    labels: Volume

    @property
    def thickness_mm(self) -> float:
        return self.stack.slice_thickness_mm or self.image.spacing_mm[0]

    def holds(self, *structures: Structure) -> NDArray[np.bool_]:
        return np.isin(self.labels.array, structures)

    def bone_near(self, lps: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Bone whose movement is that of the level: a spine bends between its ends."""
        bone = self.holds(*BONE)
        index = np.argwhere(bone)
        far = np.linalg.norm(self.image.to_lps(index.astype(np.float64)) - lps, axis=1) > BONE_REACH_MM
        bone[tuple(index[far].T)] = False
        return bone


def enhancement_of_pair(
    visit: Visit, anatomy: Anatomy, fragment: FragmentMeasurement, level: str, *, before: Role, after: Role
) -> tuple[SeriesEnhancement | None, list[Finding]]:
    """Measure the enhancement that one pair of series shows.

    Parameters
    ----------
    fragment
        What was measured at the visit; its outline is where the rim is looked for.
    before, after
        Roles of the pair; both are in ``visit``, and ``after`` is segmented.

    Returns
    -------
    The measurement, None where the pair does not show it, and findings.
    """
    margin = np.asarray(anatomy.levels[level].posterior_margin_lps_mm, dtype=np.float64)
    post = _block(visit.series[after], anatomy, after, margin)
    whole = _nearest(visit.series[before], margin).volume
    native = _near_level(whole, margin)
    shift, findings = _aligned(post, native, known_shift(anatomy, after, before), margin, after)
    outline = _outline(anatomy, fragment, post, after)
    if outline is None or float(outline.array.max()) < 0.5:
        return None, [*findings, _untold(after, "the fragment's outline is not known there")]
    aligned = resampled(native, shift.fixed_to_moving, post.image)
    near = _near(outline)
    match = match_intensities(aligned, post.image, post.labels, near)
    if match is None:
        return None, [*findings, _untold(after, "neither disc nor CSF is there to match the series by")]
    states = tuple(bool(visit.series[role].facts.fat_suppressed) for role in (before, after))
    spread = _coarser(point_spread(post.stack.volume), point_spread(whole))
    images = _images(post, aligned, outline, match, spread, fat=(states[0], states[1]))
    findings += _remarks(after, match, spread, states)
    rim = measure_rim(images)
    if rim is None:
        return None, [*findings, _untold(after, "too little of the fragment or of its free surface is seen")]
    result = SeriesEnhancement(
        role=after,
        rim=rim,
        map=enhancement_map(images.before, post.image, match.noise),
        after=post.image,
        outline=outline,
        fat_suppressed=states[1],
        before_fat_suppressed=states[0],
        moved_mm=shift.at(margin),
    )
    return result, findings


def enhancement_map(before: Volume, after: Volume, noise: float) -> Volume:
    """Rise of the signal in percent of the signal before; NaN where that is not known or hardly above noise.

    Parameters
    ----------
    before
        The matched series before contrast medium on the grid of ``after``; NaN where it shows nothing.
    noise
        Standard deviation of their difference where nothing enhances.
    """
    native = np.asarray(before.array, dtype=np.float64)
    bright = float(np.nanpercentile(native, 95))
    floor = max(2.0 * noise, DARK_SHARE * bright)
    known = np.isfinite(native) & (native > floor)
    rise = np.full(native.shape, np.nan, dtype=np.float32)
    rise[known] = 100.0 * (np.asarray(after.array, dtype=np.float64)[known] / native[known] - 1.0)
    return after.with_array(rise)


def _block(series: Series, anatomy: Anatomy, role: Role, lps: NDArray[np.float64]) -> _Block:
    pairs = labelled_blocks(series, anatomy.segmentations[role])
    volume, labels = min(pairs, key=lambda pair: float(from_middle_mm(pair[0], lps)[0]))
    stack = next(stack for stack in series.stacks if stack.volume is volume)
    return _Block(stack, _near_level(volume, lps), _near_level(labels.labels, lps))


def _near_level(volume: Volume, lps: NDArray[np.float64]) -> Volume:
    """The part of a series that is looked at; all of it where the level lies outside."""
    reach = REACH_MM / np.array(volume.spacing_mm)
    centre = volume.to_index(lps)
    part = cropped(volume, centre - reach, centre + reach)
    return volume if part is None else part


def _nearest(series: Series, lps: NDArray[np.float64]) -> Stack:
    return min(series.stacks, key=lambda stack: float(from_middle_mm(stack.volume, lps)[0]))


def _aligned(
    post: _Block, native: Volume, start: Affine, margin: NDArray[np.float64], after: Role
) -> tuple[SeriesShift, list[Finding]]:
    """Movement between the series: what the segmentation found of it, refined on bone near the level."""
    changing = post.holds(Structure.CANAL, Structure.FRAGMENT)
    shift = shift_between(post.image, post.bone_near(margin), native, start=start, left_out=changing)
    if not shift.found and not np.any(start[:3, 3]):
        text = (
            f"The {after.words} series could not be aligned with the one before contrast medium; the scanner's own "
            "coordinates were used. If the patient moved, edges look like enhancement."
        )
        return shift, [Finding("enhancement-not-aligned", Severity.WARNING, text)]
    moved = shift.at(margin)
    if moved < NOTICED_MM:
        return shift, []
    text = f"The patient had moved {moved:.1f} mm between the {after.words} and the series before it; corrected."
    return shift, [Finding("enhancement-series-moved", Severity.INFO, text)]


def _outline(anatomy: Anatomy, fragment: FragmentMeasurement, post: _Block, after: Role) -> Volume | None:
    """The measured fragment on the grid of the series after contrast medium, movement between them taken out.

    What is known of the movement without looking again is enough: the rim is looked for on either side of the outline.
    """
    if fragment.role.plane is after.plane:
        share, shift = fragment.occupancy, known_shift(anatomy, after, fragment.role)
    elif fragment.fused is not None:
        share, shift = fragment.fused.occupancy, known_shift(anatomy, after, anatomy.reference)
    else:
        return None
    return share_on(share, shift, post.image, post.thickness_mm)


def _near(outline: Volume) -> NDArray[np.bool_]:
    size = [3] + [2 * round(NEAR_MM / s) + 1 for s in outline.spacing_mm[1:]]
    return np.asarray(ndimage.maximum_filter(np.asarray(outline.array) > 0.05, size=size), dtype=bool)


def _images(
    post: _Block, aligned: Volume, outline: Volume, match: Match, spread: PointSpread, *, fat: tuple[bool, bool]
) -> RimImages:
    before = aligned.with_array(np.asarray(aligned.array) * np.float32(match.scale))
    added = np.asarray(post.image.array, dtype=np.float32) - before.array
    return RimImages(
        added=before.with_array(added),
        before=before,
        outline=outline,
        solid=post.holds(*SOLID) & (np.asarray(outline.array) < 0.3),
        thickness_mm=post.thickness_mm,
        spread=spread,
        noise=match.noise,
        fat_suppressed=fat,
    )


def _coarser(after: PointSpread, before: PointSpread) -> PointSpread:
    """Resolution of a difference of two series, in pixels of the one after."""
    measured = [
        min(one, other * size / size_before)
        for one, other, size, size_before in zip(
            after.measured, before.measured, after.pixel_mm, before.pixel_mm, strict=True
        )
    ]
    return PointSpread(after.pixel_mm, (measured[0], measured[1]))


def _remarks(after: Role, match: Match, spread: PointSpread, states: tuple[bool, ...]) -> list[Finding]:
    findings = []
    if states[0] != states[1]:
        text = (
            f"Only the series {'after' if states[1] else 'before'} contrast medium suppresses fat ({after.words}): "
            "enhancement is told in tissue without fat only."
        )
        findings.append(Finding("enhancement-fat-suppression-differs", Severity.INFO, text))
    if match.relative_sd > DOUBTFUL_SCALE:
        text = (
            f"Discs and CSF do not agree about the scale between the {after.words} and the series before it "
            f"({100 * match.relative_sd:.0f} %): percentages of enhancement are unsure."
        )
        findings.append(Finding("enhancement-scale-unsure", Severity.WARNING, text))
    if spread.resolution_mm > COARSEST_MM:
        text = (
            f"The {after.words} series resolves only {spread.resolution_mm:.1f} mm in its plane: too coarse to tell "
            "how thick a rim is."
        )
        findings.append(Finding("enhancement-matrix-coarse", Severity.WARNING, text))
    return findings


def _untold(after: Role, why: str) -> Finding:
    text = f"Rim enhancement could not be told from the {after.words} series: {why}."
    return Finding("enhancement-not-told", Severity.WARNING, text)
