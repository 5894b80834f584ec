"""The whole result of one comparison: what :func:`pipeline.compare` returns and the report is made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.config import Config
from pipeline.dicom.visit import Visit
from pipeline.findings import Finding
from pipeline.measurement.change import Change
from pipeline.measurement.enhancement.result import Enhancement
from pipeline.measurement.meaning.clinical import Clinical
from pipeline.measurement.meaning.meaning import Meaning
from pipeline.registration.alignment import Alignment
from pipeline.segmentation.anatomy import Anatomy
from pipeline.segmentation.segmenters.contribution import Record


@dataclass(frozen=True, eq=False)
class Provenance:
    """How the result arose: versions, hashes of inputs and weights, time of each stage in seconds, files of others."""

    version: str
    started_at: str
    weights_sha256: str
    packages: Mapping[str, str]
    stage_seconds: Mapping[str, float]
    platform: str
    contributions: tuple[Record, ...] = ()


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two visits of one patient compared.

    Attributes
    ----------
    level
        Name of the disc that was measured, e.g. ``"L4/L5"``.
    findings
        Everything found on the way, of all stages, in order.
    meaning
        Terms, place, canal and signal before and after; None where that was not asked for.
    clinical
        Scores that were given beside the images; they had no say in anything else.
    enhancement
        What contrast medium shows of the fragment before and after; None where it was not measured.
    """

    baseline: Visit
    followup: Visit
    baseline_anatomy: Anatomy
    followup_anatomy: Anatomy
    alignment: Alignment
    change: Change
    level: str
    config: Config
    findings: tuple[Finding, ...]
    provenance: Provenance
    meaning: Meaning | None = None
    clinical: Clinical | None = None
    enhancement: tuple[Enhancement | None, Enhancement | None] = (None, None)
