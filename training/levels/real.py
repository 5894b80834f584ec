"""Views of SPIDER patients (CC BY 4.0) through the shipped network: whole, and cut where examinations may end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.segmentation.inference import predict
from pipeline.segmentation.network import shared_network
from pipeline.volume import Volume
from training.evaluation.real import load_patient, sagittal
from training.evaluation.thick import THICK_MM, averaged, coarse, slab_weights
from training.levels.store import Kept, keep, place, recall
from training.levels.views import LUMBOSACRAL, View, view_of
from training.split import HELD_OUT, TRAINING

PATIENTS = (*HELD_OUT, *TRAINING)
CUT_PATIENTS = (*HELD_OUT, *TRAINING[:8])
PIXEL_MM = 0.7
VARIANTS = 2
"""As the product counts with."""
WHOLE = "whole"
BELOW_MM = {"35 mm below": 35.0, "20 mm below": 20.0, "8 mm below": 8.0, "6 mm above": -6.0}
"""Where the image ends, from the centre of L5/S1."""
BETWEEN = {"within L5": (LUMBOSACRAL, "L4/L5"), "within L4": ("L4/L5", "L3/L4")}
"""Discs half way between which the image ends."""
FROM_L3 = "from L3 on"
KINDS = (WHOLE, *BELOW_MM, *BETWEEN, FROM_L3)


def group_of(patient: int) -> str:
    """Name of a patient's group of views."""
    return f"patient {patient}"


def real_views(folder: Path, say: Callable[[str], None]) -> Iterator[View]:
    """Every view of every patient; what the network says is kept under training/runs.

    Parameters
    ----------
    folder
        Holds ``t2_space`` and ``radiological_gradings.csv``.
    """
    for patient in PATIENTS:
        kinds = KINDS if patient in CUT_PATIENTS else (WHOLE,)
        if not all(place(patient, kind).is_file() for kind in kinds):
            say(group_of(patient))
            _predict(folder, patient, kinds)
        for kind in kinds:
            kept = recall(place(patient, kind))
            view = view_of(group_of(patient), kind, kept.prediction, kept.true_lps)
            if view is not None:
                yield view


def _predict(folder: Path, patient: int, kinds: tuple[str, ...]) -> None:
    volume, centres = thick_patient(folder, patient)
    for kind in kinds:
        path = place(patient, kind)
        if not path.is_file():
            cut = _rows(volume, cut_rows(volume, centres, kind))
            keep(path, Kept(predict(cut, shared_network(1), VARIANTS), centres))


def thick_patient(folder: Path, number: int) -> tuple[Volume, dict[str, NDArray[np.float64]]]:
    """4 mm slices of 0.7 mm pixels, and the centre of every disc by its true name, LPS mm."""
    patient = load_patient(folder, number)
    pitch, *pixel = patient.image.spacing_mm
    thick = averaged(patient.image.array, slab_weights(patient.image.shape[0], pitch))
    volume = sagittal(coarse(thick, (pixel[0], pixel[1]), PIXEL_MM), (THICK_MM, PIXEL_MM, PIXEL_MM))
    numbers = range(1, len(patient.names) + 1)
    places = ndimage.center_of_mass(patient.discs > 0, patient.discs, numbers)
    return volume, {name: patient.image.to_lps(np.array(at)) for name, at in zip(patient.names, places, strict=True)}


def cut_rows(volume: Volume, centres: Mapping[str, NDArray[np.float64]], kind: str) -> slice:
    """The rows that a kind of view shows."""
    row = {name: float(volume.to_index(point)[1]) for name, point in centres.items()}
    if kind in BELOW_MM:
        return slice(0, round(row[LUMBOSACRAL] + BELOW_MM[kind] / PIXEL_MM))
    if kind in BETWEEN:
        return slice(0, round(float(np.mean([row[name] for name in BETWEEN[kind]]))))
    if kind == FROM_L3:
        return slice(round((row["L2/L3"] + row["L3/L4"]) / 2), volume.shape[1])
    return slice(0, volume.shape[1])


def _rows(volume: Volume, rows: slice) -> Volume:
    affine = volume.affine.copy()
    affine[:3, 3] = volume.to_lps(np.array([0.0, float(rows.start), 0.0]))
    return Volume(np.ascontiguousarray(volume.array[:, rows]), affine)
