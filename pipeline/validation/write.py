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
from pipeline.files import write_text
from pipeline.segmentation.network import weights_sha256
from pipeline.validation.outcome import PairOutcome, VisitOutcome
from pipeline.validation.page import render_page
from pipeline.validation.precision import cells_of, profile_json
from pipeline.validation.protocol import Protocol
from pipeline.validation.summary import Summary, summarise
from pipeline.validation.verdict import Verdict, verdicts

SCHEMA = "discdelta-validation/1"
_VISITS = ("baseline", "followup")


@dataclass(frozen=True)
class StudyFiles:
    """Where everything was written, and what it says."""

    page: Path
    json: Path
    table: Path
    profile: Path
    protocol: Path
    summary: Summary
    verdicts: tuple[Verdict, ...]


def write_study(outcomes: Sequence[PairOutcome], protocol: Protocol, out: Path) -> StudyFiles:
    """Judge the pairs of a study and write page, JSON, table of pairs, precision profile and resolved protocol.

    Raises
    ------
    pipeline.errors.OutputError
        If a file cannot be written.
    """
    summary, cells = summarise(outcomes), cells_of(outcomes)
    judged = verdicts(summary, protocol.goals)
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
        verdicts=judged,
    )
    write_text(files.protocol, protocol.to_yaml())
    write_text(files.table, pairs_csv(outcomes))
    write_text(files.profile, profile_json(outcomes, protocol))
    write_text(files.json, summary_json(protocol, summary, judged, made))
    write_text(files.page, render_page(protocol, outcomes, summary, judged, cells, made=made))
    return files


def summary_json(protocol: Protocol, summary: Summary, judged: Sequence[Verdict], made: dict[str, str]) -> str:
    """The summary as JSON text; unbounded numbers are null."""
    data = {
        "schema": SCHEMA,
        "synthetic": True,
        "protocol": protocol.name,
        "made_with": made,
        "goals": [asdict(verdict) for verdict in judged],
        **asdict(summary),
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


def pairs_csv(outcomes: Sequence[PairOutcome]) -> str:
    """One row per pair."""
    own = [field.name for field in fields(PairOutcome) if field.name not in _VISITS]
    of_visits = [f"{visit}_{field.name}" for visit in _VISITS for field in fields(VisitOutcome)]
    stream = io.StringIO()
    table = csv.writer(stream, lineterminator="\n")
    table.writerow([*own, "true_delta_mm3", *of_visits])
    for one in outcomes:
        row = [_cell(getattr(one, name)) for name in own]
        row.append(_cell(one.true_delta_mm3))
        row += [_cell(value) for visit in (one.baseline, one.followup) for value in asdict(visit).values()]
        table.writerow(row)
    return stream.getvalue()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    return " ".join(value) if isinstance(value, tuple) else str(value)
