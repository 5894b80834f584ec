"""The enhancing rim of a fragment in one series: thickness, extent and signal, with their intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.measurement.change import Interval
from pipeline.measurement.enhancement.median import weighted_median
from pipeline.measurement.enhancement.point_spread import PointSpread
from pipeline.measurement.enhancement.result import NONE_PERCENT, Rim, completeness_of
from pipeline.measurement.enhancement.rim_fit import HEIGHTS, OFFSETS_MM, LayerModel, Profiles
from pipeline.measurement.enhancement.surface import Surface, profiles, surface_of
from pipeline.volume import Volume

Floats = NDArray[np.float64]

ROOM_MM = 4.0
"""Surface that faces bone or disc at less than this is not free: ligament and cortex fill the gap, and no rim."""
LEAST_ROOM_MM = 1.8
"""The same where hardly anything of the surface has more room than that."""
FEW = 0.25
LARGEST_BLUR_MM = 3.0
"""Where the surface slants so much that it travels further than this through one slice, nothing is told from it."""
SHARP_BLUR_MM = 2.0
"""What slants less tells thickness."""
SHARPEST_MM = 0.4
COVERED_MM = 0.4
"""A layer from this thickness on counts as rim."""
COVERED_HEIGHT = 0.8
"""The layer's gain is taken for at least this when that is asked: what gains less is a vein beside, or a mixture."""
FAINTEST = 0.25
"""A rim gains at least so much, relative to the fragment's own signal before contrast medium."""
NOISES = 4.0
FULL_SHARE = 0.75
"""Profiles with a peak of at least this share of the highest ones show the rim across the whole slice."""
FEWEST_PROFILES = 12
COARSEST_MM = 1.45
"""Resolution beyond which a rim of 0.8 mm can no longer be told by its thickness."""
BLOCK = 10
"""Profiles (5 mm of outline) that are drawn together when the interval is drawn."""
DRAWS = 200
SYSTEMATIC_MM = 0.12
"""Standard deviation of the thickness that resolution, slanting and the outline add: found on simulated cases."""
EXCESS_MM = 0.12
"""By this much surfaces that bend inside a slice, and resolution, make a rim look thicker: simulated cases 1 to 13."""
SYSTEMATIC_PERCENT = 6.0
SEED = 20
STEADY_OUTSIDE = (0.0, 0.15)
"""What contrast medium adds around a rim, relative to the fragment's own signal: next to nothing."""
DARK_OUTSIDE = (-0.55, 0.35)
"""CSF and suppressed fat on T1, less the fragment's own signal."""
FREE_OUTSIDE = (0.0, 3.0)
"""Fat that is suppressed before contrast medium only gains anything."""


@dataclass(frozen=True, eq=False)
class RimImages:
    """What a rim is measured from, all on the native grid of the series after contrast medium.

    Attributes
    ----------
    added
        ``after − matched before``; NaN where the series before shows nothing.
    before
        The matched series before.
    outline
        Share 0…1 of every voxel that the fragment fills.
    solid
        bool: bone and disc.
    thickness_mm
        Slice thickness.
    spread
        Resolution of the coarser of the two series.
    noise
        Standard deviation of ``added`` where nothing enhances.
    fat_suppressed
        Whether fat is suppressed before and after.
    """

    added: Volume
    before: Volume
    outline: Volume
    solid: NDArray[np.bool_]
    thickness_mm: float
    spread: PointSpread
    noise: float
    fat_suppressed: tuple[bool, bool]


def measure_rim(images: RimImages) -> Rim | None:
    """Measure the rim.

    Returns
    -------
    Rim or None
        None where the fragment shows no core of its own or no free surface in this series.
    """
    core = _core(images.outline)
    own = np.asarray(images.before.array, dtype=np.float64)[core]
    own = own[np.isfinite(own)]
    surface = surface_of(images.outline, images.solid)
    if own.size < 5 or float(np.median(own)) <= 0 or not len(surface):
        return None
    unit = float(np.median(own))
    gained = float(np.nanmedian(np.asarray(images.added.array, dtype=np.float64)[core])) / unit
    found = _profiles(images, surface, unit, gained)
    free = _free(surface, found)
    if free.sum() < FEWEST_PROFILES:
        return None
    return _Told(images, surface, found, free).rim()


