"""Weighting of a stack: from the physics of its headers, then from its names, at last from its pixels."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pipeline.dicom.stackfacts import StackFacts
from pipeline.dicom.vocabulary import fat_suppression_named, weighting_named
from pipeline.dicom.weightings import Family, Weighting
from pipeline.findings import Finding, Severity

__all__ = ["Evidence", "Family", "Weighting", "WeightingVerdict", "classify_weighting", "family_of", "from_physics"]

_SPIN_ECHO_NAMES = ("tse", "se", "spc", "fse", "frfse", "haste", "ssfse", "ssh", "tir", "space", "cube", "vista", "h2d")
_GRADIENT_ECHO_NAMES = (
    "fl",
    "fi",
    "tfl",
    "gre",
    "ffe",
    "tfe",
    "fspgr",
    "spgr",
    "efgre",
    "vibe",
    "lava",
    "me2d",
    "ci3d",
)
_FAT_SUPPRESSION_OPTIONS = frozenset(
    {"FS", "SFS", "FSAT", "FATSAT", "FAT_SAT", "WE", "SPIR", "SPAIR", "CHESS", "DIXW", "WATER"}
)
_WATER_IMAGES = frozenset({"W", "WATER"})
_SHORT_INVERSION_MS = 300.0
_LONG_INVERSION_MS = 1300.0


class Evidence(StrEnum):
    """What decided."""

    PHYSICS = "physics"
    DESCRIPTION = "description"
    PIXELS = "pixels"
    GIVEN = "given"
    NOTHING = "nothing"


@dataclass(frozen=True)
class WeightingVerdict:
    """Weighting of one stack and how it was reached.

    Attributes
    ----------
    fat_suppressed
        None when neither options nor names say anything.
    family
        Spin echo or gradient echo, where known.
    """

    weighting: Weighting
    fat_suppressed: bool | None
    family: Family
    evidence: Evidence
    findings: tuple[Finding, ...] = ()

    @property
    def label(self) -> str:
        """For the eye, e.g. ``"T2 fat-suppressed"``."""
        extra = " gradient echo" if self.family is Family.GRADIENT_ECHO and self.weighting is Weighting.T1 else ""
        fat = " fat-suppressed" if self.fat_suppressed and self.weighting is not Weighting.STIR else ""
        return f"{self.weighting.value}{extra}{fat}"


def classify_weighting(facts: StackFacts) -> WeightingVerdict:
    """Tell the weighting of a stack from its headers; every step below the physics is a finding."""
    family = family_of(facts)
    physics, sure = from_physics(facts, family)
    named = weighting_named(facts.words) or weighting_named(facts.all_words)
    weighting, evidence, findings = _settle(facts, physics, sure, named)
    fat = _fat_suppressed(facts)
    return WeightingVerdict(weighting, True if weighting is Weighting.STIR else fat, family, evidence, findings)


def _settle(
    facts: StackFacts, physics: Weighting | None, sure: bool, named: Weighting | None
) -> tuple[Weighting, Evidence, tuple[Finding, ...]]:
    """Weigh physics against names."""
    if physics is None and named is None:
        return Weighting.UNKNOWN, Evidence.NOTHING, ()
    if physics is None and named is not None:
        text = f"{facts.name} lacks usable TR, TE and TI; taken as {named} from its description."
        return named, Evidence.DESCRIPTION, (Finding("weighting-from-description", Severity.INFO, text),)
    if named is None or named is physics:
        return physics or Weighting.UNKNOWN, Evidence.PHYSICS, ()
    if _name_adds_to(physics, named, facts):
        return named, Evidence.DESCRIPTION, ()
    if not sure:
        text = f"{facts.name} has a TR and TE between two weightings; taken as {named} from its description."
        return named, Evidence.DESCRIPTION, (Finding("weighting-from-description", Severity.INFO, text),)
    text = f"{facts.name} is called {named}, but its TR, TE and TI are those of {physics}, which is believed."
    finding = Finding("weighting-disagrees", Severity.WARNING, text)
    return physics or Weighting.UNKNOWN, Evidence.PHYSICS, (finding,)


def _name_adds_to(physics: Weighting | None, named: Weighting, facts: StackFacts) -> bool:
    """Whether a name tells what TR and TE cannot: an unrecorded inversion pulse, a balanced or diffusion sequence."""
    if named in (Weighting.STIR, Weighting.FLAIR):
        return physics in (Weighting.T2, Weighting.PD) and not facts.inversion_time_ms
    return named in (Weighting.DIFFUSION, Weighting.BALANCED, Weighting.T2_STAR) and physics is not Weighting.STIR


def family_of(facts: StackFacts) -> Family:
    """Spin echo, gradient echo or echo planar, from ScanningSequence, EchoPulseSequence and the sequence's name."""
    sequence = {value.upper() for value in facts.scanning_sequence}
    pulse = facts.pulse_sequence.upper()
    name = facts.sequence_name.casefold().lstrip("*_ ")
    if "EP" in sequence or name.startswith("ep"):
        return Family.ECHO_PLANAR
    if "SE" in sequence or pulse == "SPIN":
        return Family.SPIN_ECHO
    if "GR" in sequence or pulse == "GRADIENT":
        return Family.GRADIENT_ECHO
    if name.startswith(_SPIN_ECHO_NAMES):
        return Family.SPIN_ECHO
    if name.startswith(_GRADIENT_ECHO_NAMES):
        return Family.GRADIENT_ECHO
    return Family.UNKNOWN


