"""Numbered structures take a small part of a series each: what is asked of one is looked for in its box."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage


@dataclass(frozen=True, eq=False)
class Boxed:
    """One structure of a map.

    Attributes
    ----------
    box
        Ranges of slices, rows and columns that hold it.
    mask
        bool, the shape of the box: where it is.
    """

    box: tuple[slice, ...]
    mask: NDArray[np.bool_]

    def places(self, among: NDArray[np.bool_]) -> tuple[NDArray[np.intp], ...]:
        """Indices in the whole map of the structure's voxels that are ``among`` others, an array that fits the box."""
        found = np.nonzero(self.mask & among)
        return tuple(index + part.start for index, part in zip(found, self.box, strict=True))


def boxed(numbers: NDArray[np.uint8], count: int) -> list[Boxed | None]:
    """The structures 1 … ``count`` of a map (slices, rows, columns) of their numbers; None where one does not occur."""
    boxes: Sequence[tuple[slice, ...] | None] = ndimage.find_objects(numbers, max_label=count) if count else []
    return [None if box is None else Boxed(box, numbers[box] == k) for k, box in enumerate(boxes, start=1)]
