"""One visit, segmented and measured: what :func:`pipeline.segment_visit` returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.comparison import Provenance
from pipeline.config import Config
from pipeline.dicom.visit import Role, Visit
from pipeline.findings import Finding, Severity
from pipeline.measurement.fragment import MeasuredFragment
from pipeline.segmentation.anatomy import Anatomy


@dataclass(frozen=True, eq=False)
class SegmentedVisit:
    """One visit with its named anatomy.

    Attributes
    ----------
    visit
        The series that were segmented.
    anatomy
        Label maps on the native voxels of every series, named levels, probabilities.
    level
        Name of the disc asked for, e.g. ``"L4/L5"``; one of ``anatomy.levels``.
    measured
        The series in which displaced material was measured.
    fragments
        Displaced material by level, for every named level.
    findings
        Everything found on the way, of all stages, in order.
    """

    visit: Visit
    anatomy: Anatomy
    level: str
    measured: Role
    fragments: Mapping[str, MeasuredFragment]
    config: Config
    findings: tuple[Finding, ...]
    provenance: Provenance

    @property
    def usable(self) -> bool:
        """False when a finding of severity ``error`` forbids the use of the result."""
        return all(finding.severity is not Severity.ERROR for finding in self.findings)
