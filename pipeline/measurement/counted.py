"""Label maps that show what was counted: displaced material that no level has is no displaced material."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pipeline.measurement.fragment import MeasuredFragment
from pipeline.segmentation.anatomy import Anatomy, SeriesSegmentation, Structure

_INSTEAD = (Structure.BACKGROUND, Structure.CANAL)
"""Displaced material lies among these. Neither has an instance, so the map of instances stays as it is."""


def labelled_as_counted(anatomy: Anatomy, fragments: Iterable[MeasuredFragment]) -> Anatomy:
    """The anatomy without the voxels labelled FRAGMENT that count as material of none of its levels.

    They become canal or background, whichever is more probable. Labels that were not looked at, because they are those
    of another series, stay as they are; so do all probabilities.

    Parameters
    ----------
    fragments
        What was measured in this anatomy, at each of its levels.
    """
    counted: dict[int, list[NDArray[np.intp]]] = {}
    for fragment in fragments:
        for block, where in fragment.counted:
            counted.setdefault(id(block), []).append(where)
    return replace(
        anatomy, segmentations={role: _relabelled(one, counted) for role, one in anatomy.segmentations.items()}
    )


def _relabelled(one: SeriesSegmentation, counted: Mapping[int, list[NDArray[np.intp]]]) -> SeriesSegmentation:
    blocks = tuple(_relabelled(block, counted) for block in one.blocks)
    if id(one) not in counted:
        return replace(one, blocks=blocks)
    labels = one.labels.array.copy()
    false = labels == Structure.FRAGMENT
    for where in counted[id(one)]:
        false.ravel()[where] = False
    likelier = one.probabilities[list(_INSTEAD)][:, false].argmax(axis=0)
    labels[false] = np.array(_INSTEAD, dtype=labels.dtype)[likelier]
    return replace(one, labels=one.labels.with_array(labels), blocks=blocks)
