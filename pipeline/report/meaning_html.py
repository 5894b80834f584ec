"""What a change means, for people: plain values for ``meaning.html.j2``."""

from __future__ import annotations

from math import log
from typing import Any

from pipeline.comparison import Comparison
from pipeline.dicom.visit import Role
from pipeline.measurement.change import Interval
from pipeline.measurement.meaning.clinical import DAYS_PER_MONTH, Clinical
from pipeline.measurement.meaning.literature import Published, Topic, remarks
from pipeline.measurement.meaning.meaning import CanalCompromise, Meaning, Signal, VisitMeaning
from pipeline.report.answer import days_between
from pipeline.report.meaning_json import literature_of
from pipeline.report.numbers import EM_DASH, NO_BREAK, in_words
from pipeline.report.views import ROLE_NAMES

KOMORI = {1: "not beyond the endplates", 2: "beyond an endplate", 3: "far beyond an endplate"}
SCORES = (
    ("joa", "JOA score", "of 29, more is better", 0),
    ("odi_percent", "Oswestry Disability Index", "%, less is better", 0),
    ("vas_leg", "Pain in the leg", "VAS 0 to 10", 1),
    ("vas_back", "Pain in the back", "VAS 0 to 10", 1),
)
HINTS = ("signal-like-fluid", "growth-with-enhancement")
"""Findings on what does not fit a disc fragment."""
TOPICS = {
    Topic.ALL: "All",
    Topic.TYPE: "Type",
    Topic.RIM: "Rim of enhancement",
    Topic.TIME: "Time between images",
    Topic.MIGRATION: "Migration",
}


def meaning_view(comparison: Comparison) -> dict[str, Any] | None:
    """Tables as rows of text; None where nothing was interpreted or the result must not be used."""
    meaning = comparison.meaning
    if meaning is None or not comparison.change.usable:
        return None
    return {
        "place": _place(meaning),
        "signals": _signals(meaning),
        "signal_reasons": _reasons(meaning),
        "hints": [finding.message for finding in meaning.findings if finding.code in HINTS],
        "scores": None if comparison.clinical is None else _scores(comparison.clinical),
        "since_onset": _since_onset(comparison),
        "literature": literature_view(comparison),
        "remarks": remarks_view(),
    }


def literature_view(comparison: Comparison) -> list[dict[str, Any]]:
    """Published figures as text, those marked that fit the patient at baseline; times nearest to this pair's first."""
    days = days_between(comparison)
    months = days / DAYS_PER_MONTH if days else None

    def far(row: Published) -> float:
        return 0.0 if row.months is None or months is None else abs(log(row.months / months))

    rows = literature_of(comparison)
    topics = list(dict.fromkeys(row.topic for row in rows))
    return [_published(row, months) for row in sorted(rows, key=lambda row: (topics.index(row.topic), far(row)))]


def remarks_view() -> list[dict[str, str]]:
    """Published statements that hold no figure."""
    return [
        {"topic": TOPICS[one.topic], "text": one.text, "source": f"{one.citation}; {one.about}"} for one in remarks()
    ]


def _row(title: str, note: str, before: str, after: str, change: str = "") -> dict[str, str]:
    return {"title": title, "note": note, "before": before, "after": after, "change": change}


def _place(meaning: Meaning) -> list[dict[str, str]]:
    first, second = meaning.baseline, meaning.followup
    return [
        _row(
            "Above the disc space",
            "along the posterior wall",
            reach_words(first, "above_mm"),
            reach_words(second, "above_mm"),
        ),
        _row("Below the disc space", "", reach_words(first, "below_mm"), reach_words(second, "below_mm")),
        _row("Migration type", "after Komori 1996", komori_words(first), komori_words(second)),
        _row(
            "Canal taken at the worst place",
            "of sac and fragment",
            canal_words(first),
            canal_words(second),
            _canal_change(meaning),
        ),
        _row("Canal measured on", "areas at the worst place", _where(first.canal), _where(second.canal)),
    ]


def reach_words(visit: VisitMeaning, name: str) -> str:
    """How far the material reaches, ``name`` being ``above_mm`` or ``below_mm``."""
    return EM_DASH if visit.migrated is None else f"{in_words(getattr(visit.migrated, name))}{NO_BREAK}mm"


def komori_words(visit: VisitMeaning) -> str:
    """Type of migration after Komori, with its meaning."""
    if visit.migrated is None:
        return EM_DASH
    share = (
        "" if visit.migrated.body_share is None else f", {100 * visit.migrated.body_share:.0f} % of the body's height"
    )
    return f"{visit.migrated.komori}: {KOMORI[visit.migrated.komori]}{share}"


