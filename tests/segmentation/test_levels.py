"""Levels are counted up from the sacrum; where that cannot be done, nothing is invented."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.errors import LevelError, UsageError
from pipeline.segmentation.anatomy import Structure
from pipeline.segmentation.instances import find_spine
from pipeline.segmentation.levels import LevelNaming, name_levels
from pipeline.segmentation.names import bodies_above, disc_value, vertebra_value
from pipeline.volume import Volume
from tests.segmentation.conftest import Known, cropped, row_of
from tests.segmentation.oracle import prediction_of


def named(labels: Volume, lowest_disc: str | None = None) -> LevelNaming:
    return name_levels(find_spine(prediction_of(labels)), lowest_disc)


def codes(naming: LevelNaming) -> set[str]:
    return {finding.code for finding in naming.findings}


def test_counted_up_from_the_sacrum(lumbar: Known) -> None:
    naming = named(lumbar.labels)
    assert list(naming.discs)[-5:] == ["L1/L2", "L2/L3", "L3/L4", "L4/L5", "L5/S1"]
    assert list(naming.bodies)[-3:] == ["L4", "L5", "S1"]
    assert naming.counted_from == "sacrum"
    assert not naming.transitional
    assert naming.confidence["L4/L5"] > 0.85
    assert naming.confidence["L1/L2"] < naming.confidence["L4/L5"]


def test_no_sacrum_is_refused_unless_the_lowest_disc_is_named(lumbar: Known) -> None:
    labels = cropped(lumbar.labels, slice(0, row_of(lumbar, "L5") + 5))
    with pytest.raises(LevelError, match="no sacrum") as refusal:
        named(labels)
    assert "--lowest-disc" in str(refusal.value)
    naming = named(labels, "L4/L5")
    assert list(naming.discs)[-1] == "L4/L5"
    assert naming.counted_from == "override"
    assert codes(naming) == {"lowest-disc-overridden"}
    assert naming.sacral_from == len(naming.bodies) or "S1" not in naming.bodies


def test_a_cut_vertebra_that_is_called_sacrum_gives_no_sure_name(lumbar: Known) -> None:
    """At the lower edge of the image a network may take the last, cut body for the sacrum."""
    labels = cropped(lumbar.labels, slice(0, row_of(lumbar, "L5") - 3))
    array = labels.array.copy()
    below = np.arange(array.shape[1])[None, :, None] > row_of(lumbar, "L4/L5")
    array[below & (array == Structure.VERTEBRA)] = Structure.SACRUM
    naming = named(labels.with_array(array))
    assert max(naming.confidence.values()) < 0.5
    assert "sacrum-barely-in-view" in codes(naming)


def test_sacrum_above_the_discs_is_no_sacrum_to_count_from(lumbar: Known) -> None:
    flipped = lumbar.labels.with_array(np.ascontiguousarray(lumbar.labels.array[:, ::-1]))
    with pytest.raises(LevelError, match="no sacrum"):
        named(flipped)


def test_a_fused_level_is_counted(lumbar: Known) -> None:
    """Without the L2/L3 disc the names above it stay right, and are less sure."""
    labels = lumbar.labels.array.copy()
    row = row_of(lumbar, "L2/L3")
    window = labels[:, row - 12 : row + 13]
    window[(window == Structure.DISC)] = Structure.VERTEBRA
    naming = named(lumbar.labels.with_array(labels))
    assert "L2/L3" not in naming.discs
    assert {"L1/L2", "L3/L4", "L4/L5"} <= set(naming.discs)
    assert "disc-not-seen" in codes(naming)
    assert naming.confidence["L1/L2"] < 0.7 < naming.confidence["L3/L4"]


def test_a_false_disc_inside_a_vertebra_is_no_level(lumbar: Known) -> None:
    labels = lumbar.labels.array.copy()
    _, row, column = np.round(lumbar.labels.to_index(np.array(lumbar.anatomy.landmarks["L4"]))).astype(int)
    labels[4:9, row - 2 : row + 3, column - 14 : column + 15] = Structure.DISC
    naming = named(lumbar.labels.with_array(labels))
    assert list(naming.discs)[-3:] == ["L3/L4", "L4/L5", "L5/S1"]
    assert "disc-ignored" in codes(naming)


def test_a_short_lowest_disc_leaves_the_name_open(lumbar: Known) -> None:
    """Wear makes discs low, but not short from front to back; a rudimentary disc is short."""
    labels = lumbar.labels.array.copy()
    index = lumbar.anatomy.structures.index("L5/S1") + 1
    columns = np.arange(labels.shape[2])[None, None, :]
    own = (lumbar.anatomy.instance.array == index) & (labels == Structure.DISC)
    middle = columns[np.broadcast_to(own, labels.shape).any(axis=(0, 1), keepdims=True)].mean()
    labels[own & (np.abs(columns - middle) > 9)] = Structure.BACKGROUND
    naming = named(lumbar.labels.with_array(labels))
    assert naming.transitional
    assert naming.confidence["L4/L5"] < 0.5
    (finding,) = (f for f in naming.findings if f.code == "transitional-anatomy")
    assert "sacralised L5 or a lumbarised S1" in finding.message


def test_an_override_says_what_the_count_would_have_been(lumbar: Known) -> None:
    (finding,) = named(lumbar.labels, "L6/S1").findings
    assert finding.code == "lowest-disc-overridden"
    assert "L6/S1" in finding.message
    assert "it would be L5/S1, with a confidence of 0.9" in finding.message


def test_a_full_disc_below_s1_is_flagged(lumbar: Known) -> None:
    labels = lumbar.labels.array.copy()
    centre = lumbar.labels.to_index(np.array(lumbar.anatomy.landmarks["S1/S2"]))
    rows, columns = np.ogrid[: labels.shape[1], : labels.shape[2]]
    along = (columns - centre[2]) * 0.75 - (rows - centre[1]) * 0.66
    across = (columns - centre[2]) * 0.66 + (rows - centre[1]) * 0.75
    disc = (np.abs(along) < 14) & (np.abs(across) < 4)
    labels[:, disc] = np.where(labels[:, disc] == Structure.SACRUM, Structure.DISC, labels[:, disc])
    naming = named(lumbar.labels.with_array(labels))
    assert naming.transitional
    assert "transitional-anatomy" in codes(naming)
    assert list(naming.discs)[-1] == "L5/S1"
    assert naming.confidence["L4/L5"] < 0.5, "the name is open: whoever compares has to name the disc"
    assert any("S1 may be lumbarised" in finding.message for finding in naming.findings)


def test_six_lumbar_vertebrae_by_override(lumbar: Known) -> None:
    naming = named(lumbar.labels, "L6/S1")
    assert list(naming.discs)[-3:] == ["L4/L5", "L5/L6", "L6/S1"]


@pytest.mark.parametrize("name", ["L9/S1", "L5", "L3/L5", "S1/S2"])
def test_a_lowest_disc_that_cannot_be(name: str) -> None:
    with pytest.raises(UsageError):
        bodies_above(name) if name != "S1/S2" else bodies_above("S2/S3")


def test_numbers_are_those_of_the_label_table() -> None:
    assert [vertebra_value(name) for name in ("T1", "T12", "L1", "L5", "L6", "S1")] == [8, 19, 20, 24, 25, 26]
    assert [disc_value(name) for name in ("T12/L1", "L4/L5", "L5/S1", "L6/S1")] == [119, 123, 124, 125]
