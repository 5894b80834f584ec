"""Where a technician would put the slices: stacks of a series from the landmarks of the patient as he lies."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from pipeline.phantom.case import SeriesCase
from pipeline.phantom.geometry import Stack, rigid, stack_around

Landmarks = Mapping[str, NDArray[np.float64]]

_LEFT = np.array([1.0, 0.0, 0.0])
_POSTERIOR = np.array([0.0, 1.0, 0.0])
_INFERIOR = np.array([0.0, 0.0, -1.0])


def _turned(series: SeriesCase) -> NDArray[np.float64]:
    return rigid(series.oblique_deg, (0.0, 0.0, 0.0))[:3, :3]


def _sagittal(series: SeriesCase, landmarks: Landmarks) -> Stack:
    turn = _turned(series)
    return stack_around(
        landmarks["L3"] + np.array(series.offset_mm),
        rows_along=turn @ _POSTERIOR,
        columns_along=turn @ _INFERIOR,
        shape=(series.slices, series.matrix, series.matrix),
        pixel_mm=series.pixel_mm,
        thickness_mm=series.thickness_mm,
        pitch_mm=series.pitch_mm,
        slices_along=-_LEFT if series.left_to_right else _LEFT,
    )


def _disc_down(landmarks: Landmarks, level: str) -> NDArray[np.float64]:
    """Unit vector across a disc, in the sagittal plane, from the upper to the lower body."""
    above, below = level.split("/")
    along = (landmarks[below] - landmarks[above]) * (0.0, 1.0, 1.0)
    return np.asarray(along / np.linalg.norm(along))


def _axial(series: SeriesCase, landmarks: Landmarks, levels: tuple[str, ...]) -> Stack:
    turn = _turned(series)
    down = turn @ np.mean([_disc_down(landmarks, level) for level in levels], axis=0)
    down /= np.linalg.norm(down)
    rows_along = turn @ _LEFT
    centre = np.mean([landmarks[level] for level in levels], axis=0)
    return stack_around(
        centre + np.array(series.offset_mm),
        rows_along=rows_along,
        columns_along=np.cross(rows_along, down) * np.sign(np.cross(rows_along, down)[1]),
        shape=(series.slices, series.matrix, series.matrix),
        pixel_mm=series.pixel_mm,
        thickness_mm=series.thickness_mm,
        pitch_mm=series.pitch_mm,
        slices_along=down,
    )


def _localizer(series: SeriesCase, landmarks: Landmarks) -> list[Stack]:
    shape = (1, series.matrix, series.matrix)
    planes = ((_POSTERIOR, _INFERIOR, _LEFT), (_LEFT, _INFERIOR, _POSTERIOR), (_LEFT, _POSTERIOR, _INFERIOR))
    return [
        stack_around(
            landmarks["L3"] + np.array(series.offset_mm),
            rows,
            down,
            shape=shape,
            pixel_mm=series.pixel_mm,
            thickness_mm=series.thickness_mm,
            pitch_mm=series.pitch_mm,
            slices_along=normal,
        )
        for rows, down, normal in planes
    ]


def plan(series: SeriesCase, landmarks: Landmarks) -> list[Stack]:
    """Place a series.

    Parameters
    ----------
    series
        What is to be measured.
    landmarks
        (3,) LPS mm of bodies and discs, by name, as the patient lies at this visit.

    Returns
    -------
    One stack, or one per disc (*axial-blocks*) or per plane (*localizer*), in the order of acquisition.
    """
    if series.plane == "sagittal":
        return [_sagittal(series, landmarks)]
    if series.plane == "axial":
        return [_axial(series, landmarks, series.levels)]
    if series.plane == "axial-blocks":
        return [_axial(series, landmarks, (level,)) for level in series.levels]
    return _localizer(series, landmarks)
