"""Discs as instances: found as peaks along the canal, each with its plane and size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.segmentation.anatomy import Structure
from pipeline.segmentation.axis import SpineAxis
from pipeline.segmentation.boxes import boxed
from pipeline.segmentation.peaks import find_peaks

BODY_BAND_MM = (8.0, 30.0)
"""Distance in front of the canal's line within which bodies and discs alternate."""
CENTRAL_MM = 12.0
PEAK_HEIGHT = 0.18
PEAK_PROMINENCE = 0.12
NEAREST_DISCS_MM = 12.0
REACH_MM = 16.0
ANTERIOR_LIMIT_MM = 60.0
FEWEST_VOXELS = 40
LEAST_DEPTH_MM = 14.0
"""A piece of disc that lies beyond the end of the canal's line is a disc if it is so deep from front to back."""


@dataclass(frozen=True, eq=False)
class Disc:
    """One disc on the canonical 1 mm plane; coordinates are (lateral, row, column) in mm.

    Attributes
    ----------
    centre
        Shape (3,).
    axes
        Shape (3, 3): columns point to the left, posterior and cranial along the disc.
    along_mm
        Place along the canal's line.
    height_mm, depth_mm
        At the centre; antero-posterior in the midline.
    strength
        Mean disc probability of its voxels, 0…1.
    voxels
        Number of voxels.
    """

    centre: NDArray[np.float64]
    axes: NDArray[np.float64]
    along_mm: float
    height_mm: float
    depth_mm: float
    strength: float
    voxels: int

    def offset(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points (…, 3) in the disc's own frame: left, posterior, cranial of its centre, mm."""
        return (points - self.centre) @ self.axes


def find_discs(
    probabilities: NDArray[np.float32], labels: NDArray[np.uint8], axis: SpineAxis, slice_mm: float
) -> tuple[tuple[Disc, ...], NDArray[np.uint8]]:
    """Tell the discs apart, cranial to caudal.

    Blobs that touch each other are divided, and pieces of one disc joined, because a disc is a peak of disc
    probability along the canal and not a connected component.

    Returns
    -------
    discs, and a uint8 map of shape (slices, rows, columns): 1 + index of the disc, 0 elsewhere
    """
    peaks = _peaks(probabilities, axis)
    where = np.argwhere((labels == Structure.DISC) & _in_reach(axis)[None])
    points = where * np.array([slice_mm, 1.0, 1.0])
    along = axis.along[where[:, 1], where[:, 2]]
    discs = []
    for number, peak in enumerate(peaks):
        gaps = np.abs(np.delete(peaks, number) - peak)
        reach = min(REACH_MM, float(gaps.min()) / 2) if gaps.size else REACH_MM
        disc = _fitted(points, where, np.abs(along - peak) <= reach, probabilities, axis)
        if disc is not None:
            discs.append(disc)
    discs.extend(_left_over(points, where, _assigned(points, discs), probabilities, axis))
    discs.sort(key=lambda disc: disc.along_mm)
    belongs = _assigned(points, discs)
    keep = _in_main_piece(where, belongs, labels.shape)
    numbered = np.zeros(labels.shape, dtype=np.uint8)
    numbered[tuple(where[keep].T)] = belongs[keep]
    refitted = [
        _fitted(points, where, keep & (belongs == k), probabilities, axis) or disc
        for k, disc in enumerate(discs, start=1)
    ]
    return tuple(refitted), numbered


def _left_over(
    points: NDArray[np.float64],
    where: NDArray[np.int64],
    belongs: NDArray[np.uint8],
    probabilities: NDArray[np.float32],
    axis: SpineAxis,
) -> list[Disc]:
    """Discs that are no peak along the canal's line: where the canal is not seen the line goes astray."""
    rest = np.zeros(axis.lateral.shape, dtype=bool)
    rest[tuple(where[belongs == 0].T)] = True
    pieces, count = ndimage.label(rest, structure=np.ones((3, 3, 3)))
    piece = pieces[tuple(where.T)]
    found = []
    for number in range(1, count + 1):
        disc = _fitted(points, where, piece == number, probabilities, axis)
        central = disc is not None and abs(axis.lateral[tuple(where[piece == number].T)]).min() <= CENTRAL_MM
        if disc is not None and central and disc.depth_mm >= LEAST_DEPTH_MM and disc.along_mm > axis.end_mm - REACH_MM:
            found.append(disc)
    return found


def _in_reach(axis: SpineAxis) -> NDArray[np.bool_]:
    return (axis.before > -2.0) & (axis.before < ANTERIOR_LIMIT_MM)


def _peaks(probabilities: NDArray[np.float32], axis: SpineAxis) -> NDArray[np.float64]:
    """Places along the canal's line at which discs lie, mm."""
    band = (axis.before >= BODY_BAND_MM[0]) & (axis.before <= BODY_BAND_MM[1])
    inside = np.broadcast_to(band, axis.lateral.shape) & (np.abs(axis.lateral) <= CENTRAL_MM)
    along = np.broadcast_to(axis.along, axis.lateral.shape)[inside]
    first = float(np.floor(axis.along.min()))
    position = np.round(along - first).astype(int)
    count = np.bincount(position).astype(np.float64)
    share = np.bincount(position, weights=probabilities[Structure.DISC][inside]) / np.maximum(count, 20.0)
    smooth = ndimage.gaussian_filter1d(share, 1.5)
    peaks = find_peaks(np.pad(smooth, 1), height=PEAK_HEIGHT, prominence=PEAK_PROMINENCE, distance=NEAREST_DISCS_MM)
    return np.asarray(first + peaks - 1.0)


def _fitted(
    points: NDArray[np.float64],
    where: NDArray[np.int64],
    member: NDArray[np.bool_],
    probabilities: NDArray[np.float32],
    axis: SpineAxis,
) -> Disc | None:
    """Centre, plane and size of the disc made of the ``member`` voxels; None if they are too few."""
    if np.count_nonzero(member) < FEWEST_VOXELS:
        return None
    own, index = points[member], where[member]
    lateral = axis.lateral[tuple(index.T)]
    central = np.abs(lateral) <= CENTRAL_MM
    if np.count_nonzero(central) < FEWEST_VOXELS // 2:
        central = np.ones(len(own), dtype=bool)
    centre = own[central].mean(axis=0)
    along_line = axis.tilt[round(centre[1]), round(centre[2])]
    axes = _frame(own[central] - centre, own - centre, along_line)
    frame = (own - centre) @ axes
    middle = (np.abs(frame[:, 1]) < 6.0) & central
    midline = frame[np.abs(lateral) <= CENTRAL_MM / 2]
    depth = np.ptp(np.percentile(midline[:, 1], (2, 98))) if len(midline) > 10 else np.ptp(frame[:, 1])
    columns = len(np.unique(np.round(frame[middle][:, 1]) * 1000 + index[middle][:, 0]))
    return Disc(
        centre=centre,
        axes=axes,
        along_mm=float(axis.along[round(centre[1]), round(centre[2])]),
        height_mm=float(np.count_nonzero(middle) / max(columns, 1)),
        depth_mm=float(depth) + 1.0,
        strength=float(probabilities[Structure.DISC][tuple(index.T)].mean()),
        voxels=len(own),
    )


def _frame(central: NDArray[np.float64], everything: NDArray[np.float64], line_tilt: float) -> NDArray[np.float64]:
    """Unit vectors left, posterior and cranial; the sagittal tilt from the long axis of the central part."""
    values, vectors = np.linalg.eigh(np.cov(central[:, 1:].T))
    expected = np.array([-np.sin(line_tilt), np.cos(line_tilt)])
    posterior = vectors[:, 1] if abs(vectors[:, 1] @ expected) >= np.cos(np.radians(45)) else expected
    if values[1] < 2.0 * values[0]:
        posterior = expected
    posterior = posterior if posterior @ expected > 0 else -posterior
    back = np.array([0.0, *posterior])
    up = np.array([0.0, -posterior[1], posterior[0]])
    lateral_spread = float(np.var(everything[:, 0]))
    slope = float(np.mean(everything[:, 0] * (everything @ up))) / lateral_spread if lateral_spread > 9.0 else 0.0
    left = np.array([1.0, 0.0, 0.0]) + np.clip(slope, -0.4, 0.4) * up
    left /= np.linalg.norm(left)
    up = up - (up @ left) * left
    return np.stack([left, back, up / np.linalg.norm(up)], axis=1)


def _assigned(points: NDArray[np.float64], discs: list[Disc]) -> NDArray[np.uint8]:
    """For every disc voxel, 1 + index of the disc whose plane is nearest; 0 beyond the reach of all."""
    if not discs:
        return np.zeros(len(points), dtype=np.uint8)
    frames = [disc.offset(points) for disc in discs]
    cost = np.stack([np.abs(f[:, 2]) + 0.25 * np.maximum(np.abs(f[:, 1]) - 25.0, 0.0) for f in frames])
    limit = np.array([max(6.0, 0.9 * disc.height_mm + 2.0) for disc in discs])
    nearest = cost.argmin(axis=0)
    return np.where(cost.min(axis=0) <= limit[nearest], nearest + 1, 0).astype(np.uint8)


def _in_main_piece(where: NDArray[np.int64], belongs: NDArray[np.uint8], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Leave out specks: pieces that hold less than a tenth of their disc's largest piece."""
    numbered = np.zeros(shape, dtype=np.uint8)
    numbered[tuple(where.T)] = belongs
    keep = belongs > 0
    for k, own in enumerate(boxed(numbered, int(belongs.max(initial=0))), start=1):
        if own is None:
            continue
        pieces, count = ndimage.label(own.mask, structure=np.ones((3, 3, 3)))
        if count < 2:
            continue
        sizes = np.bincount(pieces.ravel())
        sizes[0] = 0
        small = sizes < 0.1 * sizes.max()
        mine = belongs == k
        keep[mine] &= ~small[pieces[tuple((where[mine] - [part.start for part in own.box]).T)]]
    return keep
