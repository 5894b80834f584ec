"""Measure the exported axial network on anatomies and patients it never saw: `python -m training.evaluate_axial`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from pipeline.phantom.anatomy import NetworkClass
from training.axial import AxialMaker
from training.oblique import PIXEL_MM
from training.recipe import RECIPES
from training.split import HELD_OUT
from training.stream import Maker, StreamConfig

Floats = NDArray[np.float32]
_SEED = 20260
_SEEN_MM2 = 20.0
"""Slices that show less of a fragment than this are not counted one by one."""


def measure(session: onnxruntime.InferenceSession, maker: Maker, count: int) -> dict[str, Any]:
    """Dice of each class over all samples, and how fragments come out slice by slice."""
    rng = np.random.default_rng(_SEED)
    both, total = np.zeros(len(NetworkClass)), np.zeros(len(NetworkClass))
    overlaps, ratios, false = [], [], []
    for _ in range(count):
        slices, occupancy, unsure = (tensor.numpy() for tensor in maker.make(rng))
        (found,) = session.run(None, {"slices": slices[None]})
        known = occupancy.sum(axis=0) > 0.5
        labels = np.where(known, found[0].argmax(axis=0), -1)
        truth = np.where(known, occupancy.argmax(axis=0), -1)
        # Where nobody drew the sacrum it may be called so.
        labels[(labels == NetworkClass.SACRUM) & (unsure > 0.5) & (truth == NetworkClass.BACKGROUND)] = 0
        for c in NetworkClass:
            both[c] += 2 * ((labels == c) & (truth == c)).sum()
            total[c] += (labels == c).sum() + (truth == c).sum()
        area, seen = (float(x[NetworkClass.FRAGMENT][known].sum()) * PIXEL_MM**2 for x in (occupancy, found[0]))
        if area >= _SEEN_MM2:
            hit = (labels == NetworkClass.FRAGMENT) & (truth == NetworkClass.FRAGMENT)
            sizes = (labels == NetworkClass.FRAGMENT).sum() + (truth == NetworkClass.FRAGMENT).sum()
            overlaps.append(2 * hit.sum() / max(sizes, 1))
            ratios.append(seen / area)
        elif area == 0:
            false.append(float((labels == NetworkClass.FRAGMENT).sum()) * PIXEL_MM**2)
    return {
        "dice": {c.name.lower(): round(float(both[c] / max(total[c], 1)), 3) for c in NetworkClass},
        "fragment_slices": len(overlaps),
        "fragment_dice_quartiles": _quartiles(overlaps),
        "fragment_found_over_true_quartiles": _quartiles(ratios),
        "fragment_slices_missed": int(sum(overlap < 0.1 for overlap in overlaps)),
        "slices_without": len(false),
        "false_mm2_mean": round(float(np.mean(false)), 2) if false else None,
        "slices_without_that_show_10_mm2": int(sum(area >= 10 for area in false)),
    }


def _quartiles(values: list[float]) -> list[float]:
    return [round(float(q), 3) for q in np.percentile(values, (25, 50, 75))] if values else []


def main() -> None:
    """Command line: prints JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, default=Path("pipeline/segmentation/weights/axial.onnx"))
    parser.add_argument("--local", type=Path, default=Path("training/runs/local_held_out"))
    parser.add_argument("--spider", type=Path, default=Path("../shared/data/spider/t2_space"))
    parser.add_argument("--samples", type=int, default=200)
    options = parser.parse_args()
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(options.weights), settings, providers=["CPUExecutionProvider"])
    result = {}
    for name, share in (("generated", 0.0), ("real", 1.0)):
        config = StreamConfig(options.local, options.local, options.spider, share, RECIPES["axial"].size, _SEED)
        result[name] = measure(session, AxialMaker(config, HELD_OUT), options.samples)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
