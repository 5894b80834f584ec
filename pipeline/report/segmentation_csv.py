"""Volumes of one visit as a table: one row per structure, vertebra or disc of each series, one per level's fragment."""

from __future__ import annotations

import csv
import io
from typing import Any

from pipeline.report.as_csv import cell
from pipeline.report.segmentation_json import SCHEMA

COLUMNS = (
    "study_date", "series", "structure", "name", "instance", "volume_mm3", "low95_mm3", "high95_mm3",
    "detection_limit_mm3", "present", "share_at_edge", "confidence", "usable", "input_sha256", "version",
)  # fmt: skip
"""``low95`` to ``present`` are of displaced material only, ``confidence`` is that of a disc's name."""


def segmentation_csv(segmentation: dict[str, Any]) -> str:
    """The table of what ``segmentation.json`` holds; tables of many visits can be joined one below the other.

    Raises
    ------
    ValueError
        If the values are not those of a segmentation.
    """
    if segmentation.get("schema") != SCHEMA:
        raise ValueError(f"these are not the values of a segmentation: {segmentation.get('schema')!r}")
    every = {
        "study_date": segmentation["study_date"],
        "usable": segmentation["usable"],
        "input_sha256": segmentation["provenance"]["input_sha256"],
        "version": segmentation["provenance"]["version"],
    }
    confidence = {level["name"]: level["confidence"] for level in segmentation["levels"]}
    buffer = io.StringIO()
    table = csv.DictWriter(buffer, COLUMNS, extrasaction="ignore", lineterminator="\n")
    table.writeheader()
    for series in segmentation["series"]:
        for row in (*series["structures"], *series["instances"]):
            named = {"confidence": confidence.get(row.get("name"))}
            table.writerow(_cells({**every, **row, **named, "series": series["role"]}))
    for row in segmentation["fragments"]:
        low, high = row["interval95_mm3"]
        extra = {"structure": "displaced material", "name": row["level"], "low95_mm3": low, "high95_mm3": high}
        table.writerow(_cells({**every, **row, **extra, "confidence": confidence.get(row["level"])}))
    return buffer.getvalue()


def _cells(row: dict[str, Any]) -> dict[str, Any]:
    return {key: cell(value) for key, value in row.items()}
