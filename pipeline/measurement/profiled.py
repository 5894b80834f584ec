"""What the precision profile adds to the errors of one volume and of a change."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pipeline.findings import Finding, Severity
from pipeline.measurement.precision import SEEN, Precision, PrecisionProfile, RealCanals
from pipeline.measurement.uncertainty import Spread

BLANK_QUANTILE = 1.96
"""97.5 % of empty measurements lie below this many standard deviations (a limit of blank, CLSI EP17, at 2.5 %): that
of a two-sided 95 % interval, so that what is called present is what such an interval tells from none."""

OVERLOOKED = 0.2
"""Fragments drawn into the real canals of held-out patients read 16 % low in the median (``docs/evaluation.md``), which
simulated ones do not show: the interval of a volume reaches so much of it further up. In 22 other patients that holds
the truth for 74 of 76 fragments that were seen; of those overlooked altogether no share of a volume can tell."""


@dataclass(frozen=True)
class View:
    """How one visit's fragment was imaged.

    Attributes
    ----------
    pitch_mm
        Distance of neighbouring slices.
    brightness
        Of the fragment as a share of that of the CSF on T2; None where unknown.
    snr
        None where unknown.
    """

    pitch_mm: float
    brightness: float | None
    snr: float | None


def profiled(spread: Spread, view: View, profile: PrecisionProfile, *, elsewhere: bool = False) -> Spread:
    """The same volume with the errors that the profile knows of.

    A provisional profile can only widen. One that was made by simulating whole pairs takes the place of the rule of
    thumb for the border, so that intervals can be as narrow as they were shown to be. ``elsewhere`` tells that another
    visit shows the fragment.
    """
    known = profile.at(spread.volume_mm3, view.pitch_mm, view.brightness, view.snr)
    limit = max(spread.limit_mm3, BLANK_QUANTILE * known.floor_mm3)
    own = replace(spread, limit_mm3=limit, overlooked=OVERLOOKED)
    own = replace(own, hidden_mm3=surely_seen_mm3(view, profile, shown=own.present or elsewhere))
    if not own.present:
        return own
    deviation = spread.volume_mm3 * known.sd / (1 + known.bias)
    if profile.provisional:
        return replace(own.with_disagreement(deviation), bias=known.bias)
    boundary = float(np.sqrt(max(0.0, deviation**2 - own.own_mm3**2)))
    return replace(own, boundary_mm3=boundary, bias=known.bias)


def surely_seen_mm3(view: View, profile: PrecisionProfile, *, shown: bool) -> float:
    """The limit of detection in mm³: the larger one of simulated images and of real canals.

    A profile knows slice distance and noise, and drawn anatomy only; real canals were seen in one protocol. ``shown``
    tells whether a visit shows the fragment: where none does, what was read is noise, and so is its brightness.
    """
    brightness = view.brightness if shown else None
    simulated = profile.surely_seen_mm3(view.pitch_mm, brightness, view.snr)
    return max(simulated, RealCanals.load().surely_seen_mm3(brightness, SEEN, shown=shown))


def known_change_sd_mm3(
    first: Spread, second: Spread, views: tuple[View, View], profile: PrecisionProfile
) -> tuple[float, Precision]:
    """Standard deviation of the change in mm³ by the profile at the mean of both volumes, and what it said."""
    mean = (first.volume_mm3 + second.volume_mm3) / 2
    found = [profile.at(mean, view.pitch_mm, view.brightness, view.snr) for view in views]
    worse = max(found, key=lambda one: one.change_sd / (1 + one.bias))
    floor = float(np.sqrt(2) * worse.floor_mm3)
    return max(mean * worse.change_sd / (1 + worse.bias), floor), worse


def profile_findings(profile: PrecisionProfile, exceeded: tuple[str, ...], weights: str) -> list[Finding]:
    """Tell what the profile does not cover, and when its figures are provisional or those of other networks.

    ``weights`` is the SHA-256 of the weights in use.
    """
    findings = []
    if profile.made_with.get("weights_sha256", weights) != weights:
        text = (
            "The precision profile was made with other weights of the networks, so the intervals may be too narrow or "
            "too wide. Make it anew with `discdelta validate`, or leave measurement.precision_profile out."
        )
        findings.append(Finding("precision-profile-of-other-weights", Severity.WARNING, text))
    if exceeded:
        text = (
            f"The precision profile does not reach the {' and '.join(exceeded)} of these images: the nearest figures "
            "are used. A profile of your own protocol is made with `discdelta validate`."
        )
        findings.append(Finding("precision-profile-exceeded", Severity.INFO, text))
    if profile.provisional:
        text = (
            "The intervals rest on a provisional precision profile: single visits of fragments drawn into real "
            "patients, not whole pairs. A profile of your own protocol is made with `discdelta validate`."
        )
        findings.append(Finding("precision-profile-provisional", Severity.INFO, text))
    return findings
