"""Fragments of a visit, painted on their own small boxes and pasted into the maps of the spine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from pipeline.phantom.anatomy import FragmentSpec, SpineSpec, Tissue
from pipeline.phantom.fine_map import FineMap
from pipeline.phantom.region import Region, anatomy_landmarks
from pipeline.volume import Volume

_REACH_MM = np.array([26.0, 34.0, 48.0])
"""Half size (L, P, S) of the box around a disc that its fragment cannot leave."""


@dataclass(frozen=True, eq=False)
class Displaced:
    """The surroundings of one disc with its fragments.

    Attributes
    ----------
    level
        The disc.
    tissue
        uint8 tissue codes around it, with its fragments.
    changed
        Voxels that look different without them.
    """

    level: str
    tissue: Volume
    changed: NDArray[np.bool_]

    def _volume_mm3(self, wanted: Tissue) -> float:
        return float((self.tissue.array == wanted).sum() * self.tissue.voxel_volume_mm3)

    @property
    def volume_mm3(self) -> float:
        """Volume of displaced material."""
        return self._volume_mm3(Tissue.FRAGMENT)

    @property
    def rim_volume_mm3(self) -> float:
        """Volume of the rim."""
        return self._volume_mm3(Tissue.FRAGMENT_RIM)

    @property
    def centroid_lps(self) -> NDArray[np.float64]:
        """(3,) centroid of the displaced material in the anatomy's LPS mm."""
        inside = np.argwhere(self.tissue.array == Tissue.FRAGMENT)
        return self.tissue.to_lps(inside.mean(axis=0))


def paint_displaced(spine: SpineSpec, fragments: Sequence[FragmentSpec], spacing_mm: float) -> list[Displaced]:
    """Paint the surroundings of every disc that fragments came from.

    Raises
    ------
    pipeline.errors.UsageError
        If the canal has no room for a fragment.
    """
    landmarks = anatomy_landmarks(spine)
    out = []
    for level in dict.fromkeys(fragment.level for fragment in fragments):
        region = Region.around(np.stack([landmarks[level] - _REACH_MM, landmarks[level] + _REACH_MM]), spacing_mm)
        here = tuple(fragment for fragment in fragments if fragment.level == level)
        tissue = _painted(region, spine, here)
        out.append(Displaced(level, tissue, tissue.array != _painted(region, spine, ()).array))
    return out


@lru_cache(maxsize=3)
def _painted(region: Region, spine: SpineSpec, fragments: tuple[FragmentSpec, ...]) -> Volume:
    """Tissue codes of a box; kept, for visits of one patient differ in their fragments only, or not even in these."""
    return region.build(spine, fragments).tissue


def pasted(base: FineMap, displaced: Sequence[Displaced]) -> FineMap:
    """The map with fragments in place; everything else stays what it was, identical between visits.

    Both lie on the same lattice, so that no voxel is interpolated.
    """
    if not displaced:
        return base
    tissue, material = base.tissue.array.copy(), base.material.copy()
    for part in displaced:
        shift = np.rint(base.tissue.to_index(part.tissue.affine[:3, 3])).astype(int)
        at = np.argwhere(part.changed) + shift
        inside = ((at >= 0) & (at < base.tissue.shape)).all(axis=1)
        codes = part.tissue.array[part.changed][inside]
        for painted in (tissue, material):
            painted[tuple(at[inside].T)] = codes
    return FineMap(base.tissue.with_array(tissue), material, base.texture)
