"""The studies in sample_dicoms/: small, marked for what they are, and in agreement with their truth."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pydicom
import pytest

CASES = ("source-case", "partial-case")


@pytest.fixture(scope="module")
def samples(repository: Path) -> Path:
    return repository / "sample_dicoms"


def test_the_folder_stays_light(samples: Path) -> None:
    assert sum(p.stat().st_size for p in samples.rglob("*") if p.is_file()) < 25e6


@pytest.mark.parametrize("name", CASES)
def test_every_series_of_the_truth_is_there_and_marked_synthetic(samples: Path, name: str) -> None:
    truth = json.loads((samples / name / "truth.json").read_text(encoding="utf-8"))
    for visit in truth["visits"]:
        roles = {(s["plane"].split("-")[0], s["weighting"], s["contrast"]) for s in visit["series"]}
        assert roles >= {("sagittal", "t1", False), ("sagittal", "t2", False), ("sagittal", "t1", True)}
        assert ("axial", "t2", False) in roles
        for series in visit["series"]:
            files = list((samples / name / series["folder"]).iterdir())
            assert len(files) == sum(stack["shape"][0] for stack in series["stacks"])
            header = pydicom.dcmread(files[0], stop_before_pixels=True)
            assert header.SeriesInstanceUID == series["series_instance_uid"]
            assert header.StudyDate == visit["study_date"].replace("-", "")
            assert header.ImageType[3] == "SYNTHETIC"
            assert header.file_meta.TransferSyntaxUID.is_compressed


def test_the_cases_are_what_their_names_say(samples: Path) -> None:
    changes = [json.loads((samples / name / "truth.json").read_text(encoding="utf-8"))["changes"][0] for name in CASES]
    source, partial = changes
    assert 1500 <= source["baseline_mm3"] <= 1900
    assert source["followup_mm3"] == 0
    assert partial["resorption_rate_percent"] == pytest.approx(40, abs=3)


def test_the_real_series_is_credited(samples: Path, repository: Path) -> None:
    for path in (samples / "real-t2").rglob("IM*"):
        header = pydicom.dcmread(path, stop_before_pixels=True)
        assert header.ImageType[0] == "DERIVED"
        assert "CC BY 4.0" in header.ImageComments
    for text in (samples / "README.md", repository / "NOTICE"):
        assert "10.1038/s41597-024-03090-w" in text.read_text(encoding="utf-8")


@pytest.mark.system
def test_samples_pass_dciodvfy(samples: Path) -> None:
    if shutil.which("dciodvfy") is None:
        pytest.skip("dciodvfy is not installed (Debian package dicom3tools)")
    for path in sorted(samples.rglob("IM*")):
        done = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, check=False)
        assert not [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("Error")], path
