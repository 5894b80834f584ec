"""Both visits together."""

from __future__ import annotations

from pipeline.config import MeasurementSettings
from pipeline.dicom.visit import Role
from pipeline.measurement.meaning.interpret import interpret
from pipeline.measurement.meaning.meaning import Meaning
from pipeline.segmentation.herniation import HerniationType
from tests.report.cases import comparison


def meaning_of(**options: object) -> Meaning:
    pair = comparison(**options)  # type: ignore[arg-type]
    return interpret(
        pair.baseline,
        pair.baseline_anatomy,
        pair.followup,
        pair.followup_anatomy,
        pair.change,
        level="L4/L5",
        settings=MeasurementSettings(),
    )


def test_a_shrinking_fragment_gives_room() -> None:
    found = meaning_of()
    assert found.baseline.canal is not None
    assert found.followup.canal is not None
    assert found.baseline.canal.role is Role.AXIAL_T2
    assert found.canal_change is not None
    assert found.canal_change.value < -0.05
    assert found.baseline.migrated is not None
    assert found.baseline.migrated.below_mm > found.baseline.migrated.above_mm
    assert found.findings == ()


def test_after_complete_resorption_there_is_no_type_and_a_free_canal() -> None:
    found = meaning_of(followup_radius_mm=0.0)
    assert found.followup.herniation.type is HerniationType.NONE
    assert found.followup.migrated is None
    assert found.followup.canal is not None
    assert found.followup.canal.fraction == 0.0
    assert found.canal_change is not None
    assert found.canal_change.interval95.high < 0


def test_planes_are_not_mixed() -> None:
    found = meaning_of(followup_roles=(Role.SAGITTAL_T2, Role.SAGITTAL_T1))
    assert found.baseline.canal is not None
    assert found.followup.canal is not None
    assert found.baseline.canal.role is found.followup.canal.role is Role.SAGITTAL_T2
    assert Role.AXIAL_T2 in found.baseline.canal_by_role
    assert found.canal_change is not None
