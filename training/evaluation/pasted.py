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
from training.evaluation.product import measured, nearest_level, probable_mm3, segmented, visit_of
from training.evaluation.real import Patient, sagittal
from training.evaluation.thick import THICK_MM, averaged, slab_weights

FOUND = 0.25
"""A fragment of which this share was hit counts as found."""
NARROW_MM = 10.0
"""A sac of less depth than this is a narrow canal."""
VERSION = 6


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
    return {
        **facts,
        **remembered(lambda: _measured(patient, wanted, drawn), False, "pasted", VERSION, patient.number, *key),
    }


def _measured(patient: Patient, wanted: Wanted, drawn: Pasted) -> dict[str, Any]:
    weights = slab_weights(patient.image.shape[0], patient.image.spacing_mm[0])
    image = sagittal(averaged(drawn.image, weights), (THICK_MM, *patient.image.spacing_mm[1:]))
    truth = averaged(drawn.occupancy, weights)
    true_mm3 = float(truth.sum(dtype=np.float64)) * image.voxel_volume_mm3
    lost = dict.fromkeys(("found_mm3", "probable_mm3", "dice", "probable_dice", "soft_dice", "hit", "elsewhere"), 0.0)
    nothing = {"true_mm3": round(true_mm3, 1), **lost}
    anatomy = segmented(visit_of({Role.SAGITTAL_T2: image}), wanted.level).anatomy
    if anatomy is None:
        return {**nothing, "seen": 0.0}
    found = anatomy.segmentations[Role.SAGITTAL_T2]
    own = nearest_level(anatomy, patient.image.to_lps(np.argwhere(patient.disc(wanted.level)).mean(axis=0)))
    seen = round(hit(found.probabilities[5], truth), 3)
    if own is None:
        return {**nothing, "seen": seen}
    # The user asks for one level. Material that is given to the disc above or below is lost to that question, so it
    # counts as missed; how much of it the neighbours got is kept beside it, for that is another fault.
    names = list(anatomy.levels)
    beside = [name for name in names[max(0, names.index(own) - 1) : names.index(own) + 2] if name != own]
    elsewhere = [measured(anatomy, Role.SAGITTAL_T2, name, image).share for name in beside]
    mine = measured(anatomy, Role.SAGITTAL_T2, own, image)
    return {
        "true_mm3": round(true_mm3, 1),
        "found_mm3": round(mine.volume_mm3, 1),
        "probable_mm3": round(probable_mm3(mine.material), 1),
        "dice": round(dice(mine.share > 0.5, truth > 0.5), 4),
        "probable_dice": round(dice(mine.material.probability.array > 0.5, truth > 0.5), 4),
        "soft_dice": round(soft_dice(mine.share, truth), 4),
        "hit": round(hit(mine.share, truth), 3),
        "elsewhere": round(max((hit(share, truth) for share in elsewhere), default=0.0), 3),
        "seen": seen,
    }
