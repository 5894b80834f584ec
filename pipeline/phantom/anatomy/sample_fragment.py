"""Random displaced disc material."""

from __future__ import annotations

import numpy as np

from pipeline.phantom.anatomy.spec import FORMS, FragmentSpec, SpineSpec

_ZONES = ("central", "subarticular", "foraminal", "extraforaminal")
_ZONE_SHARE = (0.36, 0.38, 0.17, 0.09)
_LARGEST_MM3 = {"central": 2500.0, "subarticular": 2400.0, "foraminal": 650.0, "extraforaminal": 1000.0}
_FORM_SHARE = (0.42, 0.2, 0.14, 0.14, 0.1)
_FARTHEST_MM = 18.0
"""Small fragments migrate as far as large ones do."""


def _lateral(rng: np.random.Generator, zone: str) -> float:
    """Offset of the middle (mm): where zones begin varies with the canal, so ranges touch."""
    side = float(rng.choice([-1.0, 1.0]))
    if zone == "central":
        return float(np.clip(rng.normal(0, 1.8), -4, 4))
    if zone == "subarticular":
        return side * float(rng.uniform(3.5, 10))
    return side * float(rng.uniform(10.5, 15.5) if zone == "foraminal" else rng.uniform(17, 22))


def _migration(rng: np.random.Generator, zone: str, volume: float) -> float:
    """Towards caudal in two of three in the canal; foraminal material goes up into the foramen's wide part."""
    if zone in ("foraminal", "extraforaminal"):
        return float(rng.uniform(-9, 3))
    limit = 4 + 14 * min(1.0, volume / 900) if rng.random() < 0.5 else _FARTHEST_MM
    return float(rng.choice([-1, 1], p=[0.38, 0.62]) * limit * rng.beta(1.0, 1.3))


def sample_fragment(rng: np.random.Generator, spine: SpineSpec) -> FragmentSpec:
    """Draw a random extrusion or sequestration in any zone, mostly at the two lowest discs."""
    first = spine.names.index("S1")
    index = first - 1 - int(rng.choice(5, p=[0.36, 0.40, 0.12, 0.07, 0.05]))
    zone = str(rng.choice(_ZONES, p=_ZONE_SHARE))
    volume = float(np.exp(rng.uniform(np.log(90), np.log(_LARGEST_MM3[zone]))))
    migration = _migration(rng, zone, volume)
    # What lies farther off than it is large has mostly lost its way back to the disc.
    loose = 0.85 if abs(migration) > 2.5 * (volume / 4.2) ** (1 / 3) else 0.5
    kind = rng.random()
    return FragmentSpec(
        level=spine.disc_names[index],
        volume_mm3=volume,
        lateral_mm=_lateral(rng, zone),
        migration_mm=migration,
        sequestered=bool(abs(migration) > 7 and rng.random() < loose),
        rim_mm=float(rng.uniform(0.7, 2.2)) if kind < 0.5 else 0.0,
        rim_extent=float(rng.uniform(0.3, 1.0)),
        fat_halo_mm=float(rng.uniform(0.5, 2.0)) if rng.random() < 0.3 else 0.0,
        seed=int(rng.integers(0, 2**31)),
        form=str(rng.choice(FORMS, p=_FORM_SHARE)),
        mass_effect=float(rng.beta(2.5, 1.2)) if rng.random() < 0.85 else 0.0,
    )
