"""The anatomy of a visit, put together from its sagittal series and the names that one of them gives."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.dicom.visit import Role
from pipeline.findings import Finding
from pipeline.segmentation.anatomy import Anatomy, Level, SeriesSegmentation
from pipeline.segmentation.carry import carried_names
from pipeline.segmentation.landmarks import named_vertebrae
from pipeline.segmentation.levels import LevelNaming
from pipeline.segmentation.native import on_native_grid
from pipeline.segmentation.separated import Separated


def assembled(
    seen: Mapping[Role, Separated],
    reference: Role,
    naming: LevelNaming,
    levels: Mapping[str, Level],
    findings: tuple[Finding, ...],
) -> Anatomy:
    """Names of the reference, carried to the other sagittal series.

    Parameters
    ----------
    seen
        Every sagittal series that takes part.
    reference, naming
        The series that names the levels, and its names.
    levels
        Its discs in patient coordinates, with the confidence that they end up with.
    findings
        What was noticed on the way.
    """
    chosen = seen[reference]
    vertebrae = named_vertebrae(chosen.prediction, chosen.spine, naming)
    segmentations: dict[Role, SeriesSegmentation] = {}
    for role, one in seen.items():
        own = naming if role is reference else carried_names(one.prediction, one.spine, levels, vertebrae)
        segmentations[role] = on_native_grid(role, one.prediction, one.spine, own)
    return Anatomy(
        segmentations=segmentations,
        reference=reference,
        levels=levels,
        vertebrae=vertebrae,
        counted_from=naming.counted_from,
        transitional=naming.transitional,
        findings=findings,
    )
