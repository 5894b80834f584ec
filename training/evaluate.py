"""Measure the exported network on held-out SPIDER patients: `python -m training.evaluate`."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.phantom.anatomy import NetworkClass
from training.paste import paste_fragment
from training.predict import Predictor, to_millimetre
from training.spider import RealVolume, load_volume
from training.split import HELD_OUT

Floats = NDArray[np.float32]
_DICE = (NetworkClass.VERTEBRA, NetworkClass.DISC, NetworkClass.CANAL)
_THICK_SLICES = 4
_VOLUMES_MM3 = (300.0, 800.0, 1400.0)
_DETECTED_SHARE = 0.25
_MILLIMETRE = 1.0


def thick(stack: Floats, count: int) -> Floats:
    """Average every `count` slices; what is left over at the end is dropped."""
    whole = len(stack) // count * count
    return np.asarray(stack[:whole].reshape(-1, count, *stack.shape[1:]).mean(axis=1))


def occupancies(volume: RealVolume, classes: NDArray[np.uint8]) -> dict[NetworkClass, Floats]:
    """Share of each class per 1 mm pixel and original slice."""
    spacing = (volume.spacing_mm, volume.spacing_mm)
    return {c: to_millimetre((classes == c).astype(np.float32), spacing) for c in (*_DICE, NetworkClass.FRAGMENT)}


def dice(found: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    """Overlap of two masks; 1 if both are empty."""
    total = int(found.sum()) + int(truth.sum())
    return 2.0 * float((found & truth).sum()) / total if total else 1.0


def fragment_volume(probabilities: Floats, slice_mm: float) -> float:
    """Summed probability of displaced material, mm³; a floor keeps the background's small values out."""
    p = probabilities[:, NetworkClass.FRAGMENT]
    return float(p[p > 0.1].sum() * _MILLIMETRE**2 * slice_mm)


def evaluate_patient(predictor: Predictor, volume: RealVolume) -> dict[str, Any]:
    """Dice at native and at thick slices, false and pasted fragments of one patient."""
    spacing = (volume.spacing_mm, volume.spacing_mm)
    series = to_millimetre(volume.image, spacing)
    truth = occupancies(volume, volume.classes)
    result: dict[str, Any] = {"patient": volume.patient}
    for name, count in (("native", 1), ("thick", _THICK_SLICES)):
        pitch = count * volume.pitch_mm
        probabilities = predictor(thick(series, count), pitch)
        labels = probabilities.argmax(axis=1)
        result[name] = {c.name.lower(): round(dice(labels == c, thick(truth[c], count) > 0.5), 4) for c in _DICE}
        result[name]["false_fragment_mm3"] = round(fragment_volume(probabilities, pitch))
    result["pasted"] = [
        evaluate_pasted(predictor, volume, volume_mm3, disc) for disc, volume_mm3 in enumerate(_VOLUMES_MM3[:2])
    ] + [evaluate_pasted(predictor, volume, _VOLUMES_MM3[2], 1)]
    return result


def evaluate_pasted(predictor: Predictor, volume: RealVolume, wanted: float, disc: int) -> dict[str, float]:
    """Volume found of a fragment drawn into the canal of a patient, seen in thick slices."""
    rng = np.random.default_rng((volume.patient, round(wanted), disc))
    drawn = paste_fragment(rng, volume, volume_mm3=wanted, disc=disc)
    image, classes, true = drawn.image, drawn.classes, drawn.volume_mm3
    spacing = (volume.spacing_mm, volume.spacing_mm)
    pitch = _THICK_SLICES * volume.pitch_mm
    series = thick(to_millimetre(image, spacing), _THICK_SLICES)
    truth = thick(to_millimetre((classes == NetworkClass.FRAGMENT).astype(np.float32), spacing), _THICK_SLICES)
    probabilities = predictor(series, pitch)
    p = probabilities[:, NetworkClass.FRAGMENT]
    hit = float(np.minimum(p, truth).sum() / max(truth.sum(), 1e-6))
    blank = predictor(thick(to_millimetre(replace(volume).image, spacing), _THICK_SLICES), pitch)
    near = truth > 0.02
    rows = np.nonzero(near.any(axis=(0, 2)))[0]
    window = slice(max(0, rows[0] - 6), rows[-1] + 7) if rows.size else slice(0, 0)
    found = fragment_volume(probabilities[:, :, window], pitch)
    return {
        "disc": disc,
        "true_mm3": round(true),
        "found_mm3": round(found),
        "before_mm3": round(fragment_volume(blank[:, :, window], pitch)),
        "recall": round(hit, 3),
        "detected": float(hit > _DETECTED_SHARE),
    }


def summary(patients: list[dict[str, Any]]) -> dict[str, Any]:
    """Means over patients."""
    result: dict[str, Any] = {}
    for name in ("native", "thick"):
        keys = patients[0][name]
        result[name] = {key: round(float(np.mean([p[name][key] for p in patients])), 3) for key in keys}
    pasted = [item for p in patients for item in p["pasted"] if item["true_mm3"] > 0]
    ratio = [item["found_mm3"] / item["true_mm3"] for item in pasted]
    result["pasted"] = {
        "fragments": len(pasted),
        "detected": int(sum(item["detected"] for item in pasted)),
        "median_found_over_true": round(float(np.median(ratio)), 3),
        "quartiles_found_over_true": [round(float(q), 3) for q in np.percentile(ratio, (25, 75))],
    }
    return result


def main() -> None:
    """Command line: prints JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, default=Path("pipeline/segmentation/weights/lumbar.onnx"))
    parser.add_argument("--spider", type=Path, default=Path("../shared/data/spider/t2_space"))
    options = parser.parse_args()
    predictor = Predictor(options.weights)
    patients = [
        evaluate_patient(predictor, load_volume(options.spider / f"{number}_t2space.npz")) for number in HELD_OUT
    ]
    print(json.dumps({"summary": summary(patients), "patients": patients}, indent=1))


if __name__ == "__main__":
    main()
