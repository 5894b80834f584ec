"""Displaced material as a list of voxels with their place along the posterior wall."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.segmentation.anatomy import Anatomy, Level
from pipeline.segmentation.wall import PosteriorWall, WallCoordinates
from pipeline.volume import Volume

FAINT = 0.1
EDGE = 0.5


@dataclass(frozen=True, eq=False)
class Material:
    """Voxels that hold displaced material of one level.

    Attributes
    ----------
    grid
        Their volume.
    index
        Array indices, shape (n, 3).
    share
        How much of each voxel it fills, 0…1, shape (n,).
    place
        Distances in mm along the wall (from the disc, caudal positive), behind it and to the left.
    pixel_mm, width_mm
        Finest pitch, and the extent of a voxel from side to side.
    voxel_mm3
        Volume of a voxel.
    solid
        Share from which a voxel counts as filled, for edges: half of the fullest, at most 0.5.
    """

    grid: Volume
    index: NDArray[np.intp]
    share: NDArray[np.float64]
    place: WallCoordinates
    pixel_mm: float
    width_mm: float
    voxel_mm3: float
    solid: float

    @property
    def volume_mm3(self) -> float:
        """Expected volume."""
        return float(self.share.sum()) * self.voxel_mm3


def material_of(occupancy: Volume, anatomy: Anatomy, level: Level) -> Material:
    """The voxels of ``occupancy`` (0…1, any grid in LPS mm) that are not nearly empty."""
    index = np.argwhere(occupancy.array > FAINT)
    share = np.asarray(occupancy.array[tuple(index.T)], dtype=np.float64)
    wall = PosteriorWall(anatomy.levels.values())
    place = wall.coordinates(occupancy.to_lps(index.astype(np.float64)))
    along = place.along - wall.positions_mm[level.name]
    # Extent of a voxel towards the patient's left, whatever the orientation of the grid.
    width = float(np.abs(level.axes_lps[:, 0] @ occupancy.affine[:3, :3]).max())
    fullest = float(np.quantile(share, 0.9)) if share.size else 1.0
    return Material(
        grid=occupancy,
        index=index,
        share=np.minimum(share, 1.0),
        place=WallCoordinates(along, place.behind, place.lateral),
        pixel_mm=min(occupancy.spacing_mm),
        width_mm=width,
        voxel_mm3=occupancy.voxel_volume_mm3,
        solid=min(EDGE, 0.5 * fullest),
    )
