"""Free text of headers, made comparable: one normal form for descriptions in any language and script."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_SEPARATORS = re.compile(r"[\s_^\\|,;:]+")

_PLACEHOLDERS = re.compile(
    r"(?:x{2,}|\*+|-+|\?+|0+|n/?a|nil|null|none|no ?name|not available|unknown|unspecified|removed|deleted|redacted"
    r"|masked|blank|default|(?:de-?identified|anon(?:ymi[sz]ed|ymous|yme|ym|imo)?)(?: ?\d{0,3})?(?: patient)?)"
)


def plain(text: str | None) -> str:
    """Lower-case ``text`` in Unicode compatibility form with underscores and other separators as single spaces.

    Full-width letters of Japanese exports become ASCII, so ``"Ｔ２＿ＳＡＧ"`` reads ``"t2 sag"``.
    """
    if not text:
        return ""
    return _SEPARATORS.sub(" ", unicodedata.normalize("NFKC", text).casefold()).strip()


def is_placeholder(text: str | None) -> bool:
    """Whether a value says nothing: empty, or what de-identification and careless exports leave behind."""
    words = plain(text)
    return not words or _PLACEHOLDERS.fullmatch(words) is not None


def quoted(text: str | None) -> str:
    """A description for a message: in quotation marks, or a sentence's way of saying that there is none."""
    stripped = " ".join(text.split()) if text else ""
    return f"'{stripped}'" if stripped else "without description"


def joined(words: Iterable[str]) -> str:
    """Words as an English list: ``"a, b and c"``."""
    items = list(words)
    return ", ".join(items[:-1]) + " and " + items[-1] if len(items) > 1 else "".join(items)
