"""The change measured directly on the aligned pair, instead of by subtracting two measurements.

Two segmentations of one unchanged border jitter apart, and their difference counts the jitter twice. So both visits
meet in the half-way space, interpolated alike (Reuter et al. 2012, FreeSurfer's longitudinal stream), their brightness
is matched on what surrounds the fragment, and the share of each voxel that was gained or lost is read from the
difference of brightness over the local contrast: the boundary-shift integral (Freeborough and Fox 1997) with local
contrast in place of one fixed window. Where the contrast cannot tell, the difference of the shares that each visit has
by itself takes its place, each weighed by its variance. That is linear in both, so that a change is not drawn to zero.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.measurement.volumetry import local_mixing, mixture
from pipeline.registration import rigid
from pipeline.volume import Affine, Points, Volume

GRID_MM = (1.1, 0.7, 0.7)
"""Pitch towards left, feet and back: a part of the slices, about the pixels."""
MARGIN_MM = 7.0
SHOWN = 0.05
MATCH_MM = 12.0
"""Brightness is matched on what lies within this distance of the fragment of either visit."""
FEWEST_VOXELS = 200
REACH_MM = 2.6
"""Through-plane width over which the brightness of either side is taken to be constant."""
COMMON = 0.7
"""Both visits are this sure of the core that the fragment's brightness is learned from."""
NONE = 0.06
LEAST_COMMON = 0.04
"""Share of the larger fragment that must be such a core; below, subtraction is the better measurement."""
FARTHEST = 1.25
"""A voxel changes by one share at most; noise beyond this is cut off."""
JITTER = 0.35
"""Standard deviation by which a network's shares of a border voxel differ between two looks, at a share of a half."""
JITTER_MM = (0.8, 1.2, 1.2)
"""Width (Gaussian) over which these differences go together: noise of the image counts by what is left of it there."""
FILLED = 0.3
"""Share of such a width that must lie in the surroundings for its noise to be known."""


@dataclass(frozen=True, eq=False)
class Side:
    """One visit's view of the fragment.

    Attributes
    ----------
    image, probability
        The series and the displaced material in it (0…1), on one native grid.
    to_halfway
        (4, 4): this visit's LPS mm to the half-way space.
    """

    image: Volume
    probability: Volume
    to_halfway: Affine


@dataclass(frozen=True, eq=False)
class DirectChange:
    """The change from the first side to the second.

    Attributes
    ----------
    delta_mm3
        Second minus first, measured together.
    apart_mm3
        The same grid, each visit by itself: what subtraction gives there.
    say
        0…1: say of brightness, rather than of the two segmentations, at the border.
    difference
        float32, −1…1, in the half-way space: share of each voxel that was gained (positive) or lost.
    """

    delta_mm3: float
    apart_mm3: float
    say: float
    difference: Volume


@dataclass(frozen=True, eq=False)
class _Sampled:
    """One visit on the grid of the half-way space: brightness in standard units, probability, where it was seen."""

    pixels: NDArray[np.float64]
    prior: NDArray[np.float64]


def direct_change(first: Side, second: Side) -> DirectChange | None:
    """Measure the change between two aligned views of one kind of series.

    Exchanging the sides negates ``delta_mm3`` and ``difference`` and changes nothing else.

    Parameters
    ----------
    first, second
        Baseline and follow-up, the same kind of series.

    Returns
    -------
    DirectChange or None
        None where neither side shows material, or where too little is seen by both to match their brightness.
    """
    grid = _grid(first, second)
    if grid is None:
        return None
    sampled = _matched(_on(grid, first), _on(grid, second))
    if sampled is None:
        return None
    one, two = sampled
    shares = [_shares(side) for side in (one, two)]
    apart = shares[1] - shares[0]
    seen = _seen(one, two)
    if seen is None:
        return None
    difference = apart + seen.say * (seen.gained - apart)
    weight = np.maximum(one.prior, two.prior) > SHOWN
    return DirectChange(
        delta_mm3=float(difference.sum()) * grid.voxel_volume_mm3,
        apart_mm3=float(apart.sum()) * grid.voxel_volume_mm3,
        say=float(seen.say[weight & seen.border].mean()) if (weight & seen.border).any() else 0.0,
        difference=grid.with_array(np.clip(difference, -1.0, 1.0).astype(np.float32)),
    )


def _grid(first: Side, second: Side) -> Volume | None:
    """Along the LPS axes of the half-way space, around all material; None without any."""
    points = np.concatenate([_shown(side) for side in (first, second)])
    if not len(points):
        return None
    pitch = np.array(GRID_MM)[[0, 2, 1]]  # in the order of LPS: left, posterior, cranial
    low = np.floor((points.min(axis=0) - MARGIN_MM) / pitch) * pitch
    high = np.ceil((points.max(axis=0) + MARGIN_MM) / pitch) * pitch
    count = np.rint((high - low) / pitch).astype(int) + 1
    affine = np.eye(4)
    affine[:3, :3] = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]]) * GRID_MM
    affine[:3, 3] = (low[0], low[1], high[2])
    return Volume(np.zeros((count[0], count[2], count[1]), dtype=np.float32), affine)


def _shown(side: Side) -> Points:
    """Half-way LPS of the voxels that show material, each slice as thick as it is."""
    index = np.argwhere(side.probability.array > SHOWN).astype(np.float64)
    half = np.array([0.5, 0.0, 0.0])
    return rigid.apply(side.to_halfway, side.probability.to_lps(np.concatenate([index - half, index + half])))


