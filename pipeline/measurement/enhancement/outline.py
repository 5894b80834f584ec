"""The fragment's outline on the grid of a series after contrast medium."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from pipeline.volume import Affine, Volume

_THROUGH = np.linspace(-0.4, 0.4, 5)


def share_on(share: Volume, shift: Affine, onto: Volume, thickness_mm: float) -> Volume:
    """Share of every voxel of another grid that a shape fills.

    Parameters
    ----------
    share
        Share 0…1 of every voxel, on its own grid.
    shift
        (4, 4): LPS of the wanted grid → LPS of ``share``.
    onto
        The wanted grid.
    thickness_mm
        Slice thickness of that grid: a shape on a finer grid is averaged through it.

    Returns
    -------
    float32 volume on the grid of ``onto``, 0 beyond the shape's own grid.
    """
    finer = min(share.spacing_mm) < 0.6 * thickness_mm and max(share.spacing_mm) < 0.6 * thickness_mm
    steps = _THROUGH * thickness_mm / onto.spacing_mm[0] if finer else np.zeros(1)
    values = np.asarray(share.array, dtype=np.float64)
    way = np.linalg.inv(share.affine) @ shift @ onto.affine
    index = np.indices(onto.shape, dtype=np.float64).reshape(3, -1)
    total = np.zeros(index.shape[1])
    for step in steps:
        at = way[:3, :3] @ (index + np.array([[step], [0.0], [0.0]])) + way[:3, 3:]
        total += ndimage.map_coordinates(values, at, order=1, mode="constant", cval=0.0)
    return onto.with_array((total / len(steps)).reshape(onto.shape).astype(np.float32))
