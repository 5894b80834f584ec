"""What became of one pair: the truth, what was measured, and what was called. One small JSON file each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from pipeline.dicom.visit import Role
from pipeline.errors import UnreadableInputError
from pipeline.measurement.evidence import ChangeEvidence, VisitEvidence
from pipeline.measurement.profiled import View
from pipeline.measurement.uncertainty import Spread


@dataclass(frozen=True)
class VisitOutcome:
    """One visit.

    Attributes
    ----------
    scan, thickness_mm, pitch_mm, snr, field_t
        How it was scanned (sagittal T2).
    brightness
        Signal of the fragment's material over that of CSF on sagittal T2.
    true_mm3
        Volume that was painted.
    measured_mm3, low_mm3, high_mm3, limit_mm3, present
        What was reported; None where the pair was refused. ``limit_mm3`` is the limit of blank.
    surely_seen_mm3
        The limit of detection that was reported: what "none" leaves open; None where it was not.
    """

    scan: str
    thickness_mm: float
    pitch_mm: float
    snr: float
    field_t: float
    brightness: float
    true_mm3: float
    measured_mm3: float | None = None
    low_mm3: float | None = None
    high_mm3: float | None = None
    limit_mm3: float | None = None
    present: bool | None = None
    surely_seen_mm3: float | None = None


@dataclass(frozen=True)
class PairOutcome:
    """One pair.

    Attributes
    ----------
    number, anatomy, kind, rim_mm, sequestered
        What was simulated.
    refused
        Code of the error with which the comparison was refused; None when there is a result.
    usable, category
        As reported.
    delta_mm3, delta_low_mm3, delta_high_mm3, rate_percent, rate_low_percent, rate_high_percent
        As reported.
    tre_mm, angle_deg
        Estimated error of the alignment, and how far the patient was turned between the visits.
    swap_mm3
        Where the visits also changed places: the largest difference (mm³) between what then was reported and what had
        to be by symmetry, of the volumes, the change and its interval; infinite when the category differs. None where
        they did not.
    findings
        Codes, sorted.
    seconds
        Wall time of the comparison, and of making the images.
    subtracted_mm3, direct_mm3, direct_weight
        As reported: both ways of measuring the change, and the share of the direct one.
    evidence
        What the result rests on, before a precision profile was asked; None where the pair was refused.
    stage_seconds
        Wall time of the comparison's stages.
    """

    number: int
    anatomy: int
    kind: str
    baseline: VisitOutcome
    followup: VisitOutcome
    rim_mm: float
    sequestered: bool
    refused: str | None
    usable: bool
    category: str | None
    delta_mm3: float | None
    delta_low_mm3: float | None
    delta_high_mm3: float | None
    rate_percent: float | None
    rate_low_percent: float | None
    rate_high_percent: float | None
    tre_mm: float | None
    angle_deg: float
    swap_mm3: float | None
    findings: tuple[str, ...]
    seconds: float
    making_seconds: float
    subtracted_mm3: float | None = None
    direct_mm3: float | None = None
    direct_weight: float = 0.0
    evidence: ChangeEvidence | None = None
    stage_seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def true_delta_mm3(self) -> float:
        """V1 − V0 as painted."""
        return self.followup.true_mm3 - self.baseline.true_mm3

    @property
    def true_rate_percent(self) -> float | None:
        """(V0 − V1) / V0 × 100 as painted."""
        before = self.baseline.true_mm3
        return None if before <= 0 else 100 * (1 - self.followup.true_mm3 / before)  # exactly 100 of what vanished

    @property
    def same_scan(self) -> bool:
        """Whether both visits were scanned alike."""
        return self.baseline.scan == self.followup.scan

    def to_json(self) -> str:
        """One line that :func:`outcome_from_json` reads back."""
        return json.dumps(asdict(self), ensure_ascii=False) + "\n"


def visits(one: PairOutcome) -> tuple[VisitOutcome, VisitOutcome]:
    """Both visits of a pair."""
    return one.baseline, one.followup


def within(low: float | None, value: float | None, high: float | None) -> bool:
    """Whether an interval that is there holds a value that is."""
    return low is not None and value is not None and high is not None and low <= value <= high


def outcome_from_json(text: str) -> PairOutcome:
    """Read one pair back.

    Raises
    ------
    UnreadableInputError
        If the text is not a pair as this version writes it.
    """
    try:
        data: dict[str, Any] = json.loads(text)
        if set(data) != {field.name for field in fields(PairOutcome)}:
            raise ValueError("other fields")
        data["baseline"], data["followup"] = VisitOutcome(**data["baseline"]), VisitOutcome(**data["followup"])
        data["findings"] = tuple(data["findings"])
        data["evidence"] = _evidence(data["evidence"])
        return PairOutcome(**data)
    except (ValueError, TypeError, KeyError) as error:
        raise UnreadableInputError("A finished pair cannot be read back; it will be computed again.") from error


def _evidence(data: dict[str, Any] | None) -> ChangeEvidence | None:
    if data is None:
        return None
    visits = {name: _visit_evidence(data[name]) for name in ("baseline", "followup")}
    return ChangeEvidence(**{**data, **visits})


def _visit_evidence(data: dict[str, Any]) -> VisitEvidence:
    own = {
        "role": Role(data["role"]),
        "volumes_by_role_mm3": {Role(role): volume for role, volume in data["volumes_by_role_mm3"].items()},
        "by_role": {Role(role): Spread(**spread) for role, spread in data["by_role"].items()},
        "view": View(**data["view"]),
    }
    return VisitEvidence(**{**data, **own})
