"""Whether two sets of images are of one person, without ever saying who it is."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher

from pipeline.dicom.dates import usable_date
from pipeline.dicom.text import is_placeholder, joined, plain
from pipeline.dicom.visit import PatientIdentity
from pipeline.errors import IdentityError
from pipeline.findings import Finding, Severity

_LABELS = {"patient_id": "PatientID", "patient_name": "name", "birth_date": "birth date", "sex": "sex"}
_DIGRAPHS = (("ae", "a"), ("oe", "o"), ("ue", "u"), ("ß", "ss"), ("ou", "o"), ("oo", "o"), ("uu", "u"), ("ø", "o"))
_PUNCTUATION = re.compile(r"[^\w]+|_")
_TITLES = frozenset({"mr", "mrs", "ms", "dr", "prof", "herr", "frau", "hr", "fr", "mme", "sr", "sra", "jr", "med"})
_ALIKE = 0.85


def known_identity(identity: PatientIdentity) -> PatientIdentity:
    """The identity without what is no identity: placeholders of de-identification, impossible birth dates and sexes."""
    sex = plain(identity.sex).upper()
    birth = (identity.birth_date or "").strip()
    return PatientIdentity(
        patient_id=None if is_placeholder(identity.patient_id) else identity.patient_id,
        patient_name=None if is_placeholder(identity.patient_name) else identity.patient_name,
        birth_date=birth if _is_birth_date(birth) else None,
        sex=sex if sex in ("M", "F", "O") else None,
    )


def merged_identity(identities: Iterable[PatientIdentity]) -> PatientIdentity:
    """The first usable value of each attribute."""
    known = [known_identity(identity) for identity in identities]

    def first(name: str) -> str | None:
        return next((value for one in known if (value := getattr(one, name)) is not None), None)

    return PatientIdentity(first("patient_id"), first("patient_name"), first("birth_date"), first("sex"))


def check_same_patient(
    first: PatientIdentity, second: PatientIdentity, *, allow_different: bool = False
) -> tuple[Finding, ...]:
    """Compare the identities of two visits.

    Raises
    ------
    IdentityError
        If PatientID, name, birth date or sex differ and ``allow_different`` is false. The message names the
        attributes, never their values.
    """
    return check_identities((first, second), "The two visits", allow_different=allow_different)


_ADVICE = "Check the export; if it is one person all the same, run again with --allow-different-patients."


def check_identities(
    identities: Sequence[PatientIdentity], where: str, *, allow_different: bool = False, advice: str = _ADVICE
) -> tuple[Finding, ...]:
    """Compare any number of identities; ``where`` begins the message, and ``advice`` ends it.

    Raises
    ------
    IdentityError
        If any two differ and ``allow_different`` is false.
    """
    known = list(dict.fromkeys(known_identity(identity) for identity in identities))
    differing = {name for n, one in enumerate(known) for other in known[:n] for name in _differences(one, other)}
    names = [label for name, label in _LABELS.items() if name in differing]
    if names and not allow_different:
        raise IdentityError(
            f"{where} differ in {joined(names)}, so they belong to different patients or were labelled wrongly. "
            f"{advice}"
        )
    if names:
        text = f"{where} differ in {joined(names)}; compared all the same, as was asked for."
        return (Finding("identity-override", Severity.WARNING, text),)
    return _unverified(known, where)


def _unverified(known: Sequence[PatientIdentity], where: str) -> tuple[Finding, ...]:
    """A finding where nothing that identifies is known on every side."""
    if len(known) == 1:
        sure = bool(known[0].patient_id or known[0].patient_name)
    else:
        sure = all(one.patient_id for one in known) or all(one.patient_name for one in known)
    if sure:
        return ()
    text = f"{where} carry no usable PatientID or name on every side; that they are of one patient was not verified."
    return (Finding("identity-unverified", Severity.WARNING, text),)


def _differences(one: PatientIdentity, other: PatientIdentity) -> list[str]:
    """Attributes that are known on both sides and differ."""
    different = []
    if one.patient_id and other.patient_id and _id(one.patient_id) != _id(other.patient_id):
        different.append("patient_id")
    if one.birth_date and other.birth_date and usable_birth(one.birth_date) != usable_birth(other.birth_date):
        different.append("birth_date")
    if one.sex and other.sex and one.sex != other.sex and "O" not in (one.sex, other.sex):
        different.append("sex")
    if one.patient_name and other.patient_name:
        vouched = not different and bool((one.patient_id and other.patient_id) or (one.birth_date and other.birth_date))
        if not same_name(one.patient_name, other.patient_name, tolerant=vouched):
            different.append("patient_name")
    return different


def same_name(one: str, other: str, *, tolerant: bool = False) -> bool:
    """Whether two names can be one person's.

    Case, order, carets, accents, titles, initials, missing middle names and the spellings ä/ae, ß/ss, ō/ou do not
    count. Names in several scripts (``=`` in PS3.5 6.2.1.1) agree when one script agrees.

    Parameters
    ----------
    tolerant
        Also accept a small difference in spelling; only where PatientID or birth date vouch for the person.
    """
    for a in _scripts(one):
        for b in _scripts(other):
            if _same_words(a, b) or (tolerant and SequenceMatcher(None, "".join(a), "".join(b)).ratio() >= _ALIKE):
                return True
    return False


def _scripts(name: str) -> list[list[str]]:
    """Sorted words of each script of a name, in a form without accents and case."""
    groups = []
    for part in name.split("="):
        words = sorted(word for word in _PUNCTUATION.sub(" ", _bare(part)).split() if word not in _TITLES)
        if words:
            groups.append(words)
    return groups


def _bare(text: str) -> str:
    """Lower case without accents; ambiguous transliterations folded to one form."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    for long, short in _DIGRAPHS:
        bare = bare.replace(long, short)
    return unicodedata.normalize("NFC", bare)


def _same_words(a: Sequence[str], b: Sequence[str]) -> bool:
    """The same words, or all of the shorter name's in the longer one, an initial counting as its word."""
    if "".join(a) == "".join(b):
        return True
    short, long = sorted((list(a), list(b)), key=len)
    full = [word for word in short if len(word) > 1]
    if not full or len(short) < 2:
        return False
    left = list(long)
    for word in sorted(short, key=len, reverse=True):
        match = next((w for w in left if w == word or (min(len(w), len(word)) == 1 and w[0] == word[0])), None)
        if match is None:
            return False
        left.remove(match)
    return True


def _id(text: str) -> str:
    """PatientID without what systems add and lose: spaces, case, punctuation, leading zeros."""
    bare = _PUNCTUATION.sub("", unicodedata.normalize("NFKC", text).casefold())
    return bare.lstrip("0") or bare


def usable_birth(text: str) -> str:
    """Digits of a birth date."""
    return re.sub(r"\D", "", text)[:8]


def _is_birth_date(text: str) -> bool:
    digits = usable_birth(text)
    if len(digits) != 8 or digits in ("19000101", "00010101", "11111111"):
        return False
    # the plausibility of a study's year does not bound a birth; its day and month do
    return 1880 <= int(digits[:4]) <= 2100 and usable_date(f"2000{digits[4:]}") is not None
