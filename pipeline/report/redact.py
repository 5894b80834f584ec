"""Keep people and places out of what is written: free text from headers may hold a name or a path."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pipeline.dicom.visit import PatientIdentity, Visit
from pipeline.findings import Finding

HIDDEN = "[removed]"
_POSIX_PATH = re.compile(r"(?<![\w/.:<])~?/(?:[^\s/:;,'\"()<>]+/)+(?=[^\s/:;,'\"()<>]|$|\s)")
_WINDOWS_PATH = re.compile(r"\b[A-Za-z]:\\(?:[^\s\\:;,'\"()<>]+\\)*")
_SHORTEST_NAME = 2
_SHORTEST_IN_PROSE = 3
"""Someone is called An or No: the program's own sentences begin like that."""
_SHORTEST_IDENTIFIER = 3
_SHORTEST_NUMBER = 5


def _tokens(identity: PatientIdentity) -> Iterable[str]:
    """Words that would give the patient away. Sex alone does not."""
    if identity.patient_name:
        yield from (t for t in re.split(r"[\^=,\s]+", identity.patient_name) if len(t) >= _SHORTEST_NAME)
    for whole in (identity.patient_id, identity.birth_date):
        # A short number says nothing about anybody, but would eat counts such as "183 files".
        if whole and len(whole) >= (_SHORTEST_NUMBER if whole.isdigit() else _SHORTEST_IDENTIFIER):
            yield whole


def _whole_words(tokens: list[str], flags: int) -> re.Pattern[str]:
    """Matches any of ``tokens`` as a whole word; nothing when there are none."""
    words = "|".join(re.escape(t) for t in tokens)
    return re.compile(rf"(?<![^\W_])(?:{words})(?![^\W_])" if tokens else r"(?!)", flags)


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
        self._header = _whole_words(tokens, re.IGNORECASE)
        long = [t for t in tokens if len(t) >= _SHORTEST_IN_PROSE]
        written = sorted({form for t in long for form in (t, t.upper(), t.title())}, key=lambda t: (-len(t), t))
        self._prose = _whole_words(written, 0)
        self._sources = sorted({v.source for v in visits if len(v.source) > 1}, key=lambda s: (-len(s), s))

    def __call__(self, text: str) -> str:
        """Header text without patient identity in any case, and without absolute paths (the file name stays)."""
        return self._header.sub(HIDDEN, self._without_paths(text))

    def prose(self, text: str) -> str:
        """The program's own words, likewise, but a lower-case word stays where the header writes it as a name.

        A test patient called "Case^Synthetic" would otherwise make every sentence unreadable.
        """
        return self._prose.sub(HIDDEN, self._without_paths(text))

    def _without_paths(self, text: str) -> str:
        for source in self._sources:
            if "/" in source or "\\" in source:
                text = text.replace(source, "the folder given")
        return _WINDOWS_PATH.sub("", _POSIX_PATH.sub("", text))

    def findings(self, findings: Iterable[Finding]) -> tuple[Finding, ...]:
        """The same findings with redacted messages, each only once."""
        clean = (Finding(f.code, f.severity, self.prose(f.message)) for f in findings)
        return tuple(dict.fromkeys(clean))
