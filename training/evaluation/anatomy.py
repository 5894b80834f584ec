"""Vertebrae, discs, canal, names and displaced volume on one held-out patient as it is."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.dicom.visit import Role
from pipeline.segmentation.anatomy import Anatomy, SeriesSegmentation, Structure
from pipeline.segmentation.names import disc_value
from training.evaluation.cache import remembered
from training.evaluation.overlap import dice
from training.evaluation.product import measured, nearest_level, segmented, visit_of
from training.evaluation.real import BELOW, CANAL, DISC, VERTEBRA, Patient, sagittal
from training.evaluation.thick import THICK_MM, averaged, coarse, slab_weights

Shares = NDArray[np.float32]
STRUCTURES = {
    "disc": (Structure.DISC, DISC),
    "canal": (Structure.CANAL, CANAL),
    "vertebra": (Structure.VERTEBRA, VERTEBRA),
}
VERSION = 4


def evaluate_anatomy(patient: Patient, thick: bool) -> dict[str, Any]:
    """Dice, names and displaced volumes of one patient, at 4 mm slices or at the published ones."""
    return remembered(lambda: _evaluated(patient, thick), False, "anatomy", VERSION, patient.number, thick)


def _evaluated(patient: Patient, thick: bool) -> dict[str, Any]:
    weights = _weights(patient, thick)
    pitch = THICK_MM if thick else patient.image.spacing_mm[0]
    image = sagittal(averaged(patient.image.array, weights), (pitch, *patient.image.spacing_mm[1:]))
    outcome = segmented(visit_of({Role.SAGITTAL_T2: image}))
    result: dict[str, Any] = {"patient": patient.number, "slices": image.shape[0], "refusal": outcome.refusal}
    anatomy = outcome.anatomy
    if anatomy is None:
        return result
    found = anatomy.segmentations[Role.SAGITTAL_T2]
    places = {name: anatomy_name for name in patient.names if (anatomy_name := _place(patient, name, anatomy))}
    result["names"] = places
    result["confidence"] = round(max(level.confidence for level in anatomy.levels.values()), 3)
    result["dice"], result["dice_1mm"] = _overlaps(patient, found, weights)
    result["disc_dice"] = {name: _disc_dice(patient, found, weights, name, own) for name, own in places.items()}
    result["displaced_mm3"] = {
        name: round(measured(anatomy, Role.SAGITTAL_T2, own, image).volume_mm3, 1)
        for name, own in places.items()
        if name != BELOW
    }
    result["graded"] = {name: _grading(patient, name) for name in places if name in patient.gradings}
    return result


def _weights(patient: Patient, thick: bool) -> Shares:
    count = patient.image.shape[0]
    return slab_weights(count, patient.image.spacing_mm[0]) if thick else np.eye(count, dtype=np.float32)


def _place(patient: Patient, name: str, anatomy: Anatomy) -> str | None:
    centre = np.argwhere(patient.disc(name)).mean(axis=0)
    return nearest_level(anatomy, patient.image.to_lps(centre))


def _grading(patient: Patient, name: str) -> str:
    graded = patient.gradings[name]
    return "herniated" if graded.herniated else "bulging" if graded.bulging else "neither"


def _overlaps(
    patient: Patient, found: SeriesSegmentation, weights: Shares
) -> tuple[dict[str, float], dict[str, float]]:
    """Dice by structure on the image's own pixels and on 1 mm pixels.

    SPIDER draws no disc within the sacrum; what the pipeline calls S1/S2 is left out.
    """
    labels = np.where(found.instances.array == disc_value("S1/S2"), 0, found.labels.array)
    spacing = patient.image.spacing_mm[1], patient.image.spacing_mm[2]
    native, millimetre = {}, {}
    for name, (structure, value) in STRUCTURES.items():
        mine = (labels == structure).astype(np.float32)
        truth = averaged(patient.mask == value, weights)
        native[name] = round(dice(mine > 0.5, truth > 0.5), 4)
        millimetre[name] = round(dice(coarse(mine, spacing) > 0.5, coarse(truth, spacing) > 0.5), 4)
    return native, millimetre


def _disc_dice(patient: Patient, found: SeriesSegmentation, weights: Shares, name: str, own: str) -> float:
    truth = averaged(patient.disc(name), weights) > 0.5
    return round(dice(found.instances.array == disc_value(own), truth), 4)
