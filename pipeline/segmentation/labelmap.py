"""Refusal of label maps that were given in place of images."""

from __future__ import annotations

import numpy as np

from pipeline.errors import AnatomyError
from pipeline.volume import Volume

FEWEST_VALUES = 32
"""Any MR image has hundreds of distinct values; a map of labels has one for each structure."""
_STRIDE = 101
"""A sample settles it for every image; the whole is looked through only where the sample holds few values."""


def require_image(volume: Volume, what: str) -> None:
    """Refuse a volume with so few distinct values that it is a label map.

    A constant volume is none: it shows nothing, and is refused for that later.

    Parameters
    ----------
    what
        The series, for the message, e.g. ``"sagittal T2"``.

    Raises
    ------
    AnatomyError
        Saying how many values there are.
    """
    if np.unique(volume.array.ravel()[::_STRIDE]).size >= FEWEST_VALUES:
        return
    values = np.unique(volume.array).size
    if 1 < values < FEWEST_VALUES:
        raise AnatomyError(
            f"The {what} series holds only {values} distinct values, so it looks like a label map (a segmentation), "
            "not an image. Give the MR images themselves."
        )
