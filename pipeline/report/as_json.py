"""The result for other programs: ``report.json``, documented by ``docs/report.schema.json``."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from pipeline.comparison import Comparison, Provenance
from pipeline.config import Config
from pipeline.dicom.visit import Candidate, Series, Visit
from pipeline.findings import Finding
from pipeline.measurement.change import FragmentMeasurement
from pipeline.measurement.precision import PrecisionProfile
from pipeline.registration.alignment import SegmentMotion
from pipeline.registration.segmental import is_notable
from pipeline.report.answer import NOTICE, answer, days_between
from pipeline.report.enhancement_json import enhancement_dict
from pipeline.report.herniation import fused_dict, herniation_dict, herniation_of
from pipeline.report.meaning_json import clinical_dict, meaning_dict
from pipeline.report.numbers import rounded, rounded_interval, rounded_matrix
from pipeline.report.redact import Redactor

SCHEMA = "discdelta-report/1.0"
PROVENANCE_SCHEMA = "discdelta-provenance/1.0"
VOLUME_DIGITS = 1
PERCENT_DIGITS = 1
MM_DIGITS = 2
DEGREE_DIGITS = 2
MATRIX_DIGITS = 6


def report_dict(comparison: Comparison, extra_findings: Iterable[Finding] = ()) -> dict[str, Any]:
    """The whole result as plain values, ready for JSON.

    Parameters
    ----------
    comparison
        The result.
    extra_findings
        What the writing of the report itself adds, e.g. that pictures had to be coarsened.

    Returns
    -------
    dict
        Keys as in ``docs/report.schema.json``. Byte-equal on a rerun, except for ``provenance.timing``.
    """
    redact = Redactor(comparison.baseline, comparison.followup)
    change = comparison.change
    return {
        "schema": SCHEMA,
        "notice": NOTICE,
        "answer": answer(comparison).headline,
        "level": _level(comparison),
        "baseline": {
            **_visit(comparison.baseline, change.baseline, redact),
            "herniation": herniation_dict(
                herniation_of(change.baseline, comparison.baseline_anatomy, comparison.level)
            ),
        },
        "followup": {
            **_visit(comparison.followup, change.followup, redact),
            "herniation": herniation_dict(
                herniation_of(change.followup, comparison.followup_anatomy, comparison.level)
            ),
        },
        "change": {
            **change_dict(comparison),
            "subtracted_mm3": rounded(change.subtracted_mm3, VOLUME_DIGITS),
            "direct_mm3": rounded(change.direct_mm3, VOLUME_DIGITS),
            "direct_weight": rounded(change.direct_weight, 3),
            "precision_profile": _precision(comparison.config),
        },
        "meaning": meaning_dict(comparison),
        "clinical": clinical_dict(comparison),
        "enhancement": enhancement_dict(comparison),
        "registration": _registration(comparison),
        "findings": [
            {"code": f.code, "severity": f.severity.value, "message": f.message}
            for f in redact.findings((*comparison.findings, *extra_findings))
        ],
        "provenance": provenance_dict(comparison),
    }


def change_dict(comparison: Comparison) -> dict[str, Any]:
    """The change itself, as a pair's report and a course hold it."""
    change = comparison.change
    return {
        "delta_mm3": rounded(change.delta_mm3, VOLUME_DIGITS),
        "delta_interval95_mm3": rounded_interval(change.delta_interval95_mm3, VOLUME_DIGITS),
        "resorption_rate_percent": rounded(change.resorption_rate_percent, PERCENT_DIGITS),
        "resorption_rate_interval95_percent": rounded_interval(
            change.resorption_rate_interval95_percent, PERCENT_DIGITS
        ),
        "category": change.category.value,
        "band": change.band,
        "detectable": change.detectable,
        "usable": change.usable,
        "interval_days": days_between(comparison),
    }


def _precision(config: Config) -> dict[str, bool]:
    path = config.measurement.precision_profile
    return {"own": path is not None, "provisional": PrecisionProfile.load(path).provisional}


def _level(comparison: Comparison) -> dict[str, Any]:
    anatomies = comparison.baseline_anatomy, comparison.followup_anatomy
    found = [anatomy.levels.get(comparison.level) for anatomy in anatomies]
    confidences = [0.0 if level is None else level.confidence for level in found]
    return {
        "name": comparison.level,
        "confidence": rounded(min(confidences), 3),
        "confidence_by_visit": [rounded(c, 3) for c in confidences],
        "counted_from": anatomies[0].counted_from,
        "transitional": any(anatomy.transitional for anatomy in anatomies),
    }


def series_dict(series: Series, redact: Redactor) -> dict[str, Any]:
    """What a reader needs to find a series again, without identifiers of the patient."""
    facts = series.facts
    return {
        "role": series.role.value,
        "number": facts.series_number,
        "description": redact(facts.series_description),
        "manufacturer": facts.manufacturer,
        "model": facts.model,
        "field_strength_t": rounded(facts.field_strength_t, 2),
        "repetition_time_ms": rounded(facts.repetition_time_ms, 1),
        "echo_time_ms": rounded(facts.echo_time_ms, 1),
        "inversion_time_ms": rounded(facts.inversion_time_ms, 1),
        "slices": sum(stack.volume.shape[0] for stack in series.stacks),
        "spacing_mm": [rounded(v, 3) for v in series.volume.spacing_mm],
    }


