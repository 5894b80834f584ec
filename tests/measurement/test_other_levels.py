"""A wrong level is not answered in silence."""

from __future__ import annotations

from pipeline.config import MeasurementSettings
from pipeline.dicom.visit import Role
from pipeline.findings import Severity
from pipeline.measurement.stage import measure
from tests.measurement.visits import fragment, seen_by, still

CODE, NOT_CONFIRMED = "displaced-material-at-other-level", "displaced-material-not-confirmed"


def test_material_at_another_level_is_named() -> None:
    pair = fragment(1300, 1)
    result = measure(*pair, *fragment(0, 2), still(), level="L5/S1", settings=MeasurementSettings())
    (found,) = (finding for finding in result.findings if finding.code == CODE)
    assert found.severity is Severity.WARNING
    assert "At baseline" in found.message
    assert "L4/L5 (about 1" in found.message
    assert "--level" in found.message


def test_the_right_level_is_answered_without_it() -> None:
    pair = fragment(1300, 1)
    result = measure(*pair, *pair, still(), level="L4/L5", settings=MeasurementSettings())
    assert CODE not in {finding.code for finding in result.findings}


def test_what_contrast_medium_alone_shows_elsewhere_is_not_confirmed() -> None:
    """Veins after contrast medium: T1 without it shows nothing there."""
    pair = seen_by({Role.SAGITTAL_T1_POST: 1300, Role.SAGITTAL_T1: 0})
    result = measure(*pair, *pair, still(), level="L5/S1", settings=MeasurementSettings())
    found = {finding.code: finding.message for finding in result.findings}
    assert CODE not in found
    assert "At follow-up, L4/L5 displaced material is seen on sagittal T1 + contrast (1" in found[NOT_CONFIRMED]


def test_what_t1_shows_as_well_is_named() -> None:
    pair = seen_by({Role.SAGITTAL_T1_POST: 1300, Role.SAGITTAL_T1: 1300})
    result = measure(*pair, *pair, still(), level="L5/S1", settings=MeasurementSettings())
    codes = {finding.code for finding in result.findings}
    assert CODE in codes
    assert NOT_CONFIRMED not in codes


def test_at_the_level_measured_the_volume_stays_and_the_doubt_is_told() -> None:
    pair = seen_by({Role.SAGITTAL_T2: 0, Role.SAGITTAL_T1_POST: 500, Role.AXIAL_T2: 800})
    result = measure(*pair, *pair, still(), level="L4/L5", settings=MeasurementSettings())
    assert result.baseline.present
    assert NOT_CONFIRMED in {finding.code for finding in result.findings}
