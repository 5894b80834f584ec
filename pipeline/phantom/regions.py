"""Which boxes of the anatomy a case needs on a fine grid."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from pipeline.phantom.anatomy import SpineSpec
from pipeline.phantom.artefacts import PAD
from pipeline.phantom.case import PhantomCase, SeriesCase, VisitCase
from pipeline.phantom.fine_map import FineMap, paint_base
from pipeline.phantom.geometry import Stack, moved, rigid
from pipeline.phantom.planning import plan
from pipeline.phantom.region import Region, anatomy_landmarks
from pipeline.phantom.texture import Texture
from pipeline.volume import Affine

_MARGIN_MM = 4.0
_LOCALIZER_SPACING_MM = 1.5


def plane_kind(series: SeriesCase) -> str:
    """Which map a series is cut from: sagittal and axial series need different boxes, a localizer a coarser one."""
    return "axial" if series.plane.startswith("axial") else series.plane


def pose_of(visit: VisitCase) -> Affine:
    """(4, 4) anatomy → LPS at a visit."""
    return rigid(visit.pose.rotation_deg, visit.pose.translation_mm)


def landmarks_at(spine: SpineSpec, pose: Affine) -> dict[str, NDArray[np.float64]]:
    """(3,) LPS mm of every body and disc as the patient lies."""
    return {name: moved(pose, at) for name, at in anatomy_landmarks(spine).items()}


def _corners(stack: Stack) -> NDArray[np.float64]:
    """(8, 3) corners of a stack with the padding of its field of view, LPS mm."""
    n, rows, columns = stack.shape
    reach = stack.thickness_mm / stack.pitch_mm
    ends = ((-reach, n - 1 + reach), (-PAD, rows + PAD), (-PAD, columns + PAD))
    index = np.array([(*corner, 1.0) for corner in itertools.product(*ends)])
    return np.asarray((index @ stack.affine.T)[:, :3])


def _needed(case: PhantomCase, spine: SpineSpec) -> dict[str, list[NDArray[np.float64]]]:
    """Corners, in the anatomy's coordinates, of everything that is measured, by kind of map."""
    points: dict[str, list[NDArray[np.float64]]] = {}
    for visit in case.visits:
        pose = pose_of(visit)
        landmarks = landmarks_at(spine, pose)
        back = np.asarray(np.linalg.inv(pose), dtype=np.float64)
        for series in case.protocols[visit.protocol]:
            for stack in plan(series, landmarks):
                points.setdefault(plane_kind(series), []).append(moved(back, _corners(stack)))
    return points


def spacing_of(case: PhantomCase, kind: str) -> float:
    """Pitch of a kind of map (mm)."""
    return max(case.map_spacing_mm, _LOCALIZER_SPACING_MM) if kind == "localizer" else case.map_spacing_mm


def paint_regions(case: PhantomCase, spine: SpineSpec) -> dict[str, FineMap]:
    """Paint the spine without fragments wherever a case measures, once for all its visits.

    Returns
    -------
    Map by kind, see :func:`plane_kind`.
    """
    texture = Texture(case.seed)
    out = {}
    for kind, corners in _needed(case, spine).items():
        points = np.concatenate(corners)
        margin = np.array([[-_MARGIN_MM], [_MARGIN_MM]])
        box = np.stack([points.min(axis=0), points.max(axis=0)]) + margin
        out[kind] = paint_base(spine, Region.around(box, spacing_of(case, kind)), texture)
    return out
