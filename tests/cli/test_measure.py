"""``discdelta measure``: real files in, and what is recorded of them out."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from pipeline.cli import app
from pipeline.dicom.nifti_file import read_nifti
from pipeline.errors import ExitCode
from pipeline.volume import Volume
from tests.segmentation.segmenters.files import dicom_seg, nifti, nrrd, series_files

Run = Callable[..., Result]
SERIES = {"baseline": "002_T2_TSE_SAG", "followup": "001_T2_TSE_SAG"}


@pytest.fixture(scope="module")
def sample(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sagittal T2 of both visits of the sample."""
    folder = tmp_path_factory.mktemp("sample")
    for visit, series in SERIES.items():
        shutil.copytree(repository / "sample_dicoms" / "partial-case" / visit / series, folder / visit / series)
    return folder


@pytest.fixture(scope="module")
def truth(repository: Path) -> dict[str, Path]:
    """Label maps with the true structures: with them no network is asked."""
    folder = repository / "sample_dicoms" / "partial-case" / "truth"
    return {visit: folder / f"{visit}_sag_t2_classes.nii.gz" for visit in SERIES}


@pytest.fixture
def run(sample: Path, truth: dict[str, Path]) -> Run:
    """The command on the sample, its structures known."""

    def measure(*arguments: object, labels: bool = True) -> Result:
        known = ["--label-scheme", "discdelta"] if labels else []
        for visit, path in truth.items() if labels else ():
            known += [f"--{visit}-labels", str(path)]
        visits = [str(sample / "baseline"), str(sample / "followup")]
        return CliRunner().invoke(app, ["measure", *visits, *known, *map(str, arguments)])

    return measure


def fragment(truth: Path) -> Volume:
    """The true fragment as a mask, whole voxels, on the series' own grid."""
    labels = read_nifti(truth, [])
    return labels.with_array((labels.array == 5).astype(np.int64))


@pytest.mark.slow
def test_corrected_masks_of_two_kinds_are_measured_and_recorded(
    run: Run, sample: Path, truth: dict[str, Path], tmp_path: Path
) -> None:
    """Baseline as NRRD, follow-up as an empty DICOM SEG: the fragment has vanished, says the person."""
    mask = fragment(truth["baseline"])
    first = nrrd(mask, tmp_path / "first.nrrd", {1: "Fragment"})
    images = series_files(sample / "followup" / SERIES["followup"])
    stack = stack_of(truth["followup"])
    second = dicom_seg(images, stack, {"fragment": np.zeros(stack.shape, bool)}, tmp_path / "second.dcm")
    out = tmp_path / "report"
    done = run("--baseline-mask", first, "--followup-mask", second, "--out", out)
    assert done.exit_code == 0, done.stderr
    assert done.stdout.startswith("Complete resorption by the masks given: a ")
    assert "The outline at the baseline and the follow-up was given, not found." in done.stdout

    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    before, after = report["baseline"]["fragment"], report["followup"]["fragment"]
    assert before["source"] == after["source"] == "mask"
    assert before["volume_mm3"] == pytest.approx(mask.array.sum() * mask.voxel_volume_mm3, abs=0.06)
    assert before["replaced_mm3"] > 1000
    assert (after["volume_mm3"], after["present"]) == (0.0, False)
    assert after["replaced_mm3"] > 500
    given = report["provenance"]["contributions"]
    assert [(one["visit"], one["kind"], one["scheme"]) for one in given] == [
        ("baseline", "labels", "discdelta"),
        ("baseline", "mask", "NRRD, segment 1 (Fragment)"),
        ("followup", "labels", "discdelta"),
        ("followup", "mask", "DICOM SEG, segment 1 (fragment, Morphologically Abnormal Structure)"),
    ]
    codes = [finding["code"] for finding in report["findings"]]
    assert codes.count("mask-corrected") == 2
    page = (out / "report.html").read_text(encoding="utf-8")
    assert given[1]["sha256"] in page
    assert "outline given by a person" in page
    written = read_nifti(out / "nifti" / "baseline_fragment_mask.nii.gz", [])
    np.testing.assert_array_equal(written.array.sum(), mask.array.sum())
    schema_keeps(report)


def schema_keeps(report: dict[str, Any]) -> None:
    import jsonschema

    schema = Path(__file__).resolve().parents[2] / "docs" / "report.schema.json"
    jsonschema.Draft202012Validator(json.loads(schema.read_text(encoding="utf-8"))).validate(report)


def stack_of(truth: Path) -> Volume:
    """The grid of a label map with axes as the sagittal loader has them."""
    from pipeline.dicom.house_axes import oriented
    from pipeline.dicom.visit import Plane

    labels = read_nifti(truth, [])
    return oriented(labels.array, labels.affine, Plane.SAGITTAL)


@pytest.mark.slow
def test_masks_follow_the_visits_that_they_were_given_with(
    sample: Path, truth: dict[str, Path], tmp_path: Path
) -> None:
    """Visits in reverse: the dates put them right, and the mask stays with its own images."""
    mask = nifti(fragment(truth["followup"]), tmp_path / "mask.nii.gz")
    arguments = [str(sample / "followup"), str(sample / "baseline"), "--label-scheme", "discdelta", "--json"]
    arguments += ["--baseline-labels", str(truth["followup"]), "--followup-labels", str(truth["baseline"])]
    done = CliRunner().invoke(app, ["measure", *arguments, "--baseline-mask", str(mask), "--quiet"])
    assert done.exit_code == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["followup"]["fragment"]["source"] == "mask"
    assert report["baseline"]["fragment"]["source"] == "segmentation"
    assert -900 < report["change"]["delta_mm3"] < -300, "1400 and 832 mm³ in truth"


def test_exchanged_masks_are_refused_before_the_long_work(run: Run, truth: dict[str, Path], tmp_path: Path) -> None:
    mask = nifti(fragment(truth["followup"]), tmp_path / "mask.nii.gz")
    done = run("--baseline-mask", mask, "--out", tmp_path / "report", "--quiet", labels=False)
    assert done.exit_code == ExitCode.USAGE
    assert "Are the two masks exchanged?" in done.stderr
    assert not (tmp_path / "report").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ([], ExitCode.USAGE, "--baseline-mask"),
        (["--baseline-mask", "nowhere.nii.gz"], ExitCode.UNREADABLE_INPUT, "There is no file nowhere.nii.gz"),
        (["--followup-labels", __file__], ExitCode.USAGE, "--label-scheme"),
        (["--baseline-mask", __file__], ExitCode.UNREADABLE_INPUT, "is no segmentation that can be read"),
    ],
)
def test_a_wrong_call_says_what_to_do(
    run: Run, tmp_path: Path, arguments: list[str], code: ExitCode, words: str
) -> None:
    done = run(*arguments, "--out", tmp_path / "report", "--quiet", labels=False)
    assert done.exit_code == code
    assert words in done.stderr
    assert done.stdout == ""
