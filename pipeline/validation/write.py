"""The files of a study, each written whole or not at all."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from pipeline import __version__
from pipeline.config import MeasurementSettings
from pipeline.files import write_text
from pipeline.measurement.precision import PrecisionProfile
from pipeline.segmentation.network import weights_sha256
from pipeline.validation.crossfit import crossfit
from pipeline.validation.outcome import PairOutcome, VisitOutcome, visits
from pipeline.validation.page import render_page
from pipeline.validation.precision import profile_cells, profile_json
from pipeline.validation.protocol import Protocol
from pipeline.validation.rejudge import rejudged
from pipeline.validation.summary import Summary, summarise
from pipeline.validation.verdict import Basis, Verdict, verdicts

SCHEMA = "discdelta-validation/1"
_VISITS = ("baseline", "followup")
_NO_COLUMNS = ("evidence", "stage_seconds")
_SEEN = ("brightness", "snr", "contrast", "probability_mm3")
_JUDGED = (
    "usable",
    "category",
    "delta_mm3",
    "delta_low_mm3",
    "delta_high_mm3",
    "rate_percent",
    "rate_low_percent",
    "rate_high_percent",
)
_SIZED = ("measured_mm3", "low_mm3", "high_mm3", "limit_mm3", "present")


@dataclass(frozen=True)
class StudyFiles:
    """Where everything was written, and what it says."""

    page: Path
    json: Path
    table: Path
    profile: Path
    protocol: Path
    summary: Summary
    crossed: Summary | None
    verdicts: tuple[Verdict, ...]


def write_study(
    pairs: Sequence[PairOutcome], protocol: Protocol, out: Path, settings: MeasurementSettings | None = None
) -> StudyFiles:
    """Judge the pairs of a study and write page, JSON, table of pairs, precision profile and resolved protocol.

    Parameters
    ----------
    pairs
        As they were finished, whichever precision profile was in use then.
    settings
        Of the measurement; their precision profile is the one in use. The defaults when None.

    Raises
    ------
    pipeline.errors.OutputError
        If a file cannot be written.
    pipeline.errors.UnreadableInputError
        If the precision profile in use cannot be read.
    """
    settings = settings or MeasurementSettings()
    outcomes = rejudged(pairs, settings, PrecisionProfile.load(settings.precision_profile))
    other = crossfit(outcomes, settings)
    summary, crossed = summarise(outcomes), summarise(other.outcomes) if other else None
    cells, factors = profile_cells(outcomes, settings)
    judged = verdicts(summary, protocol.goals, crossed)
    made = {
        "version": __version__,
        "protocol_sha256": protocol.sha256(),
        "weights_sha256": weights_sha256(),
    }
    files = StudyFiles(
        page=out / "validation.html",
        json=out / "validation.json",
        table=out / "pairs.csv",
        profile=out / "precision_profile.json",
        protocol=out / "protocol.yaml",
        summary=summary,
        crossed=crossed,
        verdicts=judged,
    )
    write_text(files.protocol, protocol.to_yaml())
    again = other.outcomes if other else ()
    write_text(files.table, pairs_csv(outcomes, again))
    write_text(files.profile, profile_json(cells, factors, len(outcomes), protocol))
    write_text(files.json, summary_json(protocol, (summary, crossed), judged, made))
    write_text(files.page, render_page(protocol, (outcomes, again), (summary, crossed), judged, cells, made=made))
    return files


def summary_json(
    protocol: Protocol, summaries: tuple[Summary, Summary | None], judged: Sequence[Verdict], made: dict[str, str]
) -> str:
    """The summary with the profile in use, and cross-fitted, as JSON text; unbounded numbers are null."""
    summary, crossed = summaries
    data = {
        "schema": SCHEMA,
        "synthetic": True,
        "protocol": protocol.name,
        "made_with": made,
        "goals": [asdict(verdict) for verdict in judged],
        "basis_of_figures": Basis.IN_USE.value,
        **asdict(summary),
        "cross_fitted": asdict(crossed) if crossed else None,
    }
    return json.dumps(_finite(data), indent=1, ensure_ascii=False) + "\n"


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 9) if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(one) for one in value]
    return value


def pairs_csv(outcomes: Sequence[PairOutcome], crossed: Sequence[PairOutcome] = ()) -> str:
    """One row per pair; what ``crossed`` holds of the same pairs in columns that begin with ``crossfit_``."""
    own = [field.name for field in fields(PairOutcome) if field.name not in (*_VISITS, *_NO_COLUMNS)]
    of_visits = [f"{visit}_{field.name}" for visit in _VISITS for field in fields(VisitOutcome)]
    seen = [f"{visit}_seen_{name}" for visit in _VISITS for name in _SEEN]
    stream = io.StringIO()
    table = csv.writer(stream, lineterminator="\n")
    again = [*(f"crossfit_{name}" for name in _JUDGED), *(f"crossfit_{v}_{name}" for v in _VISITS for name in _SIZED)]
    table.writerow([*own, "true_delta_mm3", *of_visits, *seen, *(again if crossed else ())])
    for place, one in enumerate(outcomes):
        row = [_cell(getattr(one, name)) for name in own]
        row.append(_cell(one.true_delta_mm3))
        row += [_cell(value) for visit in visits(one) for value in asdict(visit).values()]
        row += [_cell(value) for value in _as_seen(one)]
        if crossed:
            other = crossed[place]
            row += [_cell(getattr(other, name)) for name in _JUDGED]
            row += [_cell(getattr(visit, name)) for visit in visits(other) for name in _SIZED]
        table.writerow(row)
    return stream.getvalue()


def _as_seen(one: PairOutcome) -> list[object]:
    """How each visit saw the fragment, by the order of ``_SEEN``."""
    if one.evidence is None:
        return [None for _ in _VISITS for _ in _SEEN]
    both = one.evidence.baseline, one.evidence.followup
    return [
        value
        for known in both
        for value in (known.view.brightness, known.view.snr, known.contrast, known.probability_mm3)
    ]


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    return " ".join(value) if isinstance(value, tuple) else str(value)
