"""What is noted of a pair: the truth, what its images gave, and what was reported."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from pipeline import rigid
from pipeline.comparison import Comparison
from pipeline.config import MeasurementSettings
from pipeline.measurement.change import Change, FragmentMeasurement
from pipeline.measurement.evidence import ChangeEvidence
from pipeline.measurement.judging import judged
from pipeline.measurement.precision import PrecisionProfile
from training.evaluation.canal_room import CanalRoom
from training.evaluation.fragments import zone_of
from training.evaluation.overlap import dice, hit
from training.evaluation.pair_visits import DrawnPair, DrawnVisit
from training.evaluation.pasted import NARROW_MM
from training.evaluation.real import Patient

Row = dict[str, Any]
_EVIDENCE = TypeAdapter(ChangeEvidence)


def truth_of(patient: Patient, room: CanalRoom, pair: DrawnPair) -> Row:
    """What was drawn, and where."""
    shown = pair.wanted.baseline or pair.wanted.followup
    index = patient.image.to_index(pair.middle)
    return {
        "true_mm3": [round(one.true_mm3, 1) for one in (pair.baseline, pair.followup)],
        "brightness": [round(one.brightness, 3) for one in (pair.baseline, pair.followup)],
        "sac_share": [round(one.sac_share, 2) for one in (pair.baseline, pair.followup)],
        "form": shown.form if shown else None,
        "line_mm": round(shown.line_mm, 2) if shown else 0.0,
        "migration_mm": round(shown.migration_mm, 1) if shown else 0.0,
        "zone": zone_of(float(index[0] - room.middle) * patient.image.spacing_mm[0]),
        "sac_depth_mm": round(room.depth_mm, 1),
        "narrow": room.depth_mm < NARROW_MM,
        "slices": pair.baseline.image.shape[0],
        "turn_deg": round(pair.repositioning.turn_deg, 1),
        "shift_mm": round(pair.repositioning.shift_mm, 1),
    }


def seen_in(pair: DrawnPair, found: Comparison) -> Row:
    """What the images gave: shapes and alignment against the truth, and what the change rests on."""
    own = rigid.apply(found.alignment.baseline_to_followup, pair.middle)
    off = own - rigid.apply(pair.repositioning.motion, pair.middle)
    return {
        "named": found.level,
        "hit": [_hit(pair.baseline, found.change.baseline), _hit(pair.followup, found.change.followup)],
        "dice": [_dice(pair.baseline, found.change.baseline), _dice(pair.followup, found.change.followup)],
        "error_mm": round(float(np.linalg.norm(off)), 2),
        "error_lps_mm": [round(float(value), 2) for value in off],
        "estimated_error_mm": round(found.alignment.quality.estimated_tre_mm, 2),
        "findings": sorted({finding.code for finding in found.findings}),
        **reported(found.change),
        "evidence": None if found.change.evidence is None else asdict(found.change.evidence),
    }


def judged_again(row: Row, profile: PrecisionProfile) -> Row:
    """The row as it would be reported with this precision profile, without its evidence."""
    kept = {key: value for key, value in row.items() if key != "evidence"}
    if row.get("evidence") is None:
        return kept
    evidence = _EVIDENCE.validate_python(row["evidence"])
    return kept | reported(judged(evidence, MeasurementSettings(), profile))


def reported(change: Change) -> Row:
    """What a report says."""
    rate = change.resorption_rate_interval95_percent
    return {
        "baseline": _visit(change.baseline),
        "followup": _visit(change.followup),
        "delta_mm3": round(change.delta_mm3, 1),
        "delta_interval_mm3": [round(change.delta_interval95_mm3.low, 1), round(change.delta_interval95_mm3.high, 1)],
        "rate_interval_percent": None if rate is None else [round(rate.low, 1), round(rate.high, 1)],
        "subtracted_mm3": _rounded(change.subtracted_mm3),
        "direct_mm3": _rounded(change.direct_mm3),
        "direct_weight": round(change.direct_weight, 2),
        "category": str(change.category),
        "usable": change.usable,
    }


def _visit(found: FragmentMeasurement) -> Row:
    return {
        "mm3": round(found.volume_mm3, 1),
        "interval_mm3": [round(found.interval95_mm3.low, 1), round(found.interval95_mm3.high, 1)],
        "limit_mm3": round(found.detection_limit_mm3, 1),
        "present": found.present,
    }


def _hit(drawn: DrawnVisit, found: FragmentMeasurement) -> float | None:
    """Share of the fragment that was found; None where there is none."""
    return round(hit(_share(found), drawn.truth.array), 3) if drawn.truth.array.any() else None


def _dice(drawn: DrawnVisit, found: FragmentMeasurement) -> float | None:
    truth = drawn.truth.array
    return round(dice(_share(found) > 0.5, truth > 0.5), 3) if truth.any() else None


def _share(found: FragmentMeasurement) -> NDArray[np.float32]:
    return np.asarray(found.occupancy.array, dtype=np.float32)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
