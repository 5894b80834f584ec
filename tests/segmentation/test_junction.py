"""The column at each disc: it narrows and turns at the lumbosacral one, whatever the bones are called."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.segmentation.anatomy import Structure
from pipeline.segmentation.instances import Spine, find_spine
from pipeline.segmentation.lumbosacral import Chances, lumbosacral_chances
from pipeline.volume import Volume
from tests.segmentation.conftest import Known, cropped, row_of
from tests.segmentation.oracle import prediction_of


def spine_of(labels: Volume) -> Spine:
    return find_spine(prediction_of(labels))


def chances(spine: Spine) -> Chances:
    return lumbosacral_chances(spine.discs, spine.bodies, spine.junctions)


def with_sacrum_called(known: Known, structure: Structure) -> NDArray[np.uint8]:
    labels = known.labels.array.copy()
    labels[labels == Structure.SACRUM] = structure
    return labels


def test_the_column_narrows_and_slopes_at_the_lowest_disc_only(lumbar: Known) -> None:
    *others, lowest = spine_of(lumbar.labels).junctions
    assert lowest.taper is not None
    assert lowest.taper > 0.1
    assert all(one.taper is not None and one.taper < 0.0 for one in others)
    assert lowest.slope_degrees > max(one.slope_degrees for one in others) + 10
    assert lowest.sacral_below > 0.9 > 0.1 > lowest.sacral_above


def test_shape_does_not_depend_on_what_the_bones_are_called(lumbar: Known) -> None:
    renamed = spine_of(lumbar.labels.with_array(with_sacrum_called(lumbar, Structure.VERTEBRA))).junctions[-1]
    lowest = spine_of(lumbar.labels).junctions[-1]
    assert renamed.taper == pytest.approx(lowest.taper, abs=0.1)
    assert renamed.sacral_below == 0.0


def test_what_the_edge_of_the_image_cuts_off_is_not_narrow(lumbar: Known) -> None:
    """A body cut obliquely by the edge tapers to a wedge, as a sacrum would."""
    spine = spine_of(cropped(lumbar.labels, slice(0, row_of(lumbar, "L5") + 2)))
    lowest = spine.junctions[-1]
    assert lowest.below_mm < 20
    assert lowest.taper is None


def test_chances_sum_to_one_and_find_the_sacrum(lumbar: Known) -> None:
    found = chances(spine_of(lumbar.labels))
    assert found.discs.sum() + found.none == pytest.approx(1.0)
    assert found.discs[-1] > 0.9


def test_a_sacrum_out_of_view_is_the_likeliest_where_none_is_seen(lumbar: Known) -> None:
    found = chances(spine_of(cropped(lumbar.labels, slice(0, row_of(lumbar, "L4/L5") + 8))))
    assert found.none > 0.9


def test_a_sacrum_called_vertebra_is_doubted(lumbar: Known) -> None:
    sure = chances(spine_of(lumbar.labels))
    doubted = chances(spine_of(lumbar.labels.with_array(with_sacrum_called(lumbar, Structure.VERTEBRA))))
    assert doubted.discs[-1] < sure.discs[-1] - 0.1
