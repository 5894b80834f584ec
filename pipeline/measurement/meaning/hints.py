"""What does not fit a disc fragment, and what could not be told: always a reason to look, never a diagnosis."""

from __future__ import annotations

from pipeline.dicom.visit import Role
from pipeline.findings import Finding, Severity
from pipeline.measurement.change import Category
from pipeline.measurement.meaning.hints_fluid import Unmeasured
from pipeline.measurement.meaning.meaning import VisitMeaning

FLUID_T2 = 0.75
"""Share of the fluid's T2 signal from which on material is as bright as fluid: disc material rarely exceeds a half."""
FLUID_T1 = 0.7
"""Share of the muscle's T1 signal below which material is as dark as fluid; fragments lie near muscle."""
MASS_UPTAKE = 1.4
"""Rise of a fragment's signal against fluid after contrast medium from which on its core takes it up."""


def hints(
    baseline: VisitMeaning,
    followup: VisitMeaning,
    category: Category,
    core_gain_percent: float | None = None,
    unmeasured: tuple[Unmeasured | None, Unmeasured | None] = (None, None),
) -> tuple[Finding, ...]:
    """Findings on signal and uptake.

    Parameters
    ----------
    core_gain_percent
        Rise of the signal in the core at follow-up, as the enhancement map tells it; without one it is judged by the
        signal against fluid before and after.
    unmeasured
        Of both visits, what seems displaced where the measured material is too little to tell its signal.
    """
    found = []
    for when, visit, other in zip(("baseline", "follow-up"), (baseline, followup), unmeasured, strict=True):
        if other is not None and fluid_ratios(other.t2_to_fluid, other.t1_to_muscle):
            text = (
                f"At {when} {other.volume_mm3:.0f} mm³ of what seems displaced is as bright as fluid on T2 "
                f"({_share(other.t2_to_fluid)} of it) and dark on T1 ({_share(other.t1_to_muscle)} of muscle), so that "
                "it was hardly measured: a cyst looks like that, and so does fluid of the sac that was taken for a "
                "fragment. The borders of a cyst are not told. Have the images read by a radiologist."
            )
            found.append(Finding("signal-like-fluid", Severity.WARNING, text))
        elif looks_like_fluid(visit):
            t2, t1 = visit.signals[Role.SAGITTAL_T2], visit.signals[Role.SAGITTAL_T1]
            text = (
                f"At {when} what was measured is nearly as bright as fluid on T2 ({_share(t2.fragment_to_csf)} of it) "
                f"and dark on T1 ({_share(t1.fragment_to_muscle)} of muscle): a cyst looks like that, a disc fragment "
                "rarely. Have the images read by a radiologist."
            )
            found.append(Finding("signal-like-fluid", Severity.WARNING, text))
    uptake = core_uptake(followup) if core_gain_percent is None else 1.0 + core_gain_percent / 100.0
    if category in (Category.GROWTH, Category.NEW) and uptake is not None and uptake >= MASS_UPTAKE:
        text = (
            f"What was measured grew, and its core takes up contrast medium (signal {uptake:.1f} times that "
            "before it): a resorbing fragment enhances at its rim. Have the images read by a radiologist."
        )
        found.append(Finding("growth-with-enhancement", Severity.WARNING, text))
    return tuple(found)


def looks_like_fluid(visit: VisitMeaning) -> bool:
    """Very bright on T2 and dark on T1; never where one of the two is unknown."""
    t2, t1 = visit.signals.get(Role.SAGITTAL_T2), visit.signals.get(Role.SAGITTAL_T1)
    if t2 is None or t1 is None or t2.fragment_to_csf is None or t1.fragment_to_muscle is None:
        return False
    return fluid_ratios(t2.fragment_to_csf, t1.fragment_to_muscle)


def fluid_ratios(t2_to_fluid: float, t1_to_muscle: float) -> bool:
    """Whether these shares, of fluid on T2 and of muscle on T1, are those of fluid."""
    return t2_to_fluid >= FLUID_T2 and t1_to_muscle <= FLUID_T1


def core_uptake(visit: VisitMeaning) -> float | None:
    """Fragment against fluid after contrast medium over the same before it; None without both.

    Fluid takes up nothing and lies beside the fragment, so that gain and coil cancel out.
    """
    post, pre = visit.signals.get(Role.SAGITTAL_T1_POST), visit.signals.get(Role.SAGITTAL_T1)
    if post is None or pre is None or post.fragment_to_csf is None or not pre.fragment_to_csf:
        return None
    return post.fragment_to_csf / pre.fragment_to_csf


def _share(ratio: float | None) -> str:
    return "unknown" if ratio is None else f"{100 * ratio:.0f} %"
