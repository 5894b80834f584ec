"""The finely sampled tissues that slices are cut from: painted once per spine, fragments pasted in per visit."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pipeline.phantom.anatomy import NETWORK_CLASS, SpineSpec, Tissue
from pipeline.phantom.region import Region
from pipeline.phantom.texture import STEP, Texture
from pipeline.phantom.tissue_physics import TissuePhysics, column
from pipeline.volume import Volume


@dataclass(frozen=True, eq=False)
class FineMap:
    """Tissues on a fine grid, in the anatomy's own coordinates.

    Attributes
    ----------
    tissue
        uint8 `Tissue` codes; canonical sagittal orientation.
    material
        uint8 of the same shape: the tissue, but ``len(Tissue) + n`` for the nucleus of disc *n*, because every disc has
        dried out to its own degree.
    texture
        Irregularities of the signal.
    """

    tissue: Volume
    material: NDArray[np.uint8]
    texture: Texture

    def signal(self, signals: NDArray[np.float64], physics: tuple[TissuePhysics, ...]) -> NDArray[np.float32]:
        """Signal of every voxel.

        Parameters
        ----------
        signals
            (materials,) mean signal of every material.
        physics
            Properties of every material, for its texture.

        Returns
        -------
        float32 array of the map's shape.
        """
        fine = (signals * column(physics, "fine") * STEP).astype(np.float32)
        coarse = (signals * column(physics, "coarse") * STEP).astype(np.float32)
        mean = signals.astype(np.float32)
        out = np.empty(self.tissue.shape, dtype=np.float32)
        for i, codes in enumerate(self.material):
            fine_field, coarse_field = self.texture.slab(self.tissue, i)
            out[i] = np.take(mean, codes)  # half the time of indexing
            out[i] += np.take(fine, codes) * fine_field
            out[i] += np.take(coarse, codes) * coarse_field
        return np.maximum(out, 0, out=out)

    @cached_property
    def fragment(self) -> Volume | None:
        """Float mask (0 or 1) of displaced material, cropped to where it lies; None where there is none."""
        return _mask(self.tissue, Tissue.FRAGMENT)

    @cached_property
    def rim(self) -> Volume | None:
        """Float mask (0 or 1) of the rim, cropped to where it lies; None where there is none."""
        return _mask(self.tissue, Tissue.FRAGMENT_RIM)

    @cached_property
    def classes(self) -> Volume:
        """Network class of every voxel (uint8)."""
        return self.tissue.with_array(NETWORK_CLASS[self.tissue.array])


def _mask(tissue: Volume, wanted: Tissue) -> Volume | None:
    found = tissue.array == wanted
    if not found.any():
        return None
    axes = [np.nonzero(found.any(axis=tuple(k for k in range(3) if k != axis)))[0] for axis in range(3)]
    low = np.maximum([a[0] - 2 for a in axes], 0)
    high = np.minimum([a[-1] + 3 for a in axes], found.shape)
    affine = tissue.affine.copy()
    affine[:3, 3] = tissue.to_lps(low.astype(np.float64))
    crop = found[low[0] : high[0], low[1] : high[1], low[2] : high[2]]
    return Volume(crop.astype(np.float32), affine)


def paint_base(spine: SpineSpec, region: Region, texture: Texture) -> FineMap:
    """The spine without fragments in a region."""
    built = region.build(spine)
    material = built.tissue.array.copy()
    nucleus = material == Tissue.DISC_NUCLEUS
    first_disc = 1 + len(spine.names)
    material[nucleus] = len(Tissue) + built.instance.array[nucleus] - np.uint8(first_disc)
    return FineMap(built.tissue, material, texture)
