"""From ideal slices to what a scanner hands out: coil, k-space window, ghosts, Rician noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from pipeline.phantom.acquisition import IN_PLANE
from pipeline.phantom.geometry import Stack

PAD = 16
"""Pixels measured beyond each edge of the field of view, as phase and frequency oversampling do."""

Float32 = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Imaging:
    """How well one series is measured.

    Attributes
    ----------
    noise
        Standard deviation of the noise in each of the two channels, in units of the signal.
    phase_resolution
        Share of the phase-encoding steps that is measured; the rest of k-space is filled with zeros.
    phase_along_rows
        True: phase encoding runs down the columns of pixels (changes the row index).
    smoothing
        0 … 1, strength of the k-space filter against ringing.
    ghost
        Relative strength of the ghosts of periodic motion along the phase direction.
    """

    noise: float
    phase_resolution: float = 0.8
    phase_along_rows: bool = True
    smoothing: float = 0.5
    ghost: float = 0.0


def _window(n: int, measured: float, smoothing: float) -> NDArray[np.float64]:
    """Weights of n centred k-space lines: zero beyond the measured share, a raised cosine within."""
    k = np.abs(np.arange(n) - n // 2) / (n / 2)
    inside = k <= measured
    taper = 1 - 0.7 * smoothing * np.sin(np.pi / 2 * np.clip(k / measured, 0, 1)) ** 2
    return np.asarray(inside * taper)


def _taper(n: int) -> Float32:
    """Falls to zero over the padding, so that the field of view has no hard edge that would ring."""
    position = np.minimum(np.arange(n) + 0.5, n - 0.5 - np.arange(n)) / (PAD * IN_PLANE)
    return np.asarray(np.sin(np.pi / 2 * np.clip(position, 0, 1)) ** 2, dtype=np.float32)


def scan_slice(fine: Float32, imaging: Imaging, rng: np.random.Generator) -> Float32:
    """Measure one slice.

    Parameters
    ----------
    fine
        Ideal signal at IN_PLANE-fold resolution, with PAD pixels beyond each edge.
    imaging
        Quality of the series.
    rng
        Source of the noise.

    Returns
    -------
    float32 magnitude image without the padding.
    """
    rows, columns = fine.shape
    n, m = rows // IN_PLANE, columns // IN_PLANE
    k = fft.fftshift(fft.fft2(fine * _taper(rows)[:, None] * _taper(columns)[None, :]))
    r0, c0 = (rows - n) // 2, (columns - m) // 2
    k = k[r0 : r0 + n, c0 : c0 + m] / IN_PLANE**2
    # Sub-samples straddle the pixel's centre: half a sub-sample of phase puts the pixel grid back onto it.
    shift = (IN_PLANE - 1) / (2 * IN_PLANE)
    kr, kc = (np.arange(n) - n // 2) / n, (np.arange(m) - m // 2) / m
    k = k * np.exp(2j * np.pi * shift * kr)[:, None] * np.exp(2j * np.pi * shift * kc)[None, :]
    phase = kr * n if imaging.phase_along_rows else kc * m
    if imaging.ghost > 0:
        beat = 1 + imaging.ghost * np.cos(2 * np.pi * 0.23 * phase + rng.uniform(0, 2 * np.pi))
        k = k * (beat[:, None] if imaging.phase_along_rows else beat[None, :])
    noise = rng.standard_normal((2, n, m)) * imaging.noise * np.sqrt(n * m)
    along_phase = _window(n if imaging.phase_along_rows else m, imaging.phase_resolution, imaging.smoothing)
    along_read = _window(m if imaging.phase_along_rows else n, 1.0, imaging.smoothing)
    window = np.outer(along_phase, along_read) if imaging.phase_along_rows else np.outer(along_read, along_phase)
    # The noise keeps the asked-for strength per pixel although the window takes part of it away.
    strength = np.sqrt(np.mean(window**2))
    image = fft.ifft2(fft.ifftshift((k + (noise[0] + 1j * noise[1]) / strength) * window))
    return np.asarray(np.abs(image)[PAD : n - PAD, PAD : m - PAD], dtype=np.float32)


def coil_shading(points_lps: NDArray[np.float64], back_mm: float, head_feet_mm: float, strength: float) -> Float32:
    """Sensitivity of a spine array in the table, one where it is average over the spine.

    Parameters
    ----------
    points_lps
        Shape (…, 3), LPS mm.
    back_mm
        Posterior coordinate of the coil's plane.
    head_feet_mm
        Superior coordinate of the array's middle.
    strength
        0 (perfectly normalised) … 1 (raw surface coil).

    Returns
    -------
    float32 array of shape (…).
    """
    elements = head_feet_mm + np.array([-165.0, -55.0, 55.0, 165.0])
    x, y, z = points_lps[..., 0], points_lps[..., 1], points_lps[..., 2]
    total = np.zeros(points_lps.shape[:-1])
    for side in (-45.0, 45.0):
        for element in elements:
            squared = (x - side) ** 2 + (y - back_mm) ** 2 + (z - element) ** 2
            total += 1 / (1 + squared / 70.0**2) ** 2
    reference = 8 / (1 + (45.0**2 + 75.0**2 + 90.0**2) / 70.0**2) ** 2
    return np.asarray((np.sqrt(total / reference)) ** strength, dtype=np.float32)


def saturation_band(points_lps: NDArray[np.float64], edge_mm: float, depth: float = 0.9) -> Float32:
    """What a saturation band in front of the spine leaves of the signal (…): nothing changes behind ``edge_mm``."""
    return np.asarray(1 - depth / (1 + np.exp((points_lps[..., 1] - edge_mm) / 6.0)), dtype=np.float32)


def fine_points(stack: Stack, index: int, step: int) -> tuple[NDArray[np.float64], tuple[int, int]]:
    """LPS positions on every ``step``-th sub-sample of a padded slice (…, 3), and the padded size in pixels."""
    size = (stack.shape[1] + 2 * PAD, stack.shape[2] + 2 * PAD)
    r = (np.arange(0, size[0] * IN_PLANE + step, step) + 0.5) / IN_PLANE - 0.5 - PAD
    c = (np.arange(0, size[1] * IN_PLANE + step, step) + 0.5) / IN_PLANE - 0.5 - PAD
    rows, columns = np.meshgrid(r, c, indexing="ij")
    points = (
        stack.affine[:3, 3]
        + index * stack.affine[:3, 0]
        + rows[..., None] * stack.affine[:3, 1]
        + columns[..., None] * stack.affine[:3, 2]
    )
    return points, size
