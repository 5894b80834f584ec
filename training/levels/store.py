"""What the network says of each view, kept for as long as its weights stay the same."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.segmentation.grid import CanonicalSeries, InPlane
from pipeline.segmentation.inference import Prediction
from pipeline.volume import Volume
from training.evaluation.cache import weights_sha256

FOLDER = Path("training/runs/levels")
NETWORK = "lumbar.onnx"


@dataclass(frozen=True, eq=False)
class Kept:
    """A prediction and the centres of the true discs by name, LPS mm."""

    prediction: Prediction
    true_lps: Mapping[str, NDArray[np.float64]]


def place(patient: int, kind: str) -> Path:
    """Where the view is kept."""
    return FOLDER / f"{weights_sha256()[NETWORK][:12]}-{patient}-{kind.replace(' ', '_')}.npz"


def keep(path: Path, kept: Kept) -> None:
    """Write a view; whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    prediction, plane = kept.prediction, kept.prediction.plane
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
        np.savez(
            file,
            probabilities=prediction.probabilities.astype(np.float16),
            variant_labels=prediction.variant_labels,
            shape=np.array(prediction.series.native.shape),
            affine=prediction.series.native.affine,
            plane=np.array([plane.count, plane.first_mm, plane.pixel_mm], dtype=np.float64),
            names=np.array(list(kept.true_lps)),
            points=np.array(list(kept.true_lps.values())),
        )
    Path(file.name).replace(path)


def recall(path: Path) -> Kept:
    """Read a view; of the image only shape and place are kept, which is all that the count needs."""
    with np.load(path) as stored:
        blank = np.zeros(tuple(stored["shape"]), dtype=np.float32)
        series = CanonicalSeries.of(Volume(blank, stored["affine"]))
        count, first, pixel = stored["plane"]
        plane = InPlane(
            (int(count[0]), int(count[1])), (float(first[0]), float(first[1])), (float(pixel[0]), float(pixel[1]))
        )
        probabilities = stored["probabilities"].astype(np.float32)
        nothing = np.zeros((len(probabilities), 1, 1, 1), dtype=np.float32)
        prediction = Prediction(series, plane, probabilities, stored["variant_labels"], nothing, nothing)
        return Kept(prediction, dict(zip(stored["names"].tolist(), stored["points"], strict=True)))
