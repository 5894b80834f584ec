"""Two images of different weighting and direction, brought to what both can show, and the points to compare them at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline import rigid
from pipeline.motion.linear import Places
from pipeline.volume import Affine, Points, Volume

CLEARANCE_MM = 2.0
"""Distance kept from what is left out: canal and fragment pulsate and change."""
SHADING_MM = 14.0
"""Width over which brightness is evened out: above any edge of interest, below the reach of a surface coil."""
SHADING_FLOOR = 0.1
AROUND_MM = 4.0
"""Smoothing that makes the surroundings of a point."""
CLUSTER_MM = 14.0
"""Residuals within a cube of this size are taken for one observation."""
REACH_MM = 24.0
"""Margin around the bone within which the moving image is kept."""


@dataclass(frozen=True, eq=False)
class Target:
    """Points of the fixed image, and what it shows there.

    Attributes
    ----------
    points
        (n, 3) LPS mm.
    values
        (n,) brightness, shading removed.
    cluster
        (n,) number of the cube that a point lies in.
    """

    points: Points
    values: NDArray[np.float64]
    cluster: NDArray[np.intp]

    def every(self, count: int) -> Target:
        """About ``count`` of the points, evenly chosen."""
        step = max(1, len(self.points) // count)
        return Target(self.points[::step], self.values[::step], self.cluster[::step])


@dataclass(frozen=True, eq=False)
class Lookup:
    """The moving image, ready for many look-ups.

    Beside the image itself, the steepness of its edges and its surroundings are channels: a thin dark endplate that
    one weighting shows is in another no more than the edge between two brightnesses.

    Attributes
    ----------
    channels
        Arrays (slices, rows, columns).
    gradients
        Of each channel, along each axis, per voxel.
    """

    channels: tuple[NDArray[np.float32], ...]
    gradients: tuple[tuple[NDArray[np.float32], ...], ...]
    to_index: Affine

    @classmethod
    def of(cls, image: Volume) -> Lookup:
        """Channels of a prepared image, with their gradients."""
        spacing = image.spacing_mm
        width = (0.0, AROUND_MM / spacing[1], AROUND_MM / spacing[2])
        edges = np.hypot(*(np.gradient(image.array, spacing[axis], axis=axis) for axis in (1, 2)))
        around_it = ndimage.gaussian_filter(image.array, width, truncate=2.5)
        channels = tuple(np.asarray(one, np.float32) for one in (image.array, edges, around_it))
        gradients = tuple(
            tuple(
                np.asarray(np.gradient(one, axis=axis) if one.shape[axis] > 1 else np.zeros_like(one), np.float32)
                for axis in range(3)
            )
            for one in channels
        )
        held = np.asarray(ndimage.spline_filter(image.array, 3, output=np.float32, mode="mirror"))
        return cls((held, *channels[1:]), gradients, np.asarray(np.linalg.inv(image.affine), np.float64))

    def inside(self, index: Points) -> NDArray[np.bool_]:
        """Which continuous indices (n, 3) lie in the stack."""
        return np.asarray(np.all((index >= 0) & (index <= np.array(self.channels[0].shape) - 1), axis=1))

    def values(self, index: Points) -> NDArray[np.float64]:
        """Channels at (n, 3) indices inside, shape (channels, n): the image by cubic splines, the others linearly."""
        image = ndimage.map_coordinates(self.channels[0], index.T, order=3, prefilter=False, mode="mirror")
        places = Places(index, self.channels[0].shape)
        others = [places.values(one) for one in self.channels[1:]]
        return np.asarray([image, *others], np.float64)

    def slopes(self, index: Points, factors: NDArray[np.float64]) -> Points:
        """Gradient per mm in LPS of the channels' sum, each times its factor (channels, n); shape (n, 3)."""
        total = np.zeros((len(index), 3))
        places = Places(index, self.channels[0].shape)
        for gradient, factor in zip(self.gradients, factors, strict=True):
            total += np.stack([places.values(part) for part in gradient], axis=1) * factor[:, None]
        return np.asarray(total @ self.to_index[:3, :3], np.float64)


def evened(volume: Volume) -> Volume:
    """Divided by the local mean within each slice, so that shading does not pull."""
    spacing = volume.spacing_mm
    raw = np.asarray(volume.array, np.float32)
    raw = raw - raw.min()
    smooth = ndimage.gaussian_filter(raw, (0.0, SHADING_MM / spacing[1], SHADING_MM / spacing[2]), truncate=2.0)
    return volume.with_array(raw / (smooth + SHADING_FLOOR * float(smooth.mean()) + np.finfo(np.float32).tiny))


def shown_alike(volume: Volume, other: Volume, width_mm: float) -> Volume:
    """Blurred within its slices by ``width_mm`` and as much as the other stack's slices are thick.

    Two stacks of different direction see the same detail only along lines that lie in the slices of both.
    """
    spacing = volume.spacing_mm
    across = np.abs(volume.axes_lps.T @ other.axes_lps[:, 0])
    profile = other.spacing_mm[0] / np.sqrt(12.0) * across
    sigma = [0.0, *(float(np.hypot(width_mm, profile[axis])) / spacing[axis] for axis in (1, 2))]
    return volume.with_array(ndimage.gaussian_filter(volume.array, sigma, truncate=3.0))


def near(mask: NDArray[np.bool_], distance_mm: float, spacing: tuple[float, float, float]) -> NDArray[np.bool_]:
    """Voxels within a distance of the mask in its own slices."""
    found = np.zeros(mask.shape, bool)
    for n, part in enumerate(mask):
        if part.any():
            found[n] = ndimage.distance_transform_edt(~part, sampling=spacing[1:]) <= distance_mm
    return found


def cropped(volume: Volume, low: NDArray[np.float64], high: NDArray[np.float64]) -> Volume | None:
    """The part of a volume between two continuous indices; None where nothing is left."""
    start = np.clip(np.floor(low).astype(int), 0, None)
    stop = np.clip(np.ceil(high).astype(int) + 1, None, volume.shape)
    if np.any(stop - start < 2):
        return None
    affine = volume.affine.copy()
    affine[:3, 3] = volume.to_lps(start.astype(np.float64))
    return Volume(volume.array[tuple(slice(a, b) for a, b in zip(start, stop, strict=True))], affine)


def around(volume: Volume, points: Points, start: Affine) -> Volume | None:
    """The part of a volume around points (n, 3) of the other visit, as far as a search may go."""
    index = volume.to_index(rigid.apply(start, points))
    reach = REACH_MM / np.array(volume.spacing_mm)
    return cropped(volume, index.min(axis=0) - reach, index.max(axis=0) + reach)


def target_mask(
    bone: NDArray[np.bool_],
    left_out: NDArray[np.bool_] | None,
    rim_mm: float,
    spacing: tuple[float, float, float],
) -> NDArray[np.bool_]:
    """Bone with its rim (its edges, not its interior, fix the position), without what is left out and its vicinity."""
    mask = near(bone, rim_mm, spacing)
    return mask if left_out is None else mask & ~near(left_out, CLEARANCE_MM, spacing)


def target_of(image: Volume, mask: NDArray[np.bool_], count: int) -> Target:
    """At most about ``count`` points of the mask."""
    index = np.argwhere(mask)
    index = index[:: max(1, len(index) // count)]
    points = image.to_lps(index.astype(np.float64))
    cube = np.floor((points - points.min(axis=0)) / CLUSTER_MM).astype(np.intp)
    _, cluster = np.unique(cube, axis=0, return_inverse=True)
    return Target(points, np.asarray(image.array[tuple(index.T)], np.float64), cluster.reshape(-1))
