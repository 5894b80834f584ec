"""A standard adult spine, and random spines and fragments."""

from __future__ import annotations

import numpy as np

from pipeline.phantom.anatomy.sample_features import sample_features
from pipeline.phantom.anatomy.spec import SpineSpec

_NAMES = ("T10", "T11", "T12", "L1", "L2", "L3", "L4", "L5", "S1", "S2", "S3", "S4", "S5")
_HEIGHTS = (21.0, 22.0, 24.0, 25.5, 26.5, 27.0, 27.0, 26.0, 29.0, 24.0, 20.0, 16.0, 13.0)
_DEPTHS = (28.0, 29.0, 30.5, 31.5, 32.5, 33.5, 33.5, 33.5, 31.0, 22.0, 16.0, 12.0, 9.0)
_WIDTHS = (36.0, 37.0, 39.0, 41.0, 43.0, 45.0, 47.0, 50.0, 52.0, 44.0, 38.0, 34.0, 30.0)
_ANGLES = (8.0, 2.0, -6.0, -12.0, -11.0, -6.0, 1.0, 16.0, 36.0, 44.0, 40.0, 22.0, 0.0)
_DISCS = (4.0, 5.0, 6.0, 7.5, 9.0, 10.0, 10.5, 9.5, 2.0, 1.5, 1.0, 1.0)
_L5 = _NAMES.index("L5")
_S1 = _NAMES.index("S1")


def standard_spine(seed: int = 0) -> SpineSpec:
    """A plain adult spine with mild wear of the two lowest discs."""
    n = len(_DISCS)
    degeneration = tuple(0.55 if i == _L5 - 1 else 0.4 if i == _L5 else 0.15 for i in range(n))
    bulge = tuple(0.8 if _L5 - 2 <= i <= _L5 else 0.2 for i in range(n))
    zeros = (0.0,) * n
    return SpineSpec(_NAMES, _HEIGHTS, _DEPTHS, _WIDTHS, _ANGLES, _DISCS, degeneration, bulge, zeros, zeros, seed=seed)


def _jitter(rng: np.random.Generator, values: tuple[float, ...], common: float, each: float) -> tuple[float, ...]:
    factor = np.clip(rng.normal(1, common), 1 - 2.5 * common, 1 + 2.5 * common)
    return tuple(float(v * factor * rng.normal(1, each)) for v in values)


def _lumbar_names(count: int) -> list[int]:
    """Indices into the standard tables for a spine with 4, 5 or 6 lumbar bodies."""
    order = list(range(len(_NAMES)))
    if count == 4:
        order.remove(_L5 - 2)
    elif count == 6:
        order.insert(_L5, _L5 - 1)
    return order


def _names(count: int) -> tuple[str, ...]:
    return ("T10", "T11", "T12", *(f"L{k + 1}" for k in range(count)), "S1", "S2", "S3", "S4", "S5")


def _angles(rng: np.random.Generator, order: list[int]) -> tuple[float, ...]:
    lordosis, tilt = rng.uniform(0.35, 1.35), rng.normal(0, 5)
    return tuple(float(_ANGLES[i] * lordosis + tilt + rng.normal(0, 1.5)) for i in order)


def _disc_heights(
    rng: np.random.Generator, order: list[int], size: float, first: int, worn: tuple[float, ...]
) -> tuple[float, ...]:
    """Heights at the centre; worn discs are lower, and a few have collapsed."""
    discs = []
    for i, k in enumerate(order[:-1]):
        height = size * _DISCS[k] * rng.normal(1, 0.1) * (1 - 0.5 * worn[i] ** 2 * (i < first))
        if i == first and rng.random() < 0.2:
            height = rng.uniform(3, 7)
        if i < first and worn[i] > 0.75 and rng.random() < 0.35:
            height = rng.uniform(1.5, 4.0)
        discs.append(float(max(0.8, height)))
    return tuple(discs)


