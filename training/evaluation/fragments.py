"""Which fragments are pasted into which patient: fixed seeds, every size, zone, direction and brightness."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from training.evaluation.canal_room import CanalRoom, canal_room
from training.evaluation.paste import Wanted
from training.evaluation.real import Patient

VOLUMES_MM3 = (220.0, 320.0, 450.0, 630.0, 880.0, 1200.0, 1650.0, 2300.0)
FORMS = ("superellipsoid", "lobed", "disc")
LATERAL_MM = {"central": (0.0, 3.0), "subarticular": (4.5, 7.5), "foraminal": (9.5, 13.0)}
ZONES = ("central", "subarticular", "foraminal", "subarticular", "central", "foraminal", "subarticular", "central")
MIGRATION_MM = ((-2.0, 2.0), (4.0, 9.0), (-9.0, -4.0), (9.0, 13.0), (-13.0, -9.0))
"""At the disc, a little down, a little up, far down, far up."""
CANDIDATES = ("L5/S1", "L4/L5", "L3/L4", "L2/L3")


def rooms_of(patient: Patient) -> dict[str, CanalRoom]:
    """The canal behind every disc that a fragment may come from, by level, where the slices show it."""
    found = {name: canal_room(patient, name) for name in CANDIDATES if name in patient.names}
    return {name: room for name, room in found.items() if room is not None}


def wanted_fragments(patient: Patient, rooms: Mapping[str, CanalRoom]) -> list[Wanted]:
    """Eight fragments of a patient, behind discs that are not graded herniated; the first in the narrowest canal."""
    rng = np.random.default_rng((patient.number, 611))
    levels = [name for name in rooms if not (name in patient.gradings and patient.gradings[name].herniated)]
    if not levels:
        return []
    narrowest = min(levels, key=lambda name: rooms[name].depth_mm)
    volumes, brightness = rng.permutation(VOLUMES_MM3), rng.permutation(np.linspace(0.25, 0.8, len(VOLUMES_MM3)))
    result = []
    for k, volume in enumerate(volumes):
        zone, side = ZONES[k], float(rng.choice([-1.0, 1.0]))
        level = narrowest if k in {0, 5} else str(rng.choice(levels))
        lateral = reachable(side * float(rng.uniform(*LATERAL_MM[zone])), patient, rooms[level])
        low, high = MIGRATION_MM[int(rng.integers(len(MIGRATION_MM)))]
        result.append(
            Wanted(
                level=level,
                volume_mm3=float(volume),
                lateral_mm=lateral,
                migration_mm=float(rng.uniform(low, high)),
                form=FORMS[k % len(FORMS)],
                brightness=float(brightness[k]),
                line_mm=float(rng.uniform(0.5, 1.1)) if rng.random() < 0.6 else 0.0,
                seed=k,
            )
        )
    return result


def reachable(lateral_mm: float, patient: Patient, room: CanalRoom) -> float:
    """The same place, or nearer to the middle where the slab of slices ends before it."""
    pitch = patient.image.spacing_mm[0]
    right, left = -room.middle * pitch + 3.0, (patient.image.shape[0] - 1 - room.middle) * pitch - 3.0
    return float(np.clip(lateral_mm, min(right, 0.0), max(left, 0.0)))


def zone_of(lateral_mm: float) -> str:
    """Name of the zone of a centroid this far from the middle."""
    distance = abs(lateral_mm)
    return "central" if distance < 4.0 else "subarticular" if distance < 9.0 else "foraminal"
