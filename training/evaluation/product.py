"""The product as its user gets it: a visit made from volumes, segmented by the whole pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.config import SegmentationSettings
from pipeline.dicom.visit import PatientIdentity, Role, Series, SeriesFacts, Stack, Visit
from pipeline.errors import DiscdeltaError
from pipeline.measurement.volumetry import occupancy
from pipeline.segmentation.anatomy import Anatomy
from pipeline.segmentation.displaced import DisplacedMaterial, displaced_probability
from pipeline.segmentation.stage import segment
from pipeline.volume import Volume

THREADS = 2


@dataclass(frozen=True, eq=False)
class Outcome:
    """What the pipeline made of a visit.

    Attributes
    ----------
    anatomy
        None if it refused even with its lowest disc named.
    refusal
        What it said when left alone; None if it went on.
    """

    anatomy: Anatomy | None
    refusal: str | None


def visit_of(volumes: Mapping[Role, Volume]) -> Visit:
    """A visit of nobody with these series."""
    series = {
        role: Series(role, SeriesFacts(f"2.25.{k + 1}"), (Stack(volume, volume.spacing_mm[0]),))
        for k, (role, volume) in enumerate(volumes.items())
    }
    return Visit(PatientIdentity(), None, None, None, series, (), (), "evaluation")


def segmented(visit: Visit, level: str = "L4/L5", lowest_disc: str = "L5/S1") -> Outcome:
    """What the pipeline makes of a visit with its default settings.

    Where it refuses, it is asked again with ``--lowest-disc``, as its message tells the user to: so the borders are
    measured in any case, and the refusal is counted against the naming of levels.
    """
    try:
        return Outcome(segment(visit, SegmentationSettings(threads=THREADS, level=level)), None)
    except DiscdeltaError as error:
        refusal = f"{type(error).__name__}: {error}"
    try:
        settings = SegmentationSettings(threads=THREADS, level=level, lowest_disc=lowest_disc)
        return Outcome(segment(visit, settings), refusal)
    except DiscdeltaError:
        return Outcome(None, refusal)


def nearest_level(anatomy: Anatomy, centre_lps_mm: NDArray[np.float64], within_mm: float = 13.0) -> str | None:
    """The pipeline's name of the disc at a place; None where it saw none."""
    distance = {
        name: float(np.linalg.norm((level.centre_lps_mm - centre_lps_mm)[1:])) for name, level in anatomy.levels.items()
    }
    name = min(distance, key=lambda key: distance[key], default=None)
    return name if name is not None and distance[name] <= within_mm else None


@dataclass(frozen=True, eq=False)
class Measured:
    """Displaced material of one level in one series.

    Attributes
    ----------
    material
        What the segmentation attributes to the level.
    share
        float32 on the series' grid: which share of each voxel is fragment, by the measurement.
    volume_mm3
        Its sum: what a comparison reports.
    """

    material: DisplacedMaterial
    share: NDArray[np.float32]
    volume_mm3: float


def measured(anatomy: Anatomy, role: Role, level: str, image: Volume) -> Measured:
    """What a comparison would report of one level in one series."""
    asked = replace(anatomy, asked=level)
    material = displaced_probability(anatomy.segmentations[role], anatomy.levels[level], asked, image)
    found = occupancy(image, material.probability, np.asarray(material.region.array, dtype=bool))
    return Measured(material, np.asarray(found.share.array, dtype=np.float32), found.volume_mm3)


def probable_mm3(material: DisplacedMaterial) -> float:
    """Expected volume by the networks' probabilities alone."""
    return float(material.probability.array.sum(dtype=np.float64)) * material.probability.voxel_volume_mm3
