"""Laminae, articular and spinous processes go to the vertebra that they hang on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.segmentation import watershed

from pipeline.segmentation.anatomy import Structure
from pipeline.segmentation.axis import CANAL_FRONT_MM, SpineAxis
from pipeline.segmentation.discs import Disc

MIDLINE_MM = 5.0
BEHIND_CANAL_MM = 8.0
FEWEST_VOXELS = 12
MERGED_SHARE = 1.4
"""A piece that is longer than this share of the distance between two discs is several processes grown together."""
SACRAL_MM = 35.0
"""The posterior wall of the sacral canal is centred this far below the lowest disc."""


def with_posterior_elements(
    bodies: NDArray[np.uint8], labels: NDArray[np.uint8], axis: SpineAxis, discs: Sequence[Disc]
) -> NDArray[np.uint8]:
    """Number the bone behind the canal like the bodies in front of it.

    Spinous processes near the midline are numbered by their place along the canal, then all numbers grow through
    the bone until they meet; neighbours touch each other at the facets, and growing from the bodies alone would
    cross there. Pieces that nothing reaches go by their place, too.

    Parameters
    ----------
    bodies
        uint8, shape (slices, rows, columns): numbers of the bodies, 0 elsewhere.
    labels
        uint8, same shape: structures.

    Returns
    -------
    uint8, same shape
    """
    expected = _expected_places(discs)
    sacrum = labels == Structure.SACRUM
    bone = sacrum | (labels == Structure.VERTEBRA)
    behind = bone & (axis.before < -BEHIND_CANAL_MM)[None]
    markers = bodies.astype(np.int32)
    _number_by_place(markers, behind & ~sacrum & (np.abs(axis.lateral) <= MIDLINE_MM), axis, expected)
    markers[behind & sacrum] = len(discs) + 1
    flat = np.zeros(bodies.shape, dtype=np.uint8)
    grown: NDArray[np.int32] = np.asarray(watershed(flat, markers=markers, mask=bone), dtype=np.int32)
    _number_by_place(grown, bone & (axis.before <= CANAL_FRONT_MM)[None] & (grown == 0), axis, expected)
    return grown.astype(np.uint8)


def _expected_places(discs: Sequence[Disc]) -> NDArray[np.float64]:
    """Where the spinous process of each body is centred along the canal, mm.

    Measured on real label maps: about 8 mm above the disc below, at the two lowest lumbar levels at that disc.
    """
    places = [disc.along_mm - (0.0 if k >= len(discs) - 2 else 8.0) for k, disc in enumerate(discs)]
    return np.array([*places, discs[-1].along_mm + SACRAL_MM])


def _number_by_place(
    numbers: NDArray[np.int32], mask: NDArray[np.bool_], axis: SpineAxis, expected: NDArray[np.float64]
) -> None:
    """Number each piece of ``mask`` by the expected place nearest to it (in place); merged pieces voxel by voxel."""
    pieces, _ = ndimage.label(mask)
    gap = float(np.median(np.diff(expected)))
    for piece, box in enumerate(ndimage.find_objects(pieces), start=1):
        own = pieces[box] == piece
        if np.count_nonzero(own) < FEWEST_VOXELS:
            continue
        along = np.broadcast_to(axis.along[box[1:]], own.shape)[own]
        low, high = np.percentile(along, (2, 98))
        where = along if high - low > MERGED_SHARE * gap else np.full(along.shape, along.mean())
        numbers[box][own] = 1 + np.abs(where[:, None] - expected).argmin(axis=1)
