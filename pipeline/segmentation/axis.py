"""The line of the spinal canal, and coordinates along and in front of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import KDTree

from pipeline.segmentation.anatomy import Structure

SMOOTHING_MM = 7.0
TANGENT_MM = 15
"""The ends are prolonged along the mean direction of this much of the line."""
EXTENSION_MM = 120
FEWEST_ROWS = 40
CANAL_HALF_WIDTH_MM = 17.0
"""No sac reaches so far to one side of its middle, half a thick slice of partial volume included."""
CANAL_FRONT_MM = 5.0
"""Bone further in front of the canal's line than this belongs to bodies and pedicles."""
CANAL_TO_BODY_MM = 22.0
"""Distance from the middle of the canal to the middle of a body, used where no canal is seen."""


@dataclass(frozen=True, eq=False)
class SpineAxis:
    """Coordinates that follow the canal, on a canonical 1 mm plane.

    Attributes
    ----------
    along
        float64, shape (rows, columns): arc length of the nearest point of the canal's line, mm, caudal positive.
    before
        float64, shape (rows, columns): distance in front of that line, mm, anterior positive.
    lateral
        float64, shape (slices, rows, columns): distance to the left of that line, mm.
    tilt
        float64, shape (rows, columns): angle in radians of the line against the image rows' direction (down);
        positive where it runs backwards on its way down.
    canal_rows
        Rows in which canal was seen.
    end_mm
        :attr:`along` where the line's last traced point lies; beyond, it is prolonged straight.
    """

    along: NDArray[np.float64]
    before: NDArray[np.float64]
    lateral: NDArray[np.float64]
    tilt: NDArray[np.float64]
    canal_rows: int
    end_mm: float


def spine_axis(probabilities: NDArray[np.float32], labels: NDArray[np.uint8], slice_mm: float) -> SpineAxis | None:
    """Trace the canal from top to bottom.

    Parameters
    ----------
    probabilities
        Shape (6, slices, rows, columns), canonical, 1 mm in-plane.
    labels
        Shape (slices, rows, columns): structures with noise removed.
    slice_mm
        Slice pitch.

    Returns
    -------
    SpineAxis, or None where there is nothing to follow.
    """
    canal = np.where(labels == Structure.CANAL, probabilities[Structure.CANAL], 0.0)
    rows = np.flatnonzero(canal.sum(axis=(0, 2)) > 2.0)
    shift = 0.0
    if rows.size >= FEWEST_ROWS:
        mass = canal
    else:
        mass = np.where((labels == Structure.VERTEBRA) | (labels == Structure.DISC), 1.0, 0.0).astype(np.float32)
        shift = CANAL_TO_BODY_MM
        if np.flatnonzero(mass.sum(axis=(0, 2)) > 2.0).size < FEWEST_ROWS:
            return None
    line = _line(mass, slice_mm)
    line[:, 2] += shift
    return _coordinates(line, labels.shape, slice_mm, int(rows.size))


def drop_canal_outside(labels: NDArray[np.uint8], axis: SpineAxis) -> None:
    """What is called canal far beside the canal's line is fat or root in a foramen: take it out, in place."""
    if axis.canal_rows >= FEWEST_ROWS:
        labels[(labels == Structure.CANAL) & (np.abs(axis.lateral) > CANAL_HALF_WIDTH_MM)] = Structure.BACKGROUND


def _line(mass: NDArray[np.float32], slice_mm: float) -> NDArray[np.float64]:
    """Smoothed centre of ``mass`` in each row it occupies: shape (n, 3) of lateral mm, row, column."""
    per_row = mass.sum(axis=(0, 2), dtype=np.float64)
    rows = np.flatnonzero(per_row > 2.0)
    every = np.arange(rows[0], rows[-1] + 1)
    slices, _, columns = mass.shape
    lateral = (mass.sum(axis=2, dtype=np.float64).T @ np.arange(slices))[rows] / per_row[rows] * slice_mm
    column = (mass.sum(axis=0, dtype=np.float64) @ np.arange(columns))[rows] / per_row[rows]
    smooth = [
        ndimage.gaussian_filter1d(np.interp(every, rows, values), SMOOTHING_MM, mode="nearest")
        for values in (lateral, column)
    ]
    return np.stack([smooth[0], every.astype(np.float64), smooth[1]], axis=1)


def _prolonged(line: NDArray[np.float64]) -> NDArray[np.float64]:
    n = min(TANGENT_MM, len(line) - 1)
    reach = np.arange(1, EXTENSION_MM + 1, dtype=np.float64)[:, None]
    up, down = line[0] - line[n], line[-1] - line[-1 - n]
    up[0] = down[0] = 0.0
    up, down = up / np.linalg.norm(up), down / np.linalg.norm(down)
    return np.concatenate([line[0] + reach[::-1] * up, line, line[-1] + reach * down])


def _coordinates(line: NDArray[np.float64], shape: tuple[int, ...], slice_mm: float, canal_rows: int) -> SpineAxis:
    traced = EXTENSION_MM + len(line) - 1
    line = _prolonged(line)
    sagittal = line[:, 1:]
    lengths = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(sagittal, axis=0), axis=1))])
    tangent = np.gradient(sagittal, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    slices, rows, columns = shape
    pixels = np.stack(np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij"), axis=-1).reshape(-1, 2)
    nearest = KDTree(sagittal).query(pixels)[1]
    offset = pixels - sagittal[nearest]
    # The left normal of a line that runs down points to the front of the patient (columns run front to back).
    before = offset[:, 0] * tangent[nearest, 1] - offset[:, 1] * tangent[nearest, 0]
    along = lengths[nearest] + np.einsum("ij,ij->i", offset, tangent[nearest])
    middle = line[nearest, 0].reshape(rows, columns)
    lateral = np.arange(slices)[:, None, None] * slice_mm - middle
    tilt = np.arctan2(tangent[nearest, 1], tangent[nearest, 0])
    return SpineAxis(
        along=along.reshape(rows, columns),
        before=before.reshape(rows, columns),
        lateral=lateral,
        tilt=tilt.reshape(rows, columns),
        canal_rows=canal_rows,
        end_mm=float(lengths[traced]),
    )
