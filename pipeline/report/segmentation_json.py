"""The segmentation of one visit for other programs: ``segmentation.json``, explained in ``docs/segment.md``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pipeline.dicom.visit import Plane, Role
from pipeline.measurement.structures import StructureVolume, structure_volumes
from pipeline.report.answer import NOTICE
from pipeline.report.as_json import MM_DIGITS, VOLUME_DIGITS, candidate_dict, provenance_values, series_dict
from pipeline.report.herniation import fused_dict, herniation_dict, herniation_of
from pipeline.report.numbers import rounded, rounded_interval
from pipeline.report.redact import Redactor
from pipeline.report.segmentation_tables import instance_table, structure_table
from pipeline.segmentation.anatomy import SeriesSegmentation
from pipeline.segmented import SegmentedVisit

SCHEMA = "discdelta-segmentation/1.0"
CONFIDENCE_DIGITS = 3
AXIS_DIGITS = 5


def segmentation_dict(result: SegmentedVisit) -> dict[str, Any]:
    """The whole result as plain values, ready for JSON.

    Returns
    -------
    dict
        Keys as in ``docs/segmentation.schema.json``. Byte-equal on a rerun, except for ``provenance.timing``.
    """
    visit, anatomy = result.visit, result.anatomy
    redact = Redactor(visit)
    return {
        "schema": SCHEMA,
        "notice": NOTICE,
        "study_date": None if visit.study_date is None else visit.study_date.isoformat(),
        "usable": result.usable,
        "level": {
            "name": result.level,
            "confidence": _confidence(result, result.level),
            "counted_from": anatomy.counted_from,
            "named_in": anatomy.reference.value,
            "transitional": anatomy.transitional,
        },
        "levels": [_level(result, name) for name in anatomy.levels],
        "vertebrae": [
            {"name": one.name, "instance": one.instance, "centre_lps_mm": _point(one.centre_lps_mm)}
            for one in anatomy.vertebrae.values()
        ],
        "fragments": [_fragment(result, name) for name in result.fragments],
        "series": [_series(result, role, one, redact) for role, one in sorted(anatomy.segmentations.items())],
        "label_table": {
            "labels": {str(one.value): one.name for one in structure_table()},
            "instances": {str(one.value): one.name for one in instance_table(anatomy)},
        },
        "findings": [
            {"code": f.code, "severity": f.severity.value, "message": f.message}
            for f in redact.findings(result.findings)
        ],
        "candidates": [candidate_dict(one, redact) for one in visit.candidates],
        "provenance": provenance_values(result.provenance, result.config, input_sha256=visit.input_sha256),
    }


def _confidence(result: SegmentedVisit, name: str) -> float | None:
    level = result.anatomy.levels.get(name)
    return rounded(0.0 if level is None else level.confidence, CONFIDENCE_DIGITS)


def _point(values: Iterable[float]) -> list[float | None]:
    return [rounded(float(v), MM_DIGITS) for v in values]


def _level(result: SegmentedVisit, name: str) -> dict[str, Any]:
    level = result.anatomy.levels[name]
    left, posterior, cranial = ([rounded(float(v), AXIS_DIGITS) for v in axis] for axis in level.axes_lps.T)
    return {
        "name": name,
        "instance": level.instance,
        "confidence": _confidence(result, name),
        "centre_lps_mm": _point(level.centre_lps_mm),
        "posterior_margin_lps_mm": _point(level.posterior_margin_lps_mm),
        "axes_lps": {"left": left, "posterior": posterior, "cranial": cranial},
    }


def _fragment(result: SegmentedVisit, name: str) -> dict[str, Any]:
    """What is known of the displaced material of one level."""
    found = result.fragments[name]
    fragment = found.measurement
    return {
        "level": name,
        "series": fragment.role.value,
        "present": fragment.present,
        "volume_mm3": rounded(fragment.volume_mm3, VOLUME_DIGITS),
        "interval95_mm3": rounded_interval(fragment.interval95_mm3, VOLUME_DIGITS),
        "detection_limit_mm3": rounded(fragment.detection_limit_mm3, VOLUME_DIGITS),
        "surely_seen_mm3": rounded(fragment.surely_seen_mm3, VOLUME_DIGITS),
        "centroid_lps_mm": None if fragment.centroid_lps_mm is None else _point(fragment.centroid_lps_mm),
        "volumes_by_series_mm3": _by_series(fragment.volumes_by_role_mm3),
        "unconfirmed_by_series_mm3": _by_series(result.unconfirmed.get(name, {})),
        "fused": fused_dict(fragment),
        "share_at_edge": rounded(found.at_edge, CONFIDENCE_DIGITS),
        "taken_for_false_mm3": rounded(found.suppressed_mm3, VOLUME_DIGITS),
        "herniation": herniation_dict(herniation_of(fragment, result.anatomy, name)),
    }


def _by_series(volumes_mm3: Mapping[Role, float]) -> dict[str, float | None]:
    return {role.value: rounded(volume, VOLUME_DIGITS) for role, volume in sorted(volumes_mm3.items())}


def labels_carried_over(result: SegmentedVisit, role: Role) -> bool:
    """Whether a series' labels were not made on it, but carried over from a series of another plane."""
    carried = any(finding.code == "axial-labels-carried-over" for finding in result.anatomy.findings)
    return role.plane is Plane.AXIAL and carried


def _series(result: SegmentedVisit, role: Role, segmentation: SeriesSegmentation, redact: Redactor) -> dict[str, Any]:
    series = result.visit.series[role]
    volumes = structure_volumes(segmentation, result.anatomy)
    return {
        **series_dict(series, redact),
        "labels_carried_over": labels_carried_over(result, role),
        "blocks": len(series.stacks),
        "labelled_slices": sum(one.labels.shape[0] for one in (segmentation, *segmentation.blocks)),
        "voxel_mm3": rounded(segmentation.labels.voxel_volume_mm3, 4),
        "structures": [_volume(one) for one in volumes if one.instance is None],
        "instances": [_volume(one) for one in volumes if one.instance is not None],
    }


def _volume(one: StructureVolume) -> dict[str, Any]:
    named = {} if one.instance is None else {"name": one.name, "instance": one.instance}
    return {
        "structure": one.structure,
        **named,
        "voxels": one.voxels,
        "volume_mm3": rounded(one.volume_mm3, VOLUME_DIGITS),
        "share_at_edge": rounded(one.share_at_edge, CONFIDENCE_DIGITS),
    }
