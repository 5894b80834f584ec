"""Shapes that displaced material takes: how far each voxel is from a fragment's core, in units of its size."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pipeline.phantom.anatomy.grid import Float32
from pipeline.phantom.anatomy.spec import FragmentSpec

Ball = tuple[tuple[float, float, float], tuple[float, float, float]]
"""Centre and semi-axes along the posterior wall (s, caudal), behind it (d) and sideways (w), in units of the size."""
Balls = list[Ball]
_SHOULDER = 0.3
"""A mushroom's cap keeps its full width up to this height."""


def _lobulated(rng: np.random.Generator, way: float) -> Balls:
    balls: Balls = [((way, 0.25, 0.0), (0.85, 0.75, 0.85))]
    for _ in range(int(rng.integers(3, 6))):
        angle, reach = rng.uniform(0, 2 * np.pi), rng.uniform(0.5, 0.9)
        centre = (way + reach * np.cos(angle), rng.uniform(0.1, 0.6), reach * np.sin(angle))
        small = rng.uniform(0.4, 0.6)
        balls.append((centre, (small, small, small)))
    return _reach_disc(balls, way, 0.5)


def _flat(rng: np.random.Generator, way: float) -> Balls:
    balls: Balls = [((way, 0.1, 0.0), (rng.uniform(1.2, 1.6), 0.55, rng.uniform(1.1, 1.5)))]
    return _reach_disc(balls, way, 0.5)


def _mushroom(rng: np.random.Generator, way: float) -> Balls:
    neck = rng.uniform(0.28, 0.4)
    cap: Ball = ((way, 0.75, 0.0), (rng.uniform(1.0, 1.25), 0.62, rng.uniform(0.95, 1.2)))
    steps = np.linspace(0, 1, 6)
    return [cap, *(((way * p, 0.1 + 0.55 * p, 0.0), (neck, neck, neck)) for p in steps)]


def _pieces(rng: np.random.Generator, way: float) -> Balls:
    """A main piece, and one or two smaller ones before or beyond it."""
    main = rng.uniform(0.8, 1.0)
    balls: Balls = [((way, 0.25 * main, 0.0), (main, main, main))]
    side = float(rng.choice([-1.0, 1.0]))
    for _ in range(int(rng.integers(1, 3))):
        size = rng.uniform(0.35, 0.6)
        apart = main + size + rng.uniform(0.05, 0.3)
        balls.append(((way + side * apart, 0.25 * size, rng.normal(0, 0.35)), (size, size, size)))
        side = -side
    return balls


def _reach_disc(balls: Balls, way: float, thick: float) -> Balls:
    """Add what joins a migrated fragment to its disc."""
    steps = np.linspace(0, 1, int(abs(way) / 0.6) + 1)[:-1]
    return balls + [((way * p, 0.15, 0.0), (thick, thick, thick)) for p in steps]


_FORMS: dict[str, Callable[[np.random.Generator, float], Balls]] = {
    "lobulated": _lobulated,
    "flat": _flat,
    "mushroom": _mushroom,
    "pieces": _pieces,
}
_BULK = {"lobulated": 1.05, "flat": 0.95, "mushroom": 1.2, "pieces": 0.95}
"""Semi-axis of the ball of the same volume, over the size, so that scale 1 is about the volume that was asked for."""


def _settled(ball: Ball, flat: bool) -> Ball:
    """A ball as a dome on the wall, widest there: of the same height, or flat as a mushroom's cap.

    A mushroom's cap spreads on the wall above and below the disc; the disc space itself is then its stem.
    """
    (s, d, w), (along, deep, aside) = ball
    low = min(d, _SHOULDER) if flat else 0.0
    return (s, low, w), (along, deep if flat else deep + d, aside)


def behind(d: Float32, centre: float, standing: bool) -> Float32:
    """Offset in depth from a ball's centre; a standing one reaches from its widest depth straight to the wall."""
    offset = d - np.float32(centre)
    return np.maximum(offset, 0) if standing else offset


def form_scale(
    spec: FragmentSpec, size: float, s: Float32, d: Float32, w: Float32, *, standing: bool = False
) -> Float32:
    """By how much a fragment's balls must grow until they reach each voxel.

    Parameters
    ----------
    spec
        The fragment; its form is any but "chain".
    size
        Radius (mm) of a ball of its volume.
    s, d, w
        Distance along the wall from the disc, behind the wall, and sideways from the fragment's middle (mm).
    standing
        Whether it stands on the wall, as wide there as it is behind it.
    """
    rng = np.random.default_rng(spec.seed + 307)
    size = size / _BULK[spec.form]
    far = max(0.0, abs(spec.migration_mm) - 0.8 * size) * np.sign(spec.migration_mm) / size
    balls = _FORMS[spec.form](rng, float(far))
    if standing:
        balls = [_settled(ball, spec.form == "mushroom") for ball in balls]
    if spec.sequestered:
        # Only what lies in the far half is left: it lost its way back to the disc.
        balls = [ball for ball in balls if abs(ball[0][0]) >= 0.5 * abs(far)] or balls
    needed = np.full(np.broadcast_shapes(s.shape, d.shape, w.shape), np.inf, dtype=np.float32)
    for centre, semi in balls:
        offset = (s - size * centre[0], behind(d, size * centre[1], standing), w - size * centre[2])
        parts = [x / (size * a) for x, a in zip(offset, semi, strict=True)]
        np.minimum(needed, np.sqrt(parts[0] ** 2 + parts[1] ** 2 + parts[2] ** 2), out=needed)
    return needed
