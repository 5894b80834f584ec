"""One series of one visit: from the fine map to stored pixel values, with the truth per voxel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.phantom.acquisition import IN_PLANE, cut_slice, labels_at_centres, occupancy, posed_image
from pipeline.phantom.anatomy import Tissue
from pipeline.phantom.artefacts import PAD, Imaging, coil_shading, fine_points, saturation_band, scan_slice
from pipeline.phantom.case import SeriesCase
from pipeline.phantom.fine_map import FineMap
from pipeline.phantom.geometry import Stack
from pipeline.phantom.signal import SequenceTiming, tissue_signals
from pipeline.phantom.tissue_physics import TissuePhysics
from pipeline.volume import Affine

STORED_PEAK = 330.0
"""Stored value that the brightest half percent of a series reaches."""
_COARSE = 16

Float32 = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class CoilPlace:
    """Where coil and saturation band lie, LPS mm in the scanner.

    Attributes
    ----------
    back_mm
        Posterior coordinate of the coil's plane.
    head_feet_mm
        Superior coordinate of its middle.
    band_edge_mm
        Posterior edge of a saturation band in front of the spine.
    """

    back_mm: float
    head_feet_mm: float
    band_edge_mm: float


@dataclass(frozen=True, eq=False)
class ScannedStack:
    """What was measured on one stack, and what is true there.

    Attributes
    ----------
    stack
        Geometry.
    stored
        uint16 pixel values of the stack's shape.
    fragment, rim
        float32 share (0 … 1) of each voxel that displaced material and its rim fill.
    classes
        uint8 network class at each voxel's centre.
    """

    stack: Stack
    stored: NDArray[np.uint16]
    fragment: Float32
    rim: Float32
    classes: NDArray[np.uint8]


def timing_of(series: SeriesCase) -> SequenceTiming:
    """Contrast-giving times of a series."""
    tr, te, ti, _ = series.timing
    return SequenceTiming(tr, te, ti, series.fat_saturation, 1.0 if series.contrast else 0.0)


def _enlarged(coarse: Float32, shape: tuple[int, int]) -> Float32:
    """Bilinear interpolation of every 16th value back to all of them."""
    out = coarse
    for axis, n in enumerate(shape):
        position = np.arange(n, dtype=np.float32) / _COARSE
        low = position.astype(int)
        part = (position - low).reshape((-1, 1) if axis == 0 else (1, -1))
        out = np.take(out, low, axis=axis) * (1 - part) + np.take(out, low + 1, axis=axis) * part
    return out.astype(np.float32)


def _shading(series: SeriesCase, stack: Stack, index: int, place: CoilPlace) -> Float32:
    points, size = fine_points(stack, index, _COARSE)
    field = coil_shading(points, place.back_mm, place.head_feet_mm, series.shading)
    if series.saturation_band:
        field = field * saturation_band(points, place.band_edge_mm)
    return _enlarged(field, (size[0] * IN_PLANE, size[1] * IN_PLANE))


@dataclass(frozen=True, eq=False)
class SeriesScan:
    """Everything that decides what one series shows.

    Attributes
    ----------
    series
        Protocol.
    fine
        Tissues of this visit, in the anatomy's coordinates.
    stacks
        Planned geometry, scanner LPS.
    pose
        (4, 4) anatomy → scanner LPS while this series runs.
    place
        Coil and saturation band.
    physics
        Properties of every material.
    """

    series: SeriesCase
    fine: FineMap
    stacks: list[Stack]
    pose: Affine
    place: CoilPlace
    physics: tuple[TissuePhysics, ...]

    def imaging(self) -> Imaging:
        """Noise, resolution and ghosts."""
        series = self.series
        tr, te, ti, _ = series.timing
        # Noise is what the receiver adds: neither contrast agent nor fat saturation may change it with the signal.
        plain = tissue_signals(self.physics, SequenceTiming(tr, te, ti))
        return Imaging(
            noise=float(plain[Tissue.VERTEBRA]) / series.snr,
            phase_resolution=series.phase_resolution,
            phase_along_rows=series.phase_along_rows,
            ghost=series.ghost,
        )

    def measure(self, rng: np.random.Generator) -> list[Float32]:
        """Magnitude images (float32, in units of the signal) of every stack."""
        signal = self.fine.signal(tissue_signals(self.physics, timing_of(self.series)), self.physics)
        image, imaging = posed_image(self.fine.tissue.with_array(signal), self.pose), self.imaging()
        measured = []
        for stack in self.stacks:
            out = np.empty(stack.shape, dtype=np.float32)
            size = (stack.shape[1] + 2 * PAD, stack.shape[2] + 2 * PAD)
            for index in range(stack.shape[0]):
                ideal = cut_slice(image, stack, index, (-PAD, -PAD), size)
                out[index] = scan_slice(ideal * _shading(self.series, stack, index, self.place), imaging, rng)
            measured.append(out)
        return measured

    def run(self, rng: np.random.Generator) -> list[ScannedStack]:
        """Measure the series.

        Parameters
        ----------
        rng
            Source of noise and ghosts.

        Returns
        -------
        One :class:`ScannedStack` per stack.
        """
        measured = self.measure(rng)
        bright = float(np.percentile(np.concatenate([m[:, ::4, ::4].ravel() for m in measured]), 99.5))
        gain = STORED_PEAK / max(bright, 1e-6)
        return [
            ScannedStack(
                stack=stack,
                stored=np.clip(np.rint(values * gain), 0, 4095).astype(np.uint16),
                fragment=occupancy(self.fine.fragment, self.pose, stack),
                rim=occupancy(self.fine.rim, self.pose, stack),
                classes=labels_at_centres(self.fine.classes, self.pose, stack),
            )
            for stack, values in zip(self.stacks, measured, strict=True)
        ]
