"""Grey values to small pictures that live inside the page."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

LOW_PERCENTILE = 1.0
HIGH_PERCENTILE = 98.5


def window(
    values: NDArray[np.float32], region: NDArray[np.bool_] | None = None, white_percentile: float = HIGH_PERCENTILE
) -> tuple[float, float]:
    """Black and white points: the 1st and the 98.5th percentile of what the images cover (NaN is not covered).

    MR has no absolute scale, so each visit gets its own window by the same rule. Surface coils make the fat under the
    skin far brighter than the spine: ``region``, shape (rows, columns), keeps it out of the rule.
    """
    inside = np.isfinite(values) if region is None else np.isfinite(values) & region
    covered = values[inside]
    if covered.size == 0:
        return 0.0, 1.0
    low, high = (float(v) for v in np.percentile(covered, (LOW_PERCENTILE, white_percentile)))
    return low, max(high, low + 1e-3)


def central(rows: int, columns: int) -> NDArray[np.bool_]:
    """The middle of a picture: an ellipse over 70 % of its height and width, shape (rows, columns)."""
    y, x = np.indices((rows, columns))
    return np.asarray(((y + 0.5) / rows - 0.5) ** 2 + ((x + 0.5) / columns - 0.5) ** 2 < 0.35**2)


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
