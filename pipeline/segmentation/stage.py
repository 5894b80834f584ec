"""One visit in, its named anatomy out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from pipeline.config import SegmentationSettings
from pipeline.dicom.visit import Plane, Role, Visit
from pipeline.errors import NoUsableSeriesError
from pipeline.findings import Finding, Severity
from pipeline.segmentation.anatomy import Anatomy, Level, SeriesSegmentation
from pipeline.segmentation.axial import carried_to
from pipeline.segmentation.axial_series import AxialSegmentation, segment_axial
from pipeline.segmentation.blocks import volumes_of
from pipeline.segmentation.counting import choose_reference, count_each, named
from pipeline.segmentation.fine import refine
from pipeline.segmentation.memory import give_back
from pipeline.segmentation.nearby import Nearby
from pipeline.segmentation.network import Networks, Predictor, shared_networks
from pipeline.segmentation.parallel import for_each
from pipeline.segmentation.steady import Steadied, middle_of, motion_findings, on_own_grid, steadied
from pipeline.volume import Volume

OTHER_VARIANTS = 1
"""Views in the fine pass of a series that is not the reference, whose views tell how far they differ."""
AXIAL_VARIANTS = 2
"""Views of the axial T2 series; other axial series get one."""


def segment(
    visit: Visit,
    settings: SegmentationSettings,
    progress: Callable[[str], None] | None = None,
    network: Predictor | Networks | None = None,
) -> Anatomy:
    """Segment all series of a visit and name its levels.

    Parameters
    ----------
    visit
        The series; at least one sagittal one is needed.
    settings
        ``level`` gets the fine pass, or the lowest disc where that is not in view; ``lowest_disc`` overrides the count;
        ``variants`` and ``threads`` of the networks; which series are seen ``together``; ``axial_reach_mm`` around the
        level within which axial slices are looked at.
    progress
        Called with a short text when a series begins.
    network
        What tells structures apart: the shipped networks when None; with a single one, for sagittal slices, there is
        no fine pass, and axial series get the labels of the sagittal ones.

    Returns
    -------
    Anatomy

    Raises
    ------
    NoUsableSeriesError
        If no series is sagittal.
    AnatomyError
        If no sagittal series shows a lumbar spine.
    LevelError
        If the levels cannot be counted.
    """
    say = progress or (lambda _: None)
    _require_sagittal(visit)
    networks = _networks(visit, network, settings)
    findings: list[Finding] = []
    counted = count_each(visit, settings, say, networks.sagittal, findings)
    reference = choose_reference(counted)
    anatomy = named(counted, reference, findings)
    del counted  # what the networks said of whole series is large, and all of it that is needed is in the anatomy
    give_back()
    steady = _steadied(visit, anatomy, settings, networks)
    if networks.fine is not None:
        say("fine pass")
        anatomy = _refined(steady, anatomy, settings, networks.fine)
    give_back()
    axial = _axial(steady, anatomy, settings, networks.axial, say)
    around = middle_of(_levels_around(anatomy, settings.level))
    shifts = {role: steady[role][0].shift_at(around) for role in steady if role.plane is Plane.SAGITTAL}
    shifts |= {role: steady[role][0].shift_at(around, one.shift_mm) for role, one in axial.items()}
    segmentations = {**anatomy.segmentations, **{role: one.segmentation for role, one in axial.items()}}
    return replace(
        anatomy,
        segmentations={role: one.finished() for role, one in segmentations.items()},
        shifts_lps_mm={role: shift for role, shift in shifts.items() if shift.any()},
        findings=(*anatomy.findings, *findings, *_moved(steady, reference), *_of_axial(axial, settings)),
    )


def _networks(visit: Visit, network: Predictor | Networks | None, settings: SegmentationSettings) -> Networks:
    """The networks given, or the shipped ones with as many threads as the series leave them."""
    if network is None:
        sagittal = sum(role.plane is Plane.SAGITTAL for role in visit.series)
        return shared_networks(max(1, settings.threads // sagittal))
    return network if isinstance(network, Networks) else Networks(network)


def _steadied(
    visit: Visit, anatomy: Anatomy, settings: SegmentationSettings, networks: Networks
) -> dict[Role, list[Steadied]]:
    """Every stack of every series in the coordinates of the reference; as it lies where each series stands alone."""
    roles = [role for role in visit.series if role.plane is Plane.AXIAL or role in anatomy.segmentations]
    stacks = [(role, volume) for role in roles for volume in volumes_of(visit.series[role])]
    if networks.fine is None and networks.axial is None:
        found = [Steadied(volume, volume, np.eye(4), None) for _, volume in stacks]
    else:
        reference = anatomy.segmentations[anatomy.reference]
        middle = middle_of(_levels_around(anatomy, settings.level))
        image = visit.series[anatomy.reference].volume
        found = steadied(stacks, reference, image, middle, settings.threads)
    result: dict[Role, list[Steadied]] = {role: [] for role in roles}
    for (role, _), one in zip(stacks, found, strict=True):
        result[role].append(one)
    return result


def _moved(steady: Mapping[Role, Sequence[Steadied]], reference: Role) -> list[Finding]:
    return motion_findings({role: stacks[0] for role, stacks in steady.items()}, reference)


def _refined(
    steady: Mapping[Role, Sequence[Steadied]], anatomy: Anatomy, settings: SegmentationSettings, network: Predictor
) -> Anatomy:
    """The sagittal series seen together around the level asked for; the reference in all variants, others in one."""
    levels = _levels_around(anatomy, settings.level)
    chosen = set(anatomy.segmentations) if settings.together is None else {Role(name) for name in settings.together}
    images = {role: steady[role][0].image for role in anatomy.segmentations}

    def refined(role: Role) -> SeriesSegmentation:
        seen = {other: image for other, image in images.items() if other in chosen or other is role}
        count = settings.variants if role is anatomy.reference else min(OTHER_VARIANTS, settings.variants)
        return refine(anatomy.segmentations[role], seen, levels, network, count).finished()

    roles = list(anatomy.segmentations)
    return replace(anatomy, segmentations=dict(zip(roles, for_each(refined, roles, settings.threads), strict=True)))


def _levels_around(anatomy: Anatomy, level: str) -> list[Level]:
    """The disc that is asked for and its neighbours; the lowest ones where it is not in view."""
    names = list(anatomy.levels)
    at = names.index(level) if level in names else len(names) - 1
    return [anatomy.levels[name] for name in names[max(0, at - 1) : at + 2]]


def _nearby(anatomy: Anatomy, settings: SegmentationSettings) -> Nearby | None:
    """Where axial slices matter: around the disc that is asked for, the lowest one where that is not in view."""
    if settings.axial_reach_mm is None:
        return None
    lowest = list(anatomy.levels.values())[-1]
    return Nearby(anatomy.levels.get(settings.level, lowest).posterior_margin_lps_mm, settings.axial_reach_mm)


def _require_sagittal(visit: Visit) -> None:
    if not any(role.plane is Plane.SAGITTAL for role in visit.series):
        have = ", ".join(role.value.replace("_", " ") for role in visit.series) or "none"
        raise NoUsableSeriesError(
            f"Levels are counted on sagittal images, and this visit has no sagittal series (series in use: {have}). "
            "Add the sagittal T2 or T1 series of the same examination."
        )


def _axial(
    steady: Mapping[Role, Sequence[Steadied]],
    anatomy: Anatomy,
    settings: SegmentationSettings,
    network: Predictor | None,
    say: Callable[[str], None],
) -> dict[Role, AxialSegmentation]:
    """The axial series with all their blocks: borders by their own network, names from the sagittal ones."""
    reference = anatomy.segmentations[anatomy.reference]
    roles = [role for role in steady if role.plane is Plane.AXIAL]
    around = [level.instance for level in _levels_around(anatomy, settings.level)]
    nearby = _nearby(anatomy, settings)

    def look(role: Role, volume: Volume, settled: bool) -> AxialSegmentation:
        carried = carried_to(role, volume, reference, ())
        if network is None:
            return AxialSegmentation(carried, False, 0.0, np.zeros(3), ())
        count = AXIAL_VARIANTS if role is Role.AXIAL_T2 else 1
        count = min(count, settings.variants)
        return segment_axial(role, volume, carried, network, count=count, around=around, nearby=nearby, settled=settled)

    def kept(block: tuple[Role, Steadied]) -> AxialSegmentation:
        role, stack = block
        one = look(role, stack.image, stack.motion is not None and stack.motion.believed)
        give_back()
        return replace(one, segmentation=on_own_grid(one.segmentation, stack.own).finished())

    for role in roles:
        say(role.words)
    blocks = [(role, stack) for role in roles for stack in steady[role]]
    found: dict[Role, list[AxialSegmentation]] = {role: [] for role in roles}
    for (role, _), one in zip(blocks, for_each(kept, blocks, settings.threads), strict=True):
        found[role].append(one)
    return {role: _as_one(several) for role, several in found.items()}


def _as_one(blocks: Sequence[AxialSegmentation]) -> AxialSegmentation:
    """The blocks of one series, largest first: its shift, the labels of all, and of each kind of finding the first."""
    first, *further = (_marked(one) for one in blocks)
    findings = {finding.code: finding for one in reversed(blocks) for finding in reversed(one.findings)}
    return replace(
        blocks[0],
        segmentation=replace(first, blocks=tuple(further)),
        from_network=any(one.from_network for one in blocks),
        findings=tuple(reversed(findings.values())),
        left_out=sum(one.left_out for one in blocks),
    )


def _marked(one: AxialSegmentation) -> SeriesSegmentation:
    return one.segmentation if one.from_network else replace(one.segmentation, carried=True)


def _of_axial(axial: Mapping[Role, AxialSegmentation], settings: SegmentationSettings) -> list[Finding]:
    findings = [finding for one in axial.values() for finding in one.findings]
    carried = [role.words for role, one in axial.items() if not one.from_network]
    if carried:
        text = (
            f"The labels of {', '.join(carried)} were carried over from the sagittal series through patient "
            "coordinates; they are shown, and not measured."
        )
        findings.append(Finding("axial-labels-carried-over", Severity.INFO, text))
    partly = [role.words for role, one in axial.items() if one.left_out]
    if partly:
        text = (
            f"Slices of {', '.join(partly)} more than {settings.axial_reach_mm:g} mm from {settings.level} have the "
            "labels of the sagittal series, carried over through patient coordinates; nothing is measured on them."
        )
        findings.append(Finding("axial-slices-carried-over", Severity.INFO, text))
    return findings
