"""Weighting from pixels: whether the fluid around the cauda equina is brighter or darker than in another stack."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.dicom.coarse import Array, anatomical, normalised, on_grid_of, pooled
from pipeline.dicom.stackfacts import StackFacts
from pipeline.dicom.visit import Plane
from pipeline.dicom.weightings import Weighting
from pipeline.volume import Volume

Loader = Callable[[StackFacts], Volume | None]

_BRIGHT = frozenset({Weighting.T2, Weighting.STIR})
_SAC_CONTRAST = 0.4
_MARGIN = 0.15
_ALONE = 0.55
_LEAD = 0.2
_DARK_FAT = 0.5


def weightings_from_pixels(
    unknown: Sequence[StackFacts], known: Sequence[tuple[StackFacts, Weighting]], load: Loader
) -> Mapping[int, Weighting]:
    """Weightings of stacks whose headers say nothing, by index; absent where the pixels do not tell either.

    Two sagittal stacks are divided by each other: the thecal sac is then a long bright tube if the first is
    T2-weighted and the second is not, a dark one in the opposite case, and invisible if both are alike. Axial stacks
    are compared with the sagittal ones where they cross.
    """
    result: dict[int, Weighting] = {}
    settled = list(known)
    for facts in unknown:
        if facts.plane is Plane.SAGITTAL:
            others = [other for other, _ in settled] + [other for other in unknown if other is not facts]
            found = _sagittal(facts, others, {other.index: weighting for other, weighting in known}, load)
            if found is not None:
                result[facts.index] = found
    settled += [(facts, result[facts.index]) for facts in unknown if facts.index in result]
    for facts in unknown:
        if facts.plane is Plane.AXIAL and (found := _axial(facts, settled, load)) is not None:
            result[facts.index] = found
    return result


def _sagittal(
    facts: StackFacts, others: Sequence[StackFacts], known: Mapping[int, Weighting], load: Loader
) -> Weighting | None:
    volume = load(facts)
    if volume is None:
        return None
    image = pooled(anatomical(volume))
    clearest, answer = 0.0, None
    for other in others:
        if other.plane is not Plane.SAGITTAL or (partner := load(other)) is None:
            continue
        moved = on_grid_of(image, pooled(anatomical(partner)))
        bright, dark = _sac(np.log((normalised(image.array) + 0.05) / (normalised(moved) + 0.05)), image)
        found = max(bright, dark) if abs(bright - dark) >= _MARGIN else 0.0
        if found >= _SAC_CONTRAST and found > clearest:  # an enhanced venous plexus is a tube too, but a faint one
            clearest, answer = found, _bright_fluid(image) if bright > dark else Weighting.T1
        elif answer is None and other.index in known and max(bright, dark) < _SAC_CONTRAST / 2:
            answer = known[other.index]
    if answer is not None:
        return answer
    bright, dark = _sac(np.log(normalised(image.array) + 0.05), image)
    return _bright_fluid(image) if bright >= _ALONE and bright - dark >= _MARGIN else None


def _bright_fluid(image: Volume) -> Weighting:
    """T2 or, where the fat under the skin of the back is dark, STIR."""
    middle = normalised(image.array)[image.shape[0] // 2]
    depth = max(2, round(10.0 / image.spacing_mm[2]))
    values = []
    for row in middle[middle.shape[0] // 5 : -(middle.shape[0] // 5) or None]:
        body = np.flatnonzero(row > 0.08)
        if body.size > 4 * depth:
            values.append(float(np.median(row[body[-1] - depth : body[-1]])))
    return Weighting.STIR if values and float(np.median(values)) < _DARK_FAT else Weighting.T2


def _axial(facts: StackFacts, settled: Sequence[tuple[StackFacts, Weighting]], load: Loader) -> Weighting | None:
    """Explain the axial image by a T2-like and a T1 sagittal stack, and see which one explains more."""
    sagittal = [(other, weighting) for other, weighting in settled if other.plane is Plane.SAGITTAL]
    fluid = next((load(other) for other, weighting in sagittal if weighting in _BRIGHT), None)
    dark = next((load(other) for other, weighting in sagittal if weighting is Weighting.T1), None)
    volume = load(facts)
    if fluid is None or dark is None or volume is None:
        return None
    image = pooled(volume)
    bright_values, dark_values = (normalised(on_grid_of(image, pooled(v))) for v in (fluid, dark))
    values = normalised(image.array)
    body = np.isfinite(bright_values) & np.isfinite(dark_values) & (values > 0.05)
    if int(body.sum()) < 500:
        return None
    response, bright_part, dark_part = (_standard(array[body]) for array in (values, bright_values, dark_values))
    weights = np.linalg.lstsq(np.stack([bright_part, dark_part], axis=1), response, rcond=None)[0]
    lead = float(weights[0] - weights[1])
    if abs(lead) < _LEAD:
        return None
    return Weighting.T2 if lead > 0 else Weighting.T1


def _standard(values: Array) -> Array:
    logarithm = np.log(values + 0.05)
    return np.asarray((logarithm - logarithm.mean()) / (logarithm.std() or 1.0))


def _sac(contrast: Array, image: Volume) -> tuple[float, float]:
    """Contrast of the best bright and the best dark tube that runs down inside the body, over the middle slices."""
    count = image.shape[0]
    best = (0.0, 0.0)
    for n in range(count // 4, max(count // 4 + 1, count - count // 4)):
        body = normalised(image.array[n]) > 0.08
        bright, dark = _tubes(np.nan_to_num(contrast[n]), body, image.spacing_mm[1], image.spacing_mm[2])
        best = max(best[0], bright), max(best[1], dark)
    return best


def _tubes(values: Array, body: NDArray[np.bool_], row_mm: float, column_mm: float) -> tuple[float, float]:
    smooth = _running_mean(values, 15.0 / row_mm, 0)
    inner, flank = _running_mean(smooth, 9.0 / column_mm, 1), _running_mean(smooth, 8.0 / column_mm, 1)
    shift = max(1, round(13.0 / column_mm))
    front, back = np.full_like(flank, np.nan), np.full_like(flank, np.nan)
    front[:, shift:], back[:, :-shift] = flank[:, :-shift], flank[:, shift:]
    height, width = values.shape
    x = np.arange(width)
    last = np.where(body.any(axis=1), width - 1 - body[:, ::-1].argmax(axis=1), 0)[:, None]
    first = np.where(body.any(axis=1), body.argmax(axis=1), width)[:, None]
    inside = ((last - x) * column_mm > 20.0) & ((x - first) * column_mm > 20.0) & np.isfinite(front) & np.isfinite(back)
    rows = slice(int(height * 0.15), max(int(height * 0.85), 1))
    bright = np.where(inside, np.clip(np.fmin(inner - front, inner - back), -1.0, 2.0), -1.0)[rows]
    dark = np.where(inside, np.clip(np.fmin(front - inner, back - inner), -1.0, 2.0), -1.0)[rows]
    return _best_path(bright), _best_path(dark)


def _running_mean(values: Array, width: float, axis: int) -> Array:
    """Mean over an odd number of neighbours, the border repeated."""
    size = round(width) | 1
    pad = [(0, 0), (0, 0)]
    pad[axis] = (size // 2 + 1, size // 2)
    total = np.cumsum(np.pad(values, pad, mode="edge"), axis=axis)
    count = total.shape[axis]
    taken = np.take(total, np.arange(size, count), axis) - np.take(total, np.arange(count - size), axis)
    return np.asarray(taken / size)


def _best_path(score: Array) -> float:
    """Mean score along the best path from top to bottom that moves at most one column per row."""
    best = score[0].copy() if len(score) else np.zeros(1)
    for row in score[1:]:
        beside = np.pad(best, 1, constant_values=-np.inf)
        best = np.maximum(np.maximum(beside[:-2], beside[2:]) - 0.02, best) + row
    return float(best.max()) / max(len(score), 1)
