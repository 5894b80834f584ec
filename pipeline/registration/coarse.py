"""The search: SimpleITK from the landmark start, on mutual information inside bone."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from scipy import ndimage

from pipeline import rigid
from pipeline.registration.prepared import Prepared
from pipeline.volume import Affine, Volume

LEVER_MM = 30.0
"""Typical distance of a point of L4–S1 from their centre: weighs radians against millimetres."""
VOXEL_MM = 1.5
"""Pixels finer than this are thinned out for the search; slices coarser than this are all kept."""
SMOOTH_MM = 1.0
BINS = 48


def _thinned(prepared: Prepared) -> tuple[sitk.Image, sitk.Image, sitk.Image]:
    """Image, metric mask and seen mask on a grid of about 1.5 mm."""
    spacing = prepared.image.spacing_mm
    every = tuple(slice(None, None, max(1, round(VOXEL_MM / s))) for s in spacing)
    affine = prepared.image.affine.copy()
    affine[:3, :3] *= [part.step for part in every]
    smooth = ndimage.gaussian_filter(prepared.image.array, (0, SMOOTH_MM / spacing[1], SMOOTH_MM / spacing[2]))
    arrays = (smooth, prepared.mask.astype(np.uint8), prepared.seen.astype(np.uint8))
    image, mask, seen = (Volume(np.ascontiguousarray(array[every]), affine).to_sitk() for array in arrays)
    return image, mask, seen


def is_orthogonal(prepared: Prepared) -> bool:
    """Whether ITK can hold this grid: sheared stacks it cannot."""
    axes = prepared.image.axes_lps
    return bool(np.allclose(axes.T @ axes, np.eye(3), atol=1e-4))


def search(fixed: Prepared, moving: Prepared, start: Affine, seed: int) -> Affine:
    """Rigid transform from ``fixed`` to ``moving`` LPS mm, near ``start``.

    One thread and regular sampling with a seed: the same input gives the same bits.
    """
    fixed_image, fixed_mask, _ = _thinned(fixed)
    moving_image, _, moving_seen = _thinned(moving)
    centre = fixed.image.to_lps(np.argwhere(fixed.mask).mean(axis=0))
    transform = sitk.Euler3DTransform()
    transform.SetCenter(centre.tolist())
    transform.SetMatrix(start[:3, :3].ravel().tolist(), 1e-6)
    transform.SetTranslation((rigid.apply(start, centre) - centre).tolist())
    method = sitk.ImageRegistrationMethod()
    method.SetNumberOfThreads(1)
    method.SetMetricAsMattesMutualInformation(BINS)
    method.SetMetricFixedMask(fixed_mask)
    method.SetMetricMovingMask(moving_seen)
    method.SetMetricSamplingStrategy(method.REGULAR)
    method.SetMetricSamplingPercentage(1.0, seed)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetOptimizerAsRegularStepGradientDescent(1.0, 0.02, 40, relaxationFactor=0.5)
    method.SetOptimizerScales([LEVER_MM**2] * 3 + [1.0] * 3)
    method.SetInitialTransform(transform, inPlace=True)
    method.Execute(fixed_image, moving_image)
    found = np.eye(4)
    found[:3, :3] = np.array(transform.GetMatrix()).reshape(3, 3)
    found[:3, 3] = transform.TransformPoint((0.0, 0.0, 0.0))
    return rigid.clean(found)
