"""What one visit brings to the registration: the image around L4–S1, and where it may be compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.dicom.visit import Role, Visit
from pipeline.registration.shown import continued, shown
from pipeline.segmentation.anatomy import Anatomy, SeriesSegmentation, Structure
from pipeline.volume import Volume

BONES = ("L4", "L5", "S1")
RIM_MM = 4.0
"""Bone is compared together with this rim: its edges, not its interior, fix the position."""
CLEARANCE_MM = 2.0
"""Distance kept from canal and fragment, which change between visits."""
MARGIN_MM = 8.0
SHADING_MM = 12.0
"""Width over which brightness is evened out: above any edge of interest, below the reach of a surface coil."""
SHADING_FLOOR = 0.1


@dataclass(frozen=True, eq=False)
class Prepared:
    """One visit's image, cropped to the bones and evened out.

    Attributes
    ----------
    image
        float32, shading removed, noise kept, continued beyond what the stack shows; LPS affine of the crop.
    mask
        bool, shape of the image: bone with its rim, canal and fragment left out. Points of the metric.
    seen
        bool: where the scanner saw anything (padding, and noise at the ends of the stack, are False).
    bone
        bool: the bones themselves, where they are seen.
    names
        Bones that are in it.
    nearest
        uint8: which of ``names`` (counted from 1) lies nearest within the rim; 0 elsewhere.
    """

    role: Role
    image: Volume
    mask: NDArray[np.bool_]
    seen: NDArray[np.bool_]
    bone: NDArray[np.bool_]
    names: tuple[str, ...]
    nearest: NDArray[np.uint8]


def registration_roles(baseline: Anatomy, followup: Anatomy) -> tuple[Role, Role]:
    """The series to register: one role for both visits where possible, sagittal T2 first."""
    order = (Role.SAGITTAL_T2, Role.SAGITTAL_T1, Role.SAGITTAL_STIR, Role.SAGITTAL_T1_POST)
    for role in order:
        if role in baseline.segmentations and role in followup.segmentations:
            return role, role
    return baseline.reference, followup.reference


def common_bones(baseline: Anatomy, followup: Anatomy) -> tuple[str, ...]:
    """Bones to register on: L4–S1 as far as both visits name them, else every vertebra that both name.

    Where one or two of them are missing, as below a disc that was named the lowest, the next ones above take part: a
    single bone can neither hold an alignment nor tell whose it is.
    """
    shared = [n for n in baseline.vertebrae if n in followup.vertebrae]
    usual = [n for n in BONES if n in shared]
    if not usual:
        return tuple(shared)
    above = shared[: shared.index(usual[0])]
    first = max(0, len(above) - (len(BONES) - len(usual)))
    return (*above[first:], *usual)


def bone_mask(segmentation: SeriesSegmentation, anatomy: Anatomy, names: tuple[str, ...]) -> NDArray[np.bool_]:
    """Voxels of the named bones; every vertebra and the sacrum where none of them is in this series."""
    values = [anatomy.vertebrae[name].instance for name in names]
    found = np.isin(segmentation.instances.array, values)
    if found.any():
        return found
    return np.isin(segmentation.labels.array, (Structure.VERTEBRA, Structure.SACRUM))


def _box(mask: NDArray[np.bool_], spacing: tuple[float, float, float]) -> tuple[slice, ...]:
    reach = [int(np.ceil((RIM_MM + MARGIN_MM) / s)) for s in spacing]
    found = ndimage.find_objects(mask.astype(np.uint8))[0]
    return tuple(
        slice(max(0, part.start - r), min(n, part.stop + r))
        for part, r, n in zip(found, reach, mask.shape, strict=True)
    )


def _within(mask: NDArray[np.bool_], distance_mm: float, spacing: tuple[float, float, float]) -> NDArray[np.bool_]:
    if not mask.any():
        return mask
    return np.asarray(ndimage.distance_transform_edt(~mask, sampling=spacing) <= distance_mm)


def _even_out(image: NDArray[np.float32], spacing: tuple[float, float, float]) -> NDArray[np.float32]:
    """Divide by the local mean within each slice, so that shading of either visit does not pull.

    Three running means after each other are nearly a Gaussian of that width, at a cost that its width does not change.
    """
    smooth = image
    for axis in (1, 2):
        size = 2 * round(SHADING_MM / spacing[axis]) + 1
        for _ in range(3):
            smooth = ndimage.uniform_filter1d(smooth, size, axis, mode="nearest")
    floor = SHADING_FLOOR * float(smooth.mean()) + np.finfo(np.float32).tiny
    return np.asarray(image / (smooth + floor), dtype=np.float32)


def prepare(visit: Visit, anatomy: Anatomy, role: Role, names: tuple[str, ...]) -> Prepared | None:
    """Crop, even out and mask one visit; None when its series shows no bone."""
    segmentation = anatomy.segmentations[role]
    volume = visit.series[role].volume
    bone = bone_mask(segmentation, anatomy, names)
    if not bone.any() or bone.shape != volume.shape:
        return None
    spacing = volume.spacing_mm
    box = _box(bone, spacing)
    corner = np.array([part.start for part in box], dtype=np.float64)
    affine = volume.affine.copy()
    affine[:3, 3] = volume.to_lps(corner)
    raw = np.asarray(volume.array[box], dtype=np.float32)
    labels = segmentation.labels.array[box]
    changing = _within(np.isin(labels, (Structure.CANAL, Structure.FRAGMENT)), CLEARANCE_MM, spacing)
    dark = raw - raw.min()
    tissue = shown(dark, bone[box], spacing)
    seen = (dark > 0) & tissue
    image = Volume(_even_out(continued(dark, tissue), spacing), affine)
    mask = _within(bone[box], RIM_MM, spacing) & ~changing & seen
    own = bone[box] & ~changing & tissue
    if not (mask.any() and own.any()):
        return None
    nearest = _nearest(segmentation.instances.array[box], [anatomy.vertebrae[name].instance for name in names], mask)
    return Prepared(role, image, mask, seen, own, names, nearest)


def _nearest(instances: NDArray[Any], values: list[int], mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """For every point of the mask the bone it lies in or beside, in its own slice: a place in ``values``, from 1.

    Of every second row and column: to a pixel is near enough, at a quarter of the time.
    """
    out = np.zeros(mask.shape, np.uint8)
    rows, columns = mask.shape[1:]
    number = np.zeros(256, np.uint8)
    number[values] = np.arange(1, len(values) + 1)
    marked = number[np.asarray(instances[:, ::2, ::2], np.uint8)]
    for n, part in enumerate(marked):
        if part.any() and mask[n].any():
            place = ndimage.distance_transform_edt(part == 0, return_distances=False, return_indices=True)
            out[n] = part[tuple(place)].repeat(2, axis=0).repeat(2, axis=1)[:rows, :columns]
    out[~mask] = 0
    return out
