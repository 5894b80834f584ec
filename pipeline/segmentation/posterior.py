"""Laminae, articular and spinous processes go to the vertebra that they hang on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

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
NEIGHBOUR_WEIGHT = 2.0
"""How much more the distance to the neighbouring process counts than the distance to the expected place."""
SACRAL_MM = 35.0
"""The posterior wall of the sacral canal is centred this far below the lowest disc."""


def with_posterior_elements(
    bodies: NDArray[np.uint8], labels: NDArray[np.uint8], axis: SpineAxis, discs: Sequence[Disc]
) -> NDArray[np.uint8]:
    """Number the bone behind the canal like the bodies in front of it.

    Spinous processes near the midline are numbered by their place and order along the canal, then all numbers grow
    through the bone until they meet; neighbours touch each other at the facets, and growing from the bodies alone would
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
    _number_in_order(markers, behind & ~sacrum & (np.abs(axis.lateral) <= MIDLINE_MM), axis, expected)
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


def _number_in_order(
    numbers: NDArray[np.int32], mask: NDArray[np.bool_], axis: SpineAxis, expected: NDArray[np.float64]
) -> None:
    """Number the spinous processes from cranial to caudal (in place); merged pieces voxel by voxel.

    Each goes to an expected place near it, at distances from its neighbours like those of the expected places: in a
    strong lordosis all of them lie further down than expected, and the nearest place alone would skip a vertebra.
    """
    pieces = sorted(_pieces(mask, axis), key=lambda piece: piece.place)
    for piece, number in zip(pieces, _in_order([piece.place for piece in pieces], expected), strict=True):
        if not piece.merged(expected):
            numbers[piece.box][piece.own] = 1 + number
    _number_by_place(numbers, mask & (numbers == 0), axis, expected)


def _in_order(places: Sequence[float], expected: NDArray[np.float64]) -> list[int]:
    """Index of the expected place for each of ``places`` (rising), never falling, at the least cost."""
    if not places:
        return []
    falling = np.tril(np.ones((len(expected), len(expected)), dtype=bool), -1)
    steps = np.where(falling, np.inf, expected[None, :] - expected[:, None])
    cost = np.abs(expected - places[0])
    came_from = []
    for before, place in pairwise(places):
        ways = cost[:, None] + NEIGHBOUR_WEIGHT * np.abs(place - before - steps)
        came_from.append(ways.argmin(axis=0))
        cost = ways.min(axis=0) + np.abs(expected - place)
    order = [int(cost.argmin())]
    for previous in reversed(came_from):
        order.append(int(previous[order[-1]]))
    return order[::-1]


@dataclass(frozen=True, eq=False)
class _Piece:
    """One connected piece of bone: its box, its voxels in there, and where each lies along the canal, mm."""

    box: tuple[slice, ...]
    own: NDArray[np.bool_]
    along: NDArray[np.float64]

    @property
    def place(self) -> float:
        return float(self.along.mean())

    def merged(self, expected: NDArray[np.float64]) -> bool:
        """Whether it is too long for one process."""
        low, high = np.percentile(self.along, (2, 98))
        return bool(high - low > MERGED_SHARE * float(np.median(np.diff(expected))))


def _pieces(mask: NDArray[np.bool_], axis: SpineAxis) -> list[_Piece]:
    numbered, _ = ndimage.label(mask)
    found = []
    for number, box in enumerate(ndimage.find_objects(numbered), start=1):
        own = numbered[box] == number
        if np.count_nonzero(own) >= FEWEST_VOXELS:
            found.append(_Piece(box, own, np.broadcast_to(axis.along[box[1:]], own.shape)[own]))
    return found


def _number_by_place(
    numbers: NDArray[np.int32], mask: NDArray[np.bool_], axis: SpineAxis, expected: NDArray[np.float64]
) -> None:
    """Number each piece of ``mask`` by the expected place nearest to it (in place); merged pieces voxel by voxel."""
    for piece in _pieces(mask, axis):
        where = piece.along if piece.merged(expected) else np.full(piece.along.shape, piece.place)
        numbers[piece.box][piece.own] = 1 + np.abs(where[:, None] - expected).argmin(axis=1)