def _free(surface: Surface, found: Profiles) -> NDArray[np.bool_]:
    """Where the surface has room for a rim and stands steeply enough to be looked at."""
    steep = found.blurs_mm < LARGEST_BLUR_MM
    wide, narrow = (steep & (surface.rooms_mm >= room) for room in (ROOM_MM, LEAST_ROOM_MM))
    enough = surface.weights_mm2[wide].sum() >= FEW * surface.weights_mm2[narrow].sum()
    return np.asarray(wide if enough else narrow)


def _core(outline: Volume) -> NDArray[np.bool_]:
    """Voxels well inside the fragment; the fullest ones where it is small."""
    share = np.asarray(outline.array)
    _, row_mm, column_mm = outline.spacing_mm
    deep = ndimage.gaussian_filter(share.astype(np.float64), (0.0, 1.0 / row_mm, 1.0 / column_mm))
    return np.asarray(deep > min(0.95, 0.93 * float(deep.max())))


def _profiles(images: RimImages, surface: Surface, unit: float, core: float) -> Profiles:
    shown, outside = _shown(images, unit)
    values = profiles(shown, surface, OFFSETS_MM, images.spread.pixel_mm)
    weights = np.ones_like(values)
    weights[surface.rooms_mm[:, None] - 0.6 < OFFSETS_MM] = 0.0
    weights[surface.depths_mm[:, None] < -OFFSETS_MM] = 0.0
    blurs = surface.slopes * images.thickness_mm
    noise = max(images.noise / unit, 1e-3)
    return Profiles(values, weights, surface.normals, blurs, noise, core, outside)


def _shown(images: RimImages, unit: float) -> tuple[Floats, tuple[float, float]]:
    """What is looked at, in units of the fragment's signal, and what the surroundings show (mean, deviation).

    Where fat is suppressed after contrast medium only, the fat around a rim loses as much as the rim gains, and the
    difference of the series shows neither. The series after it alone does: a rim is as bright before as the fragment
    is, and nothing natively bright is left around it.
    """
    added = np.asarray(images.added.array, dtype=np.float64)
    if images.fat_suppressed == (False, True):
        after = added + np.asarray(images.before.array, dtype=np.float64)
        return np.nan_to_num(after / unit - 1.0), DARK_OUTSIDE
    alike = images.fat_suppressed[0] == images.fat_suppressed[1]
    return np.nan_to_num(added / unit), STEADY_OUTSIDE if alike else FREE_OUTSIDE


