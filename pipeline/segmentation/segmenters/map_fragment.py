"""The network's fragment among the structures of a label map that knows none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pipeline.config import SegmentationSettings
from pipeline.dicom.visit import Role, Visit
from pipeline.segmentation.anatomy import Anatomy, SeriesSegmentation, Structure
from pipeline.segmentation.fine import refine
from pipeline.segmentation.inference import Prediction
from pipeline.segmentation.network import Predictor
from pipeline.segmentation.segmenters.map_on_grid import LabelMap


def mix_in(shares: NDArray[np.float32], fragment: NDArray[np.float32]) -> None:
    """Let the fragment take its part of every voxel.

    Parameters
    ----------
    shares
        Shape (6, slices, rows, columns), summing to 1, without any FRAGMENT; changed in place.
    fragment
        Probability 0…1, shape (slices, rows, columns).
    """
    shares *= 1.0 - fragment
    shares[Structure.FRAGMENT] = fragment


def with_fine_fragment(
    visit: Visit,
    anatomy: Anatomy,
    labels: LabelMap,
    found: Mapping[Role, Prediction],
    *,
    settings: SegmentationSettings,
    network: Predictor,
) -> Anatomy:
    """The fragment as the fine pass sees it, with all sagittal series together around the level asked for.

    Parameters
    ----------
    found
        What the sagittal network says of each series: the fine pass begins there, not from the label map.
    network
        Of the fine pass.
    """
    names = list(anatomy.levels)
    at = names.index(settings.level)
    levels = [anatomy.levels[name] for name in names[max(0, at - 1) : at + 2]]
    images = {role: visit.series[role].volume for role in found}
    result = dict(anatomy.segmentations)
    for role, prediction in found.items():
        own = replace(
            result[role],
            probabilities=prediction.native_probabilities,
            fragment_variants=prediction.native_fragment_variants,
        )
        fine = refine(own, images, levels, network, settings.variants)
        result[role] = _with_fragment(result[role], labels.structures_on(images[role]), fine)
    return replace(anatomy, segmentations=result)


def _with_fragment(
    labelled: SeriesSegmentation, shares: NDArray[np.float32], fine: SeriesSegmentation
) -> SeriesSegmentation:
    """A label map's structures with another segmentation's fragment."""
    mix_in(shares, fine.probabilities[Structure.FRAGMENT])
    before, now = labelled.labels.array, shares.argmax(axis=0).astype(np.uint8)
    changed = (before == Structure.FRAGMENT) | (now == Structure.FRAGMENT)
    return replace(
        labelled,
        labels=labelled.labels.with_array(np.where(changed, now, before).astype(np.uint8)),
        instances=labelled.instances.with_array(np.where(changed, np.uint8(0), labelled.instances.array)),
        probabilities=shares,
        fragment_variants=fine.fragment_variants,
    )
