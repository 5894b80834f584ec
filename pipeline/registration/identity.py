"""Whether the two visits show one person: told from the bones themselves, as headers can be wrong or emptied.

Vertebrae of two people differ in shape, in their veins and marrow and in what lies around them. Each vertebra is laid
onto its counterpart by itself, so that a patient who lies bent otherwise is not taken for another one; what still
differs then is noise, slices and another shading in one person, and everything else in two.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from pipeline.findings import Finding, Severity
from pipeline.registration.alignment import Alignment
from pipeline.registration.segmental import Own

ANOTHER, DOUBTFUL = 0.55, 0.7
"""Likeness below which the visits show two people, and below which they may (docs/alignment.md tells how often)."""
FEWEST = 2


def likeness(own: Mapping[str, Own | None]) -> float | None:
    """How alike the vertebrae of both visits are, −1…1: their mean correlation; None without a vertebra.

    A vertebra that one visit shows too little of, or that comes to rest far from its counterpart, is left out while
    two others speak; else it counts as not alike. The mean, as two lumbar bodies of two people can be alike where their
    sacra are not.
    """
    known = [one.likeness for one in own.values() if one is not None]
    if not own:
        return None
    return float(np.mean(known)) if len(known) >= FEWEST else sum(known) / len(own)


def identity_findings(alike: float | None) -> list[Finding]:
    """Nothing where the bones are those of one person; a warning or an error where they may not be."""
    if alike is None or alike >= DOUBTFUL:
        return []
    severity = Severity.ERROR if alike < ANOTHER else Severity.WARNING
    message = (
        f"The two visits may not show the same person: vertebra by vertebra their bones correlate by only {alike:.2f} "
        f"({DOUBTFUL:g} and more in one person). Check that both folders belong to one patient before any change is "
        "believed; strong artefacts or an operation can also be the reason. Where it is surely one person, "
        "--allow-different-patients goes on."
    )
    return [Finding("patient-doubtful", severity, message)]


def vouched(alignment: Alignment) -> Alignment:
    """The same where the user says that it is one person: the doubt is told as a warning, and refuses nothing.

    Nothing else can have refused it, as visits that are not aligned are not asked whose they are.
    """
    doubts = [one for one in alignment.findings if one.code == "patient-doubtful"]
    if not doubts:
        return alignment
    findings = tuple(replace(one, severity=Severity.WARNING) if one in doubts else one for one in alignment.findings)
    return replace(alignment, findings=findings, quality=replace(alignment.quality, usable=True))
