"""Names for the discs and vertebrae of a series, as a label map gives them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import LevelError
from pipeline.findings import Finding, Severity
from pipeline.segmentation.anatomy import Structure
from pipeline.segmentation.inference import Prediction
from pipeline.segmentation.instances import Spine
from pipeline.segmentation.levels import LevelNaming, name_levels
from pipeline.segmentation.segmenters.map_on_grid import LabelMap
from pipeline.segmentation.segmenters.scheme import Meaning
from pipeline.volume import Volume

AGREED, ALONE, CONTRADICTED = 0.95, 0.8, 0.6
"""Confidence in a name of the map where counting from the map's own sacrum gives the same, cannot be done, or gives
another: evidence weighed by rule."""
COUNTED_FROM = "label map"


def names_of(labels: LabelMap, prediction: Prediction, spine: Spine, lowest_disc: str | None) -> LevelNaming:
    """Name what was found on a series by the label map; count anew where its numbers are no names.

    Raises
    ------
    LevelError
        If the map has no names and levels cannot be counted either.
    """
    if lowest_disc is not None or not labels.named:
        return name_levels(spine, lowest_disc)
    plane = np.zeros((prediction.series.image.shape[0], *prediction.plane.count), dtype=np.uint8)
    (codes,) = labels.on(Volume(plane, prediction.series.affine_of(prediction.plane)))
    meanings = labels.codes()
    discs = _unique(_majority(codes, spine.disc_numbers, len(spine.discs), meanings, {Structure.DISC}))
    if not discs:
        raise LevelError(
            "No disc of the label map lies where its discs were found on the images. Give the map of this visit, or "
            "name the lowest visible disc with --lowest-disc."
        )
    bone = {Structure.VERTEBRA, Structure.SACRUM}
    bodies = _unique(_majority(codes, spine.body_numbers, len(spine.bodies), meanings, bone))
    for name, k in discs.items():
        above, _, below = name.partition("/")
        for body, place in ((above, k), (below, k + 1)):
            if spine.bodies[place].voxels and place not in bodies.values():
                bodies.setdefault(body, place)
    sacral_from = next((k + 1 for name, k in discs.items() if name.endswith("/S1")), len(spine.bodies))
    confidence, findings = _confidence(discs, spine)
    return LevelNaming(
        discs=dict(sorted(discs.items(), key=lambda item: item[1])),
        bodies=dict(sorted(bodies.items(), key=lambda item: item[1])),
        confidence=confidence,
        counted_from=COUNTED_FROM,
        transitional=False,
        sacral_from=sacral_from,
        findings=findings,
    )


def _majority(
    codes: NDArray[np.int64],
    numbers: NDArray[np.uint8],
    count: int,
    meanings: list[Meaning | None],
    structures: set[Structure],
) -> Iterable[tuple[str, int, int]]:
    """For every numbered thing the name that most of its voxels carry, its index and their number."""
    names = [m.name if m is not None and m.structure in structures else None for m in meanings]
    for k in range(count):
        votes = np.bincount(codes[numbers == k + 1], minlength=len(meanings))
        votes[[name is None for name in names]] = 0
        best = int(votes.argmax())
        name = names[best]
        if votes[best] and name is not None:
            yield name, k, int(votes[best])


def _unique(votes: Iterable[tuple[str, int, int]]) -> dict[str, int]:
    """Index by name; of several things of one name the one with most voxels has it."""
    result: dict[str, tuple[int, int]] = {}
    for name, k, count in votes:
        if name not in result or count > result[name][1]:
            result[name] = (k, count)
    return {name: k for name, (k, _) in result.items()}


def _confidence(discs: dict[str, int], spine: Spine) -> tuple[dict[str, float], tuple[Finding, ...]]:
    try:
        counted = name_levels(spine).discs
    except LevelError:
        return dict.fromkeys(discs, ALONE), ()
    differing = [name for name, k in discs.items() if counted.get(name, k) != k]
    if not differing:
        return dict.fromkeys(discs, AGREED), ()
    text = (
        f"Counted from the sacrum of the label map, {', '.join(differing)} would have other names; the map's names "
        "were used. Look at the levels, and set them with --lowest-disc where they are wrong."
    )
    return dict.fromkeys(discs, CONTRADICTED), (Finding("labels-disagree-with-count", Severity.WARNING, text),)
