"""One visit, segmented and measured: what :func:`pipeline.segment_visit` returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

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
        Displaced material by level, for every named level; by the series that decide about it where others alone
        show some (:mod:`pipeline.measurement.confirmed`).
    findings
        Everything found on the way, of all stages, in order.
    unconfirmed
        By level, what series show in mm³ that do not decide whether there is a fragment, where those that do show none.
    """

    visit: Visit
    anatomy: Anatomy
    level: str
    measured: Role
    fragments: Mapping[str, MeasuredFragment]
    config: Config
    findings: tuple[Finding, ...]
    provenance: Provenance
    unconfirmed: Mapping[str, Mapping[Role, float]] = field(default_factory=dict)

    @property
    def usable(self) -> bool:
        """False when a finding of severity ``error`` forbids the use of the result."""
        return all(finding.severity is not Severity.ERROR for finding in self.findings)
