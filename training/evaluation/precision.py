"""The provisional precision profile, from fragments pasted into held-out patients.

``python -m training.evaluation.precision`` writes it. It stands in until whole pairs were simulated
(``discdelta validate``), and can only widen intervals.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.files import write_text
from training.evaluation.pasted import FOUND
from training.evaluation.thick import THICK_MM

RESULTS = Path(__file__).with_name("results.json")
PROFILE = Path("pipeline/measurement/precision/profile.json")
CONTRASTS = (("dark", 0.0, 0.4), ("middle", 0.4, 0.6), ("bright", 0.6, 2.0))
SIZES_MM3 = ((0.0, 400.0), (400.0, 1000.0), (1000.0, np.inf))
SNR = 15
"""Of the averaged volumes, by the noise inside vertebral bodies."""
FLOOR_MM3 = 40.0
"""Standard deviation of what is measured on discs graded neither herniated nor bulging."""
CORRELATION = 0.9
"""Of the errors at both visits: not measured, and the reason why these figures are provisional."""
FEWEST = 4
UNKNOWN_SD = 60.0
_MAD_TO_SIGMA = 1.4826


def cells(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Cells of the profile; figures above 400 mm³ of one contrast are those of all such fragments."""
    result = []
    for contrast, low, high in CONTRASTS:
        alike = [row for row in rows if low <= row["brightness"] < high]
        for smallest, largest in SIZES_MM3:
            own = [row for row in alike if smallest <= row["true_mm3"] < largest]
            if not own:
                continue
            shared = own if smallest == 0 else [row for row in alike if row["true_mm3"] >= SIZES_MM3[1][0]]
            found = [row for row in shared if row["hit"] >= FOUND]
            bias, spread = _spread(found)
            result.append(
                {
                    "volume_mm3": round(float(np.median([row["true_mm3"] for row in own])), -1),
                    "thickness_mm": THICK_MM,
                    "contrast": contrast,
                    "snr": SNR,
                    "n": len(shared),
                    "bias_percent": round(bias),
                    "sd_percent": round(spread),
                    "sd_floor_mm3": FLOOR_MM3,
                    "change_sd_percent": round(spread * float(np.sqrt(2 * (1 - CORRELATION)))),
                    "missed_share": round(float(np.mean([row["hit"] < FOUND for row in own])), 2),
                }
            )
    return result


def _spread(rows: Sequence[dict[str, Any]]) -> tuple[float, float]:
    """Bias and standard deviation in percent, by median and median absolute deviation of the logarithm."""
    if len(rows) < FEWEST:
        return 0.0, UNKNOWN_SD
    ratio = np.log([row["found_mm3"] / row["true_mm3"] for row in rows])
    middle = float(np.median(ratio))
    return 100 * (float(np.exp(middle)) - 1), 100 * _MAD_TO_SIGMA * float(np.median(np.abs(ratio - middle)))


def text_of(made: Iterable[dict[str, Any]], count: int) -> str:
    """The file."""
    made_with = {
        "provisional": True,
        "evidence": f"docs/evaluation.md: {count} fragments of known volume drawn into eight held-out real patients, "
        "one visit each; medians and robust standard deviations of the logarithm, those above 400 mm3 of one contrast "
        "together (training/evaluation/precision.py)",
        "change": f"not simulated: the spread of one volume with errors of both visits correlated by {CORRELATION}",
        "floor": "discs graded neither herniated nor bulging",
    }
    lines = ",\n".join(f"    {json.dumps(cell)}" for cell in made)
    return f'{{\n  "version": 1,\n  "made_with": {json.dumps(made_with)},\n  "cells": [\n{lines}\n  ]\n}}\n'


def main() -> None:
    """Command line."""
    rows = json.loads(RESULTS.read_text(encoding="utf-8"))["pasted"]["patients"]
    write_text(PROFILE, text_of(cells(rows), len(rows)))


if __name__ == "__main__":
    main()
