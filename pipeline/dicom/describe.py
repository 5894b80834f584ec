"""How findings name series and files, without saying whose they are."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

from pipeline.dicom.instance import Instance
from pipeline.dicom.text import is_placeholder
from pipeline.dicom.visit import PatientIdentity

_SHORTEST_NAME = 2
"""Many people are called Li, Ng or Bo."""
_SHORTEST_IDENTIFIER = 3
_SHORTEST_ANYWHERE = 5
"""From this length on a word is taken out of longer words too: "SmithersT2" tells as much as "Smithers T2"."""

_HIDDEN = "…"
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "oe", "å": "aa"})


def printable(text: str) -> str:
    """Text without what a terminal or a UTF-8 file cannot take: control characters, undecodable bytes of file names."""
    return text if text.isprintable() else "".join(one if one.isprintable() else "?" for one in text)


class Anonymiser:
    """Takes everything that names a patient out of file names and descriptions.

    Parameters
    ----------
    identities
        Of all patients met in one source: parts of names of two letters and more, IDs and birth dates are hidden.
    sign
        What stands in their place.
    """

    def __init__(self, identities: Iterable[PatientIdentity], sign: str = _HIDDEN) -> None:
        self._sign = sign
        known = set(identities)
        words = {form for one in known for word in identifying_words(one) for form in _spellings(word)}
        forms = [_separated(word) for one in known for word in _identifiers(one) if len(word) >= _SHORTEST_ANYWHERE]
        forms += [_as_expression(word) for word in sorted(words, key=lambda word: (-len(word), word))]
        forms += [form for one in known for form in _dates(one.birth_date or "")]
        self._words = re.compile("|".join(forms) or r"(?!)", re.IGNORECASE)

    def __call__(self, text: str) -> str:
        """``text`` with the sign in place of every such word, in any case and spelling."""
        return self._words.sub(self._sign, text)


def without_identity(text: str, identities: Iterable[PatientIdentity]) -> str:
    """A file name or description in which no part of a patient's name, no ID and no birth date can be read."""
    return Anonymiser(identities)(text)


def series_label(instance: Instance) -> str:
    """Number and description of the series, as people at a scanner call it."""
    number = "without number" if instance.series_number is None else str(instance.series_number)
    shown = instance.series_description if instance.shown_description is None else instance.shown_description
    description = printable(shown)
    return f"Series {number} ({description})" if description else f"Series {number}"


def identifying_words(identity: PatientIdentity) -> Iterator[str]:
    """IDs, names as parts between blanks and carets, and parts of double names."""
    yield from (word for word in _identifiers(identity) if len(word) >= _SHORTEST_IDENTIFIER)
    for text in filter(None, (identity.patient_name, *identity.other_names)):
        if is_placeholder(text):
            continue
        for part in re.split(r"[\s^=,]+", text):
            parts = {part, *re.split(r"[\W_]+", part)}
            yield from sorted(word for word in parts if len(word) >= _SHORTEST_NAME)


def _identifiers(identity: PatientIdentity) -> list[str]:
    names = (identity.patient_name, *identity.other_names)
    known = [text for text in (identity.patient_id, *identity.other_ids) if text and text not in names]
    return [text.strip() for text in known if not is_placeholder(text)]


def _separated(identifier: str) -> str:
    """An ID however it is divided: "A-12/34" cannot be a file's name, so it is written A_12_34 or A1234 there."""
    signs = [re.escape(sign) for sign in identifier if sign.isalnum()]
    divided = r"[\W_]?".join(signs)
    return rf"(?<![^\W_])0*{divided}(?![^\W_])" if len(signs) >= _SHORTEST_ANYWHERE else r"(?!)"


def _spellings(word: str) -> set[str]:
    """A word as file systems and keyboards write it: composed or not, without accents, umlauts as two letters."""
    composed, split = unicodedata.normalize("NFC", word), unicodedata.normalize("NFD", word)
    bare = "".join(letter for letter in split if not unicodedata.combining(letter))
    return {word, composed, split, bare, composed.casefold().translate(_UMLAUTS)}


def _as_expression(word: str) -> str:
    """Short words and numbers count only where they stand alone: a patient called Sag leaves "sagittal" whole."""
    form = re.escape(word)
    if word.isdigit():
        return rf"(?<!\d){form}(?!\d)"
    return form if len(word) >= _SHORTEST_ANYWHERE else rf"(?<![^\W_]){form}(?![^\W_])"


def _dates(birth: str) -> list[str]:
    """A birth date with the year first or last, whatever stands between its parts."""
    digits = re.sub(r"\D", "", birth)
    if len(digits) != 8:
        return []
    year, month, day = digits[:4], digits[4:6], digits[6:]
    short = year[2:]
    orders = ((year, month, day), (day, month, year), (month, day, year), (short, month, day), (day, month, short))
    return [rf"(?<!\d){r'[-._/ ]?'.join(parts)}(?!\d)" for parts in orders]
