"""A comparison on a real spine: one SPIDER volume, thinned to clinical slices, with a fragment painted in."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import affine_transform, gaussian_filter, label

from pipeline.comparison import Comparison
from pipeline.dicom.visit import Role, Series, SeriesFacts, Stack
from pipeline.measurement.change import FragmentMeasurement, Interval
from pipeline.segmentation.anatomy import Anatomy, Level, SeriesSegmentation, Structure, Vertebra
from pipeline.volume import Volume
from tests.report import cases

THIN = 4
NAMES = ("L5/S1", "L4/L5", "L3/L4", "L2/L3", "L1/L2", "T12/L1", "T11/T12")


def spider_comparison(archive: Path, baseline_radius_mm: float = 7.0, followup_radius_mm: float = 4.0) -> Comparison:
    """The volume in ``archive`` at both visits, turned and shifted at the second."""
    with np.load(archive) as data:
        image, mask, spacing = data["I"].astype(np.float32), data["M"], data["spacing"]
    move = cases.rigid((2.5, 0.0, 0.0), (0.0, 3.0, -4.0))
    template = cases.comparison()
    parts = []
    for radius, matrix in ((baseline_radius_mm, np.eye(4)), (followup_radius_mm, move)):
        parts.append(_visit(image, mask, spacing, radius, matrix))
    series = [
        replace(v, study_date=d, series={Role.SAGITTAL_T2: s})
        for v, s, d in zip(
            (template.baseline, template.followup),
            (p[0] for p in parts),
            (date(2013, 3, 4), date(2013, 7, 8)),
            strict=True,
        )
    ]
    return replace(
        template,
        baseline=series[0],
        followup=series[1],
        baseline_anatomy=parts[0][1],
        followup_anatomy=parts[1][1],
        alignment=cases.alignment(move),
        change=cases.change(parts[0][2], parts[1][2]),
    )


def _thin(array: NDArray[np.float32]) -> NDArray[np.float32]:
    count = array.shape[0] // THIN
    return array[: count * THIN].reshape(count, THIN, *array.shape[1:]).mean(1)


def _moved(
    array: NDArray[np.float32], affine: NDArray[np.float64], move: NDArray[np.float64], order: int
) -> NDArray[np.float32]:
    """The same grid after the patient moved by ``move`` (LPS mm)."""
    back = np.linalg.inv(affine) @ np.linalg.inv(move) @ affine
    return affine_transform(array, back[:3, :3], back[:3, 3], order=order, mode="constant")


def _visit(
    image: NDArray[np.float32],
    mask: NDArray[np.uint8],
    spacing: NDArray[np.float64],
    radius_mm: float,
    move: NDArray[np.float64],
) -> tuple[Series, Anatomy, FragmentMeasurement]:
    affine = np.eye(4)
    affine[:3, :3] = np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]]) * spacing
    affine[:3, 3] = affine[:3, :3] @ (-(np.array(image.shape) - 1) / 2) + np.array([0, 0, 40.0])
    space = Volume(image, affine)
    discs, count = label(mask == 29)
    sizes = np.bincount(discs.ravel())
    found = [i for i in range(1, count + 1) if sizes[i] > 2000]
    centres = {i: space.to_lps(np.argwhere(discs == i).mean(0)) for i in found}
    order = sorted(found, key=lambda i: centres[i][2])[: len(NAMES)]
    margins = {}
    for i in order:
        voxels = np.argwhere(discs == i)
        middle = voxels[abs(voxels[:, 0] - image.shape[0] // 2) < 2]
        margins[i] = space.to_lps(middle[middle[:, 2].argsort()[-40:]].mean(0))
    at = margins[order[1]] + np.array([1.0, radius_mm * 0.55, -5.0])
    points = space.to_lps(np.stack(np.indices(image.shape), -1).astype(float))
    fragment = (((points - at) / (np.array([1.1, 0.8, 1.5]) * max(radius_mm, 0.01))) ** 2).sum(-1) < 1
    fragment &= ~np.isin(mask, (29, 76))
    painted = np.where(gaussian_filter(fragment.astype(np.float32), 1.2) > 0.5, image.max() * 0.22, image)
    painted = gaussian_filter(painted, 0.6) if radius_mm else image
    structures = np.zeros_like(mask)
    for value, structure in ((29, Structure.DISC), (76, Structure.VERTEBRA), (150, Structure.CANAL)):
        structures[mask == value] = structure
    structures[fragment] = Structure.FRAGMENT
    thin_affine = affine.copy()
    thin_affine[:3, 0] *= THIN
    thin_affine[:3, 3] += affine[:3, 0] * (THIN - 1) / 2
    seen = _thin(_moved(painted, affine, move, 1))
    labels = _moved(structures.astype(np.float32), affine, move, 0)[THIN // 2 :: THIN][: seen.shape[0]].astype(np.uint8)
    filled = _thin(_moved(fragment.astype(np.float32), affine, move, 1))
    role = Role.SAGITTAL_T2
    stack = Stack(Volume(np.rint(seen * 4), thin_affine), 3.6)
    facts = SeriesFacts("1.2.3", 4, "T2 sagittal", manufacturer="SPIDER", field_strength_t=1.5)
    grid = Volume(labels, thin_affine)
    probabilities = np.stack([labels == s for s in Structure]).astype(np.float32)
    segmentation = SeriesSegmentation(role, grid, grid, probabilities, probabilities[5][None])

    def turn(p: NDArray[np.float64]) -> NDArray[np.float64]:
        return move[:3, :3] @ p + move[:3, 3]

    levels = {
        n: Level(n, k, turn(centres[i]), move[:3, :3], turn(margins[i]), 0.95 - 0.015 * k)
        for k, (n, i) in enumerate(zip(NAMES, order, strict=False))
    }
    middles = {
        n.split("/")[0]: turn((centres[a] + centres[b]) / 2) for n, a, b in zip(NAMES, order, order[1:], strict=False)
    }
    middles["S1"] = turn(centres[order[0]] + np.array([0, 13.0, -19.0]))
    anatomy = Anatomy(
        {role: segmentation},
        role,
        levels,
        {n: Vertebra(n, 50 + k, p) for k, (n, p) in enumerate(middles.items())},
        "sacrum",
        False,
        (),
    )
    volume = float(filled.sum(dtype=np.float64) * grid.voxel_volume_mm3)
    present = volume > 60
    centroid = tuple(float(v) for v in grid.to_lps(np.argwhere(filled > 0.5).mean(0))) if present else None
    spread = max(0.09 * volume, 14.0)
    interval = Interval(max(volume - spread, 0.0), volume + spread)
    measured = FragmentMeasurement(
        present,
        volume,
        interval,
        60.0,
        centroid,
        role,
        Volume(filled, thin_affine),
        {role: volume},  # type: ignore[arg-type]
    )
    return Series(role, facts, (stack,)), anatomy, measured
