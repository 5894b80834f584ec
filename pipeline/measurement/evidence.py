"""What a change rests on, in numbers: enough to judge it again with another precision profile, without any image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.dicom.visit import Role
from pipeline.measurement.fragment import MeasuredFragment
from pipeline.measurement.longitudinal import DirectChange
from pipeline.measurement.profiled import View
from pipeline.measurement.uncertainty import Spread


@dataclass(frozen=True)
class VisitEvidence:
    """One visit before a precision profile was asked.

    Attributes
    ----------
    role
        The most trusted series.
    volumes_by_role_mm3
        Volume in every series.
    by_role
        The same with its errors, of the series that show the whole place; the most trusted one first.
    view
        How the fragment was imaged, by this visit alone.
    outside
        0…1: share of the fragment's place that the other visit's stack does not show.
    contrast, at_edge, suppressed_mm3
        As in :class:`pipeline.measurement.fragment.MeasuredFragment`.
    probability_mm3
        Sum of the probabilities in the most trusted series, before brightness was asked.
    """

    role: Role
    volumes_by_role_mm3: Mapping[Role, float]
    by_role: Mapping[Role, Spread]
    view: View
    outside: float
    contrast: float
    at_edge: float
    suppressed_mm3: float
    probability_mm3: float


@dataclass(frozen=True)
class ChangeEvidence:
    """A pair before a precision profile was asked.

    Attributes
    ----------
    alike
        0…1: scales how much of their errors both visits share.
    sound
        Whether nothing but what :attr:`VisitEvidence.outside` may tell forbids the use of the result.
    tre_mm
        Alignment error (95 %) at the fragment.
    direct_mm3, apart_mm3, say
        The change as measured on the aligned pair, as in :class:`pipeline.measurement.longitudinal.DirectChange`; None
        where it was not. It only counts where a fragment is present at both visits.
    """

    baseline: VisitEvidence
    followup: VisitEvidence
    alike: float
    sound: bool
    tre_mm: float
    direct_mm3: float | None = None
    apart_mm3: float | None = None
    say: float | None = None


def evidence_of(
    fragments: tuple[MeasuredFragment, MeasuredFragment],
    outside: tuple[float, float],
    direct: DirectChange | None,
    *,
    alike: float,
    sound: bool,
    tre_mm: float,
) -> ChangeEvidence | None:
    """Note what a change rests on; None where a person drew one of the fragments.

    Parameters
    ----------
    fragments
        Baseline and follow-up, each with its own view (the brightness of this visit alone).
    outside
        Share of each fragment's place that the other visit's stack does not show.
    direct
        The change as measured on the aligned pair, where it could be.
    """
    first, second = (_visit(one, share) for one, share in zip(fragments, outside, strict=True))
    if first is None or second is None:
        return None
    return ChangeEvidence(
        first,
        second,
        alike=alike,
        sound=sound,
        tre_mm=tre_mm,
        direct_mm3=direct.delta_mm3 if direct else None,
        apart_mm3=direct.apart_mm3 if direct else None,
        say=direct.say if direct else None,
    )


def _visit(one: MeasuredFragment, outside: float) -> VisitEvidence | None:
    if one.view is None:
        return None
    sum_mm3 = 0.0
    if one.probability is not None:
        sum_mm3 = float(one.probability.array.sum(dtype=float)) * one.probability.voxel_volume_mm3
    return VisitEvidence(
        role=one.measurement.role,
        volumes_by_role_mm3=dict(one.measurement.volumes_by_role_mm3),
        by_role=dict(one.by_role),
        view=one.view,
        outside=outside,
        contrast=one.contrast,
        at_edge=one.at_edge,
        suppressed_mm3=one.suppressed_mm3,
        probability_mm3=sum_mm3,
    )
