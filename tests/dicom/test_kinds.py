"""Original images are told from localizers and from what was made of other images."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.dicom.scan import scan
from pipeline.dicom.stack import StackKind
from tests.dicom.dicom_files import save_all, slices


@pytest.mark.parametrize(
    ("image_type", "description", "kind"),
    [
        (["ORIGINAL", "PRIMARY", "M", "ND"], "t2_tse_sag", StackKind.ORIGINAL),
        (["ORIGINAL", "PRIMARY", "LOCALIZER"], "x", StackKind.LOCALIZER),
        (["ORIGINAL", "PRIMARY", "M"], "LOC HASTE", StackKind.LOCALIZER),
        (["ORIGINAL", "PRIMARY", "M"], "3-plane scout", StackKind.LOCALIZER),
        (["ORIGINAL", "PRIMARY", "M"], "Survey_SHC", StackKind.LOCALIZER),
        (["ORIGINAL", "PRIMARY", "M"], "block allocation sag", StackKind.ORIGINAL),
        (["DERIVED", "PRIMARY", "OTHER"], "sag t2 filtered", StackKind.DERIVED),
        (["DERIVED", "SECONDARY", "MPR", "CSA MPR"], "x", StackKind.REFORMATTED),
        (["DERIVED", "SECONDARY", "PROJECTION IMAGE"], "x", StackKind.PROJECTION),
        (["DERIVED", "SECONDARY", "SUBTRACTION"], "x", StackKind.SUBTRACTION),
        (["DERIVED", "SECONDARY", "SCREEN SAVE"], "x", StackKind.SCREENSHOT),
        (["ORIGINAL", "PRIMARY", "P"], "x", StackKind.PHASE),
        (["ORIGINAL", "PRIMARY", "M", "MOSAIC"], "x", StackKind.MOSAIC),
        ([], "sag t1", StackKind.ORIGINAL),
    ],
)
def test_kind(tmp_path: Path, image_type: list[str], description: str, kind: StackKind) -> None:
    save_all(slices(ImageType=image_type, SeriesDescription=description), tmp_path)
    (stack,) = scan(tmp_path).stacks
    assert stack.kind is kind
