"""Run the exported network over a whole series, as the evaluation needs it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray

from pipeline.segmentation.normalise import IN_PLANE_MM, neighbour_step, normalise

Floats = NDArray[np.float32]


def to_millimetre(stack: Floats, spacing_mm: tuple[float, float]) -> Floats:
    """Resample (n, rows, columns) planes to 1 mm pixels: area average downwards, linear upwards."""
    rows, columns = (round(n * s / IN_PLANE_MM) for n, s in zip(stack.shape[1:], spacing_mm, strict=True))
    tensor = torch.from_numpy(np.ascontiguousarray(stack, dtype=np.float32))[:, None]
    out = torch.nn.functional.interpolate(
        tensor, size=(rows, columns), mode="bilinear", align_corners=False, antialias=True
    )
    return np.asarray(out[:, 0].numpy())


class Predictor:
    """The network on ONNX Runtime."""

    def __init__(self, path: Path, threads: int = 1) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def __call__(self, series: Floats, slice_spacing_mm: float) -> Floats:
        """Probabilities (slices, 6, rows, columns) of a series (slices, rows, columns) with 1 mm pixels."""
        images = normalise(series)
        count, rows, columns = images.shape
        pad = (-rows) % 16, (-columns) % 16
        images = np.pad(images, ((0, 0), (0, pad[0]), (0, pad[1])), mode="edge")
        step = neighbour_step(slice_spacing_mm)
        output = []
        for k in range(count):
            chosen = [max(0, k - step), k, min(count - 1, k + step)]
            (probabilities,) = self.session.run(None, {"slices": images[chosen][None]})
            output.append(probabilities[0, :, :rows, :columns])
        return np.stack(output)
