"""The change measured directly and by subtraction on ellipsoids of known volume, as Markdown for docs/uncertainty.md.

python benchmarks/direct_change.py
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from pipeline.measurement.longitudinal import direct_change
from pipeline.measurement.volumetry import occupancy
from tests.measurement.moved import moved_pair

ROWS = [(volume, ratio, off) for volume in (500, 1300) for ratio, off in ((1.0, 0.15), (1.0, 0.6), (0.6, 0.15))]
"""Volume before (mm³), share of it after, alignment error per axis (mm)."""


def errors(volume_mm3: float, ratio: float, off_mm: float, pairs: int) -> tuple[np.ndarray, np.ndarray]:
    """Errors of subtraction and of the direct measurement, in percent of the first volume."""
    rows = []
    for seed in range(pairs):
        sides = moved_pair(volume_mm3, ratio, seed, off_mm=off_mm)
        before, after = (occupancy(s.image, s.probability, s.probability.array > 0).volume_mm3 for s in sides)
        direct = direct_change(*sides)
        if direct is not None:
            truth = volume_mm3 * (ratio - 1)
            rows.append([after - before - truth, direct.delta_mm3 - truth])
    plain, direct_errors = 100.0 * np.array(rows).T / volume_mm3
    return plain, direct_errors


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--pairs", type=int, default=12, help="of each row")
    pairs = parser.parse_args().pairs
    print("| fragment | change | alignment error | subtraction: bias, SD | direct: bias, SD |\n|---|---|---|---|---|")
    for volume, ratio, off in ROWS:
        change = "none" if ratio == 1 else f"{100 * (ratio - 1):+.0f} %".replace("-", "−")
        shown = " | ".join(
            f"{one.mean():.1f} %, {one.std(ddof=1):.1f} %".replace("-", "−")
            for one in errors(volume, ratio, off, pairs)
        )
        print(f"| {volume} mm³ | {change} | {off:g} mm | {shown} |", flush=True)


if __name__ == "__main__":
    main()
