"""Names carried from the series that was counted to the others of the visit, through patient coordinates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.segmentation.anatomy import Level, Structure, Vertebra
from pipeline.segmentation.inference import Prediction
from pipeline.segmentation.instances import Spine
from pipeline.segmentation.landmarks import Placing
from pipeline.segmentation.levels import LevelNaming
from pipeline.segmentation.separated import Separated

SAME_DISC_MM = 13.0
"""Less than half of the distance between two discs: patients move between series, but not that far."""
SAME_BODY_MM = 16.0
CANAL_STEP = 7
"""Of the canal's voxels every seventh is looked up."""


def carried_names(
    prediction: Prediction, spine: Spine, levels: Mapping[str, Level], vertebrae: Mapping[str, Vertebra]
) -> LevelNaming:
    """Name the discs and bodies of another series by those that lie at the same place."""
    placing = Placing(prediction)
    discs = _matched(
        {name: level.centre_lps_mm for name, level in levels.items()},
        [placing.to_lps(disc.centre) for disc in spine.discs],
        SAME_DISC_MM,
    )
    bodies = _matched(
        {name: vertebra.centre_lps_mm for name, vertebra in vertebrae.items() if name != "S1"},
        [placing.to_lps(body.centre) if body.voxels else np.full(3, np.inf) for body in spine.bodies],
        SAME_BODY_MM,
    )
    sacral_from = len(spine.bodies)
    lowest = next((name for name in reversed(list(levels)) if name.endswith("/S1")), None)
    if lowest in discs:
        sacral_from = discs[lowest] + 1
        if spine.bodies[sacral_from].voxels:
            bodies["S1"] = sacral_from
    return LevelNaming(
        discs=discs,
        bodies=bodies,
        confidence={name: levels[name].confidence for name in discs},
        counted_from="carried",
        transitional=False,
        sacral_from=sacral_from,
        findings=(),
    )


def agreement(levels: Mapping[str, Level], others: Sequence[Mapping[str, Level]]) -> float | None:
    """Share 0…1 of the series that, counted by themselves, name the discs as ``levels`` does; None without any."""
    votes = []
    for other in others:
        found = _matched(
            {name: level.centre_lps_mm for name, level in levels.items()},
            [level.centre_lps_mm for level in other.values()],
            SAME_DISC_MM,
        )
        names = list(other)
        if found:
            votes.append(float(np.mean([names[k] == name for name, k in found.items()])))
    return float(np.mean(votes)) if votes else None


def canal_shared(first: Separated, second: Separated) -> float:
    """Share 0…1 of the second series' canal that lies in the canal of the first, of what both show; 0 without any."""
    canal = np.argwhere(second.spine.labels == Structure.CANAL)[::CANAL_STEP]
    to_lps = second.prediction.series.affine_of(second.prediction.plane)
    affine = np.linalg.solve(first.prediction.series.affine_of(first.prediction.plane), to_lps)
    index = np.rint(canal @ affine[:3, :3].T + affine[:3, 3]).astype(np.intp)
    index = index[((index >= 0) & (index < first.spine.labels.shape)).all(axis=1)]
    if not len(index):
        return 0.0
    return float(np.mean(first.spine.labels[tuple(index.T)] == Structure.CANAL))


def _matched(
    known: Mapping[str, NDArray[np.float64]], places: Sequence[NDArray[np.float64]], limit_mm: float
) -> dict[str, int]:
    """For each known name the index of the nearest place within the limit; no place is used twice."""
    result: dict[str, int] = {}
    if not places:
        return result
    for name, point in known.items():
        distance = np.linalg.norm(np.array(places) - point, axis=1)
        nearest = int(np.argmin(distance))
        if distance[nearest] <= limit_mm and nearest not in result.values():
            result[name] = nearest
    return result
