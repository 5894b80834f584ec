"""Keep people and places out of what is written: free text from headers may hold a name or a path."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pipeline.dicom.describe import Anonymiser, identifying_words
from pipeline.dicom.visit import PatientIdentity, Visit
from pipeline.findings import Finding

HIDDEN = "[removed]"
_POSIX_PATH = re.compile(r"(?<![\w/.:<])~?/(?:[^\s/:;,'\"()<>]+/)+(?=[^\s/:;,'\"()<>]|$|\s)")
_WINDOWS_PATH = re.compile(r"\b[A-Za-z]:\\(?:[^\s\\:;,'\"()<>]+\\)*")
_SHORTEST = 3
"""Someone is called An or No: the program's own sentences begin like that."""
_SHORTEST_NUMBER = 5
"""A shorter one says nothing about anybody, but would eat counts such as "183 files"."""


def _telling(word: str) -> bool:
    return len(word) >= (_SHORTEST_NUMBER if word.isdigit() else _SHORTEST)


def _as_written(identities: Iterable[PatientIdentity]) -> re.Pattern[str]:
    """Matches words that would give a patient away, written as headers write names, where they stand alone.

    A patient called "Post" must not turn "posterior" into a riddle.
    """
    words = {word for one in identities for word in (*identifying_words(one), one.birth_date or "") if _telling(word)}
    forms = sorted({form for t in words for form in (t, t.upper(), t.title())}, key=lambda t: (-len(t), t))
    return re.compile(rf"(?<![^\W_])(?:{'|'.join(map(re.escape, forms))})(?![^\W_])" if forms else r"(?!)")


class Redactor:
    """Removes identity tokens and folder names from free text.

    Parameters
    ----------
    visits
        Visits whose identities and sources are hidden.
    """

    def __init__(self, *visits: Visit) -> None:
        identities = [visit.identity for visit in visits]
        self._header = Anonymiser(identities, HIDDEN)
        self._prose = _as_written(identities)
        self._sources = sorted({v.source for v in visits if len(v.source) > 1}, key=lambda s: (-len(s), s))

    def __call__(self, text: str) -> str:
        """Header text without patient identity in any case, and without absolute paths (the file name stays)."""
        return self._header(self._without_paths(text))

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
