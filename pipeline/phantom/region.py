"""Boxes of the anatomy whose voxel centres all lie on one lattice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from pipeline.phantom.anatomy import AnatomyMap, FragmentSpec, SpineSpec, build_anatomy

_LOWEST = np.array([-165.0, -160.0, -215.0])
_HIGHEST = np.array([165.0, 112.0, 190.0])
"""What the anatomy has to offer, LPS mm from the centre of L3; beyond it lies air."""


@dataclass(frozen=True)
class Region:
    """A box of the anatomy, in its own LPS mm (origin at the centre of L3).

    Attributes
    ----------
    centre_lps
        Centre of the box.
    extent_mm
        Size along (R→L, S→I, A→P).
    spacing_mm
        Pitch of the voxels, the same along all axes.
    """

    centre_lps: tuple[float, float, float]
    extent_mm: tuple[float, float, float]
    spacing_mm: float

    @classmethod
    def around(cls, points: NDArray[np.float64], spacing_mm: float) -> Region:
        """The box around (n, 3) points, LPS mm, with voxel centres on multiples of the spacing."""
        low = np.maximum(points.min(axis=0), _LOWEST)
        high = np.minimum(points.max(axis=0), _HIGHEST)
        first = np.floor(low / spacing_mm)
        count = np.maximum(np.ceil(high / spacing_mm) - first + 1, 1)
        x, y, z = (float(v) for v in (first + (count - 1) / 2) * spacing_mm)
        wide, deep, high_mm = (float(v) for v in count * spacing_mm)
        return cls((x, y, z), (wide, high_mm, deep), spacing_mm)

    def build(self, spine: SpineSpec, fragments: Sequence[FragmentSpec] = ()) -> AnatomyMap:
        """The anatomy in this box.

        Raises
        ------
        pipeline.errors.UsageError
            If the canal has no room for a fragment.
        """
        step = (self.spacing_mm, self.spacing_mm, self.spacing_mm)
        return build_anatomy(spine, fragments, spacing_mm=step, extent_mm=self.extent_mm, centre_lps=self.centre_lps)


@lru_cache(maxsize=8)
def _landmarks(spine: SpineSpec) -> tuple[tuple[str, tuple[float, float, float]], ...]:
    tiny = Region((0.0, 0.0, 0.0), (2.0, 2.0, 2.0), 2.0)
    return tuple(tiny.build(spine).landmarks.items())


def anatomy_landmarks(spine: SpineSpec) -> dict[str, NDArray[np.float64]]:
    """(3,) LPS mm of every body and disc in the anatomy's coordinates."""
    return {name: np.array(at, dtype=np.float64) for name, at in _landmarks(spine)}
