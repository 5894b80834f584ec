"""What the measured material is called."""

from __future__ import annotations

from pipeline.measurement.change import FragmentMeasurement
from pipeline.segmentation.anatomy import Anatomy
from pipeline.segmentation.herniation import Herniation, HerniationType, describe_herniation


def herniation_of(fragment: FragmentMeasurement, anatomy: Anatomy, level: str) -> Herniation:
    """Describe what was measured, from all series together where there are several; none up to the limit of blank."""
    if not fragment.present or level not in anatomy.levels:
        return Herniation(level, HerniationType.NONE)
    shape = fragment.fused.occupancy if fragment.fused and fragment.fused.volume_mm3 > 0 else fragment.occupancy
    return describe_herniation(shape, anatomy, level)
