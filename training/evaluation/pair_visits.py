"""Two visits of one patient whose fragment changed by a known volume, as a scanner would show them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.volume import Affine, Volume
from training.evaluation.canal_room import CanalRoom
from training.evaluation.pair_plan import LEAST_LEFT_MM3, PairWanted
from training.evaluation.paste import Pasted, Wanted, paste
from training.evaluation.real import VERTEBRA, Patient
from training.evaluation.repositioning import Repositioning, repositioned
from training.evaluation.reslice import resliced, thick_grid

SNR = (15.0, 30.0)
"""Brightness of vertebral bodies over the standard deviation of either channel's noise, of what is added."""
SHADING = 0.2
GAIN = (0.6, 1.8)
SHOWN = 0.985
"""Least share of a fragment that both stacks must show."""
EDGE = 0.01
"""Most of a fragment that may lie in an outermost thin slice, where the slab may have cut it."""
SMALLER = ((1.0, 1.0), (0.5, 1.0), (0.0, 1.0), (0.0, 0.7), (0.0, 0.5), (0.0, 0.35), (0.0, 0.25))
"""Tried in turn where the slab is too narrow: share of the lateral distance, share of the volume."""


@dataclass(frozen=True, eq=False)
class DrawnVisit:
    """One visit.

    Attributes
    ----------
    image
        4 mm slices in this visit's own LPS mm.
    truth
        float32 on the same grid: share of each voxel that the fragment fills.
    true_mm3
        Its volume as drawn, before any resampling; 0 without a fragment.
    """

    image: Volume
    truth: Volume
    true_mm3: float
    brightness: float
    sac_share: float


@dataclass(frozen=True, eq=False)
class DrawnPair:
    """A pair with everything that is known of it.

    Attributes
    ----------
    wanted
        What was drawn in the end: smaller, or nearer to the middle, where the slab is narrow.
    middle
        (3,) baseline LPS mm: of the fragment, or of the disc's back where there is none.
    """

    wanted: PairWanted
    baseline: DrawnVisit
    followup: DrawnVisit
    repositioning: Repositioning
    middle: NDArray[np.float64]


def draw_pair(patient: Patient, room: CanalRoom, wanted: PairWanted) -> DrawnPair | None:
    """Make both visits; None where canal or slab have no room for the fragment.

    Everything random is drawn from the patient's and the pair's number.
    """
    rng = np.random.default_rng((patient.number, 733, wanted.number))
    back = patient.image.to_lps(np.array([room.middle, room.back, np.interp(room.back, *_line(room.wall))]))
    placed = repositioned(rng, back)
    for tried in _smaller(wanted):
        shown = _pasted(patient, room, tried)
        if shown is None:
            continue
        truths = [_truth(patient, drawn, placed, k) for k, drawn in enumerate(shown)]
        if all(_shown(drawn, truth) for drawn, truth in zip(shown, truths, strict=True)):
            visits = [
                _visit(rng, patient, drawn, truth, one)
                for drawn, truth, one in zip(shown, truths, _both(tried), strict=True)
            ]
            middle = next((_centre(patient, drawn) for drawn in shown if drawn is not None), back)
            return DrawnPair(tried, visits[0], _moved(visits[1], placed.motion), placed, middle)
    return None


def _both(wanted: PairWanted) -> tuple[Wanted | None, Wanted | None]:
    return wanted.baseline, wanted.followup


def _pasted(patient: Patient, room: CanalRoom, wanted: PairWanted) -> list[Pasted | None] | None:
    """The fragments of both visits; None where one has no room. The larger is tried first."""
    order = sorted({one for one in _both(wanted) if one is not None}, key=lambda one: -one.volume_mm3)
    drawn: dict[Wanted, Pasted] = {}
    for one in order:
        made = paste(patient, room, one)
        if made is None or not _whole(made):
            return None
        drawn[one] = made
    return [None if one is None else drawn[one] for one in _both(wanted)]


