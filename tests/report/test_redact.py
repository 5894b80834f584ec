"""Free text loses names and folders, and nothing else."""

from __future__ import annotations

import pytest

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
        ("Musterfraus Eriksson", "Musterfraus Eriksson"),
        ("read from /data/export/Musterfrau", "read from the folder given"),
        ("cannot read /srv/in/a b/IM1.dcm", "cannot read a b/IM1.dcm"),
        (r"cannot read C:\exports\in\IM1.dcm", "cannot read IM1.dcm"),
        ("4.0/4.4 mm, L4/L5 and L5/S1 at 1/2", "4.0/4.4 mm, L4/L5 and L5/S1 at 1/2"),
        ("T1/T2 w/o contrast", "T1/T2 w/o contrast"),
    ],
)
def test_text(redact: Redactor, before: str, after: str) -> None:
    assert redact(before) == after
