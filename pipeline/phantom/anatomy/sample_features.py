"""Random lesions, operations and transitional anatomy of a spine."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipeline.phantom.anatomy.features import Laminectomy, Protrusion, SchmorlNode
from pipeline.phantom.anatomy.spec import SpineSpec


def _schmorl_nodes(rng: np.random.Generator, spine: SpineSpec) -> tuple[SchmorlNode, ...]:
    """One spine in four has nodes, one to five of them, anywhere from T11 to the sacrum."""
    if rng.random() > 0.25:
        return ()
    first = spine.names.index("S1")
    return tuple(
        SchmorlNode(
            spine.disc_names[int(rng.integers(1, first))],
            above=bool(rng.random() < 0.55),
            lateral_mm=float(np.clip(rng.normal(0, 6), -13, 13)),
            behind_mm=float(rng.uniform(-6, 8)),
            radius_mm=float(rng.uniform(2.5, 7.0)),
            depth_mm=float(rng.uniform(2.0, 7.0)),
        )
        for _ in range(int(rng.integers(1, 6)))
    )


def _protrusions(rng: np.random.Generator, spine: SpineSpec) -> tuple[Protrusion, ...]:
    """Half of the spines have one to three, broad or focal, central to foraminal, mostly at the low discs."""
    if rng.random() > 0.5:
        return ()
    first = spine.names.index("S1")
    count = int(rng.choice([1, 2, 3], p=[0.55, 0.3, 0.15]))
    levels = rng.choice(5, size=count, replace=False, p=[0.32, 0.34, 0.16, 0.1, 0.08])
    items = []
    for step in levels:
        reach = float(rng.uniform(1.5, 6.0))
        broad = rng.random() < 0.4
        width = float(rng.uniform(15, 26) if broad else reach * rng.uniform(1.7, 2.8) + 2)
        side = float(np.clip(rng.normal(0, 2.5 if broad else 5.5), -14, 14))
        items.append(Protrusion(spine.disc_names[first - 1 - int(step)], reach, width, side))
    return tuple(items)


def _laminectomies(rng: np.random.Generator, spine: SpineSpec) -> tuple[Laminectomy, ...]:
    if rng.random() > 0.08:
        return ()
    first = spine.names.index("S1")
    return (
        Laminectomy(
            spine.names[first - 1 - int(rng.choice(3, p=[0.45, 0.4, 0.15]))],
            side=int(rng.choice([-1, 0, 1], p=[0.35, 0.3, 0.35])),
            spinous=float(rng.choice([0.0, 0.4, 1.0]) * rng.uniform(0.6, 1.0)),
            scar=float(rng.uniform(0, 1)),
        ),
    )


def _put(values: tuple[float, ...], index: int, value: float) -> tuple[float, ...]:
    return (*values[:index], value, *values[index + 1 :])


def _sacralised(rng: np.random.Generator, spine: SpineSpec) -> SpineSpec:
    """The last lumbar vertebra is wide and joined to the sacrum; the disc below it is thin and short."""
    last = spine.names.index("S1") - 1
    return replace(
        spine,
        sacralised=float(rng.uniform(0.4, 1.0)),
        disc_heights_mm=_put(spine.disc_heights_mm, last, float(rng.uniform(1.5, 4.5))),
        bulge_mm=_put(spine.bulge_mm, last, 0.0),
        listhesis_mm=_put(spine.listhesis_mm, last, 0.0),
        widths_mm=_put(spine.widths_mm, last, spine.widths_mm[last] * float(rng.uniform(1.05, 1.18))),
        depths_mm=_put(spine.depths_mm, last, spine.depths_mm[last] * float(rng.uniform(0.9, 0.98))),
    )


def _lumbarised(rng: np.random.Generator, spine: SpineSpec) -> SpineSpec:
    """S1 is squared, and a true disc lies between it and S2."""
    first = spine.names.index("S1")
    squared = float(rng.uniform(0.82, 0.95)) * spine.depths_mm[first]
    turn = spine.angles_deg[first] + float(rng.uniform(6, 14))
    return replace(
        spine,
        lumbarised=True,
        disc_heights_mm=_put(spine.disc_heights_mm, first, float(rng.uniform(4.5, 9.0))),
        depths_mm=_put(spine.depths_mm, first + 1, squared),
        angles_deg=_put(spine.angles_deg, first + 1, max(turn, spine.angles_deg[first + 1])),
    )


def sample_features(rng: np.random.Generator, spine: SpineSpec) -> SpineSpec:
    """The same spine with random lesions, operations and transitional anatomy."""
    n, first = len(spine.disc_names), spine.names.index("S1")
    if rng.random() < 0.35:
        share = rng.uniform(0.3, 1.2)
        worn = np.array(spine.degeneration) * share * (rng.random(n) < 0.5) * (np.arange(n) < first)
        spine = replace(spine, endplate_erosion_mm=tuple(float(v) for v in worn))
    kind = rng.random()
    if kind < 0.07:
        spine = _sacralised(rng, spine)
    elif kind < 0.13:
        spine = _lumbarised(rng, spine)
    return replace(
        spine,
        schmorl_nodes=_schmorl_nodes(rng, spine),
        protrusions=_protrusions(rng, spine),
        laminectomies=_laminectomies(rng, spine),
    )
