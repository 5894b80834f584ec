"""The fragment of one visit. Nothing here knows which visit it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.config import MeasurementSettings
from pipeline.dicom.visit import Plane, Role, Visit
from pipeline.measurement.change import FragmentMeasurement, Interval
from pipeline.measurement.series import disagreement_mm3
from pipeline.measurement.uncertainty import Spread, slice_error_mm3, surface_mm2, volume_interval
from pipeline.measurement.volumetry import Occupancy, occupancy
from pipeline.segmentation.anatomy import Anatomy, Level
from pipeline.segmentation.displaced import DisplacedMaterial, displaced_probability
from pipeline.segmentation.fusion import fuse
from pipeline.volume import Volume

SMALLEST_SECTION_MM2 = 15.0
"""A section that the eye would pass over: 4 to 5 mm across. One slice of it is the least that can be told."""


@dataclass(frozen=True, eq=False)
class MeasuredFragment:
    """A measurement with what the change needs besides.

    Attributes
    ----------
    measurement
        What crosses the door.
    spread
        Its sources of error, what other series say included.
    own_interval
        95 % interval in mm³ from this series alone.
    contrast
        0…1: say of the image's own contrast in the shares of the border.
    at_edge
        0…1: share of the volume in the outermost slices or pixels of the stack.
    suppressed_mm3
        Nearby material that was taken for false.
    """

    measurement: FragmentMeasurement
    spread: Spread
    own_interval: Interval
    contrast: float
    at_edge: float
    suppressed_mm3: float


def measure_fragment(
    visit: Visit, anatomy: Anatomy, level: str, role: Role, settings: MeasurementSettings
) -> MeasuredFragment:
    """Measure the displaced material of ``level`` in the series ``role``, with every other series beside it.

    ``role`` and ``level`` must be in ``anatomy``.
    """
    by_role: dict[Role, float] = {}
    chosen: tuple[DisplacedMaterial, Occupancy] | None = None
    axial: list[DisplacedMaterial] = []
    for each, segmentation in anatomy.segmentations.items():
        if segmentation.carried:  # labels of another series: no measurement of its own
            continue
        image = visit.series[each].volume
        if image.shape != segmentation.labels.shape or (each != role and not _reaches(image, anatomy.levels[level])):
            continue
        material = displaced_probability(segmentation, anatomy.levels[level], anatomy, image)
        found = occupancy(image, material.probability, np.asarray(material.region.array, dtype=bool))
        by_role[each] = found.volume_mm3
        if each == role:
            chosen = material, found
        elif each.plane is Plane.AXIAL:
            axial.append(material)
    if chosen is None:
        raise ValueError(f"the segmentation of {role} does not lie on its series")
    material, found = chosen
    alone = _spread(material, found, settings)
    spread = alone.with_disagreement(disagreement_mm3(role, by_role))
    measurement = FragmentMeasurement(
        present=found.volume_mm3 > spread.limit_mm3,
        volume_mm3=found.volume_mm3,
        interval95_mm3=volume_interval(spread),
        detection_limit_mm3=spread.limit_mm3,
        centroid_lps_mm=centroid(found.share) if found.volume_mm3 > spread.limit_mm3 else None,
        role=role,
        occupancy=found.share,
        volumes_by_role_mm3=by_role,
        fused=fuse([material, *axial], anatomy.levels[level], anatomy.shifts_lps_mm) if axial else None,
    )
    return MeasuredFragment(
        measurement,
        spread,
        own_interval=volume_interval(alone),
        contrast=found.contrast,
        at_edge=share_at_edge(found.share),
        suppressed_mm3=material.suppressed_mm3,
    )


def _reaches(image: Volume, level: Level) -> bool:
    """Whether the stack shows the level's posterior margin, so that finding nothing there means something."""
    index = image.to_index(level.posterior_margin_lps_mm)
    return bool(np.all((index >= 0) & (index <= np.array(image.shape) - 1)))


def _spread(material: DisplacedMaterial, found: Occupancy, settings: MeasurementSettings) -> Spread:
    share, spacing = found.share.array, found.share.spacing_mm
    variants = material.variants.sum(axis=(1, 2, 3), dtype=np.float64) * found.share.voxel_volume_mm3
    return Spread(
        volume_mm3=found.volume_mm3,
        boundary_mm3=surface_mm2(share, spacing) * settings.boundary_sd_mm,
        variants_mm3=float(variants.std(ddof=1)) if len(variants) > 1 else 0.0,
        slices_mm3=slice_error_mm3(share, spacing),
        limit_mm3=smallest_detectable_mm3(spacing[0], settings),
    )


def smallest_detectable_mm3(pitch_mm: float, settings: MeasurementSettings) -> float:
    """Detection limit in mm³ of slices that lie ``pitch_mm`` apart."""
    return max(settings.minimum_detection_limit_mm3, SMALLEST_SECTION_MM2 * pitch_mm)


def centroid(share: Volume) -> tuple[float, float, float]:
    """Centre of mass of shares (not all 0) in LPS mm."""
    index = np.argwhere(share.array > 0)
    weight = np.asarray(share.array[tuple(index.T)], dtype=np.float64)
    x, y, z = share.to_lps(np.average(index, axis=0, weights=weight))
    return float(x), float(y), float(z)


def share_at_edge(share: Volume) -> float:
    """Part 0…1 of a shape that lies in the outermost slices or pixels of its stack."""
    array = share.array
    total = float(array.sum(dtype=np.float64))
    if total == 0:
        return 0.0
    inner = array[1:-1, 1:-1, 1:-1].sum(dtype=np.float64)
    return float(1.0 - inner / total)
