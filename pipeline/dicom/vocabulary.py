"""What the names of series say about weighting, fat suppression and contrast medium, in the languages of exports.

Every function takes text as :func:`pipeline.dicom.text.plain` gives it.
"""

from __future__ import annotations

import re

from pipeline.dicom.weightings import Weighting

_STAR = re.compile(r"t2 ?(?:\*|star)|\b(?:medic|merge|m-?ffe|gre|ge|ffe|flash|swi|swan)\b")
_T1 = re.compile(r"(?<![0-9])(?<!tes)(?<!par)(?<!pos)(?<!c7-)(?<!c7/)t1(?![0-9*])|t-1(?![0-9])|\bt1(?=[a-z])")
_T2 = re.compile(r"(?<![0-9])t2(?![0-9*])|\bt-2(?![0-9])|frfse|\bhaste\b|\bssfse\b")
_PD = re.compile(r"(?<![a-z])(?:pd|dp|ρ|rho)w?(?![a-z])|proton|protón|质子|質子|プロトン")
_STIR = re.compile(r"stir|tirm|turbo ?ir|(?<![a-z])(?:fse-?)?(?:tir|f?ir)(?![a-z])|inversion|irfse|反転回復|反转恢复")
_FLAIR = re.compile(r"flair|dark ?fluid")
_DIFFUSION = re.compile(r"\b(?:dwi|dti|dwibs|resolve|adc)\b|diff|trace ?w|拡散|弥散|擴散|扩散|диффуз")
_BALANCED = re.compile(r"ciss|fiesta|true ?fisp|trufi|\bb-?(?:ffe|tfe)\b|balanced|\bfisp\b|cosmic")

_FAT = re.compile(
    r"(?<![a-z])(?:fs|fsat|ftsat|fatsat|spair|spir|chess|we|wats|proset)(?![a-z])|t[12]w?fs(?![a-z])|f/s"
    r"|fat[ -]?(?:sat|sup|sep)|sat[a-zé]*[ .]*(?:de )?(?:fat|gr)|fett[ -]?(?:ges|sät|sat|unt|supp)|^water\b"
    r"|water ?exc|dixon[ -]*w"
    r"|(?:graisse|grasa|grasso|gordura)|(?:\bdix(?:on)?\b|ideal|flex|mdixon).*(?:\bw\b|water|wasser|eau)"
    r"|抑脂|压脂|壓脂|脂肪抑制|脂肪飽和|脂肪饱和|脂抑|脂肪抑|지방억제|подавлени"
)
_NO_FAT = re.compile(r"(?:\bno|\bnon|w/o|without|ohne|sans|sin|senza|\bsem)[ -]*(?:fs|fat|fett|sat|supp?r)")

_WITHOUT = (
    r"(?:w/?o|without|\bnon?|\bohne|\bsans|\bsin|\bsenza|\bsem|\bzonder|\bbez|\butan|\buden|\bвез|\bбез|\bpre|\bprae|\bprä"
    r"|\bvor|\bavant|\bantes|\bprima|\bvoor|\bprzed|\bfør|\bföre|\bbefore|\bприд|\bдо)"
)
_MEDIUM = (
    r"(?:km|contrast[a-zé]*|kontrast[a-zı]*|gad[a-z]*|gd(?:-?[a-z]+)?|ce|iv|inj[a-zé]*|pdc|mdc|civ|mc|kv|ks|c|контраст[а-я]*|ку"
    r"|multihance|magnevist|dotarem|gadovist|gadavist|prohance|omniscan|primovist|clariscan|elucirem|vueway)"
)
_PRE = re.compile(
    rf"{_WITHOUT}[ .-]*(?:{_MEDIUM})(?![a-z])|(?<![a-z+])-c(?![a-z0-9])|(?<![a-z])(?:pre|nativ[a-z]*|nat|unenh[a-z]*"
    r"|non-?con[a-z]*|precon[a-z]*|nc)(?![a-z])|(?<![a-z])w/?o$|kontrasts[ıi]z|造影前|造影なし|単純|平扫|平掃|增强前|조영전|натив"
)
_BOTH = re.compile(
    r"\bw/?[ &+]?w/?o\b|\bwo[ /&+]?w\b|w/?o *(?:/|&|\+|and) *w(?:ith|/)?|w(?:ith|/)? *(?:/|&|\+|and) *(?:w/?o|without)"
    r"|mit und ohne|ohne und mit|avec et sans|sans et avec|sans puis avec|con y sin|sin y con|con e senza|senza e con"
    r"|com e sem|sem e com|平扫[+及和]?增强|pre[ /&+-]*(?:and )?post|без и с"
)
_POST = re.compile(
    rf"\+ *(?:{_MEDIUM})(?![a-z])|(?<![a-z])(?:c|k)\+|(?<![a-z])(?:post|nach|mit|m\.?|avec|apr[eè]s|con|com|p[oó]s"
    rf"|dopo|na|met|med|efter|etter|po|after|with|с|после)[ .-]*(?:{_MEDIUM})(?![a-z])"
    rf"|(?<![a-z0-9])w/? ?(?:{_MEDIUM})(?![a-z])"
    r"|(?<![a-z])(?:with|w/)$"
    r"|(?<![a-z])(?:post|gado?|gd|km|ce|mdc|pdc|civ|inj|enh|postcon[a-z]*)(?![a-z])(?! ?[-/]?(?:op|lam|trauma))"
    r"|gad(?:o|avist|ovist|olin|obutrol|otera|oben|opent)|multihance|magnevist|dotarem|prohance|omniscan|clariscan"
    r"|elucirem|vueway|primovist|inject[eé]|kontrastm|kontrastl[ıi]|contrast(?![a-z])|contraste|(?<!non)enhanced|ceme?t1|t1ce"
    r"|t1w?\+|t1c(?![a-z])|增强|增強|强化|造影|조영|контраст|усилен"
)


def weighting_named(words: str) -> Weighting | None:
    """Weighting that a name states; None when it states none, or two at once."""
    if _DIFFUSION.search(words):
        return Weighting.DIFFUSION
    t1, t2 = _T1.search(words) is not None, _T2.search(words) is not None
    if _FLAIR.search(words):
        return Weighting.T1 if t1 and not t2 else Weighting.FLAIR
    if _STIR.search(words):
        return Weighting.T1 if t1 and not t2 else Weighting.STIR
    if _BALANCED.search(words):
        return Weighting.BALANCED
    if _STAR.search(words):
        return Weighting.T1 if t1 and not t2 else Weighting.T2_STAR
    stated = [w for w, found in ((Weighting.T1, t1), (Weighting.T2, t2), (Weighting.PD, _PD.search(words))) if found]
    return stated[0] if len(stated) == 1 else None


def fat_suppression_named(words: str) -> bool | None:
    """Whether a name states that fat is suppressed (True) or is not (False)."""
    if _NO_FAT.search(words):
        return False
    return True if _FAT.search(words) else None


def contrast_named(words: str) -> bool | None:
    """Whether a name states that contrast medium had been given (True) or had not (False).

    A name that states both ("WO+W CONTRAST") speaks of the whole study and gives None.
    """
    if _BOTH.search(words):
        return None
    before, after = _PRE.search(words), _POST.search(words)
    if before:
        return False
    return True if after else None
