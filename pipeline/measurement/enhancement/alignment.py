"""Where the patient lay in one series, relative to another one of the same visit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.volume import Affine, Volume

MARGIN_MM = 3.0
"""So far around bone belongs to the region that is compared: its edges tell where it lies."""
BINS = 64
STEPS = 150
FIRST_STEP_MM = 0.5
LEVER_MM = 40.0
"""A turn counts as much as the way that it moves what lies so far from the centre."""
FEWEST_VOXELS = 2000
SAMPLES = 15_000
"""So many voxels are compared: more take time and no longer make it better."""
SEED = 5


@dataclass(frozen=True, eq=False)
class SeriesShift:
    """How the patient moved between two series of a visit.

    Attributes
    ----------
    fixed_to_moving
        Shape (4, 4): what lies at LPS ``x`` in the fixed series lies at ``fixed_to_moving @ x`` in the moving one.
    found
        False where the series could not be aligned and the identity stands in.
    """

    fixed_to_moving: Affine
    found: bool

    def at(self, lps_mm: NDArray[np.float64]) -> float:
        """Length in mm of the movement at a point."""
        moved = self.fixed_to_moving[:3, :3] @ lps_mm + self.fixed_to_moving[:3, 3]
        return float(np.linalg.norm(moved - lps_mm))


def shift_between(fixed: Volume, bone: NDArray[np.bool_], moving: Volume) -> SeriesShift:
    """Align two series of one visit rigidly on bone, by mutual information.

    Mutual information holds where one series suppresses fat and the other does not. Small movements only: the start is
    the scanner's own coordinates.

    Parameters
    ----------
    fixed, moving
        The series on their native grids.
    bone
        bool, on the grid of ``fixed``.
    """
    reach = [MARGIN_MM / s for s in fixed.spacing_mm[1:]]
    region = ndimage.maximum_filter(bone, size=(1, 2 * round(reach[0]) + 1, 2 * round(reach[1]) + 1))
    if region.sum() < FEWEST_VOXELS:
        return SeriesShift(np.eye(4), found=False)
    box = ndimage.find_objects(region.astype(np.uint8))[0]
    start = np.array([part.start for part in box], dtype=np.float64)
    affine = fixed.affine.copy()
    affine[:3, 3] = fixed.to_lps(start)
    image = Volume(np.ascontiguousarray(fixed.array[box], dtype=np.float32), affine).to_sitk()
    mask = Volume(np.ascontiguousarray(region[box], dtype=np.uint8), affine).to_sitk()
    other = Volume(np.asarray(moving.array, dtype=np.float32), moving.affine).to_sitk()
    centre = Volume(region, fixed.affine).to_lps(np.argwhere(region).mean(axis=0))
    try:
        found = _register(image, mask, other, centre, share=min(1.0, SAMPLES / float(region[box].sum())))
    except RuntimeError:
        # ITK's way to say that the images hardly overlap.
        return SeriesShift(np.eye(4), found=False)
    return SeriesShift(found, found=True)


def _register(
    fixed: sitk.Image, mask: sitk.Image, moving: sitk.Image, centre: NDArray[np.float64], *, share: float
) -> Affine:
    start = sitk.Euler3DTransform()
    start.SetCenter(centre.tolist())
    method = sitk.ImageRegistrationMethod()
    method.SetMetricAsMattesMutualInformation(BINS)
    method.SetMetricFixedMask(mask)
    # Random points lie off the grid: at grid points interpolation favours movements of no or a whole pixel.
    method.SetMetricSamplingStrategy(method.RANDOM)
    method.SetMetricSamplingPercentage(share, SEED)
    method.SetInterpolator(sitk.sitkLinear)
    # A simplex: where one series suppresses fat, the gradient led millimetres away from a close start.
    method.SetOptimizerAsAmoeba(FIRST_STEP_MM, STEPS, 0.005, 1e-4)
    method.SetOptimizerScales([LEVER_MM] * 3 + [1.0] * 3)
    method.SetInitialTransform(start, inPlace=True)
    method.SetNumberOfThreads(1)
    method.Execute(fixed, moving)
    matrix = np.eye(4)
    turn = np.array(start.GetMatrix()).reshape(3, 3)
    matrix[:3, :3] = turn
    matrix[:3, 3] = np.array(start.GetTranslation()) + centre - turn @ centre
    return matrix


def resampled(moving: Volume, shift: Affine, onto: Volume) -> Volume:
    """A series on the grid of another one, by cubic splines; NaN beyond what it shows.

    Parameters
    ----------
    shift
        LPS of the series whose grid is wanted → LPS of ``moving``.
    """
    way = np.linalg.inv(moving.affine) @ shift @ onto.affine
    index = np.indices(onto.shape, dtype=np.float64).reshape(3, -1)
    at = way[:3, :3] @ index + way[:3, 3:]
    values = np.asarray(moving.array, dtype=np.float64)
    out = ndimage.map_coordinates(values, at, order=3 if moving.shape[0] > 3 else 1, mode="nearest")
    limit = np.array(moving.shape)[:, None] - 0.5
    beyond = ((at < -0.5) | (at > limit)).any(axis=0)
    out[beyond] = np.nan
    return onto.with_array(out.reshape(onto.shape).astype(np.float32))