def _slips(rng: np.random.Generator, first: int, count: int) -> tuple[float, ...]:
    """Slips to the front, at the low discs and at one to three levels; small ones also to the back."""
    slip = [0.0] * count
    if rng.random() < 0.25:
        for step in rng.choice(4, size=int(rng.choice([1, 1, 1, 2, 3])), replace=False, p=[0.35, 0.35, 0.2, 0.1]):
            slip[first - 1 - int(step)] = float(-rng.uniform(1, 3.5) if rng.random() < 0.25 else rng.uniform(2, 8))
    return tuple(slip)


def _wear(
    rng: np.random.Generator, first: int, count: int
) -> tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]:
    """Degeneration, bulge and stenosis of every disc, mostly at the low ones; one spine in ten is narrow throughout."""
    wear = float(rng.beta(1.2, 1.6))
    low = [max(0.0, 1 - 0.22 * abs(first - 1.5 - (i + 0.5))) for i in range(count)]
    worn = tuple(float(np.clip(wear * (0.4 + x) + rng.normal(0, 0.2), 0, 1)) for x in low)
    black = {int(i) for i in np.nonzero(rng.random(count) < 0.06)[0]}
    worn = tuple(1.0 if i in black and i < first else g for i, g in enumerate(worn))
    bulge = tuple(
        float(max(0, rng.normal(0.3, 0.4) + 2.8 * g * rng.random())) * (i < first) for i, g in enumerate(worn)
    )
    narrow, most = rng.random() < 0.45, 1.15 if rng.random() < 0.3 else 0.9
    stenosis = tuple(
        float(rng.uniform(0, most) * x * narrow * (rng.random() < 0.6)) * (3 < i < first) for i, x in enumerate(low)
    )
    return worn, bulge, stenosis


def sample_spine(rng: np.random.Generator) -> SpineSpec:
    """Draw a random adult spine; one in six has four or six lumbar bodies, one in eight a transitional one."""
    count = int(rng.choice([5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 4, 6]))
    order = _lumbar_names(count)
    names = _names(count)
    first = names.index("S1")
    size = float(np.clip(rng.normal(1, 0.08), 0.78, 1.22))
    scaled = [tuple(size * table[i] for i in order) for table in (_HEIGHTS, _DEPTHS, _WIDTHS)]
    degeneration, bulge, stenosis = _wear(rng, first, len(order) - 1)
    obese = rng.random() < 0.2
    canal = float(np.clip(rng.normal(0, 1), -2.4, 3))
    spine = SpineSpec(
        names=names,
        heights_mm=_jitter(rng, scaled[0], 0.04, 0.025),
        depths_mm=_jitter(rng, scaled[1], 0.05, 0.02),
        widths_mm=_jitter(rng, scaled[2], 0.04, 0.02),
        angles_deg=_angles(rng, order),
        disc_heights_mm=_disc_heights(rng, order, size, first, degeneration),
        degeneration=degeneration,
        bulge_mm=bulge,
        stenosis=stenosis,
        listhesis_mm=_slips(rng, first, len(order) - 1),
        endplate_concavity_mm=float(rng.uniform(0.6, 2.8)),
        canal_depth_mm=float(np.clip(16.5 + 1.8 * canal, 12, 22)),
        canal_width_mm=float(np.clip(23 + 1.0 * canal + rng.normal(0, 1.5), 18, 28)),
        sac_end=float(first + rng.uniform(0.4, 2.0)),
        conus_end=float(rng.uniform(2.3, 4.3)),
        epidural_fat=float(rng.beta(2.6, 1.6) if obese else rng.beta(1.6, 1.8)),
        scoliosis_mm=float(min(8.0, abs(rng.normal(0, 3.5))) if rng.random() < 0.5 else 0.0),
        scoliosis_phase=float(rng.uniform(0, 2 * np.pi)),
        muscle_fat=float(rng.beta(2.0, 2.2) if obese else rng.beta(1.3, 3.0)),
        back_muscle_mm=float(rng.uniform(20, 45)),
        subcutaneous_mm=float(rng.uniform(40, 80) if obese else rng.uniform(4, 42)),
        seed=int(rng.integers(0, 2**31)),
    )
    return sample_features(rng, spine)
