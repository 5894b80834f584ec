"""Keep people and places out of what is written: free text from headers may hold a name or a path."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pipeline.dicom.visit import PatientIdentity, Visit
from pipeline.findings import Finding

HIDDEN = "[removed]"
_POSIX_PATH = re.compile(r"(?<![\w/.:<])~?/(?:[^\s/:;,'\"()<>]+/)+(?=[^\s/:;,'\"()<>]|$|\s)")
_WINDOWS_PATH = re.compile(r"\b[A-Za-z]:\\(?:[^\s\\:;,'\"()<>]+\\)*")
_SHORTEST_NAME = 3


def _tokens(identity: PatientIdentity) -> Iterable[str]:
    """Words that would give the patient away. Sex alone does not."""
    if identity.patient_name:
        yield from (t for t in re.split(r"[\^=,\s]+", identity.patient_name) if len(t) >= _SHORTEST_NAME)
    for whole in (identity.patient_id, identity.birth_date):
        if whole and len(whole) >= _SHORTEST_NAME:
            yield whole


class Redactor:
    """Removes identity tokens and folder names from free text.

    Parameters
    ----------
    visits
        Visits whose identities and sources are hidden.
    """

    def __init__(self, *visits: Visit) -> None:
        tokens = sorted({t for v in visits for t in _tokens(v.identity)}, key=lambda t: (-len(t), t))
        # Whole words only: a patient called "Post" must not turn "posterior" into a riddle.
        words = "|".join(re.escape(t) for t in tokens)
        self._identity = re.compile(rf"(?<![^\W_])(?:{words})(?![^\W_])", re.IGNORECASE) if tokens else None
        self._sources = sorted({v.source for v in visits if len(v.source) > 1}, key=lambda s: (-len(s), s))

    def __call__(self, text: str) -> str:
        """``text`` without patient identity and without absolute paths (the last path element stays)."""
        for source in self._sources:
            if "/" in source or "\\" in source:
                text = text.replace(source, "the folder given")
        text = _WINDOWS_PATH.sub("", _POSIX_PATH.sub("", text))
        return self._identity.sub(HIDDEN, text) if self._identity else text

    def findings(self, findings: Iterable[Finding]) -> tuple[Finding, ...]:
        """The same findings with redacted messages, each only once."""
        clean = (Finding(f.code, f.severity, self(f.message)) for f in findings)
        return tuple(dict.fromkeys(clean))
