"""What a scanner does to an image: blur, coil, saturation band, bias, ghost, noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, zoom

Floats = NDArray[np.float32]


def smooth_field(rng: np.random.Generator, shape: tuple[int, int], cell: float) -> Floats:
    """Smooth random field of about unit variance with cells of some pixels."""
    coarse = rng.standard_normal((int(np.ceil(shape[0] / cell)) + 2, int(np.ceil(shape[1] / cell)) + 2))
    field = zoom(coarse.astype(np.float32), cell, order=1, mode="nearest", grid_mode=True)
    return np.asarray(field[: shape[0], : shape[1]] * 1.3, dtype=np.float32)


def _coil(rng: np.random.Generator, shape: tuple[int, int]) -> Floats:
    """Fall-off of a surface coil behind the patient, and a saturation band in front of the spine."""
    rows, columns = shape
    distance = (columns * rng.uniform(0.85, 1.1) - np.arange(columns)).astype(np.float32)
    gain = np.exp(-np.clip(distance, 0, None) / rng.uniform(50, 400))
    field = np.repeat(gain[None], rows, axis=0).astype(np.float32)
    if rng.random() < 0.5:
        front = columns * rng.uniform(0.0, 0.38) + rng.uniform(-0.15, 0.15) * (np.arange(rows) - rows / 2)
        inside = (np.arange(columns)[None, :] - front[:, None]) / rng.uniform(3, 14)
        field *= (rng.uniform(0, 0.5) + (1 - rng.uniform(0, 0.5)) / (1 + np.exp(-inside))).astype(np.float32)
    if rng.random() < 0.4:
        height = (np.arange(rows) / rows - rng.uniform(0.3, 0.7)) / rng.uniform(0.35, 0.9)
        field *= np.exp(-(height**2))[:, None].astype(np.float32)
    if rng.random() < 0.6:
        field *= np.exp(rng.uniform(0.05, 0.3) * smooth_field(rng, shape, 70.0))
    return field


def _ghost(rng: np.random.Generator, image: Floats) -> Floats:
    axis = int(rng.integers(0, 2))
    shift = int(image.shape[axis] / rng.integers(2, 6))
    return np.asarray(image + rng.uniform(0.01, 0.06) * np.roll(image, shift, axis=axis), dtype=np.float32)


def acquire(rng: np.random.Generator, slices: Floats) -> Floats:
    """Scanner effects on three slices (3, rows, columns); intensities stay positive."""
    peak = float(np.percentile(slices, 99.5)) + 1e-6
    images = slices / peak
    if rng.random() < 0.75:
        sigma = rng.uniform(0.0, 0.9), rng.uniform(0.0, 0.9)
        images = gaussian_filter(images, (0, *sigma), truncate=2.5)
    field = _coil(rng, (images.shape[1], images.shape[2]))
    images = images * field
    if rng.random() < 0.25:
        images = np.stack([_ghost(rng, image) for image in images])
    level = float(rng.choice([0.004, 0.012, 0.025, 0.05])) * rng.uniform(0.6, 1.4) * float(field.mean()) ** 0.5
    real = images + level * rng.standard_normal(images.shape)
    images = np.hypot(real, level * rng.standard_normal(images.shape))
    if rng.random() < 0.5:
        images = images ** rng.uniform(0.75, 1.35)
    if rng.random() < 0.3:
        images = images * np.exp(rng.normal(0, 0.08, (3, 1, 1)))
    missing = rng.random()
    if missing < 0.06:
        images[0] = images[1]
    elif missing < 0.12:
        images[2] = images[1]
    return np.asarray(images, dtype=np.float32)
