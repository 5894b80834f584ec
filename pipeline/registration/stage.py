"""Align two visits of one patient on the bone around L4/L5 and L5/S1."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from pipeline import rigid
from pipeline.config import RegistrationSettings
from pipeline.dicom.visit import Role, Visit
from pipeline.findings import Finding, Severity
from pipeline.registration import coarse, quality
from pipeline.registration.alignment import Alignment, AlignmentQuality, SegmentMotion
from pipeline.registration.identity import identity_findings, likeness
from pipeline.registration.landmarks import LandmarkFit, fit_landmarks
from pipeline.registration.miscount import miscount_finding
from pipeline.registration.polish import correlation, polish
from pipeline.registration.prepared import BONES, Prepared, common_bones, prepare, registration_roles
from pipeline.registration.segmental import own_alignments, segment_findings, segment_motions
from pipeline.registration.smoothed import Sharpening
from pipeline.segmentation.anatomy import Anatomy
from pipeline.volume import Affine, Points

FARTHEST_FROM_LANDMARKS_MM = 15.0
"""An image alignment farther than this from the named structures has locked onto the neighbouring vertebra."""
DECIMALS = 6
LINEAR = 0.6
"""Correlation of bone above which different contrasts are alike enough for the polish."""
DOUBTFUL = 0.75
"""Correlation of bone below which the names of both visits are put to the test."""
WORSE = 0.01
"""Correlation that the polish may lose: its robust weights aim at the bone that did not change, not at the most."""


@dataclass(frozen=True, eq=False)
class _Sides:
    """Both visits, prepared."""

    first: Prepared
    second: Prepared

    @cached_property
    def images(self) -> tuple[Sharpening, Sharpening]:
        """Their images, made once for every polish."""
        return Sharpening.of(self.first), Sharpening.of(self.second)


@dataclass(frozen=True, eq=False)
class _Refined:
    """Outcome of the image alignment: the transform, its error (95 %, mm) and its correlation."""

    transform: Affine
    tre_mm: float
    similarity: float
    findings: tuple[Finding, ...] = ()


def align(
    baseline: Visit,
    baseline_anatomy: Anatomy,
    followup: Visit,
    followup_anatomy: Anatomy,
    settings: RegistrationSettings,
) -> Alignment:
    """Align two visits rigidly on the bone of L4–S1 and give the space half-way between them.

    The named structures give the start, so that any repositioning converges; SimpleITK searches from there; a
    Gauss–Newton polish ends it. Each step is done in both directions and averaged on the group of rigid motions, so
    that exchanging the visits gives the inverse. Canal and fragment take no part.

    Raises
    ------
    ComparabilityError
        If the visits share no named disc.
    """
    landmarks = fit_landmarks(baseline_anatomy, followup_anatomy)
    roles = registration_roles(baseline_anatomy, followup_anatomy)
    names = common_bones(baseline_anatomy, followup_anatomy)
    first = prepare(baseline, baseline_anatomy, roles[0], names)
    second = prepare(followup, followup_anatomy, roles[1], names)
    findings = [*_landmark_findings(landmarks), *_choice_findings(roles[0] == roles[1], names)]
    refined, dice = _landmarks_only(landmarks), 0.0
    sides = _Sides(first, second) if first is not None and second is not None else None
    if sides is not None:
        refined = _refine(sides, landmarks, settings)
        root = rigid.half(refined.transform)
        dice = quality.bone_dice(sides.first, sides.second, (root, rigid.inverse(root)))
    judged, failure = _judge(refined, dice, roles[0] == roles[1], settings)
    if first is not None and (failure or refined.similarity < DOUBTFUL):

        def similarity_of(other: Anatomy) -> float:
            return _similarity_as_named(first, baseline_anatomy, (followup, roles[1]), other, settings.seed)

        if miscount := miscount_finding(followup_anatomy, refined.similarity, similarity_of):
            judged, failure = replace(judged, usable=False), [*failure, *miscount]
    transform = rigid.rounded(refined.transform)
    root = rigid.half(transform)
    segments, identity = _vertebrae(sides, transform, judged.usable and roles[0] == roles[1])
    judged = replace(judged, usable=judged.usable and all(one.severity is not Severity.ERROR for one in identity))
    return Alignment(
        baseline_to_followup=transform,
        baseline_to_halfway=root,
        followup_to_halfway=rigid.inverse(root),
        quality=judged,
        findings=(*findings, *refined.findings, *failure, *identity, *segment_findings(segments)),
        segments=segments,
    )


def _vertebrae(sides: _Sides | None, transform: Affine, alike: bool) -> tuple[tuple[SegmentMotion, ...], list[Finding]]:
    """Motion between neighbouring vertebrae, and doubt that they are one person's, where alignment and series tell."""
    if sides is None or not alike:
        return (), []
    own = own_alignments(sides.first, sides.second, transform, sides.images)
    return segment_motions(sides.first, sides.second, transform, own), identity_findings(likeness(own))