def _visit(visit: Visit, fragment: FragmentMeasurement, redact: Redactor) -> dict[str, Any]:
    measured = visit.series.get(fragment.role)
    centroid = fragment.centroid_lps_mm
    return {
        "study_date": None if visit.study_date is None else visit.study_date.isoformat(),
        "series": None if measured is None else series_dict(measured, redact),
        "fragment": {
            "present": fragment.present,
            "source": "segmentation" if fragment.replaced_mm3 is None else "mask",
            "replaced_mm3": rounded(fragment.replaced_mm3, VOLUME_DIGITS),
            "volume_mm3": rounded(fragment.volume_mm3, VOLUME_DIGITS),
            "interval95_mm3": rounded_interval(fragment.interval95_mm3, VOLUME_DIGITS),
            "detection_limit_mm3": rounded(fragment.detection_limit_mm3, VOLUME_DIGITS),
            "centroid_lps_mm": None if centroid is None else [rounded(v, MM_DIGITS) for v in centroid],
            "volumes_by_series_mm3": {
                role.value: rounded(volume, VOLUME_DIGITS)
                for role, volume in sorted(fragment.volumes_by_role_mm3.items())
            },
            "weights_by_series": {
                role.value: rounded(weight, 3) for role, weight in sorted(fragment.weights_by_role.items())
            },
            "intervals95_by_series_mm3": {
                role.value: rounded_interval(interval, VOLUME_DIGITS)
                for role, interval in sorted(fragment.intervals_by_role_mm3.items())
            },
            "alone_mm3": rounded(fragment.alone_mm3, VOLUME_DIGITS),
            "surely_seen_mm3": rounded(fragment.surely_seen_mm3, VOLUME_DIGITS),
            "fused": fused_dict(fragment),
        },
    }


def _registration(comparison: Comparison) -> dict[str, Any]:
    quality = comparison.alignment.quality
    return {
        "baseline_to_followup": rounded_matrix(comparison.alignment.baseline_to_followup, MATRIX_DIGITS),
        "quality": {
            "estimated_tre_mm": rounded(quality.estimated_tre_mm, MM_DIGITS),
            "bone_dice": rounded(quality.bone_dice, 3),
            "similarity": rounded(quality.similarity, 3),
            "usable": quality.usable,
        },
        "segments": [_segment(one) for one in comparison.alignment.segments],
    }


def _segment(motion: SegmentMotion) -> dict[str, Any]:
    return {
        "level": motion.level,
        "flexion_deg": rounded(motion.flexion_deg, DEGREE_DIGITS),
        "angle_deg": rounded(motion.angle_deg, DEGREE_DIGITS),
        "angle_error95_deg": rounded(motion.error_deg, DEGREE_DIGITS),
        "translation_mm": rounded(motion.shift_mm, MM_DIGITS),
        "translation_error95_mm": rounded(motion.error_mm, MM_DIGITS),
        "notable": is_notable(motion),
    }


def provenance_dict(comparison: Comparison) -> dict[str, Any]:
    """How the result arose. Only ``timing`` may differ between two runs on the same machine."""
    inputs = [comparison.baseline.input_sha256, comparison.followup.input_sha256]
    return {
        **provenance_values(comparison.provenance, comparison.config, inputs_sha256=inputs),
        "contributions": [
            {"visit": one.visit, "kind": one.kind, "scheme": one.scheme, "sha256": one.sha256}
            for one in comparison.provenance.contributions
        ],
    }


def provenance_values(provenance: Provenance, config: Config, **inputs: str | list[str]) -> dict[str, Any]:
    """How any result arose, with the hashes of what it was made from under the names given."""
    return {
        "version": provenance.version,
        "packages": dict(sorted(provenance.packages.items())),
        "weights_sha256": provenance.weights_sha256,
        "settings_sha256": settings_sha256(config),
        **inputs,
        "platform": provenance.platform,
        "timing": {
            "started_at": provenance.started_at,
            "stage_seconds": {name: rounded(s, 2) for name, s in provenance.stage_seconds.items()},
        },
    }


def settings_sha256(config: Config) -> str:
    """SHA-256 of the resolved settings, that is of the file ``settings.yaml`` beside the result."""
    return hashlib.sha256(config.to_yaml().encode()).hexdigest()


def provenance_file(comparison: Comparison) -> dict[str, Any]:
    """Content of ``provenance.json``: the provenance, and which series were chosen or passed over and why."""
    redact = Redactor(comparison.baseline, comparison.followup)
    return {
        "schema": PROVENANCE_SCHEMA,
        **provenance_dict(comparison),
        "series": {
            "baseline": [candidate_dict(c, redact) for c in comparison.baseline.candidates],
            "followup": [candidate_dict(c, redact) for c in comparison.followup.candidates],
        },
    }


def candidate_dict(candidate: Candidate, redact: Redactor) -> dict[str, Any]:
    """One stack that was found, and what became of it."""
    spacing = candidate.spacing_mm
    return {
        "number": candidate.series_number,
        "description": redact(candidate.series_description),
        "plane": None if candidate.plane is None else candidate.plane.value,
        "weighting": redact.prose(candidate.weighting),
        "slices": candidate.slices,
        "matrix": [int(n) for n in candidate.shape],
        "spacing_mm": None if spacing is None else [rounded(v, 3) for v in spacing],
        "role": None if candidate.role is None else candidate.role.value,
        "reason": redact.prose(candidate.reason),
    }


def to_text(data: Mapping[str, Any]) -> str:
    """JSON text: readable, in a fixed order, strict (no NaN), ending in a line feed."""
    return json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
