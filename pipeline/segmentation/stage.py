"""One visit in, its named anatomy out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from pipeline.config import SegmentationSettings
from pipeline.dicom.visit import Plane, Role, Visit
from pipeline.errors import AnatomyError, LevelError, NoUsableSeriesError
from pipeline.findings import Finding, Severity
from pipeline.segmentation.anatomy import Anatomy, Level, SeriesSegmentation
from pipeline.segmentation.axial import carried_to
from pipeline.segmentation.carry import agreement, carried_names
from pipeline.segmentation.degraded import ImageQuality, image_quality, require_clear
from pipeline.segmentation.fine import refine
from pipeline.segmentation.inference import Prediction, predict
from pipeline.segmentation.instances import Spine, find_spine
from pipeline.segmentation.labelmap import require_image
from pipeline.segmentation.landmarks import named_levels, named_vertebrae
from pipeline.segmentation.levels import LevelNaming, name_levels
from pipeline.segmentation.native import on_native_grid
from pipeline.segmentation.network import Networks, Predictor, shared_networks
from pipeline.segmentation.orientation import require_upright
from pipeline.segmentation.plausibility import require_lumbar
from pipeline.volume import Volume

PREFERENCE = (Role.SAGITTAL_T2, Role.SAGITTAL_T1, Role.SAGITTAL_T1_POST, Role.SAGITTAL_STIR)
"""Which series names the levels, where several do so about equally surely."""
EQUALLY_SURE = 0.15
DISAGREEMENT = 0.5
COARSE_VARIANTS = 2
"""Views of the whole spine: its structures are large, and all that is measured gets a fine pass."""
OTHER_VARIANTS = 2
"""Views in the fine pass of a series that is not the reference."""


@dataclass(frozen=True, eq=False)
class _Counted:
    """One sagittal series, segmented, and what it says about the levels by itself."""

    prediction: Prediction
    spine: Spine
    quality: ImageQuality
    naming: LevelNaming | None
    refusal: LevelError | None

    @property
    def levels(self) -> dict[str, Level]:
        return named_levels(self.prediction, self.spine, self.naming) if self.naming else {}

    @property
    def confidence(self) -> float:
        return max(self.naming.confidence.values(), default=0.0) if self.naming else 0.0


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
        ``level`` must be in view; ``lowest_disc`` overrides the count; ``variants`` and ``threads`` of the networks;
        which series are seen ``together``.
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
        If the levels cannot be counted, or ``settings.level`` is not in view.
    """
    say = progress or (lambda _: None)
    _require_sagittal(visit)
    networks = _networks(network, settings)
    findings: list[Finding] = []
    counted = _count_each(visit, settings, say, networks.sagittal, findings)
    reference = _reference(counted)
    anatomy = _named(counted, reference, findings)
    _require_level(anatomy, settings.level)
    if networks.fine is not None:
        say("fine pass")
        anatomy = _refined(visit, anatomy, settings, networks.fine)
    return replace(
        anatomy,
        segmentations={**anatomy.segmentations, **_axial(visit, anatomy, say)},
        findings=_all(findings, anatomy, visit),
    )


def _networks(network: Predictor | Networks | None, settings: SegmentationSettings) -> Networks:
    if network is None:
        return shared_networks(settings.threads)
    return network if isinstance(network, Networks) else Networks(network)


def _refined(visit: Visit, anatomy: Anatomy, settings: SegmentationSettings, network: Predictor) -> Anatomy:
    """The sagittal series seen together around the level asked for; the reference in all variants, others in two."""
    names = list(anatomy.levels)
    at = names.index(settings.level)
    levels = [anatomy.levels[name] for name in names[max(0, at - 1) : at + 2]]
    chosen = set(anatomy.segmentations) if settings.together is None else {Role(name) for name in settings.together}
    images = {role: visit.series[role].volume for role in anatomy.segmentations}
    segmentations = {}
    for role, one in anatomy.segmentations.items():
        seen = {other: image for other, image in images.items() if other in chosen or other is role}
        count = settings.variants if role is anatomy.reference else min(OTHER_VARIANTS, settings.variants)
        segmentations[role] = refine(one, seen, levels, network, count)
    return replace(anatomy, segmentations=segmentations)


def _require_sagittal(visit: Visit) -> None:
    if not any(role.plane is Plane.SAGITTAL for role in visit.series):
        have = ", ".join(role.value.replace("_", " ") for role in visit.series) or "none"
        raise NoUsableSeriesError(
            f"Levels are counted on sagittal images, and this visit has no sagittal series (series in use: {have}). "
            "Add the sagittal T2 or T1 series of the same examination."
        )


def _count_each(
    visit: Visit,
    settings: SegmentationSettings,
    say: Callable[[str], None],
    network: Predictor,
    findings: list[Finding],
) -> dict[Role, _Counted]:
    """Segment and count every sagittal series; those that show none are left out with a finding."""
    counted: dict[Role, _Counted] = {}
    refusal: AnatomyError | None = None
    for role in (role for role in PREFERENCE if role in visit.series):
        say(_spoken(role))
        try:
            counted[role] = _looked_at(visit.series[role].volume, role, settings, network, findings)
        except AnatomyError as error:
            refusal = refusal or error
            findings.append(Finding("series-not-lumbar", Severity.WARNING, str(error)))
    if not counted and refusal is not None:
        raise refusal
    return counted


