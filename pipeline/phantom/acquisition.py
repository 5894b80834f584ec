"""Cutting slices from the fine map: partial volume by supersampling, a slice profile, and any oblique plane."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from pipeline.phantom.geometry import Stack
from pipeline.volume import Affine, Volume

IN_PLANE = 2
"""Sub-samples per pixel along rows and columns."""
_THROUGH_STEP_MM = 0.5
_RAMP = 0.2
"""Width of the profile's flanks as a share of the slice thickness."""


@dataclass(frozen=True, slots=True)
class SliceProfile:
    """How a slice weights the tissue across its thickness.

    Attributes
    ----------
    offsets_mm
        Offsets of the sub-slices from the slice's centre along its normal.
    weights
        Their weights; they add up to one.
    """

    offsets_mm: tuple[float, ...]
    weights: tuple[float, ...]


def slice_profile(thickness_mm: float) -> SliceProfile:
    """A trapezoid whose full width at half maximum is the thickness.

    Its flanks are symmetric, so that slices placed without gap weigh every point of the body equally.
    """
    count = max(3, round(thickness_mm / _THROUGH_STEP_MM))
    step = thickness_mm / count
    reach = int(np.ceil(_RAMP * thickness_mm / 2 / step))
    index = np.arange(-reach, count + reach)
    offsets = (index + 0.5) * step - thickness_mm / 2
    ramp = max(_RAMP * thickness_mm, step)
    weights = np.clip((thickness_mm / 2 + ramp / 2 - np.abs(offsets)) / ramp, 0, 1)
    offsets, weights = offsets[weights > 0], weights[weights > 0]
    return SliceProfile(tuple(offsets.tolist()), tuple((weights / weights.sum()).tolist()))


def posed_image(values: Volume, pose: Affine) -> sitk.Image:
    """A volume (float32) of the anatomy after the rigid ``pose`` (anatomy → scanner LPS), ready to be cut."""
    return Volume(values.array, pose @ values.affine).to_sitk()


def _sub_slice(
    image: sitk.Image, stack: Stack, index: int, *, offset_mm: float, low: tuple[int, int], size: tuple[int, int]
) -> NDArray[np.float32]:
    """One infinitely thin plane at IN_PLANE-fold resolution: a window of `size` pixels from pixel `low`."""
    axes = stack.affine[:3, :3] / np.linalg.norm(stack.affine[:3, :3], axis=0)
    row_mm, column_mm = stack.pixel_mm
    shift = (1 - IN_PLANE) / (2 * IN_PLANE)
    origin = stack.affine @ (index, low[0] + shift, low[1] + shift, 1.0)
    direction = axes[:, ::-1]
    plane = sitk.Resample(
        image,
        [IN_PLANE * size[1], IN_PLANE * size[0], 1],
        sitk.Transform(),
        sitk.sitkLinear,
        (origin[:3] + axes[:, 0] * offset_mm).tolist(),
        [column_mm / IN_PLANE, row_mm / IN_PLANE, 1.0],
        direction.ravel().tolist(),
        0.0,
        sitk.sitkFloat32,
    )
    return np.asarray(sitk.GetArrayFromImage(plane)[0], dtype=np.float32)


def cut_slice(
    image: sitk.Image, stack: Stack, index: int, low: tuple[int, int], size: tuple[int, int]
) -> NDArray[np.float32]:
    """One thick slice at IN_PLANE-fold in-plane resolution.

    Parameters
    ----------
    image
        Posed map, see :func:`posed_image`.
    stack, index
        Which slice.
    low, size
        First (row, column) and number of pixels of the window that is cut; it may reach beyond the stack.

    Returns
    -------
    float32 array of shape ``IN_PLANE * size``.
    """
    profile = slice_profile(stack.thickness_mm)
    total = np.zeros((IN_PLANE * size[0], IN_PLANE * size[1]), dtype=np.float32)
    for offset, weight in zip(profile.offsets_mm, profile.weights, strict=True):
        total += np.float32(weight) * _sub_slice(image, stack, index, offset_mm=offset, low=low, size=size)
    return total


def pixels(fine: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean over the sub-samples of each pixel."""
    rows, columns = fine.shape[0] // IN_PLANE, fine.shape[1] // IN_PLANE
    return np.asarray(fine.reshape(rows, IN_PLANE, columns, IN_PLANE).mean(axis=(1, 3)), dtype=np.float32)


def occupancy(mask: Volume | None, pose: Affine, stack: Stack) -> NDArray[np.float32]:
    """Which share of every voxel a mask fills, by the same supersampling as the images.

    Parameters
    ----------
    mask
        Float mask (0 … 1) in the anatomy's coordinates; None for nothing.
    pose
        Anatomy → scanner LPS at the time of this series.
    stack
        The series.

    Returns
    -------
    float32 array of the stack's shape, 0 … 1, weighted with the slice profile. Point spread is not part of it.
    """
    out = np.zeros(stack.shape, dtype=np.float32)
    if mask is None:
        return out
    corners = np.array(np.meshgrid(*[(-1, n) for n in mask.shape], indexing="ij")).reshape(3, -1).T
    lps = Volume(mask.array, pose @ mask.affine).to_lps(corners.astype(np.float64))
    index = Volume(out, stack.affine).to_index(lps)
    reach = np.array([1 + stack.thickness_mm / stack.pitch_mm, 1, 1])
    low = np.floor(index.min(axis=0) - reach).astype(int).clip(0)
    high = np.minimum(np.ceil(index.max(axis=0) + reach).astype(int) + 1, stack.shape)
    if (high <= low).any():
        return out
    image = posed_image(mask, pose)
    size = (int(high[1] - low[1]), int(high[2] - low[2]))
    for k in range(low[0], high[0]):
        part = pixels(cut_slice(image, stack, k, (int(low[1]), int(low[2])), size))
        out[k, low[1] : high[1], low[2] : high[2]] = part
    return out


def labels_at_centres(labels: Volume, pose: Affine, stack: Stack) -> NDArray[np.uint8]:
    """The label (uint8) at the centre of every voxel of a stack."""
    image = Volume(labels.array, pose @ labels.affine).to_sitk()
    grid = Volume(np.zeros(stack.shape, dtype=np.uint8), stack.affine).to_sitk()
    cut = sitk.Resample(image, grid, sitk.Transform(), sitk.sitkNearestNeighbor, 0.0, sitk.sitkUInt8)
    return np.asarray(sitk.GetArrayFromImage(cut), dtype=np.uint8)
