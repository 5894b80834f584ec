"""Plots of the page as positions in SVG units; the template draws them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pipeline.report.numbers import in_words

WIDTH, HEIGHT = 560.0, 340.0
LEFT, RIGHT, TOP, BOTTOM = 62.0, 18.0, 14.0, 46.0


@dataclass(frozen=True)
class Axis:
    """One axis.

    Attributes
    ----------
    title
        What it shows, with its unit.
    low, high
        Ends of its range.
    ticks
        Values that are written.
    log
        Whether it is logarithmic.
    """

    title: str
    low: float
    high: float
    ticks: tuple[float, ...]
    log: bool = False

    def share(self, value: float) -> float:
        """Where a value lies: 0 at the low end, 1 at the high end; values beyond stay at the end."""
        low, high = (math.log(self.low), math.log(self.high)) if self.log else (self.low, self.high)
        at = math.log(max(value, self.low)) if self.log else value
        return min(max((at - low) / (high - low), 0.0), 1.0)


@dataclass(frozen=True)
class Point:
    """One mark; ``low`` and ``high`` are the ends of its interval, ``style`` a class of the style sheet."""

    x: float
    y: float
    style: str
    title: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Line:
    """A line through points, or across the plot where it has one value; ``label`` stands at its right end."""

    points: tuple[tuple[float, float], ...]
    style: str
    label: str = ""


@dataclass(frozen=True)
class Plot:
    """One picture with its words."""

    name: str
    title: str
    caption: str
    x: Axis
    y: Axis
    points: Sequence[Point] = ()
    lines: Sequence[Line] = ()
    legend: Sequence[tuple[str, str]] = field(default_factory=tuple)

    def drawn(self) -> dict[str, object]:
        """Plain values for the template."""
        left, top = self._x, self._y
        return {
            "name": self.name,
            "title": self.title,
            "caption": self.caption,
            "width": WIDTH,
            "height": HEIGHT,
            "box": {"left": LEFT, "top": TOP, "right": WIDTH - RIGHT, "bottom": HEIGHT - BOTTOM},
            "x_title": self.x.title,
            "y_title": self.y.title,
            "x_ticks": [{"at": left(v), "text": _text(v)} for v in self.x.ticks],
            "y_ticks": [{"at": top(v), "text": _text(v)} for v in self.y.ticks],
            "points": [_point(point, left, top) for point in self.points],
            "lines": [
                {
                    "path": "M" + "L".join(f"{left(x)} {top(y)}" for x, y in line.points),
                    "style": line.style,
                    "label": line.label,
                    "end": (left(line.points[-1][0]), top(line.points[-1][1])),
                }
                for line in self.lines
            ],
            "legend": list(self.legend),
        }

    def _x(self, value: float) -> float:
        return round(LEFT + self.x.share(value) * (WIDTH - LEFT - RIGHT), 1)

    def _y(self, value: float) -> float:
        return round(HEIGHT - BOTTOM - self.y.share(value) * (HEIGHT - TOP - BOTTOM), 1)


def _point(point: Point, left: Callable[[float], float], top: Callable[[float], float]) -> dict[str, object]:
    whisker = None if point.low is None or point.high is None else (top(point.low), top(point.high))
    return {"x": left(point.x), "y": top(point.y), "style": point.style, "title": point.title, "whisker": whisker}


def _text(value: float) -> str:
    return in_words(value, digits=0 if float(value).is_integer() else 1)


def linear_axis(title: str, values: Sequence[float], *, least: float, symmetric: bool = False) -> Axis:
    """An axis with round ends that holds all values and at least 0 … ``least`` (or ∓ ``least``)."""
    high = max([least, *values])
    low = min([-least if symmetric else 0.0, *values])
    if symmetric:
        high = max(high, -low)
        low = -high
    step = _step(high - low)
    first, last = math.floor(low / step), math.ceil(high / step)
    return Axis(title, first * step, last * step, tuple(n * step for n in range(first, last + 1)))


def log_axis(title: str, values: Sequence[float], low: float, high: float) -> Axis:
    """A logarithmic axis over ``low`` … ``high`` and all values, with ticks at 1, 2 and 5 times powers of ten."""
    least, most = min([low, *values]), max([high, *values])
    decades = range(math.floor(math.log10(least)), math.ceil(math.log10(most)) + 1)
    ticks = tuple(f * 10.0**n for n in decades for f in (1, 2, 5) if least <= f * 10.0**n <= most)
    return Axis(title, least, most, ticks, log=True)


def _step(span: float, wanted: int = 6) -> float:
    """A round distance between ticks: 1, 2 or 5 times a power of ten."""
    raw = span / wanted
    power = 10.0 ** math.floor(math.log10(raw))
    return next(power * f for f in (1.0, 2.0, 5.0, 10.0) if power * f >= raw)
