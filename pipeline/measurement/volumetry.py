"""How much of each native voxel the fragment fills.

A voxel at the border holds fragment and surroundings, and shows a mixture of their intensities. Counting it whole
overestimates small lesions by about half, so its share is solved for: a two-class mixing model with the local
intensities of both sides, weighed against what the network believes by how well the contrast can tell (the slice
profile is the voxel's own, because a thick slice mixes through its thickness as a pixel does through its width).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.volume import Volume

INSIDE = 0.9
OUTSIDE = 0.06
BORDER = (0.03, 0.97)
"""Probabilities between which a voxel may be a mixture; beyond, clipping noise at 0 and 1 would add volume."""
REACH_MM = 1.5
"""Width (Gaussian, in-plane) over which the intensity of either side is taken to be constant."""
SURROUNDINGS_MM = 4.0
"""Surroundings farther than this from the fragment say nothing about its border."""
REACH_SLICES = 0.6
LEAST_WEIGHT = 1e-3
MODEL_ERROR = 0.2
"""Standard deviation, as a share of the contrast, that texture and thin dark layers (dura, ligament) add to noise."""


@dataclass(frozen=True, eq=False)
class Occupancy:
    """Shares of voxels, and how far image contrast rather than the network decided them.

    Attributes
    ----------
    share
        float32, 0…1, on the image's grid.
    contrast
        0…1: mean say of the intensities at the border; 0 where nothing could be told from brightness.
    """

    share: Volume
    contrast: float

    @property
    def volume_mm3(self) -> float:
        """Sum of the shares times the volume that one voxel spans, gap included."""
        return float(self.share.array.sum(dtype=np.float64)) * self.share.voxel_volume_mm3


def occupancy(image: Volume, probability: Volume, region: NDArray[np.bool_]) -> Occupancy:
    """Estimate the share of each voxel that is fragment.

    Parameters
    ----------
    image
        The series on its native grid.
    probability
        Same grid: probability of displaced material, 0…1; 0 outside ``region``.
    region
        bool, same shape: where material was accepted. Shares are 0 elsewhere.

    Returns
    -------
    Occupancy

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    if image.shape != probability.shape or region.shape != image.shape:
        raise ValueError(f"image {image.shape}, probability {probability.shape} and region {region.shape} differ")
    share = np.zeros(image.shape, dtype=np.float32)
    box = _box(probability, region)
    if box is None:
        return Occupancy(probability.with_array(share), 0.0)
    prior = np.clip(np.asarray(probability.array[box], dtype=np.float64), 0.0, 1.0) * region[box]
    pixels = np.asarray(image.array[box], dtype=np.float64)
    mixed, say = mixture(pixels, prior, image.spacing_mm)
    share[box] = np.where(region[box], mixed, 0.0)
    return Occupancy(probability.with_array(share), say)


def _box(probability: Volume, region: NDArray[np.bool_]) -> tuple[slice, ...] | None:
    """The region with room for its surroundings; None when there is no material."""
    some = region & (probability.array > BORDER[0])
    if not some.any():
        return None
    reach = [int(np.ceil((SURROUNDINGS_MM + REACH_MM) / s)) + 1 for s in probability.spacing_mm]
    found = ndimage.find_objects(some.astype(np.uint8))[0]
    return tuple(
        slice(max(0, part.start - r), min(n, part.stop + r))
        for part, r, n in zip(found, reach, some.shape, strict=True)
    )


@dataclass(frozen=True, eq=False)
class Mixing:
    """Both sides of a border near each voxel.

    Attributes
    ----------
    around, contrast
        Brightness of the surroundings; that of the fragment less it.
    noise
        Variance of brightness that is no mixture: texture, noise, thin dark layers.
    border
        Where a voxel may be a mixture, and both sides are known.
    """

    around: NDArray[np.float64]
    contrast: NDArray[np.float64]
    noise: NDArray[np.float64]
    border: NDArray[np.bool_]


def local_mixing(
    pixels: NDArray[np.float64],
    prior: NDArray[np.float64],
    spacing_mm: tuple[float, float, float],
    reach_slices: float = REACH_SLICES,
) -> Mixing:
    """Brightness of fragment and surroundings near each voxel, from those that the prior is sure of.

    Parameters
    ----------
    pixels, prior
        Brightness and probability (0…1) of one shape (slices, rows, columns).
    reach_slices
        Width through the slices, in slices, over which the brightness of either side is taken to be constant.
    """
    core = prior >= min(INSIDE, 0.9 * float(prior.max()))
    near = (
        ndimage.distance_transform_edt(prior < 0.5, sampling=spacing_mm) <= SURROUNDINGS_MM
        if (prior >= 0.5).any()
        else np.ones(prior.shape, dtype=bool)
    )
    widths = (reach_slices, REACH_MM / spacing_mm[1], REACH_MM / spacing_mm[2])
    fragment, fragment_spread, fragment_known = _local(pixels, core, widths)
    around, around_spread, around_known = _local(pixels, (prior <= OUTSIDE) & near, widths)
    contrast = fragment - around
    border = (prior > BORDER[0]) & (prior < BORDER[1]) & fragment_known & around_known
    noise = fragment_spread**2 * prior + around_spread**2 * (1 - prior) + (MODEL_ERROR * contrast) ** 2
    return Mixing(around, contrast, noise, border)


def mixture(
    pixels: NDArray[np.float64],
    prior: NDArray[np.float64],
    spacing_mm: tuple[float, float, float],
    reach_slices: float = REACH_SLICES,
) -> tuple[NDArray[np.float64], float]:
    """Posterior share of each voxel, and the mean say of the intensities at the border.

    Parameters
    ----------
    pixels, prior, reach_slices
        As in :func:`local_mixing`.
    """
    local = local_mixing(pixels, prior, spacing_mm, reach_slices)
    border, contrast = local.border, local.contrast
    information = np.where(border, contrast**2 / np.maximum(local.noise, 1e-12), 0.0)
    seen = np.divide(pixels - local.around, contrast, out=prior.copy(), where=border & (contrast != 0))
    doubt = (0.05 + 0.5 * np.sqrt(prior * (1 - prior))) ** 2
    say = information * doubt / (1 + information * doubt)
    share = np.clip(prior + say * (seen - prior), 0.0, 1.0)
    return share, float(say[border].mean()) if border.any() else 0.0


def _local(
    pixels: NDArray[np.float64], where: NDArray[np.bool_], widths: tuple[float, float, float]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Mean and standard deviation of the pixels of one side near each voxel, and where they are known."""
    weight = ndimage.gaussian_filter(where.astype(np.float64), widths, mode="constant", truncate=3.0)
    known = weight > LEAST_WEIGHT
    safe = np.where(known, weight, 1.0)
    level = float(pixels[where].mean()) if where.any() else 0.0
    offset = np.where(where, pixels - level, 0.0)
    mean = ndimage.gaussian_filter(offset, widths, mode="constant", truncate=3.0) / safe
    square = ndimage.gaussian_filter(offset**2, widths, mode="constant", truncate=3.0) / safe
    return mean + level, np.sqrt(np.maximum(square - mean**2, 0.0)), known
