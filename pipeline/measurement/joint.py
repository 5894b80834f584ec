"""One volume per visit from all comparisons of a course.

Every comparison measures its two visits, and the change between them once more directly on the aligned images; both
volumes are then moved a little so that they go with that change. A visit that takes part in several comparisons so has
several volumes. As with the heights of a levelling network, one set of volumes is sought that fits all of it best:

    minimise  Σ_k (V_k − m_k)² / s_k²  +  Σ_ij (V_j − V_i − D_ij)² / t_ij²

m_k is what visit k shows by itself, s_k its standard deviation, D_ij the change measured directly on the visits i and
j, and t_ij² = (s_i² + s_j²) (1 − w_ij) / w_ij, where w_ij is the weight that the direct measurement has in its pair.
So with two visits alone the solution is that of their pair, and what is measured several times counts several times.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SURE = 1e-6
"""So much of the weight is left to the volumes at least, or the sum would not be finite."""
LEAST_SD_MM3 = 1e-3


@dataclass(frozen=True, slots=True)
class Between:
    """The change measured directly between two visits.

    Attributes
    ----------
    first, second
        Numbers of the visits, from 0 on.
    direct_mm3
        Second minus first.
    weight
        0…1: its share in the change of its pair.
    """

    first: int
    second: int
    direct_mm3: float
    weight: float


def joint_volumes(
    alone_mm3: Sequence[float], sd_mm3: Sequence[float], changes: Sequence[Between]
) -> NDArray[np.float64]:
    """Volumes in mm³, shape (visits,), that fit single measurements and direct changes best; none is below 0.

    Parameters
    ----------
    alone_mm3, sd_mm3
        What each visit shows by itself, with its standard deviation.
    changes
        Direct changes, of any pairs of visits; a visit without any keeps its own volume.
    """
    own = 1.0 / np.maximum(np.asarray(sd_mm3, dtype=np.float64), LEAST_SD_MM3) ** 2
    normal, right = np.diag(own), own * np.asarray(alone_mm3, dtype=np.float64)
    for one in changes:
        weight = min(max(one.weight, 0.0), 1.0 - SURE)
        variance = 1.0 / own[one.first] + 1.0 / own[one.second]
        precision = weight / (1.0 - weight) / variance
        row = np.zeros(len(own))
        row[one.first], row[one.second] = -1.0, 1.0
        normal += precision * np.outer(row, row)
        right += precision * one.direct_mm3 * row
    return np.maximum(np.asarray(np.linalg.solve(normal, right), dtype=np.float64), 0.0)
