"""Small irregularities of the signal inside a tissue: two periodic random tiles, looked up by position."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from pipeline.volume import Volume

STEP = 1 / 40
"""Tiles are int8 in steps of this many standard deviations: a quarter of the memory of float32."""


def _tile(seed: int, nodes: int, width: float) -> NDArray[np.int8]:
    values = np.random.default_rng(seed).standard_normal((nodes, nodes, nodes), dtype=np.float32)
    smooth = gaussian_filter(values, width, mode="wrap")
    return np.asarray(np.clip(np.rint(smooth / smooth.std() / STEP), -127, 127).astype(np.int8))


@dataclass(frozen=True, eq=False)
class Texture:
    """Two smooth random fields that fill space, the same in every visit and series of a case.

    Attributes
    ----------
    seed
        Seed of both fields.
    """

    seed: int

    @cached_property
    def tiles(self) -> tuple[tuple[NDArray[np.int8], float], tuple[NDArray[np.int8], float]]:
        """(tile, pitch in mm) of the fine field (1.5 mm grain) and of the coarse one (8 mm grain)."""
        return (_tile(self.seed + 401, 128, 1.3), 0.5), (_tile(self.seed + 402, 96, 2.2), 1.5)

    def slab(self, grid: Volume, index: int) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
        """Fine and coarse field (int8, steps of :data:`STEP` standard deviations) on one slab of a grid.

        Parameters
        ----------
        grid
            A volume in canonical sagittal orientation, in the anatomy's coordinates.
        index
            Index along its first axis.
        """
        fields = []
        for tile, pitch in self.tiles:
            at = []
            for axis, along in ((0, 0), (1, 2), (2, 1)):
                n = np.array([index]) if axis == 0 else np.arange(grid.shape[axis])
                position = grid.affine[along, 3] + n * grid.affine[along, axis]
                at.append(np.rint(position / pitch).astype(np.intp) % tile.shape[axis])
            fields.append(tile[at[0][0]][at[1][:, None], at[2][None, :]])
        return fields[0], fields[1]