class _Told:
    """Everything that follows from the profiles of one series."""

    def __init__(self, images: RimImages, surface: Surface, found: Profiles, free: NDArray[np.bool_]) -> None:
        self._images = images
        self._surface = surface
        self._found = found
        self._free = free
        self._telling = self._shows_rim()
        self._tilt = np.sqrt(1.0 + surface.slopes**2)
        model = LayerModel(images.spread)
        self._costs, self._layers = model.by_height(found)
        self._prior = model.prior()

    def _shows_rim(self) -> NDArray[np.bool_]:
        """Profiles that plainly show the rim, across the whole thickness of the slice."""
        near = (OFFSETS_MM > -1.0) & (OFFSETS_MM < 2.6)
        peak = np.where(self._found.weights > 0, self._found.values, -9.0)[:, near].max(axis=1) - self._found.core
        plain = self._free & (self._found.blurs_mm < SHARP_BLUR_MM)
        plain &= peak > max(FAINTEST, NOISES * self._found.noise)
        if plain.any():
            plain &= peak > FULL_SHARE * np.percentile(peak[plain], 90)
        return plain

    def rim(self) -> Rim:
        """The rim with its intervals."""
        rng = np.random.default_rng(SEED)
        everything = np.arange(len(self._surface))
        thickness, extent, height = self._estimate(everything)
        drawn = [self._estimate(self._drawn(rng)) for _ in range(DRAWS)]
        extents = np.array([one[1] for one in drawn])
        extent_sd = float(np.hypot(extents.std(), SYSTEMATIC_PERCENT))
        interval = Interval(max(0.0, extent - 1.96 * extent_sd), min(100.0, extent + 1.96 * extent_sd))
        shown = thickness is not None and extent >= NONE_PERCENT
        told = shown and self._images.spread.resolution_mm <= COARSEST_MM
        spread = np.array([one[0] for one in drawn if one[0] is not None])
        surface = float(self._surface.weights_mm2[self._free].sum())
        return Rim(
            thickness_mm=thickness if told else None,
            thickness_interval95_mm=_interval(thickness, spread) if told and thickness is not None else None,
            extent_percent=extent,
            extent_interval95_percent=interval,
            completeness=completeness_of(extent),
            core_enhancement_percent=100.0 * self._found.core,
            rim_enhancement_percent=100.0 * height if shown else None,
            surface_mm2=surface,
        )

    def _drawn(self, rng: np.random.Generator) -> NDArray[np.intp]:
        """Profiles drawn again with replacement, in blocks of neighbours."""
        blocks = np.array_split(np.arange(len(self._surface)), max(1, len(self._surface) // BLOCK))
        chosen = rng.integers(0, len(blocks), len(blocks))
        return np.concatenate([blocks[n] for n in chosen])

    def _estimate(self, chosen: NDArray[np.intp]) -> tuple[float | None, float, float]:
        """Thickness in mm (None where nothing is covered), extent in percent, and the rim's gain."""
        telling = self._telling[chosen]
        height = best_height(self._prior + self._costs[chosen][telling].sum(axis=0))
        layers = at_height(self._layers[chosen], height) / self._tilt[chosen]
        weights = self._surface.weights_mm2[chosen] * self._free[chosen]
        covered = at_height(self._layers[chosen], max(height, COVERED_HEIGHT)) / self._tilt[chosen] > COVERED_MM
        extent = 100.0 * float((weights * covered).sum() / max(weights.sum(), 1e-9))
        good = covered & telling & (self._surface.rooms_mm[chosen] > layers + 0.8)
        if good.sum() < FEWEST_PROFILES:
            return None, extent if telling.sum() >= FEWEST_PROFILES else min(extent, NONE_PERCENT - 1), height
        # The less the surface slants through the slice, the more a profile tells.
        sharp = 1.0 / (SHARPEST_MM + self._found.blurs_mm[chosen][good]) ** 2
        return max(0.0, weighted_median(layers[good], sharp) - EXCESS_MM), extent, height


def best_height(costs: Floats) -> float:
    """Rim's gain of the least cost, refined by a parabola over its logarithm."""
    k = int(np.clip(costs.argmin(), 1, len(costs) - 2))
    left, middle, right = costs[k - 1 : k + 2]
    curve = left - 2 * middle + right
    move = float(np.clip(0.5 * (left - right) / curve, -1, 1)) if curve > 0 else 0.0
    log = np.log(HEIGHTS)
    return float(np.exp(log[k] + move * (log[1] - log[0])))


def at_height(layers: Floats, height: float) -> Floats:
    """Thicknesses (n,) at a gain between those that were tried, from (n, heights)."""
    log = np.log(HEIGHTS)
    at = float(np.clip((np.log(height) - log[0]) / (log[1] - log[0]), 0, len(log) - 1.001))
    k = int(at)
    return np.asarray(layers[:, k] * (1 - at + k) + layers[:, k + 1] * (at - k))


def _interval(thickness: float, drawn: Floats) -> Interval:
    """95 % interval from the draws and what they do not show."""
    sd = float(np.hypot(drawn.std() if drawn.size > 1 else 0.5, SYSTEMATIC_MM))
    return Interval(max(0.0, thickness - 1.96 * sd), thickness + 1.96 * sd)
