"""One fragment at two visits: another place on the table, fresh noise, a jittering border, another gain."""

from __future__ import annotations

import numpy as np

from pipeline.measurement.longitudinal import Side
from pipeline.volume import Volume
from tests.measurement.balls import SAGITTAL, _filled, ellipsoid_pixels

SPACING = (4.4, 0.7, 0.7)
GRID = (9, 48, 48)


def moved_pair(
    volume_mm3: float, ratio: float, seed: int, *, off_mm: float = 0.1, jitter_mm: float = 0.15
) -> tuple[Side, Side]:
    """Two sides of one ellipsoid, the second one ``ratio`` times as large.

    ``off_mm`` is the alignment error, ``jitter_mm`` how far the border that a network believes differs at each visit.
    """
    rng = np.random.default_rng(seed)
    axes = rng.uniform(0.75, 1.35, 3)
    axes *= (3 * volume_mm3 / (4 * np.pi)) ** (1 / 3) / np.cbrt(axes.prod())
    middle = (np.array(GRID) - 1) / 2 * SPACING
    sides = []
    for gain, scale in ((1.0, 1.0), (1.4, np.cbrt(ratio))):
        shift = rng.uniform(-2.2, 2.2, 3)
        truth, believed = (
            _filled(GRID, SPACING, middle + shift, axes * scale + wrong, 0.9)
            for wrong in (0.0, rng.normal(0, jitter_mm))
        )
        image, probability = ellipsoid_pixels(truth, believed, SPACING, middle + shift, rng, snr=20.0)
        affine, back = np.eye(4), np.eye(4)
        affine[:3, :3] = SAGITTAL * SPACING
        back[:3, 3] = -SAGITTAL @ shift + rng.normal(0, off_mm, 3)
        sides.append(
            Side(
                Volume((gain * image).astype(np.float32), affine), Volume(probability.astype(np.float32), affine), back
            )
        )
    return sides[0], sides[1]
