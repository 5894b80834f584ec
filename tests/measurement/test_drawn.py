"""A drawn fragment takes the place of the one found, with a reader's uncertainty, and leaves a record."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.config import MeasurementSettings
from pipeline.dicom.visit import Role, Visit
from pipeline.measurement.change import Category, Change
from pipeline.measurement.stage import measure
from pipeline.segmentation.anatomy import Anatomy
from pipeline.segmentation.segmenters.hand_drawn import DrawnFragment
from pipeline.volume import Volume
from tests.measurement.visits import fragment, still

SETTINGS = MeasurementSettings()
Measurable = tuple[Visit, Anatomy]


def drawn(case: Measurable, volume_mm3: float) -> DrawnFragment:
    """A compact mask of about that volume in the middle of the visit's stack."""
    grid = case[0].series[Role.SAGITTAL_T2].volume
    index = np.stack(np.meshgrid(*(np.arange(n) for n in grid.shape), indexing="ij"), axis=-1)
    away = np.linalg.norm((index - (np.array(grid.shape) - 1) / 2) * grid.spacing_mm, axis=-1)
    share = (away < (3 * volume_mm3 / (4 * np.pi)) ** (1 / 3)).astype(np.float32)
    voxels = int(share.sum())
    volume = voxels * grid.voxel_volume_mm3
    return DrawnFragment(
        Role.SAGITTAL_T2, Volume(share, grid.affine), volume, voxels, True, "cd" * 32, "NIfTI", "value 1"
    )


def change(
    before: Measurable, after: Measurable, by_hand: tuple[DrawnFragment | None, DrawnFragment | None] = (None, None)
) -> Change:
    return measure(*before, *after, still(), level="L4/L5", settings=SETTINGS, drawn=by_hand)


@pytest.fixture(scope="module")
def pair() -> tuple[Measurable, Measurable]:
    return fragment(1300, 1), fragment(700, 2)


def test_the_volume_is_the_number_of_voxels_and_the_old_one_is_kept(pair: tuple[Measurable, Measurable]) -> None:
    without = change(*pair)
    mask = drawn(pair[0], 1000.0)
    with_mask = change(*pair, (mask, None))
    assert with_mask.baseline.volume_mm3 == mask.voxels * pair[0][0].series[Role.SAGITTAL_T2].volume.voxel_volume_mm3
    # Without a drawing the direct measurement of the change moves both volumes a little.
    assert with_mask.baseline.replaced_mm3 == pytest.approx(without.baseline.volume_mm3, rel=0.05)
    assert with_mask.baseline.volumes_by_role_mm3 == {Role.SAGITTAL_T2: mask.volume_mm3}
    assert with_mask.followup.volume_mm3 == pytest.approx(without.followup.volume_mm3, rel=0.05)
    assert with_mask.followup.replaced_mm3 is None
    (finding,) = [finding for finding in with_mask.findings if finding.code == "mask-corrected"]
    assert finding.message.startswith("At baseline the fragment of L4/L5 is the mask that was given (NIfTI, value 1; ")
    assert "cdcdcdcdcdcd…" in finding.message
    assert f"replaces the {with_mask.baseline.replaced_mm3:.0f} mm³" in finding.message


def test_the_interval_is_that_of_a_reader(pair: tuple[Measurable, Measurable]) -> None:
    """Two readers differ by −450 to 713 mm³ on fragments of 1300 mm³: one is off by up to 410 mm³."""
    mask = drawn(pair[0], 1300.0)
    interval = change(*pair, (mask, None)).baseline.interval95_mm3
    half = (interval.high - interval.low) / 2
    assert 350 < half < 520


def test_two_drawings_share_more_than_a_drawing_and_a_network(pair: tuple[Measurable, Measurable]) -> None:
    masks = drawn(pair[0], 1300.0), drawn(pair[1], 700.0)

    def width(by_hand: tuple[DrawnFragment | None, DrawnFragment | None]) -> float:
        interval = change(*pair, by_hand).delta_interval95_mm3
        return interval.high - interval.low

    assert width(masks) < width((masks[0], None))


def test_an_empty_mask_is_complete_resorption(pair: tuple[Measurable, Measurable]) -> None:
    result = change(*pair, (None, drawn(pair[1], 0.0)))
    assert result.category is Category.COMPLETE
    assert result.band == "100"
    assert not result.followup.present
    assert result.followup.centroid_lps_mm is None
    assert any("empty: no fragment" in finding.message for finding in result.findings)


def test_a_series_that_was_drawn_on_is_measured_at_both_visits() -> None:
    from pipeline.measurement.comparability import choose_roles

    first, second = fragment(1300, 1)[1], fragment(700, 2)[1]
    assert choose_roles(first, second) == (Role.SAGITTAL_T2, Role.SAGITTAL_T2)
    assert choose_roles(first, second, (Role.SAGITTAL_T1, None)) == (Role.SAGITTAL_T1, Role.SAGITTAL_T2)
    assert choose_roles(first, second, (None, Role.SAGITTAL_T2)) == (Role.SAGITTAL_T2, Role.SAGITTAL_T2)
    both = Role.AXIAL_T2, Role.SAGITTAL_T1
    assert choose_roles(first, second, both) == both
