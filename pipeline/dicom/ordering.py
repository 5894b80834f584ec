"""The order in which series were acquired."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from pipeline.dicom.stackfacts import StackFacts


def in_order(facts: Iterable[StackFacts]) -> list[StackFacts]:
    """Sort by time of acquisition; by series number where times are missing or all the same."""
    items = list(facts)
    times = {item.acquired_at for item in items}
    timed = None not in times and (len(times) > 1 or len(items) == 1)

    def key(item: StackFacts) -> tuple[float, float, int]:
        stamp = item.acquired_at
        seconds = (stamp - datetime.min).total_seconds() if timed and stamp is not None else 0.0
        return seconds, item.series_number if item.series_number is not None else 1e9, item.index

    return sorted(items, key=key)
