"""Grey values to small pictures that live inside the page."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

LOW_PERCENTILE = 1.0
HIGH_PERCENTILE = 99.6


def window(values: NDArray[np.float32]) -> tuple[float, float]:
    """Black and white points: the 1st and 99.6th percentile of what the images cover (NaN is not covered).

    MR has no absolute scale, so each visit gets its own window by the same rule.
    """
    covered = values[np.isfinite(values)]
    if covered.size == 0:
        return 0.0, 1.0
    low, high = (float(v) for v in np.percentile(covered, (LOW_PERCENTILE, HIGH_PERCENTILE)))
    return low, max(high, low + 1e-3)


def to_grey(values: NDArray[np.float32], black_white: tuple[float, float]) -> NDArray[np.uint8]:
    """uint8 of the same shape; what the images do not cover is black."""
    low, high = black_white
    scaled = np.nan_to_num((values - low) / (high - low), nan=0.0)
    return np.asarray(np.clip(scaled, 0, 1) * 255 + 0.5, dtype=np.uint8)


def coarser(grey: NDArray[np.uint8], factor: int) -> NDArray[np.uint8]:
    """The mean over ``factor`` × ``factor`` pixels of (…, rows, columns)."""
    if factor == 1:
        return grey
    rows, columns = (n // factor * factor for n in grey.shape[-2:])
    blocks = grey[..., :rows, :columns].reshape(*grey.shape[:-2], rows // factor, factor, columns // factor, factor)
    return np.asarray(blocks.mean((-3, -1)) + 0.5, dtype=np.uint8)


def data_uri(grey: NDArray[Any], quality: int) -> str:
    """A picture of shape (rows, columns) as a JPEG data URI, which every browser opens."""
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(grey, dtype=np.uint8)).save(buffer, format="JPEG", quality=quality)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def checkerboard(first: NDArray[np.uint8], second: NDArray[np.uint8], square_pixels: int) -> NDArray[np.uint8]:
    """Squares taken in turn from two pictures of one shape: edges run on across squares where both lie alike."""
    rows, columns = np.indices(first.shape) // max(square_pixels, 1)
    return np.where((rows + columns) % 2 == 0, first, second)
