"""From one grid to another without losing volume."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.volume import Volume

SAME_PLACE = 0.1
"""Voxel centres this near to those of another grid, in its voxels, are the same voxels."""
PART_MM = 0.4
"""Size of the parts of a voxel: small against any fragment."""


@dataclass(frozen=True, eq=False)
class Placed:
    """A drawn shape on another grid.

    Attributes
    ----------
    share
        float32, 0…1, on the target's grid: how much of each voxel is filled.
    exact
        True where the voxels of both grids are the same, so that nothing was resampled.
    inside
        0…1: part of the volume that lies within the target; 1 for an empty shape.
    """

    share: Volume
    exact: bool
    inside: float


def voxel_map(source: Volume, target: Volume) -> NDArray[np.int64] | None:
    """Shape (4, 4): index in ``source`` to index in ``target`` where both count the same voxels; None where not.

    Axes may be permuted and flipped, and one grid may be a cut-out of the other.
    """
    across = np.linalg.solve(target.affine, source.affine)
    rounded = np.rint(across)
    if not np.array_equal(np.abs(rounded[:3, :3]).sum(axis=0), np.ones(3)):
        return None
    if not np.array_equal(np.abs(rounded[:3, :3]).sum(axis=1), np.ones(3)):
        return None
    corners = np.array(np.meshgrid(*[(0, n - 1) for n in source.shape], [1])).reshape(4, -1)
    if float(np.abs((across - rounded) @ corners).max()) > SAME_PLACE:
        return None
    return np.asarray(rounded, dtype=np.int64)


def placed(source: Volume, target: Volume) -> Placed:
    """Put shares 0…1 of the voxels of ``source`` onto the grid of ``target``.

    Voxels of the target that are not the source's own are divided into small parts, and the share of each is the mean
    of what the source says at its parts: borders become soft, and the volume stays but for the fineness of the parts.
    """
    where = np.argwhere(source.array > 0).astype(np.float64)
    empty = np.zeros(target.shape, dtype=np.float32)
    exact = voxel_map(source, target) is not None
    if not len(where):
        return Placed(target.with_array(empty), exact, 1.0)
    weight = np.asarray(source.array[source.array > 0], dtype=np.float64)
    place = target.to_index(source.to_lps(where))
    index = np.rint(place).astype(np.int64)
    inside = ((index >= 0) & (index < target.shape)).all(axis=1)
    within = float(weight[inside].sum() / weight.sum())
    if exact:
        empty[tuple(index[inside].T)] = weight[inside]
        return Placed(target.with_array(empty), True, within)
    # A voxel of the source reaches less than its diagonal beyond its centre.
    reach = np.abs(np.linalg.solve(target.affine, source.affine)[:3, :3]).sum(axis=1)
    low = np.clip(np.floor(place.min(axis=0) - reach), 0, target.shape).astype(np.int64)
    high = np.clip(np.ceil(place.max(axis=0) + reach) + 1, 0, target.shape).astype(np.int64)
    axes = [np.arange(a, b) for a, b in zip(low, high, strict=True)]
    voxels = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    parts = _parts(target)
    for part in parts:
        empty[box] += _nearest(source, source.to_index(target.to_lps(voxels + part))) / np.float32(len(parts))
    return Placed(target.with_array(np.minimum(empty, np.float32(1.0))), False, within)


def _parts(divided: Volume) -> NDArray[np.float64]:
    """Offsets (n, 3) of the parts of a voxel from its centre, in voxels."""
    counts = [max(2, int(np.ceil(s / PART_MM))) for s in divided.spacing_mm]
    axes = [(np.arange(n) + 0.5) / n - 0.5 for n in counts]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)


def _nearest(source: Volume, place: NDArray[np.float64]) -> NDArray[np.float32]:
    """Shares at indices (…, 3) of the source; 0 outside."""
    index = np.rint(place).astype(np.int64)
    inside = ((index >= 0) & (index < source.shape)).all(axis=-1)
    result = np.zeros(place.shape[:-1], dtype=np.float32)
    result[inside] = source.array[tuple(index[inside].T)]
    return result


def looked_up(source: Volume, target: Volume, depths: int = 1) -> list[NDArray[np.int64]]:
    """Values of a label map at the nearest voxel of each voxel of ``target``; 0 outside its field of view.

    Parameters
    ----------
    depths
        Places across the first axis of ``target`` (its slices) at which to look.

    Returns
    -------
    list of int64 arrays on the target's grid, one for each depth
    """
    across = np.linalg.solve(source.affine, target.affine)
    rows, columns = (np.arange(n, dtype=np.float64) for n in target.shape[1:])
    result = []
    for depth in (np.arange(depths) + 0.5) / depths - 0.5:
        values = np.zeros(target.shape, dtype=np.int64)
        for k in range(target.shape[0]):
            at = [
                across[a, 0] * (k + depth) + across[a, 1] * rows[:, None] + across[a, 2] * columns + across[a, 3]
                for a in range(3)
            ]
            index = [np.rint(one).astype(np.int64) for one in at]
            inside = np.logical_and.reduce([(i >= 0) & (i < n) for i, n in zip(index, source.shape, strict=True)])
            values[k][inside] = source.array[tuple(i[inside] for i in index)]
        result.append(values)
    return result
