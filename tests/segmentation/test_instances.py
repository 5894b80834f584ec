"""Discs and vertebrae come apart rightly also where the labels touch, break or carry noise."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.segmentation.anatomy import Structure
from pipeline.segmentation.instances import Spine, find_spine
from pipeline.volume import Volume
from tests.segmentation.conftest import Known, row_of
from tests.segmentation.oracle import prediction_of

DISCS = ("T10/T11", "T11/T12", "T12/L1", "L1/L2", "L2/L3", "L3/L4", "L4/L5", "L5/S1")


def spine_of(known: Known, labels: NDArray[np.uint8]) -> Spine:
    return find_spine(prediction_of(known.labels.with_array(labels)))


def distances_to_truth(spine: Spine, known: Known) -> list[float]:
    """How far each true disc centre lies from the nearest one found, mm."""
    found = np.array([disc.centre for disc in spine.discs]) / np.array([4.4, 1.0, 1.0])
    lps = known.labels.to_lps(found)
    return [float(np.linalg.norm(lps - np.array(known.anatomy.landmarks[name]), axis=1).min()) for name in DISCS[1:]]


def test_discs_of_a_clean_spine(lumbar: Known) -> None:
    spine = spine_of(lumbar, lumbar.labels.array)
    assert len(spine.discs) in {7, 8}, "the uppermost disc may be cut by the edge"
    assert max(distances_to_truth(spine, lumbar)) < 4.0
    truth = lumbar.anatomy.spine
    index = truth.disc_index("L4/L5")
    disc = spine.discs[-2]
    assert disc.height_mm == pytest.approx(truth.disc_heights_mm[index], abs=2.5)
    assert disc.depth_mm == pytest.approx(truth.depths_mm[index], abs=5.0)


def test_every_voxel_belongs_to_its_own_vertebra(lumbar: Known) -> None:
    spine = spine_of(lumbar, lumbar.labels.array)
    bone = lumbar.labels.array == Structure.VERTEBRA
    names = lumbar.anatomy.structures
    truth = lumbar.anatomy.instance.array
    offset = names.index("L5") - (len(spine.discs) - 1)
    for name in ("L1", "L2", "L3", "L4", "L5"):
        k = names.index(name)
        own = bone & (truth == k + 1)
        right = spine.body_numbers[own] == k - offset + 1
        assert right.mean() > 0.93, name


def test_touching_discs_are_divided(lumbar: Known) -> None:
    """A false bridge of disc through a vertebra must not join two discs."""
    labels = lumbar.labels.array.copy()
    top, bottom = row_of(lumbar, "L3/L4"), row_of(lumbar, "L4/L5")
    column = round(float(lumbar.labels.to_index(np.array(lumbar.anatomy.landmarks["L4"]))[2]))
    labels[5:8, top:bottom, column - 3 : column + 3] = Structure.DISC
    assert max(distances_to_truth(spine_of(lumbar, labels), lumbar)) < 6.0


def test_a_broken_disc_stays_one(lumbar: Known) -> None:
    labels = lumbar.labels.array.copy()
    clean = spine_of(lumbar, labels)
    centre = lumbar.labels.to_index(np.array(lumbar.anatomy.landmarks["L3/L4"]))
    rows = slice(round(centre[1]) - 12, round(centre[1]) + 12)
    labels[:, rows, round(centre[2]) - 2 : round(centre[2]) + 2] = Structure.BACKGROUND
    broken = spine_of(lumbar, labels)
    assert len(broken.discs) == len(clean.discs)
    assert max(distances_to_truth(broken, lumbar)) < 5.0


def test_noise_is_removed(lumbar: Known) -> None:
    labels = lumbar.labels.array.copy()
    clean = spine_of(lumbar, labels)
    rng = np.random.default_rng(3)
    specks = np.zeros(labels.shape, dtype=bool)
    specks[tuple(rng.integers(0, n, 60) for n in labels.shape)] = True
    specks = ndimage.binary_dilation(specks, np.ones((1, 3, 3))) & (labels == 0)
    labels[specks] = rng.integers(1, 4, np.count_nonzero(specks))
    noisy = spine_of(lumbar, labels)
    assert len(noisy.discs) == len(clean.discs)
    far = ~ndimage.binary_dilation(lumbar.labels.array > 0, np.ones((3, 9, 9)))
    assert np.count_nonzero(noisy.labels[far]) < 0.1 * np.count_nonzero(specks & far)


def test_canal_in_a_foramen_is_none(lumbar: Known) -> None:
    labels = lumbar.labels.array.copy()
    centre = lumbar.labels.to_index(np.array(lumbar.anatomy.landmarks["L4/L5"]) + np.array([22.0, 18.0, 0.0]))
    slice_, row, column = np.round(centre).astype(int)
    window = labels[slice_, row - 4 : row + 5, column - 3 : column + 4]
    window[...] = Structure.CANAL
    found = spine_of(lumbar, labels).labels
    assert not (found[slice_] == Structure.CANAL).any()
    assert (found[6] == Structure.CANAL).any()


def test_nothing_in_nothing_out() -> None:
    empty = Volume(np.zeros((5, 64, 64), np.uint8), np.diag([4.0, 1.0, 1.0, 1.0]))
    spine = find_spine(prediction_of(empty))
    assert spine.discs == ()
    assert not spine.labels.any()
