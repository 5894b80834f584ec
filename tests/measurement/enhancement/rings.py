"""A ball in a plain surrounding, with a rim that enhances, sharp or as a scanner of limited resolution shows it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.measurement.enhancement.point_spread import PointSpread
from pipeline.measurement.enhancement.rim import RimImages
from pipeline.volume import Volume

PIXEL_MM = 0.7
PITCH_MM = 4.0
RADIUS_MM = 7.0
NATIVE = 100.0
GAIN = 130.0
FINE = 5


def ring_images(thickness_mm: float, covered: float = 1.0, noise: float = 4.0, pixel_mm: float = PIXEL_MM) -> RimImages:
    """A cylinder's worth of slices through a rod along the slices' normal; the rim covers a share of the round."""
    count = 2 * round(18.0 / pixel_mm)
    fine = (np.arange(count * FINE) - (count * FINE - 1) / 2) * pixel_mm / FINE
    y, x = np.meshgrid(fine, fine, indexing="ij")
    radius = np.hypot(x, y)
    angle = (np.arctan2(y, x) + np.pi) / (2 * np.pi)
    rim = (radius >= RADIUS_MM) & (radius < RADIUS_MM + thickness_mm) & (angle < covered)
    share, shown = _pixels(radius < RADIUS_MM, count), _pixels(rim, count)
    rng = np.random.default_rng(11)
    slices = 4
    added = GAIN * np.repeat(shown[None], slices, axis=0)
    added += noise * rng.standard_normal((slices, count, count))
    grid = Volume(added.astype(np.float32), np.diag([PITCH_MM, pixel_mm, pixel_mm, 1.0]))
    return RimImages(
        added=grid,
        before=grid.with_array(np.full(grid.shape, NATIVE, dtype=np.float32)),
        outline=grid.with_array(np.repeat(share[None], slices, axis=0).astype(np.float32)),
        solid=np.zeros(grid.shape, dtype=bool),
        thickness_mm=PITCH_MM,
        spread=PointSpread((pixel_mm, pixel_mm), (1.0, 1.0)),
        noise=noise,
        fat_suppressed=(False, False),
    )


def _pixels(inside: NDArray[np.bool_], count: int) -> NDArray[np.float64]:
    """Share of each pixel, seen with about the point spread of a fully measured k-space."""
    soft = ndimage.gaussian_filter(inside.astype(np.float64), 0.36 * FINE)
    return np.asarray(soft.reshape(count, FINE, count, FINE).mean(axis=(1, 3)))
