"""Series that do not decide whether there is a fragment do not do so alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.config import MeasurementSettings
from pipeline.dicom.visit import Role
from pipeline.measurement.confirmed import by_deciding_series, in_series, unconfirmed, unconfirmed_findings
from pipeline.measurement.fragment import MeasuredFragment, measure_fragment
from pipeline.measurement.precision import PrecisionProfile
from tests.measurement.visits import seen_by

T1, T2, POST = Role.SAGITTAL_T1, Role.SAGITTAL_T2, Role.SAGITTAL_T1_POST
AXIAL, AXIAL_POST = Role.AXIAL_T2, Role.AXIAL_T1_POST
PROFILE = PrecisionProfile.load(None)


def measured(volumes_mm3: dict[Role, float]) -> MeasuredFragment:
    visit, anatomy = seen_by(volumes_mm3)
    return measure_fragment(visit, anatomy, "L4/L5", next(iter(volumes_mm3)), MeasurementSettings())


def test_what_axial_and_contrast_series_alone_show_is_not_confirmed() -> None:
    found = measured({T2: 0, T1: 0, POST: 800, AXIAL: 900, AXIAL_POST: 700})
    assert found.measurement.present, "a comparison measures what is there"
    assert unconfirmed(found) == {
        role: found.measurement.volumes_by_role_mm3[role] for role in (POST, AXIAL, AXIAL_POST)
    }
    (finding,) = unconfirmed_findings("baseline", found)
    assert "seen on axial T2 (8" in finding.message
    assert "only, and not on sagittal T2 and sagittal T1." in finding.message

    decided = by_deciding_series(found, PROFILE).measurement
    assert not decided.present
    assert decided.volume_mm3 == 0
    assert decided.interval95_mm3.low == 0 < decided.detection_limit_mm3 < decided.interval95_mm3.high
    assert decided.fused is decided.centroid_lps_mm is None
    assert decided.volumes_by_role_mm3 == found.measurement.volumes_by_role_mm3


@pytest.mark.parametrize(
    "volumes_mm3",
    [{T2: 800, POST: 900, AXIAL: 800}, {T2: 0, T1: 800, AXIAL: 900}, {T2: 0, T1: 0, AXIAL: 0}, {POST: 800, AXIAL: 800}],
    ids=["T2 shows it", "T1 shows it", "none shows it", "none to ask"],
)
def test_nothing_else_is_changed(volumes_mm3: dict[Role, float]) -> None:
    found = measured(volumes_mm3)
    assert unconfirmed(found) == {}
    assert unconfirmed_findings("baseline", found) == []
    assert by_deciding_series(found, PROFILE) is found


def test_without_t2_the_t1_decides() -> None:
    found = measured({POST: 800, T1: 0, AXIAL: 800})
    assert set(unconfirmed(found)) == {POST, AXIAL}
    assert by_deciding_series(found, PROFILE).measurement.volume_mm3 == 0


def test_a_series_that_does_not_show_the_level_is_not_asked() -> None:
    found = measured({T2: 0, POST: 500, AXIAL: 800})
    assert unconfirmed(found)
    assert unconfirmed(replace(found, reached=False)) == {}


def test_series_are_listed_by_what_they_show() -> None:
    assert in_series({POST: 273.2, AXIAL: 410.4, AXIAL_POST: 229.0}) == (
        "axial T2 (410 mm³), sagittal T1 + contrast (273 mm³) and axial T1 + contrast (229 mm³)"
    )
