"""A standard adult spine, and random spines and fragments."""

from __future__ import annotations

import numpy as np

from pipeline.phantom.anatomy.spec import FragmentSpec, SpineSpec

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


def sample_spine(rng: np.random.Generator) -> SpineSpec:
    """Draw a random adult spine; one in six has four or six lumbar bodies."""
    count = int(rng.choice([5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 4, 6]))
    order = _lumbar_names(count)
    names = _names(count)
    first = names.index("S1")
    size = float(np.clip(rng.normal(1, 0.07), 0.83, 1.18))
    scaled = [tuple(size * table[i] for i in order) for table in (_HEIGHTS, _DEPTHS, _WIDTHS)]
    lordosis, tilt = rng.uniform(0.35, 1.35), rng.normal(0, 5)
    angles = tuple(float(_ANGLES[i] * lordosis + tilt + rng.normal(0, 1.5)) for i in order)
    wear = float(rng.beta(1.2, 1.6))
    low = [max(0.0, 1 - 0.22 * abs(first - 1.5 - (i + 0.5))) for i in range(len(order) - 1)]
    degeneration = tuple(float(np.clip(wear * (0.4 + x) + rng.normal(0, 0.2), 0, 1)) for x in low)
    discs = []
    for i, k in enumerate(order[:-1]):
        height = size * _DISCS[k] * rng.normal(1, 0.1) * (1 - 0.5 * degeneration[i] ** 2 * (i < first))
        if i == first and rng.random() < 0.2:
            height = rng.uniform(3, 7)
        discs.append(float(max(0.8, height)))
    bulge = tuple(
        float(max(0, rng.normal(0.3, 0.4) + 2.8 * g * rng.random())) * (i < first) for i, g in enumerate(degeneration)
    )
    narrow = rng.random() < 0.4
    stenosis = tuple(
        float(rng.uniform(0, 0.9) * x * narrow * (rng.random() < 0.6)) * (3 < i < first) for i, x in enumerate(low)
    )
    slip = [0.0] * (len(order) - 1)
    if rng.random() < 0.2:
        slip[first - 1 - int(rng.integers(0, 2))] = float(rng.uniform(2, 6))
    return SpineSpec(
        names=names,
        heights_mm=_jitter(rng, scaled[0], 0.04, 0.025),
        depths_mm=_jitter(rng, scaled[1], 0.05, 0.02),
        widths_mm=_jitter(rng, scaled[2], 0.04, 0.02),
        angles_deg=angles,
        disc_heights_mm=tuple(discs),
        degeneration=degeneration,
        bulge_mm=bulge,
        stenosis=stenosis,
        listhesis_mm=tuple(slip),
        endplate_concavity_mm=float(rng.uniform(0.6, 2.8)),
        canal_depth_mm=float(np.clip(rng.normal(16.5, 1.8), 12, 22)),
        canal_width_mm=float(np.clip(rng.normal(23, 1.8), 18, 28)),
        sac_end=float(first + rng.uniform(0.4, 2.0)),
        conus_end=float(rng.uniform(2.3, 4.3)),
        epidural_fat=float(rng.beta(1.6, 1.8)),
        scoliosis_mm=float(abs(rng.normal(0, 3.0)) if rng.random() < 0.5 else 0.0),
        scoliosis_phase=float(rng.uniform(0, 2 * np.pi)),
        muscle_fat=float(rng.beta(1.3, 3.0)),
        back_muscle_mm=float(rng.uniform(22, 45)),
        subcutaneous_mm=float(rng.uniform(6, 45)),
        seed=int(rng.integers(0, 2**31)),
    )


def sample_fragment(rng: np.random.Generator, spine: SpineSpec) -> FragmentSpec:
    """Draw a random extrusion or sequestration, mostly at the two lowest discs."""
    first = spine.names.index("S1")
    index = first - 1 - int(rng.choice(5, p=[0.36, 0.40, 0.12, 0.07, 0.05]))
    volume = float(np.exp(rng.uniform(np.log(90), np.log(2400))))
    limit = 4 + 12 * min(1.0, volume / 900)
    migration = float(rng.choice([-1, 1], p=[0.35, 0.65]) * limit * rng.beta(1.0, 1.3))
    kind = rng.random()
    return FragmentSpec(
        level=spine.disc_names[index],
        volume_mm3=volume,
        lateral_mm=float(np.clip(rng.normal(0, 4.0), -10, 10)),
        migration_mm=migration,
        sequestered=bool(abs(migration) > 7 and rng.random() < 0.5),
        rim_mm=float(rng.uniform(0.7, 2.2)) if kind < 0.5 else 0.0,
        rim_extent=float(rng.uniform(0.3, 1.0)),
        fat_halo_mm=float(rng.uniform(0.5, 2.0)) if rng.random() < 0.3 else 0.0,
        seed=int(rng.integers(0, 2**31)),
    )
