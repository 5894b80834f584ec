"""Where displaced material can lie in a real canal: the posterior wall, and the room behind it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.interpolate import PchipInterpolator

from training.evaluation.real import CANAL, VERTEBRA, Patient

Bools = NDArray[np.bool_]
BEFORE_WALL_MM = 0.4
BEFORE_SAC_MM = 1.5
BEHIND_MIDDLE_MM = 2.0
BESIDE_SAC_MM = 7.0
CREVICE_MM = 1.4
CRACK_MM = 7.0
NEAR_MM = 14.0
FEWEST_PIXELS = 40


@dataclass(frozen=True, eq=False)
class CanalRoom:
    """The canal of one patient behind one disc.

    Attributes
    ----------
    free
        bool (slices, rows, columns): thecal sac, and what lies between it and the bone in front and beside it.
    sac
        bool: the thecal sac alone.
    middle
        Slice index of the sac's middle at this disc; a curved spine has another one at every disc.
    wall
        Column of the posterior wall by row, in that slice.
    back
        Row of the disc's back there.
    depth_mm
        Depth of the sac behind the disc, in that slice.
    """

    free: Bools
    sac: Bools
    middle: float
    wall: NDArray[np.float64]
    back: float
    depth_mm: float


def canal_room(patient: Patient, level: str) -> CanalRoom | None:
    """Find the room behind one disc; None where the slab of slices passes beside the canal."""
    sac = patient.mask == CANAL
    _, row_mm, column_mm = patient.image.spacing_mm
    middle = _middle(sac, patient.disc(level), NEAR_MM / row_mm)
    if middle is None:
        return None
    k = round(middle)
    backs = [_back(patient.discs[k] == n + 1) for n in range(len(patient.names))]
    own = backs[patient.names.index(level)]
    known = sorted(back for back in backs if back is not None)
    if own is None or len(known) < 3 or not sac[k].any():
        return None
    front, centre, depth = _sac_lines(sac[k])
    near = depth[max(0, int(own[0]) - 6) : int(own[0]) + 7]
    if np.isnan(near).any():
        return None
    rows = np.arange(sac.shape[1], dtype=float)
    wall = PchipInterpolator([r for r, _ in known], [c for _, c in known])(np.clip(rows, known[0][0], known[-1][0]))
    # Nobody drew the sacrum: below the lowest disc only the sac and a thin layer before it are free for certain.
    below = rows > known[-1][0] + 4.0 / row_mm
    wall = np.where(below, front - BEFORE_SAC_MM / column_mm, np.minimum(wall, front))
    free = sac | _beside(patient, sac, wall - BEFORE_WALL_MM / column_mm, centre + BEHIND_MIDDLE_MM / column_mm)
    return CanalRoom(_opened(free, row_mm), sac, middle, wall, own[0], float(np.median(near)) * column_mm)


def _middle(sac: Bools, disc: Bools, reach: float) -> float | None:
    """Slice index of the sac's middle beside a disc; None where the sac reaches an end of the slab there."""
    row = float(np.nonzero(disc)[1].mean())
    area = sac[:, max(0, int(row - reach)) : int(row + reach)].sum(axis=(1, 2)).astype(float)
    if not area.any():
        return None
    return float((np.arange(len(area)) * area).sum() / area.sum())


def _beside(patient: Patient, sac: Bools, wall: NDArray[np.float64], centre: NDArray[np.float64]) -> Bools:
    """Unlabelled room around the sac, behind the wall and not behind the sac's middle."""
    columns = np.arange(sac.shape[2])[None, :]
    between = (columns > wall[:, None]) & (columns < centre[:, None])
    _, row_mm, column_mm = patient.image.spacing_mm
    wide = (2 * round(BESIDE_SAC_MM / row_mm) + 1, 2 * round(BESIDE_SAC_MM / column_mm) + 1)
    near = ndimage.maximum_filter(sac.any(axis=0).view(np.uint8), size=wide) > 0
    hard = (patient.mask == VERTEBRA) | (patient.discs > 0)
    # The crack between disc and bone is no room: whatever is narrower than this from above and below.
    height = 2 * round(CRACK_MM / row_mm / 2) + 1
    bone = ndimage.minimum_filter1d(ndimage.maximum_filter1d(hard.view(np.uint8), height, axis=1), height, axis=1)
    return (patient.mask == 0) & (bone == 0) & (between & near)[None]


def _opened(free: Bools, pixel_mm: float) -> Bools:
    """Without the crevices between disc and bone."""
    size = 2 * round(CREVICE_MM / pixel_mm / 2) + 1
    shrunk = ndimage.minimum_filter(free.view(np.uint8), size=(1, size, size))
    return np.asarray(ndimage.maximum_filter(shrunk, size=(1, size, size)) > 0)


def _back(disc: Bools) -> tuple[float, float] | None:
    """(row, column) of the most posterior part of a disc in one plane."""
    rows, columns = np.nonzero(disc)
    if rows.size < FEWEST_PIXELS:
        return None
    edge = columns >= np.percentile(columns, 97)
    return float(rows[edge].mean()), float(np.percentile(columns, 99.5))


def _sac_lines(plane: Bools) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Front and centre columns and depth (pixels) of the sac by row, prolonged straight where it is not drawn."""
    rows = np.nonzero(plane.any(axis=1))[0]
    first = plane[rows].argmax(axis=1).astype(float)
    count = plane[rows].sum(axis=1).astype(float)
    centre = (plane[rows] * np.arange(plane.shape[1])).sum(axis=1) / count
    smooth = [ndimage.gaussian_filter1d(line, 5, mode="nearest") for line in (first, centre)]
    every = np.arange(plane.shape[0], dtype=float)
    lines = []
    for line in smooth:
        slope = (line[-1] - line[-40]) / 39 if len(line) > 40 else 0.0
        full = np.interp(every, rows, line)
        lines.append(np.where(every > rows[-1], line[-1] + slope * (every - rows[-1]), full))
    depth = np.full(plane.shape[0], np.nan)
    depth[rows] = count
    return lines[0], lines[1], depth
