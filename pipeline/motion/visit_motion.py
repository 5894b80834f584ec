"""How the patient moved between two series of one visit, from the bone that both show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline import rigid
from pipeline.motion.fit import Fitted, explained_share, fit, spread_mm
from pipeline.motion.sampled import Lookup, Target, around, cropped, evened, shown_alike, target_mask, target_of
from pipeline.volume import Affine, Points, Volume

WIDTHS_MM = (2.5, 0.6)
RIMS_MM = (4.0, 2.0)
"""Smoothing, and rim of the bone, of the two passes: the first catches several millimetres, the second is exact."""
STEPS = (8, 6)
POINTS = (4_000, 8_000)
MAXIMUM_SHIFT_MM = 15.0
MAXIMUM_ANGLE_DEG = 6.0
MAXIMUM_TRE_MM = 1.5
"""Beyond these a motion within one frame of reference is not believed."""
NEGLIGIBLE_MM = 0.5
"""A motion smaller than its error is not believed, unless that error is no more than this."""
FLOOR_MM = 0.1
"""Error (95 %) that no estimate falls below: fat and water do not lie quite alike in two weightings."""
UNLIKE_MM = 2.6
"""Error (95 %) of two weightings that have nothing in common; measured between T2 and fat-suppressed series."""
LEAST_EXPLAINED = 0.5
SEARCH_MM = np.arange(-60.0, 60.1, 6.0)
"""Shifts along the body that are tried where the series share no frame of reference."""


@dataclass(frozen=True, eq=False)
class SeriesMotion:
    """How one series lies to the reference series of its visit.

    Attributes
    ----------
    transform
        (4, 4): maps LPS points of the fixed series to LPS points of the moving one, mm; the identity when not believed.
    shift_mm
        Root mean square distance that the bones moved, as found.
    angle_deg
        Angle of the rotation, as found.
    estimated_tre_mm
        Estimated error at the bones (95 %), mm; infinite where nothing was found.
    believed
        Whether ``transform`` may be used.
    explained
        Share of the variance that one image explains of the other inside bone, 0…1.
    """

    transform: Affine
    shift_mm: float
    angle_deg: float
    estimated_tre_mm: float
    believed: bool
    explained: float = 0.0


def estimate_motion(
    fixed: Volume,
    fixed_bone_mask: NDArray[np.bool_],
    moving: Volume,
    *,
    left_out: NDArray[np.bool_] | None = None,
    same_frame: bool = True,
) -> SeriesMotion:
    """Find the rigid motion between two series of one visit, of any weighting and direction.

    Parameters
    ----------
    fixed
        The reference series.
    fixed_bone_mask
        Bone, shape of ``fixed``. Nothing but this and a rim of 4 mm is compared.
    moving
        Another series; one block of a tilted axial series at a time.
    left_out
        Canal and fragment, shape of ``fixed``: kept out with 2 mm around them.
    same_frame
        False where the two share no frame of reference: then shifts up to 60 mm along the body are tried, and no
        shift is too large to be believed.

    Raises
    ------
    ValueError
        If a mask does not have the shape of ``fixed``.
    """
    return Still.of(fixed, fixed_bone_mask, left_out).motion_of(moving, same_frame=same_frame)


@dataclass(frozen=True, eq=False)
class Still:
    """The reference series, prepared once for all series that are brought to it.

    Attributes
    ----------
    fixed
        The series.
    part
        It around the bone, evened out; None where nothing is left to compare.
    rims
        Bone with its rim, on the grid of ``part``, for every pass.
    """

    fixed: Volume
    part: Volume | None
    rims: tuple[NDArray[np.bool_], ...] = ()

    @classmethod
    def of(cls, fixed: Volume, bone: NDArray[np.bool_], left_out: NDArray[np.bool_] | None = None) -> Still:
        """Parameters and errors as those of :func:`estimate_motion`."""
        for mask in (bone, left_out):
            if mask is not None and mask.shape != fixed.shape:
                raise ValueError(f"a mask of shape {mask.shape} does not fit a series of shape {fixed.shape}")
        where = np.argwhere(bone)
        if len(where) == 0:
            return cls(fixed, None)
        margin = 6.0 / np.array(fixed.spacing_mm)
        low, high = where.min(axis=0) - margin, where.max(axis=0) + margin
        part = cropped(fixed, low, high)
        corners = [cropped(fixed.with_array(mask), low, high) for mask in (bone, left_out) if mask is not None]
        if part is None or any(corner is None for corner in corners):
            return cls(fixed, None)
        masks = [np.asarray(corner.array, bool) for corner in corners if corner is not None]
        excluded = masks[1] if len(masks) > 1 else None
        rims = tuple(target_mask(masks[0], excluded, rim, part.spacing_mm) for rim in RIMS_MM)
        return cls(fixed, evened(part), rims) if rims[-1].any() else cls(fixed, None)

    def motion_of(self, moving: Volume, *, same_frame: bool = True) -> SeriesMotion:
        """As :func:`estimate_motion`."""
        kept = self._meeting(moving, 0.0 if same_frame else float(SEARCH_MM[-1]))
        if kept is None:
            return _nothing()
        start = np.eye(4)
        found: Fitted | None = None
        seen: tuple[Target, Lookup] | None = None
        for number, steps in enumerate(STEPS):
            seen = None  # one pass at a time: what is looked up is larger than the series
            seen = self._seen(kept, number)
            if number == 0 and not same_frame:
                start = _searched(*seen)
            found = fit(*seen, start, steps)
            if found is None:
                return _nothing()
            start = found.transform
        return _nothing() if found is None or seen is None else _judged(found, seen, same_frame)

    def _meeting(self, moving: Volume, farther_mm: float) -> Volume | None:
        """The part of another series that may show the bone, evened out; None where they do not meet."""
        if self.part is None:
            return None
        points = self.part.to_lps(np.argwhere(self.rims[0])[::20].astype(np.float64))
        farther = np.array([0.0, 0.0, farther_mm])
        kept = around(moving, np.concatenate([points + farther, points - farther]), np.eye(4))
        return None if kept is None else evened(kept)

    def _seen(self, kept: Volume, number: int) -> tuple[Target, Lookup]:
        """Both images for one pass; needs :attr:`part`."""
        width, part = WIDTHS_MM[number], self.fixed if self.part is None else self.part
        target = target_of(shown_alike(part, kept, width), self.rims[number], POINTS[number])
        return target, Lookup.of(shown_alike(kept, self.fixed, width))


def _searched(target: Target, moving: Lookup) -> Affine:
    """The shift along the body from which the images explain each other best."""
    few = target.every(1500)
    starts = [rigid.compose(np.eye(3), np.array([0.0, 0.0, float(z)])) for z in SEARCH_MM]
    ranked = sorted(starts, key=lambda start: -explained_share(few, moving, start))[:4]
    tried = [fit(few, moving, start, 6) for start in ranked]
    best = max((one for one in tried if one is not None), key=lambda one: one.explained, default=None)
    return ranked[0] if best is None else best.transform


def _judged(found: Fitted, last: tuple[Target, Lookup], same_frame: bool) -> SeriesMotion:
    """The motion with its error, and whether it is believed."""
    points = last[0].points[::10]
    moved = rigid.apply(found.transform, points)
    shift = _distance(points, moved)
    angle = rigid.angle_deg(found.transform)
    unlike = UNLIKE_MM * (1 - found.explained)
    tre = float(np.sqrt(FLOOR_MM**2 + unlike**2 + (1.96 * spread_mm(found, moved)) ** 2))
    small = shift <= MAXIMUM_SHIFT_MM and angle <= MAXIMUM_ANGLE_DEG
    sure = tre <= min(MAXIMUM_TRE_MM, max(NEGLIGIBLE_MM, shift)) and found.explained >= LEAST_EXPLAINED
    believed = sure and (small or not same_frame)
    still = explained_share(*last, np.eye(4)) >= explained_share(*last, found.transform)
    transform = rigid.rounded(found.transform) if believed and not still else np.eye(4)
    return SeriesMotion(transform, shift, angle, tre, bool(believed), found.explained)


def _distance(first: Points, second: Points) -> float:
    return float(np.sqrt(((second - first) ** 2).sum(axis=1).mean()))


def _nothing() -> SeriesMotion:
    return SeriesMotion(np.eye(4), 0.0, 0.0, float("inf"), False)
