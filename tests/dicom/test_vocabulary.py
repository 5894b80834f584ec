"""What names say about contrast medium, in the languages that exports come in."""

from __future__ import annotations

import pytest

from pipeline.dicom.text import is_placeholder, plain
from pipeline.dicom.vocabulary import contrast_named

AFTER = [
    "Sag TSE T1 Post",
    "SAG T1 FS +C",
    "SAG T1 C+",
    "T1W_TSE+C",
    "T1 SAG GD",
    "T1 +GAD",
    "T1_GD-DTPA",
    "SAG T1 GADO FATSAT",
    "Sag T1 CE",
    "SAG T1 WITH",
    "t1 w/ contrast",
    "t1_tse_sag_fs_km",
    "Ax T1 nach KM",
    "T1 tra n. KM m.KM",
    "SAG T1 APRES INJ",
    "T1 sag injecté",
    "T1 dopo mdc",
    "T1 POS CONTRASTE",
    "T1 con civ",
    "T1 矢状位 增强",
    "造影Ｔ１",
    "T1 조영증강",
    "T1 с контрастом",
    "T1 kontrastlı",
    "T1 Dotarem",
]
BEFORE = [
    "Sag T1 pre",
    "SAG T1 W/O",
    "SAG T1 W/O CONTRAST",
    "T1 ohne KM",
    "t1 sag nativ",
    "sag t1 sans gado",
    "T1 sin contraste",
    "T1 senza mdc",
    "T1 矢状 平扫",
    "造影前 T1",
    "T1 без контраста",
    "T1 kontrastsız",
    "SAG T1 -C",
    "SAG T1 unenhanced",
    "T1 non-contrast",
]
SILENT = [
    "",
    "t1_tse_sag",
    "T1 Sag posterior",
    "SAG T1 post-op",
    "T1 postmyelo",
    "c-spine t1",
    "T1W C-spine",
    "Cor T1",
    "mit",
    "SAG T1 TSE",
    "MR LUMBAR SPINE WO+W CONTRAST",
    "MRI L-SPINE W/WO",
    "MR LSPINE W WO CONTRAST",
    "MR LUMBAR W/O & W/ CONTRAST",
    "lumbar with and without contrast",
    "MRT LWS mit und ohne KM",
    "IRM avec et sans injection",
    "pre/post contrast",
]


@pytest.mark.parametrize("name", AFTER)
def test_names_of_enhanced_series(name: str) -> None:
    assert contrast_named(plain(name)) is True


@pytest.mark.parametrize("name", BEFORE)
def test_names_of_native_series(name: str) -> None:
    assert contrast_named(plain(name)) is False


@pytest.mark.parametrize("name", SILENT)
def test_names_that_say_nothing_or_speak_of_the_whole_study(name: str) -> None:
    assert contrast_named(plain(name)) is None


@pytest.mark.parametrize(
    "value", [None, "", "  ", "^", "Anonymous", "ANON", "anonymized", "Removed", "xxx", "0", "00000000", "NONE", "N/A"]
)
def test_placeholders(value: str | None) -> None:
    assert is_placeholder(value)


@pytest.mark.parametrize("value", ["Anon Fischer", "4711", "Nonaka^Ken", "Sag T2", "Maskell^Ann"])
def test_values_that_only_resemble_placeholders(value: str) -> None:
    assert not is_placeholder(value)
