"""Linear interpolation of several arrays at the same places."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from pipeline.volume import Points


class Places:
    """Continuous indices in a grid, ready to be looked up in any number of arrays on it.

    The corners around every place and their weights are found once; ``scipy.ndimage.map_coordinates`` finds them again
    for every array, and gives the same values to the last bit.

    Parameters
    ----------
    index
        Shape (n, 3): slice, row and column, inside the grid.
    shape
        Of the grid.
    """

    def __init__(self, index: Points, shape: Sequence[int]) -> None:
        low = np.floor(index).astype(np.intp)
        lower = 1.0 - (index - low)
        upper = 1.0 - lower
        high = np.minimum(low + 1, np.array(shape) - 1)
        step = np.array([shape[1] * shape[2], shape[2], 1])
        flat, weights = ((low * step).T, (high * step).T), (lower.T, upper.T)
        self._shape = tuple(shape)
        self._corners = [
            (flat[a][0] + flat[b][1] + flat[c][2], (weights[a][0], weights[b][1], weights[c][2]))
            for a, b, c in product((0, 1), repeat=3)
        ]

    def values(self, array: NDArray[np.float32]) -> NDArray[np.float32]:
        """Of an array of the grid's shape, linear; shape (n,).

        Raises
        ------
        ValueError
            If the array has another shape.
        """
        if array.shape != self._shape:
            raise ValueError(f"places in a grid of shape {self._shape} cannot be looked up in an array {array.shape}")
        given = np.ravel(array)
        total = np.zeros(len(self._corners[0][0]))
        for at, (first, second, third) in self._corners:
            total += given.take(at) * first * second * third
        return total.astype(np.float32)
