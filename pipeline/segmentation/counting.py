"""Every sagittal series of a visit segmented and counted by itself, and the names that they agree on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from pipeline.config import SegmentationSettings
from pipeline.dicom.visit import Role, Visit
from pipeline.errors import AnatomyError, LevelError
from pipeline.findings import Finding, Severity
from pipeline.segmentation.anatomy import Anatomy, Level
from pipeline.segmentation.assembly import assembled
from pipeline.segmentation.carry import agreement, canal_shared
from pipeline.segmentation.degraded import ImageQuality, image_quality, require_clear
from pipeline.segmentation.inference import Prediction, predict
from pipeline.segmentation.instances import Spine, find_spine
from pipeline.segmentation.labelmap import require_image
from pipeline.segmentation.landmarks import named_levels
from pipeline.segmentation.levels import LevelNaming, name_levels
from pipeline.segmentation.locating import SpineBox, find_box
from pipeline.segmentation.network import Predictor
from pipeline.segmentation.orientation import require_upright
from pipeline.segmentation.parallel import for_each
from pipeline.segmentation.plausibility import require_lumbar
from pipeline.volume import Volume

PREFERENCE = (Role.SAGITTAL_T2, Role.SAGITTAL_T1, Role.SAGITTAL_T1_POST, Role.SAGITTAL_STIR)
"""Which series names the levels, where several do so about equally surely."""
EQUALLY_SURE = 0.15
DISAGREEMENT = 0.5
SHARED_CANAL = 0.5
"""A series of which this share of the canal lies in the leading one's canal is at the same place."""
LEADING_VARIANTS = 2
"""Views of the whole spine in the series that is looked at first; the others get one. Structures are large, and all
that is measured gets a fine pass."""


@dataclass(frozen=True, eq=False)
class Counted:
    """One sagittal series, segmented, and what it says about the levels by itself."""

    prediction: Prediction
    spine: Spine
    quality: ImageQuality
    findings: tuple[Finding, ...]
    naming: LevelNaming | None
    refusal: LevelError | None

    @property
    def levels(self) -> dict[str, Level]:
        """Its discs by its own names; none where it could not be counted."""
        return named_levels(self.prediction, self.spine, self.naming) if self.naming else {}

    @property
    def confidence(self) -> float:
        """0 … 1: of its best name."""
        return max(self.naming.confidence.values(), default=0.0) if self.naming else 0.0


def count_each(
    visit: Visit,
    settings: SegmentationSettings,
    say: Callable[[str], None],
    network: Predictor,
    findings: list[Finding],
) -> dict[Role, Counted]:
    """Segment and count every sagittal series; those that show none are left out with a finding.

    Raises
    ------
    AnatomyError
        If no series shows a lumbar spine; what the most preferred one lacks.
    """
    roles = [role for role in PREFERENCE if role in visit.series]
    volumes = {role: visit.series[role].volume for role in roles}
    lead = roles[0]
    box = find_box(volumes[lead], network)

    def look(role: Role) -> Counted | AnatomyError:
        say(role.words)
        leads = role is lead
        count = min(LEADING_VARIANTS, settings.variants) if leads else 1
        try:
            one = _looked_at(volumes[role], role, settings, network, count=count, near=box)
            if leads:
                require_upright(one.prediction, network, role.words)
        except AnatomyError as error:
            return error
        return one

    seen = dict(zip(roles, for_each(look, roles, settings.threads), strict=True))
    seen = _doubtful_again(seen, lead, volumes, settings, network)
    counted = {role: one for role, one in seen.items() if isinstance(one, Counted)}
    refusals = [one for one in seen.values() if isinstance(one, AnatomyError)]
    if not counted and refusals:
        raise refusals[0]
    findings.extend(Finding("series-not-lumbar", Severity.WARNING, str(error)) for error in refusals)
    for one in counted.values():
        findings.extend(one.findings)
    return counted


def _doubtful_again(
    seen: Mapping[Role, Counted | AnatomyError],
    lead: Role,
    volumes: Mapping[Role, Volume],
    settings: SegmentationSettings,
    network: Predictor,
) -> dict[Role, Counted | AnatomyError]:
    """Look again, without help, at series that do not show the spine where the leading one does.

    A series that shows the canal at the same place lies in the patient as the leading one does, which was tried
    flipped; any other is searched for the spine by itself and tried flipped, too.
    """
    first = seen[lead]
    result = dict(seen)
    for role, one in seen.items():
        together = isinstance(first, Counted) and isinstance(one, Counted) and canal_shared(first, one) >= SHARED_CANAL
        if role is lead or together:
            continue
        try:
            count = min(LEADING_VARIANTS, settings.variants)
            again = _looked_at(volumes[role], role, settings, network, count=count)
            require_upright(again.prediction, network, role.words)
            result[role] = again
        except AnatomyError as error:
            result[role] = error
    return result


def _looked_at(
    volume: Volume,
    role: Role,
    settings: SegmentationSettings,
    network: Predictor,
    *,
    count: int,
    near: SpineBox | None = None,
) -> Counted:
    """One series, segmented in ``count`` views and counted.

    Raises
    ------
    AnatomyError
        If it is no image, shows no lumbar spine, or is too degraded.
    """
    require_image(volume, role.words)
    prediction = predict(volume, network, count, near)
    spine = find_spine(prediction)
    require_lumbar(spine, prediction.probabilities, role.words)
    quality = image_quality(prediction, spine)
    findings = tuple(require_clear(quality, role.words))
    try:
        return Counted(prediction, spine, quality, findings, name_levels(spine, settings.lowest_disc), None)
    except LevelError as error:
        return Counted(prediction, spine, quality, findings, None, error)


def choose_reference(counted: Mapping[Role, Counted]) -> Role:
    """The series that names the levels."""
    best = max(one.confidence for one in counted.values())
    for role in PREFERENCE:
        if role in counted and counted[role].naming and counted[role].confidence >= best - EQUALLY_SURE:
            return role
    raise next(one.refusal for one in counted.values() if one.refusal is not None)


def named(counted: Mapping[Role, Counted], reference: Role, findings: list[Finding]) -> Anatomy:
    """Names of the reference, carried to the other sagittal series."""
    chosen = counted[reference]
    naming = chosen.naming
    if naming is None:
        raise LevelError(f"The {reference.words} series could not be counted; name its lowest disc with --lowest-disc.")
    factor = chosen.quality.confidence_factor if naming.counted_from == "sacrum" else 1.0
    levels = {name: replace(one, confidence=one.confidence * factor) for name, one in chosen.levels.items()}
    agreed = agreement(levels, [one.levels for role, one in counted.items() if role is not reference])
    if agreed is not None and naming.counted_from == "sacrum":
        levels = {
            name: replace(level, confidence=level.confidence * (0.5 + 0.5 * agreed)) for name, level in levels.items()
        }
        if agreed < DISAGREEMENT:
            findings.append(_disagreement(reference))
    return assembled(counted, reference, naming, levels, naming.findings)


def _disagreement(reference: Role) -> Finding:
    return Finding(
        "levels-disagree-between-series",
        Severity.WARNING,
        f"Counted by themselves, the sagittal series of this visit name the discs differently; the names are those of "
        f"{reference.words}. Check them, and set them with --lowest-disc where they are wrong.",
    )
