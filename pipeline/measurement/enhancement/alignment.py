"""Where the patient lay in one series, relative to another one of the same visit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline import rigid
from pipeline.dicom.visit import Role
from pipeline.motion.fit import Fitted, explained_share, fit
from pipeline.motion.sampled import Lookup, Target, around, cropped, evened, shown_alike, target_mask, target_of
from pipeline.segmentation.anatomy import Anatomy
from pipeline.volume import Affine, Volume

WIDTH_MM = 0.6
"""Smoothing within slices: what is left to find is small, and the images are sharp."""
RIM_MM = 2.0
"""Bone is compared with so much of what surrounds it: its edges tell where it lies."""
STEPS = 8
POINTS = 6_000
LEAST_EXPLAINED = 0.5
"""Share of a series that the other one has to explain, or nothing is believed."""
LARGEST_SHIFT_MM = 8.0
"""Nobody moves further between two series and still gives images: such an alignment has failed."""
MARGIN_MM = 6.0


@dataclass(frozen=True, eq=False)
class SeriesShift:
    """How the patient moved between two series of a visit.

    Attributes
    ----------
    fixed_to_moving
        Shape (4, 4): what lies at LPS ``x`` in the fixed series lies at ``fixed_to_moving @ x`` in the moving one.
    found
        False where the series could not be aligned and what was known before stands in.
    """

    fixed_to_moving: Affine
    found: bool

    def at(self, lps_mm: NDArray[np.float64]) -> float:
        """Length in mm of the movement at a point."""
        moved = rigid.apply(self.fixed_to_moving, lps_mm[None])[0]
        return float(np.linalg.norm(moved - lps_mm))


def known_shift(anatomy: Anatomy, fixed: Role, moving: Role) -> Affine:
    """What the segmentation found of the movement between two series: at the level, and without its rotation.

    Returns
    -------
    (4, 4): LPS mm of ``fixed`` → LPS mm of ``moving``; the identity where nothing is known to have moved.
    """
    nothing = np.zeros(3)
    matrix = np.eye(4)
    shifts = anatomy.shifts_lps_mm
    matrix[:3, 3] = shifts.get(moving, nothing) - shifts.get(fixed, nothing)
    return matrix


def shift_between(
    fixed: Volume,
    bone: NDArray[np.bool_],
    moving: Volume,
    *,
    start: Affine | None = None,
    left_out: NDArray[np.bool_] | None = None,
) -> SeriesShift:
    """Refine the movement between two series of one visit on bone, wherever that explains the images better.

    What one weighting shows is taken for an unknown function of what the other shows
    (:func:`pipeline.motion.fit.fit`), which holds where only one series suppresses fat.

    Parameters
    ----------
    fixed, moving
        The series on their native grids.
    bone
        bool, on the grid of ``fixed``.
    start
        (4, 4), what is known already; None for the scanner's own coordinates.
    left_out
        bool, on the grid of ``fixed``: canal and fragment, which move on their own and take up contrast medium.
    """
    begin = np.eye(4) if start is None else start
    made = _prepared(fixed, bone, moving, begin, left_out)
    if made is None:
        return SeriesShift(begin, found=False)
    found = fit(*made, begin, STEPS)
    if found is None or not _believed(found, *made, begin):
        return SeriesShift(begin, found=False)
    return SeriesShift(found.transform, found=True)


def _prepared(
    fixed: Volume, bone: NDArray[np.bool_], moving: Volume, start: Affine, left_out: NDArray[np.bool_] | None
) -> tuple[Target, Lookup] | None:
    """Both images around the bone, ready to be compared; None where they do not meet."""
    where = np.argwhere(bone)
    if not len(where):
        return None
    reach = MARGIN_MM / np.array(fixed.spacing_mm)
    low, high = where.min(axis=0) - reach, where.max(axis=0) + reach
    part, inside = cropped(fixed, low, high), cropped(fixed.with_array(bone), low, high)
    apart = None if left_out is None else cropped(fixed.with_array(left_out), low, high)
    if part is None or inside is None:
        return None
    excluded = None if apart is None else np.asarray(apart.array, dtype=bool)
    mask = target_mask(np.asarray(inside.array, dtype=bool), excluded, RIM_MM, part.spacing_mm)
    kept = around(moving, part.to_lps(np.argwhere(mask)[::20].astype(np.float64)), start) if mask.any() else None
    if kept is None:
        return None
    target = target_of(shown_alike(evened(part), moving, WIDTH_MM), mask, POINTS)
    return target, Lookup.of(shown_alike(evened(kept), fixed, WIDTH_MM))


def _believed(found: Fitted, target: Target, lookup: Lookup, start: Affine) -> bool:
    """Whether a refinement explains the images, better than its start does, and is no leap."""
    centre = target.points.mean(axis=0)[None]
    leap = float(np.linalg.norm(rigid.apply(found.transform, centre) - rigid.apply(start, centre)))
    if leap > LARGEST_SHIFT_MM:
        return False
    explained = explained_share(target, lookup, found.transform)
    return explained >= LEAST_EXPLAINED and explained > explained_share(target, lookup, start)


def resampled(moving: Volume, shift: Affine, onto: Volume) -> Volume:
    """A series on the grid of another one, by cubic splines; NaN beyond what it shows.

    Parameters
    ----------
    shift
        LPS of the series whose grid is wanted → LPS of ``moving``.
    """
    way = np.linalg.inv(moving.affine) @ shift @ onto.affine
    index = np.indices(onto.shape, dtype=np.float64).reshape(3, -1)
    at = way[:3, :3] @ index + way[:3, 3:]
    values = np.asarray(moving.array, dtype=np.float64)
    out = ndimage.map_coordinates(values, at, order=3 if moving.shape[0] > 3 else 1, mode="nearest")
    limit = np.array(moving.shape)[:, None] - 0.5
    beyond = ((at < -0.5) | (at > limit)).any(axis=0)
    out[beyond] = np.nan
    return onto.with_array(out.reshape(onto.shape).astype(np.float32))
