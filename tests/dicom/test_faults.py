"""Every fault of a stack is planted here and must be found under its own code, and nothing else reported."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from pipeline.dicom.scan import ScanResult, scan
from tests.dicom.dicom_files import AXIAL, SAGITTAL, affine_of, base, place, ramp, save, save_all, slices

Series = Callable[[], list[Dataset]]


def scanned(folder: Path, datasets: list[Dataset], seed: int = 3) -> ScanResult:
    order = np.random.default_rng(seed).permutation(len(datasets))
    save_all(datasets, folder, order=[int(one) for one in order])
    return scan(folder)


def lengths(result: ScanResult) -> list[int]:
    return sorted((stack.shape[0] for stack in result.stacks), reverse=True)


def codes(result: ScanResult) -> set[str]:
    return {finding.code for finding in result.findings}


def test_a_sound_series_has_no_findings(tmp_path: Path) -> None:
    result = scanned(tmp_path, slices(SpacingBetweenSlices="4"))
    assert (lengths(result), result.findings, result.skipped) == ([6], (), ())


def test_missing_slices_cut_the_stack_and_keep_its_spacing(tmp_path: Path) -> None:
    result = scanned(tmp_path, slices(ramp((9, 4, 4)), at=[0, 1, 2, 3, 4, 7, 8, 9, 10]))
    assert (lengths(result), codes(result)) == ([5, 4], {"slice-missing"})
    assert all(stack.spacing_mm[0] == pytest.approx(4.0) for stack in result.stacks)
    assert "2 slices missing" in result.findings[0].message


def test_a_gap_in_a_short_stack(tmp_path: Path) -> None:
    result = scanned(tmp_path, slices(ramp((4, 4, 4)), at=[0, 1, 3, 4]))
    assert (lengths(result), codes(result)) == ([2, 2], {"slice-missing"})


def test_one_slice_delivered_twice_is_named_and_kept_once(tmp_path: Path) -> None:
    again = slices(ramp((1, 5, 4)), affine_of(origin=(-28, -30, 40)), first_number=50)
    result = scanned(tmp_path, slices() + again)
    assert (lengths(result), codes(result)) == ([6], {"slice-duplicate"})
    assert 50 not in [one.instance_number for one in result.stacks[0].instances]


def test_one_file_copied_is_left_out_as_a_copy(tmp_path: Path) -> None:
    datasets = slices()
    result = scanned(tmp_path, [*datasets, datasets[2]])
    assert (lengths(result), codes(result)) == ([6], {"file-duplicate"})


@pytest.mark.parametrize("attribute", ["AcquisitionNumber", "AcquisitionTime", "ContentTime", "TriggerTime"])
def test_repeated_acquisitions_become_stacks_of_their_own(tmp_path: Path, attribute: str) -> None:
    first = slices(**{attribute: "100100"})
    result = scanned(tmp_path, first + slices(first_number=7, **{attribute: "100200"}))
    assert (lengths(result), codes(result)) == ([6, 6], {"acquisitions-repeated"})
    for stack in result.stacks:
        numbers = [one.instance_number or 0 for one in stack.instances]
        assert max(numbers) - min(numbers) == 5


def test_repeats_that_nothing_tells_apart_are_split_by_instance_number(tmp_path: Path) -> None:
    result = scanned(tmp_path, slices() + slices(first_number=7))
    assert (lengths(result), codes(result)) == ([6, 6], {"acquisitions-repeated"})


def test_temporal_positions_that_merely_count_slices_split_nothing(tmp_path: Path) -> None:
    def count(dataset: Dataset, index: int) -> None:
        dataset.TemporalPositionIdentifier = str(index + 1)

    assert lengths(scanned(tmp_path, slices(edit=count))) == [6]


def test_series_without_uid_are_told_apart_by_number(tmp_path: Path) -> None:
    result = scanned(tmp_path, slices(SeriesInstanceUID="") + slices(series=2, SeriesInstanceUID=""))
    assert lengths(result) == [6, 6]


def test_temporal_positions_are_never_mixed(tmp_path: Path) -> None:
    pair = [slices(first_number=1 + 6 * time, TemporalPositionIdentifier=str(time)) for time in (1, 2)]
    assert lengths(scanned(tmp_path, pair[0] + pair[1])) == [6, 6]


def test_two_interleaved_stacks_are_parted(tmp_path: Path) -> None:
    result = scanned(tmp_path, slices(ramp((8, 4, 4)), at=[0, 0.3, 1, 1.3, 2, 2.3, 3, 3.3]))
    assert (lengths(result), codes(result)) == ([4, 4], {"stacks-interleaved"})


def test_two_thick_acquisitions_half_a_pitch_apart_are_parted(tmp_path: Path) -> None:
    one = slices(at=range(6), AcquisitionNumber="1")
    other = slices(at=[n + 0.5 for n in range(6)], first_number=7, AcquisitionNumber="2")
    result = scanned(tmp_path, one + other)
    assert (lengths(result), codes(result)) == ([6, 6], {"stacks-interleaved"})


def test_one_acquisition_in_two_concatenations_stays_one_stack(tmp_path: Path) -> None:
    odd = slices(at=[0, 2, 4, 6, 8, 10], AcquisitionNumber="1")
    even = slices(at=[1, 3, 5, 7, 9, 11], first_number=7, AcquisitionNumber="2")
    result = scanned(tmp_path, odd + even)
    assert (lengths(result), codes(result)) == ([12], set())


def test_uneven_together_but_even_by_acquisition(tmp_path: Path) -> None:
    one = slices(AcquisitionNumber="1")
    other = slices(ramp((5, 5, 4)), at=[0.4 + 1.27 * n for n in range(5)], first_number=7, AcquisitionNumber="2")
    result = scanned(tmp_path, one + other)
    assert (lengths(result), codes(result)) == ([6, 5], {"acquisitions-separated"})


def test_acquisitions_that_share_one_place_are_parted_whole(tmp_path: Path) -> None:
    other = slices(ramp((5, 5, 4)), at=[0.4 + 1.3 * n for n in range(5)], first_number=7, AcquisitionNumber="2")
    result = scanned(tmp_path, slices(AcquisitionNumber="1") + other)
    assert (lengths(result), codes(result)) == ([6, 5], {"acquisitions-repeated"})


def test_irregular_spacing_leaves_only_even_parts(tmp_path: Path) -> None:
    result = scanned(tmp_path, slices(ramp((8, 4, 4)), at=[0, 1, 2, 3, 4.4, 5.1, 6.9, 8.2]))
    assert lengths(result)[0] == 4
    assert codes(result) == {"spacing-irregular"}


def test_spacing_that_only_jitters_by_rounding_is_regular(tmp_path: Path) -> None:
    jitter = np.random.default_rng(1).uniform(-0.01, 0.01, 6)
    result = scanned(tmp_path, slices(at=[float(n) for n in np.arange(6) + jitter]))
    assert (lengths(result), codes(result)) == ([6], set())


def test_sheared_stack_keeps_its_true_affine(tmp_path: Path) -> None:
    affine = affine_of(AXIAL)
    affine[1, 0] = 1.0
    result = scanned(tmp_path, slices(affine=affine))
    assert (lengths(result), codes(result)) == ([6], {"stack-sheared"})
    np.testing.assert_allclose(result.stacks[0].affine, affine, atol=1e-6)


def test_slices_that_jump_sideways_are_cut(tmp_path: Path) -> None:
    def jump(dataset: Dataset, index: int) -> None:
        if index >= 3:
            place(dataset, affine_of(origin=(-20, -22, 40)), index)

    result = scanned(tmp_path, slices(edit=jump))
    assert (lengths(result), codes(result)) == ([3, 3], {"slices-offset"})


def test_table_stations_side_by_side_are_parted(tmp_path: Path) -> None:
    upper = slices()
    lower = slices(affine=affine_of(origin=(-20, -30, -200)), first_number=7)
    result = scanned(tmp_path, upper + lower)
    assert (lengths(result), codes(result)) == ([6, 6], {"acquisitions-repeated"})


def test_parallel_blocks_with_a_gap_that_fits_no_step(tmp_path: Path) -> None:
    result = scanned(tmp_path, slices(at=[0, 1, 2, 6.5, 7.5, 8.5]))
    assert (lengths(result), codes(result)) == ([3, 3], {"blocks-parallel"})


def test_one_tilted_block_per_disc(tmp_path: Path) -> None:
    datasets = []
    for block, degrees in enumerate((-5.0, 5.0, 20.0, 38.0)):
        c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        affine = affine_of(((1, 0, 0), (0, c, s)), origin=(-30, -30, 40 - 35 * block))
        datasets += slices(ramp((5, 4, 4)), affine, first_number=1 + 5 * block)
    result = scanned(tmp_path, datasets)
    assert (lengths(result), codes(result)) == ([5, 5, 5, 5], {"blocks-tilted"})
    assert {stack.plane for stack in result.stacks} == {"axial"}


def test_three_planes_in_one_series(tmp_path: Path) -> None:
    orientations = (SAGITTAL, AXIAL, ((1.0, 0.0, 0.0), (0.0, 0.0, -1.0)))
    datasets = [
        one
        for n, orientation in enumerate(orientations)
        for one in slices(
            ramp((3, 5, 4)), affine_of(orientation), first_number=1 + 3 * n, SeriesDescription="3-plane loc"
        )
    ]
    result = scanned(tmp_path, datasets)
    assert (lengths(result), codes(result)) == ([3, 3, 3], {"planes-mixed"})
    assert {stack.kind for stack in result.stacks} == {"localizer"}


@pytest.mark.parametrize(
    "differs", [{"EchoTime": "20"}, {"ImageType": ["ORIGINAL", "PRIMARY", "P"]}, {"EchoNumbers": "2"}]
)
def test_echoes_and_image_types_are_never_mixed(tmp_path: Path, differs: dict[str, object]) -> None:
    result = scanned(tmp_path, slices() + slices(first_number=7, **differs))
    assert lengths(result) == [6, 6]


def test_matrix_and_pixel_spacing_are_never_mixed(tmp_path: Path) -> None:
    finer = slices(ramp((6, 10, 8)), affine_of(spacing=(4, 0.5, 0.5)), first_number=7)
    assert lengths(scanned(tmp_path, slices() + finer)) == [6, 6]


def test_studies_and_patients_are_never_mixed(tmp_path: Path) -> None:
    result = scanned(tmp_path, slices() + slices(first_number=7, study=2) + slices(first_number=20, PatientID="OTHER"))
    assert lengths(result) == [6, 6, 6]


def test_written_spacing_is_never_believed(tmp_path: Path) -> None:
    result = scanned(tmp_path, slices(SpacingBetweenSlices="0.4", SliceThickness="9"))
    assert codes(result) == {"spacing-contradicted", "slices-overlap"}
    assert result.stacks[0].spacing_mm[0] == pytest.approx(4.0)


def test_single_slice(tmp_path: Path) -> None:
    result = scanned(tmp_path, slices(ramp((1, 5, 4))))
    assert (lengths(result), codes(result)) == ([1], {"single-slice"})


@pytest.mark.parametrize("attribute", ["ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"])
@pytest.mark.parametrize("value", [None, "absent", "nonsense"])
def test_images_that_do_not_say_where_they_lie_are_refused(tmp_path: Path, attribute: str, value: str | None) -> None:
    def spoil(dataset: Dataset, index: int) -> None:
        if value == "nonsense":
            nonsense = "9e99" if attribute == "ImagePositionPatient" else "0"
            dataset[attribute].value = [nonsense] * len(dataset[attribute].value)
        elif value is None:
            dataset[attribute].value = None
        else:
            del dataset[attribute]

    result = scanned(tmp_path, slices(edit=spoil))
    assert (lengths(result), codes(result)) == ([], {"geometry-missing"})


def test_missing_modality_is_named(tmp_path: Path) -> None:
    result = scanned(tmp_path, slices(edit=lambda dataset, index: dataset.__delattr__("Modality")))
    assert (lengths(result), codes(result)) == ([6], {"modality-missing"})


def test_the_same_uid_on_every_image_loses_no_slice(tmp_path: Path) -> None:
    result = scanned(tmp_path, slices(SOPInstanceUID="1.2.3", edit=lambda d, i: setattr(d, "SOPInstanceUID", "1.2.3")))
    assert lengths(result) == [6]


def test_order_and_names_of_files_change_nothing(tmp_path: Path) -> None:
    datasets = slices(ramp((8, 4, 4)), at=[0, 1, 2, 3, 5, 6, 7, 8])
    results = [scanned(tmp_path / str(seed), datasets, seed) for seed in (1, 2)]
    uids = [[[one.sop_instance_uid for one in stack.instances] for stack in result.stacks] for result in results]
    assert uids[0] == uids[1]
    assert results[0].findings == results[1].findings


def test_findings_name_no_patient(tmp_path: Path) -> None:
    result = scanned(tmp_path, slices(at=[0, 1, 2, 5, 6, 7], SpacingBetweenSlices="1"))
    (tmp_path / "TEST_phantom^notes.txt").write_text("not an image")
    save(base(), tmp_path / "test_PHANTOM")
    findings = (*result.findings, *scan(tmp_path).findings)
    assert len(findings) >= 4
    for finding in findings:
        assert "phantom" not in finding.message.casefold()
        assert "TEST" not in finding.message
