"""A measured change judged again from its evidence with another precision profile: the same code, without any image."""

from __future__ import annotations

import numpy as np

from pipeline.config import MeasurementSettings
from pipeline.measurement.between import change_between
from pipeline.measurement.change import Change, FragmentMeasurement, Interval
from pipeline.measurement.combining import pair_weights
from pipeline.measurement.comparability import OUTSIDE_SHARE
from pipeline.measurement.evidence import ChangeEvidence, VisitEvidence
from pipeline.measurement.fragment import MeasuredFragment, weighed
from pipeline.measurement.longitudinal import DirectChange
from pipeline.measurement.pairing import weighed_alike
from pipeline.measurement.precision import PrecisionProfile
from pipeline.volume import Volume

_EMPTY = Volume(np.zeros((1, 1, 1), dtype=np.float32), np.eye(4))
"""Stands in for every shape: no number of a judgement is taken from it."""


def judged(evidence: ChangeEvidence, settings: MeasurementSettings, profile: PrecisionProfile) -> Change:
    """The change as it would have been reported with this profile.

    Parameters
    ----------
    settings
        Those of the measurement; their own precision profile is not asked.

    Returns
    -------
    Change
        Numbers, category and whether it may be used are those of :func:`pipeline.measurement.stage.measure`. Shapes are
        single empty voxels, and findings of the images are missing.
    """
    first, second = seen_alike(evidence, profile)
    both = (first, evidence.baseline), (second, evidence.followup)
    covered = all(not one.measurement.present or known.outside <= OUTSIDE_SHARE for one, known in both)
    return change_between(
        first,
        second,
        settings,
        alike=evidence.alike,
        usable=evidence.sound and covered,
        findings=[],
        direct=_direct(evidence),
        tre_mm=evidence.tre_mm,
        profile=profile,
    )


def seen_alike(evidence: ChangeEvidence, profile: PrecisionProfile) -> tuple[MeasuredFragment, MeasuredFragment]:
    """Both fragments by the same series with the same weights and one brightness, before their change is asked."""
    return weighed_alike(_measured(evidence.baseline, profile), _measured(evidence.followup, profile), profile)


def _measured(known: VisitEvidence, profile: PrecisionProfile) -> MeasuredFragment:
    """The fragment as measured, without its shape."""
    main = known.by_role[known.role]
    measurement = FragmentMeasurement(
        present=main.present,
        volume_mm3=main.volume_mm3,
        interval95_mm3=Interval(main.volume_mm3, main.volume_mm3),
        detection_limit_mm3=main.limit_mm3,
        centroid_lps_mm=None,
        role=known.role,
        occupancy=_EMPTY,
        volumes_by_role_mm3=known.volumes_by_role_mm3,
    )
    bare = MeasuredFragment(
        measurement,
        main,
        own_interval=measurement.interval95_mm3,
        contrast=known.contrast,
        at_edge=known.at_edge,
        suppressed_mm3=known.suppressed_mm3,
        by_role=known.by_role,
        view=known.view,
    )
    return weighed(bare, pair_weights([known.by_role]), profile)


def _direct(evidence: ChangeEvidence) -> DirectChange | None:
    if evidence.direct_mm3 is None:
        return None
    return DirectChange(
        evidence.direct_mm3,
        evidence.direct_mm3 if evidence.apart_mm3 is None else evidence.apart_mm3,
        evidence.say or 0.0,
        _EMPTY,
    )