def _similarity_as_named(
    first: Prepared, baseline: Anatomy, series: tuple[Visit, Role], followup: Anatomy, seed: int
) -> float:
    """Correlation of bone that a quick alignment reaches when the follow-up carries other names; −1 without one."""
    visit, role = series
    second = prepare(visit, followup, role, common_bones(baseline, followup))
    if second is None or not any(name in followup.levels for name in baseline.levels):
        return -1.0
    start = fit_landmarks(baseline, followup).transform
    found, _ = _search(first, second, start, seed)
    return max(_similarity(first, second, found), _similarity(first, second, start))


def _refine(sides: _Sides, landmarks: LandmarkFit, settings: RegistrationSettings) -> _Refined:
    """Search and polish from the landmarks; keep them where the images do not agree better."""
    first, second, start = sides.first, sides.second, landmarks.transform
    targets = _targets(first, second, start)
    found, findings = _search(first, second, start, settings.seed)
    best = max((start, found), key=lambda transform: _similarity(first, second, transform))
    linear = first.role == second.role or _similarity(first, second, best) >= LINEAR
    forward = polish(first, second, best, sides.images) if linear else None
    backward = polish(second, first, rigid.inverse(best), sides.images[::-1]) if linear else None
    if forward is None or backward is None:
        return _Refined(found, landmarks.error_mm, _similarity(first, second, found), findings)
    transform = rigid.mean(forward.transform, rigid.inverse(backward.transform))
    similarity = _similarity(first, second, transform)
    away = quality.disagreement_mm(transform, start, targets)
    if similarity < _similarity(first, second, best) - WORSE or away > FARTHEST_FROM_LANDMARKS_MM:
        return _kept(landmarks, _similarity(first, second, start), findings)
    opposite = rigid.inverse(transform)
    targets = _targets(first, second, transform)
    variances = (
        quality.statistical_error_mm(forward, rigid.apply(transform, targets)) ** 2,
        quality.statistical_error_mm(backward, targets) ** 2,
        quality.interpolation_error_mm(first, second, (transform, start)) ** 2,
        quality.interpolation_error_mm(second, first, (opposite, rigid.inverse(start))) ** 2,
        (forward.last_mm**2 + backward.last_mm**2) / 2,
    )
    disagreement = quality.disagreement_mm(forward.transform, rigid.inverse(backward.transform), targets)
    tre = float(np.sqrt(disagreement**2 + 1.96**2 * sum(variances) / 2))
    return _Refined(transform, tre, similarity, findings)


