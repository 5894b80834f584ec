"""Fragments of known volume as a scanner shows them and a network might mark them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from pipeline.volume import Volume

SAGITTAL = np.array([[1.0, 0, 0], [0, 0, 1.0], [0, -1.0, 0]])


@dataclass(frozen=True, eq=False)
class Ball:
    image: Volume
    probability: Volume
    region: np.ndarray
    truth: Volume
    volume_mm3: float


def ellipsoid(
    volume_mm3: float,
    seed: int,
    *,
    pitch_mm: float = 4.0,
    pixel_mm: float = 0.6,
    profile: float = 0.9,
    snr: float = 20.0,
    bias_mm: float = 0.0,
    grid: tuple[int, int, int] = (11, 64, 64),
    look: int = 0,
) -> Ball:
    """A dark ellipsoid against bright fluid behind, and bone-like grey in front, at a random place in the grid.

    ``profile`` is the slice thickness as a share of the pitch. ``bias_mm`` moves the border that the network believes.
    Another ``look`` at the same seed has other noise; form and place stay.
    """
    rng = np.random.default_rng(seed)
    affine = np.eye(4)
    affine[:3, :3] = SAGITTAL * (pitch_mm, pixel_mm, pixel_mm)
    axes = rng.uniform(0.75, 1.35, 3)
    axes *= (3 * volume_mm3 / (4 * np.pi)) ** (1 / 3) / np.cbrt(axes.prod())
    centre = (np.array(grid) - 1) / 2 * (pitch_mm, pixel_mm, pixel_mm) + rng.uniform(-0.5, 0.5, 3) * pitch_mm
    truth = _filled(grid, (pitch_mm, pixel_mm, pixel_mm), centre, axes, profile)
    believed = _filled(grid, (pitch_mm, pixel_mm, pixel_mm), centre, axes + bias_mm, profile)
    spacing = (pitch_mm, pixel_mm, pixel_mm)
    scanned = np.random.default_rng((seed, look)) if look else rng
    image, probability = ellipsoid_pixels(truth, believed, spacing, centre, scanned, snr=snr)
    return Ball(
        Volume(image.astype(np.float32), affine),
        Volume(probability.astype(np.float32), affine),
        probability > 0,
        Volume(truth.astype(np.float32), affine),
        volume_mm3,
    )


def ellipsoid_pixels(
    truth: np.ndarray,
    believed: np.ndarray,
    spacing: tuple[float, float, float],
    centre: np.ndarray,
    rng: np.random.Generator,
    *,
    snr: float,
) -> tuple[np.ndarray, np.ndarray]:
    """The image of these shares, and the probability that a network gives to those that it believes."""
    grid, pixel_mm = truth.shape, spacing[2]
    blur = (0, 0.5 / pixel_mm, 0.5 / pixel_mm)
    behind = np.arange(grid[2]) * pixel_mm > centre[2]
    around = np.where(behind, 220.0, 140.0)[None, None, :] * np.ones(grid)
    clean = ndimage.gaussian_filter(truth * 80.0 + (1 - truth) * around, blur)
    image = np.abs(clean + rng.normal(0, 200 / snr, grid))
    marked = ndimage.gaussian_filter(believed, (0, 0.7 / pixel_mm, 0.7 / pixel_mm))
    wobble = ndimage.gaussian_filter(rng.normal(size=grid), (0.5, 3, 3))
    probability = 1 / (1 + np.exp(-8 * (marked - 0.5) - 0.7 * wobble / wobble.std()))
    probability[ndimage.gaussian_filter(believed, (0.5, 2, 2)) < 0.01] = 0
    probability[probability < 0.02] = 0
    return image, probability


def _filled(grid, spacing, centre, axes, profile):
    """Share of each voxel inside the ellipsoid, by supersampling the slice profile and the pixel."""
    total = np.zeros(grid)
    slices = np.linspace(-profile / 2, profile / 2, 9)
    pixels = np.linspace(-1 / 3, 1 / 3, 3)
    for ds in slices:
        for dr in pixels:
            for dc in pixels:
                place = [
                    (np.arange(n) + d) * s - c for n, d, s, c in zip(grid, (ds, dr, dc), spacing, centre, strict=True)
                ]
                x, y, z = (p / a for p, a in zip(place, axes, strict=True))
                total += x[:, None, None] ** 2 + y[None, :, None] ** 2 + z[None, None, :] ** 2 <= 1
    return total / (len(slices) * len(pixels) ** 2)