def _on(grid: Volume, side: Side) -> tuple[_Sampled, NDArray[np.bool_]]:
    """Interpolated linearly, which keeps sums; and which voxels the stack reaches."""
    axes = np.stack(np.meshgrid(*(np.arange(n) for n in grid.shape), indexing="ij"), axis=-1)
    lps = rigid.apply(rigid.inverse(side.to_halfway), grid.to_lps(axes.reshape(-1, 3).astype(np.float64)))
    index = side.image.to_index(lps).T
    reach = np.array(side.image.shape)[:, None] - 0.5
    inside = np.asarray(((index >= -0.5) & (index <= reach)).all(axis=0), dtype=bool).reshape(grid.shape)
    pixels = ndimage.map_coordinates(np.asarray(side.image.array, np.float64), index, order=1, mode="nearest")
    prior = ndimage.map_coordinates(np.asarray(side.probability.array, np.float64), index, order=1, mode="constant")
    return _Sampled(pixels.reshape(grid.shape), np.clip(prior, 0.0, 1.0).reshape(grid.shape)), inside


def _matched(
    first: tuple[_Sampled, NDArray[np.bool_]], second: tuple[_Sampled, NDArray[np.bool_]]
) -> tuple[_Sampled, _Sampled] | None:
    """Both in standard units of what surrounds the fragment, so that gain and offset of the scanners do not count.

    What only one visit shows takes no part.
    """
    seen = first[1] & second[1]
    material = np.maximum(first[0].prior, second[0].prior)
    near = ndimage.distance_transform_edt(material < SHOWN, sampling=GRID_MM) <= MATCH_MM
    around = seen & near & (material < SHOWN)
    if around.sum() < FEWEST_VOXELS:
        return None
    matched = []
    for side, _ in (first, second):
        spread = float(side.pixels[around].std())
        if spread <= 0:
            return None
        pixels = (side.pixels - float(side.pixels[around].mean())) / spread
        matched.append(_Sampled(np.where(seen, pixels, 0.0), np.where(seen, side.prior, 0.0)))
    return matched[0], matched[1]


def _shares(side: _Sampled) -> NDArray[np.float64]:
    return mixture(side.pixels, side.prior, GRID_MM, reach_slices=REACH_MM / GRID_MM[0])[0]


@dataclass(frozen=True, eq=False)
class _Seen:
    """What brightness says: the share that each voxel gained, with what say (0…1), and where it can say anything."""

    gained: NDArray[np.float64]
    say: NDArray[np.float64]
    border: NDArray[np.bool_]


def _seen(one: _Sampled, two: _Sampled) -> _Seen | None:
    """The difference of brightness over the local contrast; None without a core that both visits share.

    Both sides of the border are learned where both visits are sure, so that they are the same tissue in both.
    """
    least, most = np.minimum(one.prior, two.prior), np.maximum(one.prior, two.prior)
    sure = least >= COMMON
    if sure.sum() < max(8.0, LEAST_COMMON * max(float(one.prior.sum()), float(two.prior.sum()))):
        return None
    known = np.where(sure, 1.0, np.where(most <= NONE, 0.0, 0.5))
    local = [local_mixing(side.pixels, known, GRID_MM, REACH_MM / GRID_MM[0]) for side in (one, two)]
    border = local[0].border & local[1].border & (np.sign(local[0].contrast) == np.sign(local[1].contrast))
    contrast = np.where(border, np.minimum(np.abs(local[0].contrast), np.abs(local[1].contrast)), 0.0)
    shares = [
        np.divide(side.pixels - here.around, here.contrast, out=np.zeros_like(side.pixels), where=contrast > 0)
        for side, here in zip((one, two), local, strict=True)
    ]
    around = (known == 0.0) & (ndimage.distance_transform_edt(most < SHOWN, sampling=GRID_MM) <= MATCH_MM / 2)
    noise = _noise(two.pixels - one.pixels, around)
    jitter = _jitter(one.prior, two.prior)
    say = jitter * contrast**2 / np.maximum(jitter * contrast**2 + noise, 1e-12)
    return _Seen(np.clip(shares[1] - shares[0], -FARTHEST, FARTHEST), np.where(border, say, 0.0), border)


def _smooth(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over the width that a network's borders jitter together in."""
    widths = [mm / step for mm, step in zip(JITTER_MM, GRID_MM, strict=True)]
    return np.asarray(ndimage.gaussian_filter(values, widths, mode="constant", truncate=3.0), dtype=np.float64)


def _noise(difference: NDArray[np.float64], around: NDArray[np.bool_]) -> float:
    """Variance of the difference of brightness in the surroundings, in means over the width of the jitter.

    The difference of two segmentations is right or wrong over some millimetres at once, that of brightness pixel by
    pixel; to weigh both by their variance, both have to be asked at the same width.
    """
    filled = _smooth(around.astype(np.float64))
    known = around & (filled > FILLED)
    if not known.any():
        return float(difference[around].var()) if around.any() else 0.0
    return float((_smooth(np.where(around, difference, 0.0)) / np.maximum(filled, FILLED))[known].var())


def _jitter(one: NDArray[np.float64], two: NDArray[np.float64]) -> NDArray[np.float64]:
    """Variance of the difference of two segmentations by jitter; more where they differ more."""
    mean = (one + two) / 2
    usual = JITTER**2 * np.maximum(4 * mean * (1 - mean), 0.05)
    return np.asarray(np.maximum(usual, _smooth((two - one) ** 2)), dtype=np.float64)
