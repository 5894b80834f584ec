"""The outline of a fragment in every slice: points, their normals in the plane, and what lies beyond them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.measure import find_contours

from pipeline.volume import Volume

Floats = NDArray[np.float64]

STEP_MM = 0.5
"""Distance of neighbouring points along an outline."""
SMALLEST_MM2 = 12.0
"""A section below this has no rim that could be told from it."""
LOOK_MM = 6.0
"""So far outwards is looked for bone and disc."""
_SMOOTH_MM = 0.5
_FINE = 3
_FAR_MM = 12.0


@dataclass(frozen=True, eq=False)
class Surface:
    """Points on the outline of a fragment, slice by slice.

    Attributes
    ----------
    slices
        Shape (n,), int: slice of each point.
    places
        Shape (n, 2): row and column index, fractional.
    normals
        Shape (n, 2): unit vector outwards, along rows and columns.
    slopes
        Shape (n,): how far (mm) the outline moves outwards per mm through the slices.
    rooms_mm
        Shape (n,): distance outwards to bone or disc, at most :data:`LOOK_MM`.
    depths_mm
        Shape (n,): thickness of the fragment inwards, half the way through it at most.
    weights_mm2
        Shape (n,): surface that each point stands for.
    """

    slices: NDArray[np.intp]
    places: Floats
    normals: Floats
    slopes: Floats
    rooms_mm: Floats
    depths_mm: Floats
    weights_mm2: Floats

    def __len__(self) -> int:
        return len(self.slices)

    def only(self, chosen: NDArray[np.bool_]) -> Surface:
        """The chosen points."""
        return Surface(
            self.slices[chosen],
            self.places[chosen],
            self.normals[chosen],
            self.slopes[chosen],
            self.rooms_mm[chosen],
            self.depths_mm[chosen],
            self.weights_mm2[chosen],
        )


def surface_of(share: Volume, solid: NDArray[np.bool_]) -> Surface:
    """Points every half millimetre on the outline where a fragment fills half of a pixel.

    Parameters
    ----------
    share
        Share 0…1 of every voxel that the fragment fills, on the grid of the series.
    solid
        bool, same shape: bone and disc, beyond which there is no rim.

    Returns
    -------
    Surface
        Without points where no slice shows a section of 12 mm² or more.
    """
    pitch, row_mm, column_mm = share.spacing_mm
    pixel = np.array([row_mm, column_mm])
    smooth = ndimage.gaussian_filter(
        np.asarray(share.array, dtype=np.float64), (0.0, _SMOOTH_MM / row_mm, _SMOOTH_MM / column_mm)
    )
    large = (np.asarray(share.array) > 0.5).sum(axis=(1, 2)) * row_mm * column_mm >= SMALLEST_MM2
    parts = []
    distances = {k: _signed_mm(smooth[k], pixel) for k in range(len(smooth))}
    for k in np.flatnonzero(large):
        places = [_spaced(ring, pixel) for ring in find_contours(np.pad(smooth[k], 1), 0.5)]
        points = np.concatenate([p - 1.0 for p in places if len(p)] or [np.empty((0, 2))])
        if len(points):
            parts.append(_described(int(k), points, smooth[k], distances, solid[k], pixel=pixel, pitch=pitch))
    if not parts:
        empty = np.empty(0)
        return Surface(np.empty(0, dtype=np.intp), np.empty((0, 2)), np.empty((0, 2)), empty, empty, empty, empty)
    return Surface(*(np.concatenate([part[n] for part in parts]) for n in range(7)))


def _spaced(ring: Floats, pixel: Floats) -> Floats:
    """Points along a contour at equal distances, a tiny one left out."""
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(ring, axis=0) * pixel, axis=1))])
    count = int(along[-1] / STEP_MM)
    if count < 12:
        return np.empty((0, 2))
    at = np.arange(count) * along[-1] / count
    return np.stack([np.interp(at, along, ring[:, n]) for n in range(2)], axis=1)


def _signed_mm(section: Floats, pixel: Floats) -> Floats:
    """Distance (mm) to the outline at every pixel, negative inside; the inradius everywhere where there is none."""
    held = np.argwhere(section > 0.5)
    if not len(held):
        return np.full(section.shape, np.inf)
    # Only near the section: nothing asks for distances far from it, and a transform of a whole slice takes long.
    reach = np.ceil(_FAR_MM / pixel).astype(int)
    low, high = np.maximum(held.min(axis=0) - reach, 0), held.max(axis=0) + reach + 1
    box = (slice(low[0], high[0]), slice(low[1], high[1]))
    fine = ndimage.zoom(section[box], _FINE, order=1, grid_mode=True, mode="nearest") > 0.5
    step = pixel / _FINE
    signed = ndimage.distance_transform_edt(~fine, sampling=step) - ndimage.distance_transform_edt(fine, sampling=step)
    out = np.full(section.shape, _FAR_MM)
    out[box] = ndimage.zoom(signed, 1 / _FINE, order=1, grid_mode=True, mode="nearest")
    return out


def _described(
    k: int,
    points: Floats,
    section: Floats,
    distances: dict[int, Floats],
    solid: NDArray[np.bool_],
    *,
    pixel: Floats,
    pitch: float,
) -> tuple[NDArray[np.generic], ...]:
    """The columns of :class:`Surface` for the points of one slice."""
    broad = ndimage.gaussian_filter(section, 0.8 / pixel)
    slope = [ndimage.map_coordinates(g, points.T, order=1) / p for g, p in zip(np.gradient(broad), pixel, strict=True)]
    normal = -np.stack(slope, axis=1)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
    inradius = float(-distances[k].min())
    beside = []
    for other in (k - 1, k + 1):
        there = distances.get(other)
        if there is None or not np.isfinite(there).any():
            beside.append(np.full(len(points), inradius))
        else:
            beside.append(ndimage.map_coordinates(there, points.T, order=1, mode="nearest"))
    # Where the neighbour's section has shrunk, the signed distance there is positive: the outline moves inwards.
    slopes = np.abs(beside[1] - beside[0]) / (2 * pitch)
    outward = np.arange(0.0, LOOK_MM + 0.01, 0.25)
    inward = np.arange(0.0, 4.01, 0.25)
    hit = _along(np.asarray(solid, dtype=np.float64), points, normal, outward, pixel) > 0.5
    room = np.where(hit.any(axis=1), outward[hit.argmax(axis=1)], LOOK_MM)
    out = _along(section, points, -normal, inward, pixel) < 0.5
    out[:, :3] = False
    through = np.where(out.any(axis=1), inward[out.argmax(axis=1)] / 2, inward[-1])
    weight = np.full(len(points), STEP_MM * pitch) * np.sqrt(1 + slopes**2)
    return np.full(len(points), k, dtype=np.intp), points, normal, slopes, room, through, weight


def _along(section: Floats, points: Floats, direction: Floats, offsets: Floats, pixel: Floats) -> Floats:
    """Values along rays, interpolated linearly: shape (points, offsets)."""
    at = _places(points, direction, offsets, pixel)
    values = ndimage.map_coordinates(section, at, order=1, mode="nearest")
    return np.asarray(values).reshape(len(points), len(offsets))


def _places(points: Floats, direction: Floats, offsets: Floats, pixel: Floats) -> Floats:
    """Row and column of every sample, shape (2, points * offsets)."""
    at = points[:, None, :] + offsets[None, :, None] * (direction / pixel)[:, None, :]
    return np.ascontiguousarray(at.reshape(-1, 2).T)


def profiles(image: NDArray[np.float64], surface: Surface, offsets_mm: Floats, pixel_mm: tuple[float, float]) -> Floats:
    """Values of an image along the normals, by cubic splines, which keep what a band-limited image shows.

    Parameters
    ----------
    image
        Shape (slices, rows, columns).
    offsets_mm
        Shape (m,): distances from the outline, positive outwards.

    Returns
    -------
    Shape (n, m).
    """
    out = np.zeros((len(surface), len(offsets_mm)))
    for k in np.unique(surface.slices):
        own = surface.slices == k
        at = _places(surface.places[own], surface.normals[own], offsets_mm, np.array(pixel_mm))
        values = ndimage.map_coordinates(image[k], at, order=3, mode="nearest")
        out[own] = np.asarray(values).reshape(int(own.sum()), len(offsets_mm))
    return out
