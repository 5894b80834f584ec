"""A wrong level is not answered in silence."""

from __future__ import annotations

from pipeline.config import MeasurementSettings
from pipeline.findings import Severity
from pipeline.measurement.stage import measure
from tests.measurement.visits import fragment, still

CODE = "displaced-material-at-other-level"


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
