"""How sharply a series shows an edge, from what its own spectrum says of the part of k-space that was measured.

A scanner measures a share of the phase-encoding steps and fills the rest of k-space with zeros: pixels are then finer
than the resolution. Where the power spectrum breaks off is seen in the image itself, so that no header is needed. The
edge response follows from the measured part, a mild k-space filter, the direction of the edge, and how far a slanting
surface travels sideways through the thickness of the slice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from pipeline.volume import Volume

Floats = NDArray[np.float64]

EDGE_OF_FILTER = 0.65
"""What a mild k-space filter against ringing leaves at the edge of what was measured."""
SLICES = 6
"""About so many slices tell as much of the spectrum as all do."""
_BREAK_DECADES = 0.8
_REACH = 0.06
_LOWEST = 0.5
_FREQUENCIES = 160


@dataclass(frozen=True, slots=True)
class PointSpread:
    """Resolution of one series.

    Attributes
    ----------
    pixel_mm
        Size of a pixel along rows (the row index rises) and along columns.
    measured
        0…1, share of the pixels' k-space that was measured along the same axes.
    """

    pixel_mm: tuple[float, float]
    measured: tuple[float, float]

    @property
    def resolution_mm(self) -> float:
        """The coarser of the two true resolutions: pixel size over the measured share."""
        return max(pixel / share for pixel, share in zip(self.pixel_mm, self.measured, strict=True))

    def edge(self, offsets_mm: Floats, direction: tuple[float, float], blur_mm: float = 0.0) -> Floats:
        """Response to a step from 0 to 1 at offset 0.

        Parameters
        ----------
        offsets_mm
            Shape (n,): distance from the step along its normal.
        direction
            Unit vector of the normal: its part along rows and along columns.
        blur_mm
            Width over which the step is spread evenly, because the surface slants through the slice.

        Returns
        -------
        Shape (n,), E(x) = 1/2 + ∫ MTF(f) sin(2πfx) / (πf) df over f > 0.
        """
        across = [abs(d) / (pixel * 0.5) * pixel**2 for d, pixel in zip(direction, self.pixel_mm, strict=True)]
        # Highest frequency (cycles/mm) that is passed along this direction.
        highest = min(share / max(reach, 1e-9) for share, reach in zip(self.measured, across, strict=True))
        step = highest / _FREQUENCIES
        f = (np.arange(_FREQUENCIES) + 0.5) * step
        passed = np.ones_like(f)
        for share, reach in zip(self.measured, across, strict=True):
            passed = passed * _filter(np.asarray(f * reach / share, dtype=np.float64))
        passed = passed * np.sinc(f * blur_mm)
        wave = np.sin(2 * np.pi * np.outer(np.asarray(offsets_mm), f)) / (np.pi * f)
        return np.asarray(0.5 + (wave * passed).sum(axis=1) * step, dtype=np.float64)


def _filter(relative: Floats) -> Floats:
    """Weight of a frequency, relative to the highest that was measured."""
    return np.asarray(
        np.where(relative <= 1.0, 1.0 - (1.0 - EDGE_OF_FILTER) * np.sin(np.pi / 2 * np.clip(relative, 0, 1)) ** 2, 0.0)
    )


def point_spread(image: Volume) -> PointSpread:
    """Resolution of a series from its spectrum.

    Parameters
    ----------
    image
        The series on its native grid, uncropped.

    Returns
    -------
    PointSpread
    """
    _, row_mm, column_mm = image.spacing_mm
    pixels = np.asarray(image.array[:: max(1, len(image.array) // SLICES)], dtype=np.float32)
    return PointSpread((row_mm, column_mm), (_measured(pixels, 1), _measured(pixels, 2)))


def _measured(pixels: NDArray[np.float32], axis: int) -> float:
    """Share of k-space along an axis where the power breaks off by a factor of six or more; 1 without a break."""
    n = pixels.shape[axis]
    shape = [1, 1, 1]
    shape[axis] = n
    spectrum = np.abs(fft.rfft(pixels * np.hanning(n).astype(np.float32).reshape(shape), axis=axis)) ** 2
    power = np.median(spectrum, axis=tuple(k for k in range(3) if k != axis))
    at = np.arange(len(power)) / (n / 2)
    level = np.log10(np.maximum(power, power.max() * 1e-12))
    wanted = np.arange(_LOWEST, 0.97, 0.005)
    inner, outer = _means(at, level, wanted - _REACH), _means(at, level, wanted)
    drop = inner - outer
    best = int(np.argmax(drop))
    return float(wanted[best]) if drop[best] >= _BREAK_DECADES else 1.0


def _means(at: Floats, level: Floats, starts: Floats) -> Floats:
    """Mean level over a short stretch from every start."""
    return np.array([level[(at >= low) & (at < low + _REACH)].mean() for low in starts])
