"""A cell of a profile holds nothing impossible."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.measurement.precision import Contrast, PrecisionCell

GOOD = PrecisionCell(800.0, 4.4, Contrast.DARK, 15.0, 24, -6.0, 9.0, 20.0, 6.0, 0.1)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"snr": float("nan")}, "not finite"),
        ({"volume_mm3": 0.0}, "above 0"),
        ({"change_sd_percent": -1.0}, "not negative"),
        ({"missed_share": 1.2}, "between 0 and 1"),
        ({"bias_percent": -100.0}, "above -100"),
    ],
)
def test_an_impossible_value_is_refused(changed: dict[str, float], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        replace(GOOD, **changed)
