"""What ``--verbose`` tells of a comparison: who plays which role, sizes and times. No identity and no path."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.comparison import Comparison, Provenance
    from pipeline.dicom.visit import Series, Visit

_LOG = logging.getLogger("pipeline.cli")


def log_visits(first: Visit, second: Visit) -> None:
    """The series chosen at both visits, with their sizes and distances."""
    for name, visit in (("baseline", first), ("follow-up", second)):
        log_visit(name, visit)


def log_visit(name: str, visit: Visit) -> None:
    """The series chosen at one visit, with their sizes and distances."""
    day = "undated" if visit.study_date is None else visit.study_date.isoformat()
    _LOG.info("%s of %s: %d stacks found, %d roles", name, day, len(visit.candidates), len(visit.series))
    for role, series in visit.series.items():
        _LOG.info("%s: %s: %s", name, role.words, _described(series))


def log_stages(provenance: Provenance) -> None:
    """Seconds of every stage."""
    for stage, seconds in provenance.stage_seconds.items():
        _LOG.info("%s took %.1f s", stage, seconds)


def log_times(comparison: Comparison) -> None:
    """Seconds of every stage, and what was found."""
    log_stages(comparison.provenance)
    error = comparison.alignment.quality.estimated_tre_mm
    _LOG.info("aligned to an estimated %.2f mm; %d findings", error, len(comparison.findings))


def _described(series: Series) -> str:
    facts, volume = series.facts, series.volume
    number = "without number" if facts.series_number is None else f"{facts.series_number}"
    size = " x ".join(map(str, volume.shape))
    spacing = " x ".join(f"{mm:.2f}" for mm in volume.spacing_mm)
    blocks = f" in {len(series.stacks)} blocks" if len(series.stacks) > 1 else ""
    return f"series {number}, {size} voxels of {spacing} mm{blocks}"