def _line(wall: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return np.arange(len(wall), dtype=np.float64), wall


def _smaller(wanted: PairWanted) -> Iterator[PairWanted]:
    """The pair as wanted, then nearer to the middle, then smaller, by the same share at both visits."""
    for aside, size in SMALLER:
        first, second = (None if one is None else _lesser(one, aside, size) for one in _both(wanted))
        yield replace(wanted, baseline=first, followup=second)


def _lesser(wanted: Wanted, aside: float, size: float) -> Wanted:
    volume = max(wanted.volume_mm3 * size, min(wanted.volume_mm3, LEAST_LEFT_MM3))
    return replace(wanted, lateral_mm=wanted.lateral_mm * aside, volume_mm3=volume)


def _stack(patient: Patient, placed: Repositioning, visit: int) -> Affine:
    """Array index to the patient's own LPS mm, those of the published volume."""
    stack = placed.followup_stack if visit else placed.baseline_stack
    return np.asarray(stack @ thick_grid(patient.image).affine)


def _truth(patient: Patient, drawn: Pasted | None, placed: Repositioning, visit: int) -> Volume:
    """Shares on the visit's slices, in the patient's own LPS mm."""
    grid, shape = _stack(patient, placed, visit), thick_grid(patient.image).shape
    if drawn is None:
        return Volume(np.zeros(shape, dtype=np.float32), grid)
    return resliced(patient.image.with_array(drawn.occupancy), grid, shape, order=1, beyond=False)


def _whole(drawn: Pasted) -> bool:
    """Whether the end of the slab did not cut it."""
    in_slices = drawn.occupancy.sum(axis=(1, 2), dtype=np.float64)
    return bool(max(in_slices[0], in_slices[-1]) <= EDGE * in_slices.sum())


def _shown(drawn: Pasted | None, truth: Volume) -> bool:
    """Whether the new slices show it wholly."""
    if drawn is None:
        return True
    shown = float(truth.array.sum(dtype=np.float64)) * truth.voxel_volume_mm3 / drawn.volume_mm3
    return abs(shown - 1) <= 1 - SHOWN


def _centre(patient: Patient, drawn: Pasted) -> NDArray[np.float64]:
    index = np.argwhere(drawn.occupancy > 0)
    return patient.image.to_lps(np.average(index, axis=0, weights=drawn.occupancy[drawn.occupancy > 0]))


def _visit(
    rng: np.random.Generator, patient: Patient, drawn: Pasted | None, truth: Volume, wanted: Wanted | None
) -> DrawnVisit:
    """The slices as scanned, still in the patient's own LPS mm."""
    pixels = patient.image if drawn is None else patient.image.with_array(drawn.image)
    clean = resliced(pixels, truth.affine, truth.shape, order=3, beyond=True)
    return DrawnVisit(
        clean.with_array(scanned(rng, clean.array, float(np.median(pixels.array[patient.mask == VERTEBRA])))),
        truth,
        0.0 if drawn is None else drawn.volume_mm3,
        0.0 if wanted is None else wanted.brightness,
        0.0 if drawn is None else drawn.sac_share,
    )


def _moved(visit: DrawnVisit, motion: Affine) -> DrawnVisit:
    """Where the patient lies at that visit."""
    image, truth = (Volume(one.array, motion @ one.affine) for one in (visit.image, visit.truth))
    return replace(visit, image=image, truth=truth)


def scanned(rng: np.random.Generator, clean: NDArray[np.float32], bone: float) -> NDArray[np.float32]:
    """Fresh smooth shading, Rician noise and gain; ``bone`` is the brightness that the noise is measured by."""
    knots = rng.uniform(-SHADING, SHADING, (2, 4, 4))
    steps = [n / k for n, k in zip(clean.shape, knots.shape, strict=True)]
    shading = 1 + ndimage.zoom(knots, steps, order=1, mode="nearest", grid_mode=True)
    lit = np.clip(clean, 0, None) * ndimage.gaussian_filter(shading, (0.5, 30, 30))
    real, imaginary = rng.normal(0, bone / rng.uniform(*SNR), (2, *clean.shape))
    return np.asarray(rng.uniform(*GAIN) * np.hypot(lit + real, imaginary), dtype=np.float32)
