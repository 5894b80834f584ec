"""The small chart beside the answer: both volumes with their intervals on one axis."""

from __future__ import annotations

import math
from typing import Any

from pipeline.measurement.change import Change
from pipeline.report.numbers import in_words

WIDTH = 430.0
LEFT = 82.0
RIGHT = 18.0
ROWS = {"Baseline": 30.0, "Follow-up": 78.0}
AXIS = 108.0


def step_of(top: float, wanted: int = 5) -> float:
    """A round distance between ticks: 1, 2 or 5 times a power of ten."""
    raw = max(top, 1.0) / wanted
    power = 10.0 ** math.floor(math.log10(raw))
    return next(power * f for f in (1.0, 2.0, 5.0, 10.0) if power * f >= raw)


def chart(change: Change) -> dict[str, Any]:
    """Positions in SVG units of points, whiskers, ticks and the limit of blank."""
    measured = {"Baseline": change.baseline, "Follow-up": change.followup}
    finite = [v for m in measured.values() for v in (m.volume_mm3, m.interval95_mm3.high) if math.isfinite(v)]
    largest = max([*finite, 2 * max(m.detection_limit_mm3 for m in measured.values())])
    step = step_of(largest)
    top = math.ceil(largest / step) * step
    scale = (WIDTH - LEFT - RIGHT) / top

    def x(value: float) -> float:
        return round(LEFT + min(max(value, 0.0), top) * scale, 1)

    rows = [
        {
            "name": name,
            "y": ROWS[name],
            "x": x(m.volume_mm3),
            "low": x(m.interval95_mm3.low),
            "high": x(m.interval95_mm3.high),
            "limit": x(m.detection_limit_mm3),
            "present": m.present,
        }
        for name, m in measured.items()
    ]
    ticks = [{"x": x(n * step), "text": in_words(n * step)} for n in range(round(top / step) + 1)]
    return {"width": WIDTH, "height": AXIS + 24, "left": LEFT, "axis": AXIS, "rows": rows, "ticks": ticks}
