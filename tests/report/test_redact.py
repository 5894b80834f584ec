"""Free text loses names and folders, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.dicom.visit import PatientIdentity
from pipeline.report.redact import Redactor
from tests.report import cases


@pytest.fixture(scope="module")
def redact() -> Redactor:
    comparison = cases.comparison(0.0, 0.0)
    return Redactor(comparison.baseline, comparison.followup)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("t2_tse_sag MUSTERFRAU", "t2_tse_sag [removed]"),
        ("musterfrau^erika", "[removed]^[removed]"),
        ("T2 sag_Erika_", "T2 sag_[removed]_"),
        ("PID-778899 sagittal", "[removed] sagittal"),
        ("born 19610412", "born [removed]"),
        ("MusterfrauT2", "[removed]T2"),
        ("read from /data/export/Musterfrau", "read from the folder given"),
        ("cannot read /srv/in/a b/IM1.dcm", "cannot read a b/IM1.dcm"),
        (r"cannot read C:\exports\in\IM1.dcm", "cannot read IM1.dcm"),
        ("4.0/4.4 mm, L4/L5 and L5/S1 at 1/2", "4.0/4.4 mm, L4/L5 and L5/S1 at 1/2"),
        ("T1/T2 w/o contrast", "T1/T2 w/o contrast"),
    ],
)
def test_text(redact: Redactor, before: str, after: str) -> None:
    assert redact(before) == after


def test_own_words_stay_where_a_test_patient_is_called_like_them(redact: Redactor) -> None:
    assert redact.prose("the erika of all fields; ERIKA and Erika go") == (
        "the erika of all fields; [removed] and [removed] go"
    )


def test_a_short_number_as_identifier_does_not_eat_counts() -> None:
    comparison = cases.comparison(0.0, 0.0)
    visit = replace(comparison.baseline, identity=PatientIdentity(patient_id="183"))
    assert Redactor(visit).prose("183 files were read") == "183 files were read"
    assert Redactor(replace(visit, identity=PatientIdentity()))("T2 sag") == "T2 sag"


def test_a_description_tells_no_other_name_number_or_date_either() -> None:
    """Descriptions are hidden as file names are, for both are written at the scanner."""
    identity = PatientIdentity(
        "AB-12/345", "Meyer-Li^Jo", "19610412", other_ids=("H77412",), other_names=("Krüger^Eva",)
    )
    redact = Redactor(replace(cases.comparison(0.0, 0.0).baseline, identity=identity))
    for told in ("T2 Krueger", "T2 AB_12_345", "T2 Li", "T2 H77412", "T2 12.04.1961"):
        assert redact(told) == "T2 [removed]", told
    assert redact.prose("Krüger and Jo were seen; H77412 too") == "[removed] and Jo were seen; [removed] too"