def _looked_at(
    volume: Volume, role: Role, settings: SegmentationSettings, network: Predictor, findings: list[Finding]
) -> _Counted:
    """One series, segmented and counted.

    Raises
    ------
    AnatomyError
        If it is no image, shows no lumbar spine, lies wrong, or is too degraded.
    """
    require_image(volume, _spoken(role))
    prediction = predict(volume, network, min(COARSE_VARIANTS, settings.variants))
    spine = find_spine(prediction)
    require_lumbar(spine, prediction.probabilities, _spoken(role))
    require_upright(prediction, network, _spoken(role))
    quality = image_quality(prediction, spine)
    findings.extend(require_clear(quality, _spoken(role)))
    try:
        return _Counted(prediction, spine, quality, name_levels(spine, settings.lowest_disc), None)
    except LevelError as error:
        return _Counted(prediction, spine, quality, None, error)


def _reference(counted: Mapping[Role, _Counted]) -> Role:
    """The series that names the levels."""
    best = max(one.confidence for one in counted.values())
    for role in PREFERENCE:
        if role in counted and counted[role].naming and counted[role].confidence >= best - EQUALLY_SURE:
            return role
    raise next(one.refusal for one in counted.values() if one.refusal is not None)


def _named(counted: Mapping[Role, _Counted], reference: Role, findings: list[Finding]) -> Anatomy:
    """Names of the reference, carried to the other sagittal series."""
    chosen = counted[reference]
    naming = chosen.naming
    if naming is None:
        raise LevelError(
            f"The {_spoken(reference)} series could not be counted; name its lowest disc with --lowest-disc."
        )
    factor = chosen.quality.confidence_factor if naming.counted_from == "sacrum" else 1.0
    levels = {name: replace(one, confidence=one.confidence * factor) for name, one in chosen.levels.items()}
    agreed = agreement(levels, [one.levels for role, one in counted.items() if role is not reference])
    if agreed is not None and naming.counted_from == "sacrum":
        levels = {
            name: replace(level, confidence=level.confidence * (0.5 + 0.5 * agreed)) for name, level in levels.items()
        }
        if agreed < DISAGREEMENT:
            findings.append(_disagreement(reference))
    vertebrae = named_vertebrae(chosen.prediction, chosen.spine, naming)
    segmentations: dict[Role, SeriesSegmentation] = {}
    for role, one in counted.items():
        own = naming if role is reference else carried_names(one.prediction, one.spine, levels, vertebrae)
        segmentations[role] = on_native_grid(role, one.prediction, one.spine, own)
    return Anatomy(
        segmentations=segmentations,
        reference=reference,
        levels=levels,
        vertebrae=vertebrae,
        counted_from=naming.counted_from,
        transitional=naming.transitional,
        findings=naming.findings,
    )


def _disagreement(reference: Role) -> Finding:
    return Finding(
        "levels-disagree-between-series",
        Severity.WARNING,
        f"Counted by themselves, the sagittal series of this visit name the discs differently; the names are those of "
        f"{_spoken(reference)}. Check them, and set them with --lowest-disc where they are wrong.",
    )


def _require_level(anatomy: Anatomy, level: str) -> None:
    if level not in anatomy.levels:
        seen = ", ".join(anatomy.levels) or "none"
        raise LevelError(
            f"{level} is not in view; the discs that could be named are: {seen}. Choose one of them with --level, or "
            "name the lowest visible disc with --lowest-disc if the count is wrong."
        )


def _axial(visit: Visit, anatomy: Anatomy, say: Callable[[str], None]) -> dict[Role, SeriesSegmentation]:
    reference = anatomy.segmentations[anatomy.reference]
    others = [one for role, one in anatomy.segmentations.items() if role is not anatomy.reference]
    result = {}
    for role, series in visit.series.items():
        if role.plane is Plane.AXIAL:
            say(_spoken(role))
            result[role] = carried_to(role, series.volume, reference, others)
    return result


def _all(findings: list[Finding], anatomy: Anatomy, visit: Visit) -> tuple[Finding, ...]:
    axial = [_spoken(role) for role in visit.series if role.plane is Plane.AXIAL]
    carried = Finding(
        "axial-labels-carried-over",
        Severity.INFO,
        f"The labels of {', '.join(axial)} were carried over from the sagittal series through patient coordinates; "
        "they are shown, and not measured.",
    )
    return (*anatomy.findings, *findings, *([carried] if axial else []))


def _spoken(role: Role) -> str:
    """``"sagittal T1 post-contrast"`` and the like."""
    words = {"t1": "T1", "t2": "T2", "stir": "STIR", "post": "post-contrast"}
    return " ".join(words.get(word, word) for word in role.value.split("_"))
