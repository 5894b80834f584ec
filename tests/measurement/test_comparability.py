"""Which series of two visits are measured."""

from types import MappingProxyType

import pytest

from pipeline.dicom.visit import Role
from pipeline.measurement.change import Interval
from pipeline.measurement.comparability import choose_roles, interval_findings
from pipeline.segmentation.anatomy import Anatomy


def anatomy(*roles: Role) -> Anatomy:
    """An anatomy of which only the kinds of segmented series matter."""
    segmentations = MappingProxyType(dict.fromkeys(roles))
    return Anatomy(segmentations, roles[0], {}, {}, "sacrum", False, ())  # type: ignore[arg-type]


T1, T2, POST, AXIAL = Role.SAGITTAL_T1, Role.SAGITTAL_T2, Role.SAGITTAL_T1_POST, Role.AXIAL_T2


@pytest.mark.parametrize(
    ("baseline", "followup", "expected"),
    [
        ((T1, T2, AXIAL), (T1, T2, AXIAL), (T2, T2)),
        ((T1, AXIAL), (T1, T2, AXIAL), (T1, T1)),
        ((T1, POST, AXIAL), (T1, POST, AXIAL), (POST, POST)),
        ((T1, AXIAL), (T2, AXIAL), (T1, T2)),
    ],
    ids=["T2 first", "no T2 at baseline", "rim told apart", "nothing in common"],
)
def test_axial_series_are_never_measured(
    baseline: tuple[Role, ...], followup: tuple[Role, ...], expected: tuple[Role, Role]
) -> None:
    assert choose_roles(anatomy(*baseline), anatomy(*followup)) == expected


def test_a_wide_interval_is_told_by_both_ends() -> None:
    """It is seldom symmetric, so that one half-width would be wrong."""
    (finding,) = interval_findings(1300.0, Interval(-400.0, 2388.0))
    assert "from -400 to +2388 mm³" in finding.message
    assert "±" not in finding.message
    assert interval_findings(1300.0, Interval(-30.0, 40.0)) == []