def canal_words(visit: VisitMeaning) -> str:
    """Share of the canal that is taken, with its interval."""
    if visit.canal is None:
        return "not measured"
    return f"{in_words(100 * visit.canal.fraction)} % ({_points(visit.canal.interval95)})"


def _canal_change(meaning: Meaning) -> str:
    change = meaning.canal_change
    if change is None:
        return ""
    return f"{in_words(100 * change.value, signed=True)} points ({_points(change.interval95, signed=True)})"


def _points(interval: Interval, *, signed: bool = False) -> str:
    low, high = (in_words(100 * end, signed=signed) for end in (interval.low, interval.high))
    return f"{low} to {high}"


def _where(canal: CanalCompromise | None) -> str:
    if canal is None:
        return ""
    name = ROLE_NAMES.get(canal.role, canal.role.value)
    if canal.along_mm is None:
        return f"{name}; sac {in_words(canal.sac_mm2)}{NO_BREAK}mm²"
    way = "below" if canal.along_mm >= 0 else "above"
    return (
        f"{name}, {in_words(abs(canal.along_mm))}{NO_BREAK}mm {way} the disc's middle; fragment "
        f"{in_words(canal.fragment_mm2)}, sac {in_words(canal.sac_mm2)}{NO_BREAK}mm²"
    )


def _roles(meaning: Meaning) -> list[Role]:
    return sorted({*meaning.baseline.signals, *meaning.followup.signals})


def _signals(meaning: Meaning) -> list[dict[str, Any]]:
    return [
        {
            "series": ROLE_NAMES.get(role, role.value),
            "cells": [
                _ratio(visit.signals.get(role), name)
                for name in ("fragment_to_csf", "fragment_to_muscle", "csf_to_muscle")
                for visit in (meaning.baseline, meaning.followup)
            ],
            "voxels": [_voxels(visit.signals.get(role)) for visit in (meaning.baseline, meaning.followup)],
        }
        for role in _roles(meaning)
    ]


def _ratio(signal: Signal | None, name: str) -> str:
    return EM_DASH if signal is None else in_words(getattr(signal, name), digits=2)


def _voxels(signal: Signal | None) -> str:
    if signal is None:
        return EM_DASH
    return ", ".join(in_words(tissue.voxels) for tissue in (signal.fragment, signal.csf, signal.muscle))


def _reasons(meaning: Meaning) -> list[str]:
    return [
        f"{when}, {ROLE_NAMES.get(role, role.value)}: {signal.reason}."
        for when, visit in (("Baseline", meaning.baseline), ("Follow-up", meaning.followup))
        for role, signal in sorted(visit.signals.items())
        if signal.reason and visit.migrated is not None
    ]


def _scores(clinical: Clinical) -> list[dict[str, str]]:
    rows = []
    for name, title, note, digits in SCORES:
        before, after = getattr(clinical.baseline, name), getattr(clinical.followup, name)
        if before is None and after is None:
            continue
        change = "" if before is None or after is None else in_words(after - before, signed=True, digits=digits)
        if name == "joa" and clinical.joa_recovery_percent is not None:
            change += f"; recovery rate {in_words(clinical.joa_recovery_percent)} % (Hirabayashi)"
        rows.append(_row(title, note, in_words(before, digits=digits), in_words(after, digits=digits), change))
    return rows


def _since_onset(comparison: Comparison) -> str:
    if comparison.clinical is None:
        return ""
    months = [
        comparison.clinical.months_since_onset(visit.study_date) for visit in (comparison.baseline, comparison.followup)
    ]
    if None in months:
        return ""
    first, second = (in_words(m, digits=1) for m in months)
    return f"Symptoms had begun {first} months before the baseline and {second} months before the follow-up."


def _published(row: Published, months: float | None) -> dict[str, Any]:
    interval = ""
    if row.interval_percent is not None:
        low, high = (in_words(end) for end in row.interval_percent)
        interval = f" ({low} to {high})"
    return {
        "topic": TOPICS[row.topic],
        "group": row.group if row.months is None or months is None else f"{row.group}{_here(months)}",
        "share": f"{in_words(row.share_percent)} %{interval}",
        "counted": "not given" if row.counted is None else in_words(row.counted),
        "outcome": row.outcome,
        "source": f"{row.citation}; {row.about}",
        "fits": row.fits,
    }


def _here(months: float) -> str:
    return f" (here {in_words(months, digits=1)})"