def _targets(first: Prepared, second: Prepared, transform: Affine) -> Points:
    """Points of both visits' bone, in baseline LPS mm: the same set whichever visit comes first."""
    chosen = []
    for prepared, back in ((first, np.eye(4)), (second, rigid.inverse(transform))):
        index = np.argwhere(prepared.bone)
        points = prepared.image.to_lps(index[:: max(1, len(index) // 500)].astype(np.float64))
        chosen.append(rigid.apply(back, points))
    return np.concatenate(chosen)


def _search(first: Prepared, second: Prepared, start: Affine, seed: int) -> tuple[Affine, tuple[Finding, ...]]:
    """SimpleITK in both directions, averaged; the start where ITK cannot hold the grid or finds no overlap."""
    if not (coarse.is_orthogonal(first) and coarse.is_orthogonal(second)):
        return start, ()
    try:
        forward = coarse.search(first, second, start, seed)
        backward = coarse.search(second, first, rigid.inverse(start), seed)
    except RuntimeError:
        message = "The coarse image search found too little common bone; the alignment rests on the named structures."
        return start, (Finding("alignment-search-failed", Severity.INFO, message),)
    return rigid.mean(forward, rigid.inverse(backward)), ()


def _similarity(first: Prepared, second: Prepared, transform: Affine) -> float:
    """Correlation inside bone, the mean of both directions."""
    forward = correlation(first, second, transform)
    return (forward + correlation(second, first, rigid.inverse(transform))) / 2


def _kept(landmarks: LandmarkFit, similarity: float, findings: tuple[Finding, ...]) -> _Refined:
    message = (
        "The images did not align better than the named discs and vertebrae do, so those were kept "
        f"(they agree within {landmarks.residual_mm:.1f} mm)."
    )
    finding = Finding("alignment-from-landmarks", Severity.WARNING, message)
    return _Refined(landmarks.transform, landmarks.error_mm, similarity, (*findings, finding))


def _landmarks_only(landmarks: LandmarkFit) -> _Refined:
    message = "No bone of L4-S1 was segmented in a series of both visits; named structures alone align them."
    finding = Finding("alignment-without-bone", Severity.WARNING, message)
    return _Refined(landmarks.transform, landmarks.error_mm, 0.0, (finding,))


def _landmark_findings(landmarks: LandmarkFit) -> list[Finding]:
    if not landmarks.dropped:
        return []
    verbs = ("lies", "was") if len(landmarks.dropped) == 1 else ("lie", "were")
    message = (
        f"{', '.join(landmarks.dropped)} {verbs[0]} differently in the two visits and {verbs[1]} not used to start the "
        "alignment. "
        "Look at the level names in both visits."
    )
    return [Finding("alignment-landmark-dropped", Severity.WARNING, message)]


def _choice_findings(same_role: bool, names: tuple[str, ...]) -> list[Finding]:
    findings = []
    if not same_role:
        message = "The visits share no sagittal series of one kind; different contrasts were aligned."
        findings.append(Finding("alignment-roles-differ", Severity.WARNING, message))
    if missing := [name for name in BONES if name not in names]:
        message = f"The alignment lacks {', '.join(missing)}: not named in both visits."
        findings.append(Finding("alignment-bones-missing", Severity.WARNING, message))
    return findings


def _judge(
    refined: _Refined, dice: float, same_contrast: bool, settings: RegistrationSettings
) -> tuple[AlignmentQuality, list[Finding]]:
    """Quality, with an error finding when any figure is beyond its threshold."""
    reasons = []
    if refined.tre_mm > settings.maximum_tre_mm:
        reasons.append(f"estimated error {refined.tre_mm:.1f} mm (limit {settings.maximum_tre_mm:g})")
    if dice < settings.minimum_bone_dice:
        reasons.append(f"overlap of bone {dice:.2f} (limit {settings.minimum_bone_dice:g})")
    if same_contrast and refined.similarity < settings.minimum_similarity:
        reasons.append(f"similarity of bone {refined.similarity:.2f} (limit {settings.minimum_similarity:g})")
    figures = AlignmentQuality(
        round(refined.tre_mm, DECIMALS), round(dice, DECIMALS), round(refined.similarity, DECIMALS), usable=not reasons
    )
    if not reasons:
        return figures, []
    message = (
        f"The visits could not be aligned on L4-S1: {'; '.join(reasons)}. Look at the level names of both visits, and "
        "whether both show the same person."
    )
    return figures, [Finding("alignment-failed", Severity.ERROR, message)]
