"""Results kept by what they depend on: the weights, the pipeline's code, the input."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.config import package_file
from pipeline.files import write_text

FOLDER = Path("training/runs/evaluation")


@lru_cache(maxsize=2)
def product_sha256(axial: bool = True) -> str:
    """Hash of everything that segments: weights, and the code around them; without what sees axial series if wished."""
    folder = Path(str(package_file("segmentation")))
    digest = hashlib.sha256()
    for path in sorted([*folder.rglob("*.py"), *folder.rglob("*.onnx")]):
        if axial or not path.name.startswith("axial"):
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def weights_sha256() -> dict[str, str]:
    """Hash of every network by file name."""
    folder = Path(str(package_file("segmentation/weights")))
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.glob("*.onnx"))}


def networks() -> list[dict[str, Any]]:
    """Every shipped network, as its manifest describes it."""
    folder = Path(str(package_file("segmentation/weights")))
    found = []
    for path in sorted(folder.glob("*.onnx")):
        manifest = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        training = manifest.get("training", {})
        found.append(
            {
                "file": path.name,
                "sha256": weights_sha256()[path.name],
                "date": manifest.get("date", ""),
                "steps": training.get("steps", 0),
                "hours": training.get("hours", 0.0),
                "megabytes": round(path.stat().st_size / 1e6, 1),
            }
        )
    return found


def array_sha256(array: NDArray[Any]) -> str:
    """Hash of an array's values and shape."""
    return hashlib.sha256(str((array.shape, array.dtype)).encode() + np.ascontiguousarray(array).tobytes()).hexdigest()


def remembered(compute: Callable[[], dict[str, Any]], axial: bool, *depends_on: object) -> dict[str, Any]:
    """The result of ``compute``, computed only once for the same product and the same other dependencies.

    ``axial`` says whether axial series take part.
    """
    key = hashlib.sha256(json.dumps([product_sha256(axial), *map(str, depends_on)]).encode()).hexdigest()[:32]
    path = FOLDER / f"{key}.json"
    if path.is_file():
        kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return kept
    result = compute()
    FOLDER.mkdir(parents=True, exist_ok=True)
    write_text(path, json.dumps(result))
    return result