def is_inversion(facts: StackFacts) -> bool:
    """Whether an inversion pulse is recorded anywhere."""
    name = facts.sequence_name.casefold().lstrip("*_ ")
    tokens = {value.upper() for value in (*facts.scanning_sequence, *facts.scan_options)}
    return (
        (facts.inversion_time_ms or 0.0) > 0.0
        or "IR" in tokens
        or facts.inversion_flag.upper() == "YES"
        or "STIR" in facts.image_types
        or name.startswith(("tir", "stir"))
    )


def from_physics(facts: StackFacts, family: Family) -> tuple[Weighting | None, bool]:
    """Weighting that TR, TE, TI and flip angle give, and whether they leave no doubt; None when they are missing.

    Limits follow the usual protocols of 0.2–3 T spine imaging (T1: TR below 1200 ms, TE below 35 ms; T2: TE from
    60 ms on; inversion below 300 ms nulls fat, above 1300 ms fluid).
    """
    tr = facts.repetition_time_ms or None
    te = facts.echo_time_ms or None
    if family is Family.ECHO_PLANAR or (facts.diffusion_b_value or 0.0) > 0.0:
        return Weighting.DIFFUSION, True
    if family is Family.GRADIENT_ECHO:
        return _gradient_echo(facts, tr, te)
    if is_inversion(facts):
        return _inversion_recovery(facts, tr, te)
    return _spin_echo(tr, te) if tr or te else (None, False)


def _gradient_echo(facts: StackFacts, tr: float | None, te: float | None) -> tuple[Weighting | None, bool]:
    """Gradient echo: balanced, T2* or T1."""
    variant = {value.upper() for value in facts.sequence_variant}
    flip = facts.flip_angle_deg or 0.0
    if "SS" in variant and "SP" not in variant and tr is not None and tr < 15.0 and flip >= 25.0:
        return Weighting.BALANCED, True
    if te is None:
        return None, False
    if te >= 10.0:
        return Weighting.T2_STAR, True
    return Weighting.T1, flip >= 8.0 or tr is None


def _inversion_recovery(facts: StackFacts, tr: float | None, te: float | None) -> tuple[Weighting | None, bool]:
    """Inversion recovery: which tissue the inversion time nulls."""
    ti = facts.inversion_time_ms or None
    if ti is None:
        short = te is not None and te < 25.0 and tr is not None and tr < 2800.0
        return (Weighting.T1, False) if short else (Weighting.STIR, False)
    if ti <= _SHORT_INVERSION_MS:
        return Weighting.STIR, True
    if ti < _LONG_INVERSION_MS and te is not None and te < 40.0:
        return Weighting.T1, True  # "T1 FLAIR": TI 600–1200 ms, TE 8–25 ms
    return Weighting.FLAIR, True


def _spin_echo(tr: float | None, te: float | None) -> tuple[Weighting | None, bool]:
    """Spin echo without inversion."""
    if te is not None and te >= 65.0:
        return Weighting.T2, True
    if tr is None:
        return None, False
    if te is None:
        return (Weighting.T1, False) if tr <= 900.0 else (None, False)
    if te <= 35.0 and tr <= 1800.0:
        return Weighting.T1, tr <= 1200.0
    if te < 50.0:
        return Weighting.PD, te <= 40.0 and tr > 1800.0
    return (Weighting.T2, te >= 60.0) if tr >= 1800.0 else (Weighting.PD, False)


def _fat_suppressed(facts: StackFacts) -> bool | None:
    """Fat suppression from options, the kind of Dixon image, enhanced attributes and names."""
    options = {value.upper() for value in facts.scan_options}
    if options & _FAT_SUPPRESSION_OPTIONS or facts.image_types & _WATER_IMAGES:
        return True
    if "FAT" in facts.suppression.upper():
        return True
    named = fat_suppression_named(facts.all_words)
    if named is not None:
        return named
    return False if options or facts.suppression or facts.words else None
