"""Nothing that names a patient is left in descriptions and names of files."""

from __future__ import annotations

import pytest

from pipeline.dicom.describe import without_identity
from pipeline.dicom.visit import PatientIdentity

SOMEBODY = PatientIdentity(patient_id="A-12/34", patient_name="Li^Na", birth_date="19641231")
NUMBERED = PatientIdentity(patient_id="4471199", patient_name="Smithers^Ann")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("T2 sag Li Na", "T2 sag … …"),
        ("Li_Na_cut.dcm", "…_…_cut.dcm"),
        ("A-12_34.dcm", "….dcm"),
        ("study A1234", "study …"),
        ("641231 T1", "… T1"),
        ("sag line, nasal", "sag line, nasal"),
    ],
)
def test_short_names_and_divided_identifiers_go(before: str, after: str) -> None:
    assert without_identity(before, [SOMEBODY]) == after


@pytest.mark.parametrize("spelled", ["0004471199", "4 471 199", "44-71199", "4471199"])
def test_a_number_is_hidden_however_it_is_written(spelled: str) -> None:
    assert without_identity(f"T2 {spelled}", [NUMBERED]) == "T2 …"
    assert without_identity("SmithersT2 14471199", [NUMBERED]) == "…T2 14471199"
