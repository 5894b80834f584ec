"""Contrast enhancement of one visit's fragment, from every pair of T1 series before and after contrast medium."""

from __future__ import annotations

import numpy as np

from pipeline.dicom.visit import Role, Visit
from pipeline.findings import Finding, Severity
from pipeline.measurement.change import FragmentMeasurement, Interval
from pipeline.measurement.enhancement.pair import enhancement_of_pair
from pipeline.measurement.enhancement.result import (
    Enhancement,
    Rim,
    SeriesEnhancement,
    VisitEnhancement,
    completeness_of,
)
from pipeline.segmentation.anatomy import Anatomy

PAIRS = ((Role.SAGITTAL_T1, Role.SAGITTAL_T1_POST), (Role.AXIAL_T1, Role.AXIAL_T1_POST))


def measure_enhancement(visit: Visit, anatomy: Anatomy, fragment: FragmentMeasurement, level: str) -> VisitEnhancement:
    """Measure rim and core enhancement of the fragment of ``level``.

    Sagittal and axial pairs are measured for themselves and put together. Nothing is measured, and nothing said, where
    no fragment is.

    Parameters
    ----------
    fragment
        What was measured at this visit: its outline is where the rim is looked for.

    Returns
    -------
    VisitEnhancement
        With findings wherever series are missing or could not tell.
    """
    if not fragment.present or level not in anatomy.levels:
        return VisitEnhancement(None)
    found: dict[Role, SeriesEnhancement] = {}
    findings = _missing(visit, anatomy)
    for before, after in PAIRS:
        if before not in visit.series or after not in visit.series or after not in anatomy.segmentations:
            continue
        one, remarks = enhancement_of_pair(visit, anatomy, fragment, level, before=before, after=after)
        findings += remarks
        if one is not None:
            found[after] = one
    if not found:
        return VisitEnhancement(None, tuple(findings))
    return VisitEnhancement(_together(found), (*findings, *_disagreement(found)))


def _missing(visit: Visit, anatomy: Anatomy) -> list[Finding]:
    """Say which series are missing."""
    posts = [after for _, after in PAIRS if after in visit.series and after in anatomy.segmentations]
    if not posts:
        text = "No T1 series after contrast medium is there: whether the fragment has an enhancing rim is not known."
        return [Finding("enhancement-no-post", Severity.INFO, text)]
    alone = [after for before, after in PAIRS if after in posts and before not in visit.series]
    if not alone:
        return []
    words = " and ".join(after.words for after in alone)
    text = f"No T1 series before contrast medium goes with {words}: enhancement was not measured there."
    severity = Severity.WARNING if len(alone) == len(posts) else Severity.INFO
    return [Finding("enhancement-no-pre", severity, text)]


def _together(found: dict[Role, SeriesEnhancement]) -> Enhancement:
    """One statement from all pairs: extents by the surface seen, thicknesses by their precision."""
    rims = [one.rim for one in found.values()]
    surfaces = np.array([rim.surface_mm2 for rim in rims])
    extent = float(np.average([rim.extent_percent for rim in rims], weights=surfaces))
    best = max(found.values(), key=lambda one: one.rim.surface_mm2)
    thickness, interval = _thickness(rims)
    return Enhancement(
        rim_thickness_mm=thickness,
        rim_thickness_interval95_mm=interval,
        extent_percent=extent,
        extent_interval95_percent=Interval(
            min(float(np.average([rim.extent_interval95_percent.low for rim in rims], weights=surfaces)), extent),
            max(float(np.average([rim.extent_interval95_percent.high for rim in rims], weights=surfaces)), extent),
        ),
        completeness=completeness_of(extent),
        core_enhancement_percent=best.rim.core_enhancement_percent,
        rim_enhancement_percent=next(
            (rim.rim_enhancement_percent for rim in (best.rim, *rims) if rim.rim_enhancement_percent is not None), None
        ),
        map=best.map,
        fat_suppressed=best.fat_suppressed,
        by_role=found,
    )


def _thickness(rims: list[Rim]) -> tuple[float | None, Interval | None]:
    """Mean by precision; what pairs disagree by widens the interval."""
    told = [
        (rim.thickness_mm, rim.thickness_interval95_mm)
        for rim in rims
        if rim.thickness_mm is not None and rim.thickness_interval95_mm is not None
    ]
    if not told:
        return None, None
    values = np.array([value for value, _ in told])
    sds = np.array([(interval.high - interval.low) / 3.92 for _, interval in told])
    weights = 1.0 / sds**2
    mean = float(np.average(values, weights=weights))
    # What resolution adds is common to all pairs, so that the interval never gets narrower than the best one's.
    spread = float(np.sqrt(np.average((values - mean) ** 2, weights=weights)))
    sd = float(np.hypot(sds.min(), spread))
    return mean, Interval(max(0.0, mean - 1.96 * sd), mean + 1.96 * sd)


def _disagreement(found: dict[Role, SeriesEnhancement]) -> list[Finding]:
    classes = {role: one.rim.completeness for role, one in found.items()}
    if len(set(classes.values())) < 2:
        return []
    listed = ", ".join(
        f"{role.words}: {kind} ({found[role].rim.extent_percent:.0f} %)" for role, kind in classes.items()
    )
    text = f"Series do not agree how much of the fragment an enhancing rim covers: {listed}."
    return [Finding("enhancement-series-disagree", Severity.WARNING, text)]
