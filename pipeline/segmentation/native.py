"""Labels and named instances on the series' own grid."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.dicom.visit import Role
from pipeline.segmentation.anatomy import SeriesSegmentation, Structure
from pipeline.segmentation.grid import CanonicalSeries, InPlane
from pipeline.segmentation.inference import Prediction
from pipeline.segmentation.instances import Spine
from pipeline.segmentation.levels import LevelNaming
from pipeline.segmentation.names import disc_value, vertebra_value
from pipeline.segmentation.probable import most_probable

GROWTH_PIXELS = 3
"""Instance numbers reach this far beyond their own 1 mm pixels, so that no native border pixel is left without."""
SACRAL_DISC = "S1/S2"


def on_native_grid(role: Role, prediction: Prediction, spine: Spine, naming: LevelNaming) -> SeriesSegmentation:
    """Bring structures and names to the native voxels.

    The native probabilities decide what a voxel is; the spine found on the 1 mm plane decides what is noise, which
    instance a voxel belongs to, and whether its bone is vertebra or sacrum.
    """
    series, plane = prediction.series, prediction.plane
    labels = most_probable(prediction.native_probabilities)
    kept = _looked_up(series, plane, _grown((spine.labels > 0).astype(np.uint8)))
    labels[kept == 0] = Structure.BACKGROUND
    body_values, body_structures = _body_tables(spine, naming)
    bodies = _looked_up(series, plane, _grown(spine.body_numbers))
    bone = (labels == Structure.VERTEBRA) | (labels == Structure.SACRUM)
    known = bone & (bodies > 0)
    labels[known] = body_structures[bodies[known]]
    instances = np.zeros_like(labels)
    instances[bone] = body_values[bodies[bone]]
    discs = _looked_up(series, plane, _grown(spine.disc_numbers))
    disc = labels == Structure.DISC
    instances[disc] = _disc_table(spine, naming)[discs[disc]]
    return SeriesSegmentation(
        role=role,
        labels=series.native.with_array(labels),
        instances=series.native.with_array(instances),
        probabilities=prediction.native_probabilities,
        fragment_variants=prediction.native_fragment_variants,
    )


def _body_tables(spine: Spine, naming: LevelNaming) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Instance value and structure by body number (index 0: none)."""
    values = np.zeros(256, dtype=np.uint8)
    structures = np.full(256, Structure.VERTEBRA, dtype=np.uint8)
    for name, k in naming.bodies.items():
        values[k + 1] = vertebra_value(name)
    for k in range(naming.sacral_from, len(spine.bodies)):
        values[k + 1] = vertebra_value("S1")
        structures[k + 1] = Structure.SACRUM
    return values, structures


def _disc_table(spine: Spine, naming: LevelNaming) -> NDArray[np.uint8]:
    values = np.zeros(256, dtype=np.uint8)
    for name, k in naming.discs.items():
        values[k + 1] = disc_value(name)
    if naming.sacral_from < len(spine.discs):
        values[naming.sacral_from + 1] = disc_value(SACRAL_DISC)
    return values


def _grown(numbers: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Numbers spread in-plane into the zeros around them."""
    result = numbers
    for _ in range(GROWTH_PIXELS):
        spread = ndimage.maximum_filter(result, size=(1, 3, 3))
        result = np.where(result == 0, spread, result)
    return result


def _looked_up(series: CanonicalSeries, plane: InPlane, values: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Values (slices, *plane.count) at the nearest native voxels; 0 outside the plane."""
    window = series.native_window(plane)
    chosen = values
    for k in range(2):
        native = window.plane.first_mm[k] + np.arange(window.plane.count[k]) * window.plane.pixel_mm[k]
        index = np.round((native - plane.first_mm[k]) / plane.pixel_mm[k]).astype(int)
        chosen = np.take(chosen, np.clip(index, 0, plane.count[k] - 1), axis=1 + k)
    result = np.zeros(series.native.shape, dtype=np.uint8)
    series.put(result, chosen, window)
    return result
