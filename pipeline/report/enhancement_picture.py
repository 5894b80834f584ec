"""A picture of what contrast medium added, around the fragment: the series after it, and the rise over it in colour."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.measurement.enhancement.result import SeriesEnhancement
from pipeline.report.outline import outline_path
from pipeline.report.picture import data_uri, to_grey, window

HALF_MM = 28.0
PIXEL_MM = 0.25
FULL_PERCENT = 120.0
"""A rise from which the colour no longer changes."""
LEAST_PERCENT = 20.0
"""Below this nothing is coloured."""
STRENGTH = 0.75
QUALITY = 88
BESIDE_MM = 3.5
"""So far around the fragment its rim is shown against its core."""
CORE_MM = 1.5
CORE_SHARE = 0.9
COLOURS = np.array([[150, 30, 60], [235, 90, 40], [255, 190, 60], [255, 250, 190]], dtype=np.float64)


def enhancement_picture(one: SeriesEnhancement) -> dict[str, object]:
    """Plain values for the template.

    Two pictures as data URIs, the outline as SVG path, the size in mm, the sides, and whether colour beside the
    fragment tells what outshines its core.
    """
    share = np.asarray(one.outline.array)
    middle = int(share.sum(axis=(1, 2)).argmax())
    rows, columns = np.indices(share.shape[1:])
    weight = share[middle].astype(np.float64)
    centre = [float((axis * weight).sum() / weight.sum()) for axis in (rows, columns)]
    spacing = one.outline.spacing_mm[1:]
    image, rise, fill = (
        _window(np.asarray(values)[middle], centre, spacing) for values in (one.after.array, one.map.array, share)
    )
    if above_core(one):
        rise = _beside(image, rise, fill)
    grey = to_grey(image, window(image))
    plain = np.repeat(grey[..., None], 3, axis=2)
    return {
        "plain": data_uri(plain, QUALITY),
        "coloured": data_uri(coloured(plain, rise), QUALITY),
        "outline": outline_path(np.nan_to_num(fill).astype(np.float32), PIXEL_MM),
        "size_mm": 2 * HALF_MM,
        "sides": _sides(one),
        "above_core": above_core(one),
    }


def above_core(one: SeriesEnhancement) -> bool:
    """Whether colour beside the fragment tells what outshines its core, and not what rose.

    Where fat is suppressed after contrast medium only, fat beside a thin rim loses what the rim gains.
    """
    return one.fat_suppressed and not one.before_fat_suppressed


def _beside(image: NDArray[np.float32], rise: NDArray[np.float32], fill: NDArray[np.float32]) -> NDArray[np.float32]:
    """The rise (percent), near the fragment replaced by what the series after contrast medium shows above its core."""
    held = np.nan_to_num(fill)
    core = held >= CORE_SHARE * float(held.max())
    inside = held > 0.5
    if not inside.any():
        return rise
    away = ndimage.distance_transform_edt(~inside) * PIXEL_MM
    level = float(np.nanmedian(image[core & (ndimage.distance_transform_edt(inside) * PIXEL_MM > CORE_MM)]))
    if not np.isfinite(level) or level <= 0:
        return rise
    return np.asarray(np.where(away <= BESIDE_MM, 100.0 * (image / level - 1.0), rise), dtype=np.float32)


def coloured(grey: NDArray[np.uint8], rise: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Lay the rise (percent; NaN is unknown) in colour over a picture of shape (rows, columns, 3)."""
    known = np.nan_to_num(rise, nan=0.0)
    part = np.clip((known - LEAST_PERCENT) / (FULL_PERCENT - LEAST_PERCENT), 0.0, 1.0)
    at = part * (len(COLOURS) - 1)
    colour = np.stack([np.interp(at, np.arange(len(COLOURS)), COLOURS[:, n]) for n in range(3)], axis=-1)
    say = (STRENGTH * np.clip((known - LEAST_PERCENT) / 20.0, 0.0, 1.0))[..., None]
    return np.asarray(np.clip(grey * (1 - say) + colour * say, 0, 255) + 0.5, dtype=np.uint8)


def _window(section: NDArray[np.float32], centre: list[float], spacing: tuple[float, ...]) -> NDArray[np.float32]:
    """A square around the centre at the picture's pixel size; NaN beyond the series."""
    count = round(2 * HALF_MM / PIXEL_MM)
    offsets = (np.arange(count) - (count - 1) / 2) * PIXEL_MM
    at = np.meshgrid(*(c + offsets / s for c, s in zip(centre, spacing, strict=True)), indexing="ij")
    values = ndimage.map_coordinates(section.astype(np.float64), at, order=1, mode="constant", cval=np.nan)
    return np.asarray(values, dtype=np.float32)


def _sides(one: SeriesEnhancement) -> dict[str, str]:
    """What lies at the picture's left, right, top and bottom: L, R, A, P, H or F."""
    names = (("L", "R"), ("P", "A"), ("H", "F"))

    def name(direction: NDArray[np.float64]) -> str:
        axis = int(np.abs(direction).argmax())
        return names[axis][0 if direction[axis] > 0 else 1]

    down, right = one.outline.axes_lps[:, 1], one.outline.axes_lps[:, 2]
    return {"left": name(-right), "right": name(right), "top": name(-down), "bottom": name(down)}
