"""Which slices of a stack lie near a place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.volume import Affine, Points

COMPARED_MM = 50.0
"""Axial slices within this distance of the disc are all that a comparison asks about: displaced material is looked for
25 mm along the canal, the canal itself 32 mm along and 30 mm deep, which is 44 mm; slices are thick, and a patient
may have moved along them."""


@dataclass(frozen=True, eq=False)
class Nearby:
    """A place, and how far around it slices matter.

    Attributes
    ----------
    lps
        (3,) LPS mm.
    reach_mm
        Slices whose planes pass within this distance of it are near.
    """

    lps: Points
    reach_mm: float

    def slices(self, affine: Affine, count: int) -> NDArray[np.bool_]:
        """Which of ``count`` slices are near.

        Parameters
        ----------
        affine
            (4, 4): array index (slice, row, column, 1) to LPS mm.

        Returns
        -------
        bool, shape (count,)
        """
        normal = np.cross(affine[:3, 1], affine[:3, 2])
        normal /= np.linalg.norm(normal)
        origins = affine[:3, 3] + np.arange(count)[:, None] * affine[:3, 0]
        return np.asarray(np.abs((origins - self.lps) @ normal) <= self.reach_mm)
