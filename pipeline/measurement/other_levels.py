"""Displaced material at other levels than the one that was asked for: a wrong level must not be answered in silence."""

from __future__ import annotations

from pipeline.dicom.visit import Visit
from pipeline.findings import Finding, Severity
from pipeline.measurement.fragment import MeasuredFragment
from pipeline.segmentation.anatomy import Anatomy
from pipeline.segmentation.displaced import displaced_probability


def other_level_findings(
    when: str, visit: Visit, anatomy: Anatomy, measured: MeasuredFragment, level: str
) -> list[Finding]:
    """Name the levels, other than ``level``, with more displaced material than the limit of blank.

    Their volumes are sums of probabilities in the series that was measured, without the refinement and the interval
    that the chosen level gets.

    Parameters
    ----------
    when
        ``"baseline"`` or ``"follow-up"``.
    """
    segmentation = anatomy.segmentations[measured.measurement.role]
    image = visit.series[measured.measurement.role].volume
    voxel, limit = segmentation.labels.voxel_volume_mm3, measured.measurement.detection_limit_mm3
    seen = []
    for name, other in anatomy.levels.items():
        if name == level:
            continue
        material = displaced_probability(segmentation, other, anatomy, image)
        volume = float(material.probability.array.sum(dtype=float)) * voxel
        if volume > limit:
            seen.append(f"{name} (about {_rounded(volume)} mm³)")
    if not seen:
        return []
    message = (
        f"At {when} there is displaced material at {', '.join(seen)}, which is not part of the result for {level}. "
        "Choose the level with --level."
    )
    return [Finding("displaced-material-at-other-level", Severity.WARNING, message)]


def _rounded(volume_mm3: float) -> int:
    """To two digits: more would pretend to a measurement."""
    step = 10 if volume_mm3 < 1000 else 100
    return round(volume_mm3 / step) * step
