"""How findings name series and files, without saying whose they are."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pipeline.dicom.instance import Instance
from pipeline.dicom.visit import PatientIdentity

_SHORTEST_TELLING = 3


def printable(text: str) -> str:
    """Text without what a terminal or a UTF-8 file cannot take: control characters, undecodable bytes of file names."""
    return text if text.isprintable() else "".join(one if one.isprintable() else "?" for one in text)


def without_identity(text: str, identities: Iterable[PatientIdentity]) -> str:
    """A file name in which no part of a patient's name, nor the ID, can be read."""
    for identity in identities:
        for value in (identity.patient_id, *re.split(r"[\s^=,]+", identity.patient_name or "")):
            if value and len(value) >= _SHORTEST_TELLING:
                text = re.sub(re.escape(value), "…", text, flags=re.IGNORECASE)
    return text


def series_label(instance: Instance) -> str:
    """Number and description of the series, as people at a scanner call it."""
    number = "without number" if instance.series_number is None else str(instance.series_number)
    description = printable(instance.series_description)
    return f"Series {number} ({description})" if description else f"Series {number}"
