"""A segmented visit made by hand from the block-shaped spine."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cache

import numpy as np

from pipeline.config import Config
from pipeline.dicom.visit import Role
from pipeline.findings import Finding, Severity
from pipeline.measurement.fragment import measure_fragment
from pipeline.segmented import SegmentedVisit
from tests.report import cases

ROLES = (Role.SAGITTAL_T2, Role.SAGITTAL_T1, Role.AXIAL_T2)
CARRIED = Finding("axial-labels-carried-over", Severity.INFO, "The labels of axial T2 were carried over.")


@cache
def segmented(
    radius_mm: float = 7.5, *, usable: bool = True, description: str = "lumbar", config: Config | None = None
) -> SegmentedVisit:
    """One visit; kept for the next test that asks for the same, ``segmented.__wrapped__`` makes a new one."""
    visit, anatomy = cases.visit(cases.Body(np.eye(4), radius_mm), ROLES, 10, date(2013, 3, 4), description)
    anatomy = replace(anatomy, findings=(CARRIED,))
    config = config or Config()
    unsure = Finding("level-unsure", Severity.ERROR, "L4/L5 could be named with a confidence of only 0.31.")
    return SegmentedVisit(
        visit=visit,
        anatomy=anatomy,
        level="L4/L5",
        measured=Role.SAGITTAL_T2,
        fragments={
            name: measure_fragment(visit, anatomy, name, Role.SAGITTAL_T2, config.measurement)
            for name in anatomy.levels
        },
        config=config,
        findings=(CARRIED,) if usable else (CARRIED, unsure),
        provenance=cases.comparison().provenance,
    )
