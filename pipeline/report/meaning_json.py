"""What a change means, for programs: terms and place, canal, signal, scores and literature."""

from __future__ import annotations

from typing import Any

from pipeline.comparison import Comparison
from pipeline.measurement.change import Interval
from pipeline.measurement.meaning.clinical import DAYS_PER_MONTH, Scores
from pipeline.measurement.meaning.literature import Published, published
from pipeline.measurement.meaning.meaning import CanalCompromise, Migrated, Signal, VisitMeaning
from pipeline.report.answer import days_between
from pipeline.report.numbers import rounded
from pipeline.segmentation.herniation import HerniationType

PERCENT_DIGITS = 1
AREA_DIGITS = 1
MM_DIGITS = 1
RATIO_DIGITS = 3


def meaning_dict(comparison: Comparison) -> dict[str, Any] | None:
    """As in ``docs/report.schema.json``; None where nothing was interpreted."""
    meaning = comparison.meaning
    if meaning is None:
        return None
    change = meaning.canal_change
    return {
        "baseline": visit_dict(meaning.baseline),
        "followup": visit_dict(meaning.followup),
        "canal_change": None
        if change is None
        else {"points": _percent(change.value), "interval95_points": _percents(change.interval95)},
        "literature": [_published(row) for row in literature_of(comparison)],
    }


def clinical_dict(comparison: Comparison) -> dict[str, Any] | None:
    """The scores as they were given, with the recovery rate; None where none were given."""
    clinical = comparison.clinical
    if clinical is None:
        return None
    return {
        "onset": None if clinical.onset is None else clinical.onset.isoformat(),
        "months_since_onset": [
            rounded(clinical.months_since_onset(visit.study_date), 1)
            for visit in (comparison.baseline, comparison.followup)
        ],
        "baseline": _scores(clinical.baseline),
        "followup": _scores(clinical.followup),
        "joa_recovery_percent": rounded(clinical.joa_recovery_percent, PERCENT_DIGITS),
    }


def literature_of(comparison: Comparison) -> tuple[Published, ...]:
    """Published figures, those marked that fit the type and rim at baseline, and the time between the visits."""
    meaning, days = comparison.meaning, days_between(comparison)
    if meaning is None:
        return ()
    herniation = meaning.baseline.herniation
    kinds = () if herniation.type is HerniationType.NONE else herniation.unsure_between or (herniation.type,)
    months = None if days is None or not kinds else days / DAYS_PER_MONTH
    rim = comparison.enhancement[0]
    return published(
        kinds=tuple(str(kind) for kind in kinds),
        rims=() if rim is None else tuple(str(kind) for kind in rim.may_be),
        months_between=months,
    )


def visit_dict(visit: VisitMeaning) -> dict[str, Any]:
    """Place, canal and signal of one visit."""
    return {
        "migration": None if visit.migrated is None else _migrated(visit.migrated),
        "canal": None if visit.canal is None else _canal(visit.canal),
        "canal_reason": visit.canal_reason,
        "canal_by_series": {role.value: _canal(one) for role, one in sorted(visit.canal_by_role.items())},
        "signal": {role.value: _signal(one) for role, one in sorted(visit.signals.items())},
    }


def _migrated(one: Migrated) -> dict[str, Any]:
    return {
        "direction": one.direction.value,
        "above_mm": rounded(one.above_mm, MM_DIGITS),
        "below_mm": rounded(one.below_mm, MM_DIGITS),
        "body_mm": rounded(one.body_mm, MM_DIGITS),
        "body_share": rounded(one.body_share, 2),
        "komori_type": one.komori,
    }


def _canal(one: CanalCompromise) -> dict[str, Any]:
    return {
        "series": one.role.value,
        "percent": _percent(one.fraction),
        "interval95_percent": _percents(one.interval95),
        "fragment_mm2": rounded(one.fragment_mm2, AREA_DIGITS),
        "sac_mm2": rounded(one.sac_mm2, AREA_DIGITS),
        "along_mm": rounded(one.along_mm, MM_DIGITS),
        "section_mm": rounded(one.section_mm, MM_DIGITS),
    }


def _signal(one: Signal) -> dict[str, Any]:
    return {
        "fragment_to_csf": rounded(one.fragment_to_csf, RATIO_DIGITS),
        "fragment_to_muscle": rounded(one.fragment_to_muscle, RATIO_DIGITS),
        "csf_to_muscle": rounded(one.csf_to_muscle, RATIO_DIGITS),
        "voxels": {"fragment": one.fragment.voxels, "csf": one.csf.voxels, "muscle": one.muscle.voxels},
        "reason": one.reason,
    }


def _published(row: Published) -> dict[str, Any]:
    return {
        "topic": row.topic.value,
        "group": row.group,
        "share_percent": row.share_percent,
        "interval95_percent": None if row.interval_percent is None else list(row.interval_percent),
        "counted": row.counted,
        "outcome": row.outcome,
        "about": row.about,
        "citation": row.citation,
        "fits": row.fits,
    }


def _scores(scores: Scores) -> dict[str, Any]:
    return {
        "joa": scores.joa,
        "odi_percent": scores.odi_percent,
        "vas_leg": scores.vas_leg,
        "vas_back": scores.vas_back,
    }


def _percent(fraction: float) -> float | None:
    return rounded(100.0 * fraction, PERCENT_DIGITS)


def _percents(interval: Interval) -> list[float | None]:
    return [_percent(interval.low), _percent(interval.high)]
