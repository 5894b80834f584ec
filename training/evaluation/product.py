"""The product as its user gets it: a visit made from volumes, segmented by the whole pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.config import SegmentationSettings
from pipeline.dicom.visit import PatientIdentity, Role, Series, SeriesFacts, Stack, Visit
from pipeline.errors import DiscdeltaError
from pipeline.segmentation.anatomy import Anatomy, SeriesSegmentation
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


def displaced(
    anatomy: Anatomy, segmentation: SeriesSegmentation, name: str, image: Volume | None = None
) -> DisplacedMaterial:
    """Displaced material of a level in one series, by the pipeline, which measures with the image at hand."""
    return displaced_probability(segmentation, anatomy.levels[name], anatomy, image)


def volume_mm3(material: DisplacedMaterial) -> float:
    """Its expected volume, as the pipeline reports it."""
    return float(material.probability.array.sum(dtype=np.float64)) * material.probability.voxel_volume_mm3
