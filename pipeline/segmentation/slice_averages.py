"""What the slices of a stack see of an occupancy on a fine grid: averages over their thickness."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from pipeline.volume import Volume

SMOOTHNESS = 0.1
"""Weight of the squared differences between neighbouring fine voxels against the squared misfit per fine voxel."""
ITERATIONS = 25


@dataclass(frozen=True, eq=False)
class SliceAverages:
    """The voxels of one stack within a fine grid, as averages of it.

    Attributes
    ----------
    matrix
        Shape (n, fine voxels): row *i* holds the shares of the fine voxels in native voxel *i*.
    transposed
        Its transpose, kept because both are needed in every step.
    values
        float32, shape (n,): what the stack says of these voxels.
    weight
        How much a native voxel counts: its volume in fine voxels.
    """

    matrix: Any
    transposed: Any
    values: NDArray[np.float32]
    weight: float

    @classmethod
    def of(cls, stack: Volume, fine: Volume) -> SliceAverages:
        """Build the averages.

        Parameters
        ----------
        stack
            Occupancy 0…1 on a native grid; each voxel is an average over the slice pitch, and a point in-plane.
        fine
            The fine grid.
        """
        index = _within(stack, fine)
        centres = fine.to_index(stack.to_lps(index.astype(np.float64)))
        inside = ((centres > -0.5) & (centres < np.array(fine.shape) - 0.5)).all(axis=1)
        index, centres = index[inside], centres[inside]
        normal = np.linalg.solve(fine.affine[:3, :3], stack.affine[:3, 0])
        count = int(np.ceil(np.linalg.norm(normal))) + 1
        matrix = sum(
            _linear(centres + ((k + 0.5) / count - 0.5) * normal, fine.shape, 1.0 / count) for k in range(count)
        )
        values = stack.array[tuple(index.T)].astype(np.float32)
        return cls(matrix, matrix.T.tocsr(), values, stack.voxel_volume_mm3 / fine.voxel_volume_mm3)

    def pull(self, occupancy: NDArray[np.float32]) -> NDArray[np.float32]:
        """Gradient of half the weighted squared misfit at a flat fine occupancy."""
        misfit = self.matrix @ occupancy - self.values
        return np.asarray(self.weight * (self.transposed @ misfit), dtype=np.float32)

    @property
    def curvature(self) -> NDArray[np.float32]:
        """Per fine voxel an upper bound of the curvature of that misfit (rows add up to at most one)."""
        ones = np.ones(self.matrix.shape[1], dtype=np.float32)
        return np.asarray(self.weight * (self.transposed @ (self.matrix @ ones)), dtype=np.float32)


def reconstructed(
    stacks: Sequence[Volume], trust: Sequence[float], start: Volume, smoothness: float = SMOOTHNESS
) -> NDArray[np.float32]:
    """The occupancy whose slice averages reproduce every stack.

    Minimises the mean over the stacks, weighted by ``trust``, of the squared misfit plus ``smoothness`` times the
    squared differences of neighbours, within 0…1, by accelerated projected gradients (Beck and Teboulle 2009).

    Parameters
    ----------
    stacks
        Occupancies on native grids; at least one.
    trust
        Weight of each stack, larger than zero.
    start
        First guess on the fine grid.

    Returns
    -------
    float32, shape of ``start``
    """
    seen = [SliceAverages.of(stack, start) for stack in stacks]
    shares = np.asarray(trust, dtype=np.float32) / np.float32(sum(trust))
    curvature = sum(share * one.curvature for share, one in zip(shares, seen, strict=True))
    bound = float(np.max(curvature)) + 12.0 * smoothness
    current = np.clip(start.array, 0, 1).astype(np.float32).ravel()
    ahead, momentum = current, 1.0
    for _ in range(ITERATIONS):
        slope = np.float32(smoothness) * _roughness(ahead.reshape(start.shape)).ravel()
        for share, one in zip(shares, seen, strict=True):
            slope += share * one.pull(ahead)
        following = np.clip(ahead - slope / np.float32(bound), 0.0, 1.0)
        faster = (1.0 + np.sqrt(1.0 + 4.0 * momentum**2)) / 2.0
        ahead = following + np.float32((momentum - 1.0) / faster) * (following - current)
        current, momentum = following, faster
    return np.asarray(current.reshape(start.shape), dtype=np.float32)


def _roughness(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Minus the Laplacian with mirrored borders: gradient of half the squared differences of neighbours."""
    result = np.zeros_like(values)
    for axis in range(3):
        difference = np.diff(values, axis=axis)
        low, high = [slice(None)] * 3, [slice(None)] * 3
        low[axis], high[axis] = slice(0, -1), slice(1, None)
        result[tuple(low)] -= difference
        result[tuple(high)] += difference
    return result


def _within(stack: Volume, fine: Volume) -> NDArray[np.int64]:
    """Indices (n, 3) of a box of native voxels that holds the fine grid."""
    corners = np.array(list(product(*((-0.5, n - 0.5) for n in fine.shape))))
    index = stack.to_index(fine.to_lps(corners))
    low = np.clip(np.floor(index.min(axis=0)), 0, stack.shape).astype(int)
    high = np.clip(np.ceil(index.max(axis=0)) + 1, 0, stack.shape).astype(int)
    axes = [np.arange(a, b) for a, b in zip(low, high, strict=True)]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)


def _linear(points: NDArray[np.float64], shape: tuple[int, int, int], weight: float) -> Any:
    """Sparse matrix (n, fine voxels) of linear interpolation at points (n, 3); the outside counts as zero."""
    below = np.floor(points).astype(int)
    above = points - below
    rows, columns, shares = [], [], []
    for corner in product((0, 1), repeat=3):
        at = below + corner
        inside = ((at >= 0) & (at < shape)).all(axis=1)
        rows.append(np.flatnonzero(inside))
        columns.append(np.ravel_multi_index(tuple(at[inside].T), shape))
        shares.append(weight * np.where(corner, above, 1.0 - above).prod(axis=1)[inside])
    coordinates = (np.concatenate(rows), np.concatenate(columns))
    entries = np.concatenate(shares).astype(np.float32)
    return sparse.csr_matrix((entries, coordinates), shape=(len(points), int(np.prod(shape))))
