"""How much of the canal the fragment takes at the worst place."""

from __future__ import annotations

import numpy as np

from pipeline.dicom.visit import Plane, Role, Visit
from pipeline.measurement.change import Change, FragmentMeasurement, Interval
from pipeline.measurement.meaning.contents import contents_of
from pipeline.measurement.meaning.meaning import CanalCompromise, Difference
from pipeline.measurement.meaning.section import Sections, sections_of
from pipeline.segmentation.anatomy import Anatomy
from pipeline.segmentation.herniation.landmarks import landmarks

SECTION_MM = 3.0
"""Areas are averaged over this much of the canal: less is noise of single pixels, more hides the worst place."""
SMALLEST_CANAL_MM2 = 40.0
"""Less of sac and fragment together is where the sac ends, or leaves the images."""
SEEN_SHARE = 0.6
"""So much of the usual area has to be seen: between two blocks of axial slices there is a gap."""
NEAR_DISC_MM = 10.0
MOST_SHARED = 0.9
EITHER_SIDE_MM = 6.0
"""A series has to show this much of the canal to both sides of the worst place to speak of it."""


def canal_compromise(
    visit: Visit,
    anatomy: Anatomy,
    level: str,
    measured: FragmentMeasurement,
    role: Role,
    *,
    border_sd_mm: float,
    half_width_mm: float,
) -> CanalCompromise | None:
    """The worst cross-section of the canal in one series; None where the series does not show it.

    Parameters
    ----------
    measured
        The visit's fragment.
    role
        A series that was segmented by itself.
    border_sd_mm
        Standard deviation of a border's place, mm.
    half_width_mm
        Where the canal ends on either side (:func:`canal_half_width_mm`).

    Notes
    -----
    The fragment's area carries the relative uncertainty of its volume, the border of the sac ``border_sd_mm``. Where
    nothing was found, the interval reaches up to a ball as large as the limit of blank.
    """
    parent = anatomy.levels[level]
    contents = contents_of(visit, anatomy, parent, measured, role)
    if contents is None:
        return None
    pitch = visit.series[role].volume.spacing_mm[0]
    sections = sections_of(
        contents,
        anatomy,
        parent,
        half_width_mm=half_width_mm,
        section_mm=max(SECTION_MM, pitch) if role.plane is Plane.AXIAL else SECTION_MM,
    )
    if sections is None:
        return None
    return _worst(sections, measured, role, border_sd_mm) if measured.present else _free(sections, measured, role)


def canal_half_width_mm(anatomy: Anatomy, level: str) -> float:
    """Distance from the midline to the inner edge of the pedicles: beyond it lies the foramen."""
    return landmarks(anatomy, anatomy.levels[level]).pedicle_medial_mm


def _worst(
    sections: Sections, measured: FragmentMeasurement, role: Role, border_sd_mm: float
) -> CanalCompromise | None:
    total = sections.sac_mm2 + sections.fragment_mm2
    whole = total >= max(SMALLEST_CANAL_MM2, SEEN_SHARE * float(np.median(total)))
    fraction = np.where(whole, sections.fragment_mm2 / np.maximum(total, 1e-9), 0.0)
    worst = int(np.argmax(fraction))
    place = float(sections.along_mm[worst])
    if place - sections.along_mm[0] < EITHER_SIDE_MM or sections.along_mm[-1] - place < EITHER_SIDE_MM:
        return None
    area, part = float(total[worst]), float(fraction[worst])
    outline = 2.0 * np.sqrt(np.pi * area)
    around = part * border_sd_mm * outline / area
    # Two-sided half widths of the volume, each as a share of it, are those of the area.
    down, up = (
        float(np.hypot(part * abs(end - measured.volume_mm3) / measured.volume_mm3, 1.96 * around))
        for end in (measured.interval95_mm3.low, measured.interval95_mm3.high)
    )
    return CanalCompromise(
        role=role,
        fraction=part,
        interval95=Interval(max(0.0, part - down), min(1.0, part + up)),
        fragment_mm2=float(sections.fragment_mm2[worst]),
        sac_mm2=float(sections.sac_mm2[worst]),
        along_mm=place,
        section_mm=sections.section_mm,
    )


def _free(sections: Sections, measured: FragmentMeasurement, role: Role) -> CanalCompromise | None:
    near = np.abs(sections.along_mm) <= NEAR_DISC_MM
    sac = float(sections.sac_mm2[near].mean()) if near.any() else 0.0
    if sac < SMALLEST_CANAL_MM2:
        return None
    ball = np.pi * (3.0 * measured.detection_limit_mm3 / (4.0 * np.pi)) ** (2.0 / 3.0)
    return CanalCompromise(
        role=role,
        fraction=0.0,
        interval95=Interval(0.0, float(min(1.0, ball / sac))),
        fragment_mm2=0.0,
        sac_mm2=sac,
        along_mm=None,
        section_mm=sections.section_mm,
    )


def canal_change(
    first: CanalCompromise | None, second: CanalCompromise | None, correlation: float
) -> Difference | None:
    """Fraction at follow-up minus fraction at baseline; None where one is unknown or the planes differ.

    Parameters
    ----------
    correlation
        Of the errors of both, 0…1 (:func:`shared_error`).

    Notes
    -----
    The interval is that of Zou (Psychol Methods 2007;12:399), from the near limits of both.
    """
    if first is None or second is None or first.role.plane is not second.role.plane:
        return None
    value = second.fraction - first.fraction
    low = _together(second.fraction - second.interval95.low, first.interval95.high - first.fraction, correlation)
    high = _together(second.interval95.high - second.fraction, first.fraction - first.interval95.low, correlation)
    return Difference(value, Interval(float(value - low), float(value + high)))


def _together(one: float, other: float, correlation: float) -> float:
    return float(np.sqrt(max(0.0, one**2 + other**2 - 2.0 * correlation * one * other)))


def shared_error(change: Change) -> float:
    """Correlation 0…1 of the errors of both volumes, as the interval of their difference implies it.

    0 unless both visits show a fragment: nothing found and something found err by different causes.
    """
    if not (change.baseline.present and change.followup.present):
        return 0.0
    first, second, both = (
        (interval.high - interval.low) / 2
        for interval in (change.baseline.interval95_mm3, change.followup.interval95_mm3, change.delta_interval95_mm3)
    )
    if first <= 0 or second <= 0:
        return 0.0
    return float(np.clip((first**2 + second**2 - both**2) / (2.0 * first * second), 0.0, MOST_SHARED))
