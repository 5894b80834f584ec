"""Fragments of known volume in the canals of held-out patients, seen in 4 mm slices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from pipeline.dicom.visit import Role
from training.evaluation.cache import array_sha256, remembered
from training.evaluation.canal_room import CanalRoom
from training.evaluation.fragments import rooms_of, wanted_fragments, zone_of
from training.evaluation.overlap import dice, hit, soft_dice
from training.evaluation.paste import Pasted, Wanted, paste
from training.evaluation.product import displaced, nearest_level, segmented, visit_of, volume_mm3
from training.evaluation.real import Patient, sagittal
from training.evaluation.thick import THICK_MM, averaged, slab_weights

FOUND = 0.25
"""A fragment of which this share was hit counts as found."""
NARROW_MM = 10.0
"""A sac of less depth than this is a narrow canal."""
VERSION = 5


def evaluate_pasted(patient: Patient) -> list[dict[str, Any]]:
    """One row per fragment."""
    rooms = rooms_of(patient)
    rows = []
    for wanted in wanted_fragments(patient, rooms):
        drawn = paste(patient, rooms[wanted.level], wanted)
        if drawn is not None:
            rows.append(_row(patient, rooms, wanted, drawn))
    return rows


def _row(patient: Patient, rooms: Mapping[str, CanalRoom], wanted: Wanted, drawn: Pasted) -> dict[str, Any]:
    key = array_sha256(drawn.image), array_sha256(drawn.occupancy)
    room = rooms[wanted.level]
    centre = np.average(np.argwhere(drawn.occupancy > 0), axis=0, weights=drawn.occupancy[drawn.occupancy > 0])
    facts = {
        "patient": patient.number,
        **{key: round(value, 2) if isinstance(value, float) else value for key, value in asdict(wanted).items()},
        "zone": zone_of(float(centre[0] - room.middle) * patient.image.spacing_mm[0]),
        "sac_depth_mm": round(room.depth_mm, 1),
        "narrow": room.depth_mm < NARROW_MM,
        "sac_share": round(drawn.sac_share, 2),
    }
    return {**facts, **remembered(lambda: _measured(patient, wanted, drawn), "pasted", VERSION, patient.number, *key)}


def _measured(patient: Patient, wanted: Wanted, drawn: Pasted) -> dict[str, Any]:
    weights = slab_weights(patient.image.shape[0], patient.image.spacing_mm[0])
    image = sagittal(averaged(drawn.image, weights), (THICK_MM, *patient.image.spacing_mm[1:]))
    truth = averaged(drawn.occupancy, weights)
    true_mm3 = float(truth.sum(dtype=np.float64)) * image.voxel_volume_mm3
    nothing = {
        "right_parent": False,
        "true_mm3": round(true_mm3, 1),
        "found_mm3": 0.0,
        "dice": 0.0,
        "soft_dice": 0.0,
        "hit": 0.0,
    }
    anatomy = segmented(visit_of({Role.SAGITTAL_T2: image}), wanted.level).anatomy
    if anatomy is None:
        return {**nothing, "seen": 0.0}
    found = anatomy.segmentations[Role.SAGITTAL_T2]
    own = nearest_level(anatomy, patient.image.to_lps(np.argwhere(patient.disc(wanted.level)).mean(axis=0)))
    seen = round(hit(found.probabilities[5], truth), 3)
    if own is None:
        return {**nothing, "seen": seen}
    # A fragment that migrated half-way may be given to the other disc: that is another fault than to miss it.
    names = list(anatomy.levels)
    near = names[max(0, names.index(own) - 1) : names.index(own) + 2]
    materials = {name: displaced(anatomy, found, name, image) for name in near}
    parent = max(near, key=lambda name: (hit(materials[name].probability.array, truth), name == own))
    material = materials[parent]
    probability = material.probability.array
    return {
        "right_parent": parent == own,
        "true_mm3": round(true_mm3, 1),
        "found_mm3": round(volume_mm3(material), 1),
        "dice": round(dice(probability > 0.5, truth > 0.5), 4),
        "soft_dice": round(soft_dice(probability, truth), 4),
        "hit": round(hit(probability, truth), 3),
        "seen": seen,
    }
