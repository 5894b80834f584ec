"""Views of generated spines whose label maps were spoiled: what a bad network might say, without a network."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.phantom.anatomy import AnatomyMap
from pipeline.segmentation.anatomy import Structure
from pipeline.segmentation.grid import CanonicalSeries
from pipeline.volume import Volume
from training.bank import WHOLE, fill
from training.evaluation.real import LEVELS
from training.levels.spoil import KINDS, NOISE, Draft, smooth_noise
from training.levels.views import View, bare_prediction, view_of

EVERY = 3
"""Of the anatomy's 1.5 mm slices: 4.5 mm ones."""
SLICES = slice(23, 42, EVERY)
COLUMNS_MM = (-63, 87)
"""Around the body of L3, front to back."""
VARIANTS = 2


def generated_views(seeds: range, say: Callable[[str], None]) -> Iterator[View]:
    """Every kind of view of the generated spines with these seeds; anatomies that the bank lacks are built."""
    for seed in seeds:
        path = WHOLE / f"{seed:05d}.pkl"
        if not path.is_file():
            say(f"generated spine {seed}")
            fill(WHOLE, seed, seed + 1)
        anatomy = _read(path)
        for number, kind in enumerate(KINDS):
            view = spoiled_view(anatomy, seed, kind, np.random.default_rng((seed, number)))
            if view is not None:
                yield view


def _read(path: Path) -> AnatomyMap:
    with path.open("rb") as file:
        anatomy: AnatomyMap = pickle.load(file)
    return anatomy


def spoiled_view(anatomy: AnatomyMap, seed: int, kind: str, rng: np.random.Generator) -> View | None:
    """One view; None where no disc is left."""
    volume, draft = _draft(anatomy)
    KINDS[kind](draft, rng)
    probabilities, sacral = _probabilities(draft, kind, rng)
    variants = np.stack([_variant(probabilities, sacral, rng) for _ in range(VARIANTS)])[:, :, draft.rows]
    affine = volume.affine.copy()
    affine[:3, 3] = volume.to_lps(np.array([0.0, float(draft.rows.start), 0.0]))
    shown = np.ascontiguousarray(probabilities[:, :, draft.rows])
    series = CanonicalSeries.of(Volume(np.zeros(shown.shape[1:], dtype=np.float32), affine))
    last = anatomy.spine.names.index("S1")
    discs = [name for name in anatomy.structures if "/" in name][:last][::-1]
    true_lps = {level: np.array(anatomy.landmarks[name]) for level, name in zip(LEVELS, discs, strict=False)}
    return view_of(f"generated spine {seed}", kind, bare_prediction(series, shown, variants), true_lps)


def _draft(anatomy: AnatomyMap) -> tuple[Volume, Draft]:
    """Thick slices around the midline, and as yet nothing spoiled."""
    classes = anatomy.classes()
    middle = round(float(classes.to_index(np.array(anatomy.landmarks["L3"]))[2]))
    first = max(0, middle + COLUMNS_MM[0])
    columns = slice(first, middle + COLUMNS_MM[1])
    affine = classes.affine.copy()
    affine[:3, 0] *= EVERY
    affine[:3, 3] = classes.to_lps(np.array([float(SLICES.start), 0.0, float(first)]))
    volume = Volume(np.ascontiguousarray(classes.array[SLICES, :, columns]), affine)
    labels = volume.array.astype(np.uint8)
    at = {name: np.asarray(volume.to_index(np.array(point))) for name, point in anatomy.landmarks.items()}
    instance = np.ascontiguousarray(anatomy.instance.array[SLICES, :, columns])
    sacral = (labels == Structure.SACRUM).astype(np.float32)
    rows = slice(0, labels.shape[1])
    return volume, Draft(labels, sacral, instance, anatomy.structures, anatomy.spine.names, at, rows)


def _probabilities(
    draft: Draft, kind: str, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Shape (6, slices, rows, columns), and the share of sacrum among bone."""
    one = np.stack([draft.labels == k for k in Structure]).astype(np.float32)
    soft = ndimage.gaussian_filter(one, (0, 0, 1.0, 1.0))
    if kind == NOISE:
        grains = np.stack([ndimage.gaussian_filter(rng.normal(size=one.shape[1:]), (0.3, 2.5, 2.5)) for _ in one])
        grown = soft + rng.uniform(0.1, 0.45) * grains / grains.std()
        soft = np.maximum(grown, 0.0).astype(np.float32) + 1e-3
    soft /= np.maximum(soft.sum(axis=0), 1e-6)
    near = np.exp(-(((np.arange(one.shape[2]) - draft.row(draft.disc(1))) / 30.0) ** 2))[None, :, None]
    rough = 0.08 * smooth_noise(rng, draft.labels.shape, 15.0) * near
    sacral = ndimage.gaussian_filter(np.clip(draft.sacral + rough, 0.0, 1.0).astype(np.float32), (0, 1.5, 1.5))
    return _shared(soft, sacral), sacral


def _shared(soft: NDArray[np.float32], sacral: NDArray[np.float32]) -> NDArray[np.float32]:
    """Bone divided into vertebra and sacrum."""
    result = soft.copy()
    bone = soft[Structure.VERTEBRA] + soft[Structure.SACRUM]
    result[Structure.VERTEBRA], result[Structure.SACRUM] = bone * (1 - sacral), bone * sacral
    return result


def _variant(
    probabilities: NDArray[np.float32], sacral: NDArray[np.float32], rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Most probable structures where another test-time variant tells vertebra and sacrum apart a little otherwise."""
    open_to_doubt = (sacral > 0.02) & (sacral < 0.98)
    other = np.clip(sacral + rng.normal(0, 0.12) * open_to_doubt, 0.0, 1.0).astype(np.float32)
    return np.asarray(_shared(probabilities, other).argmax(axis=0), dtype=np.uint8)
