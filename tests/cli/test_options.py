"""Names of discs as people write them, and settings from a file with the command line over it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from pipeline.cli.options import disc_name, resolve_settings
from pipeline.config import Config
from pipeline.errors import UsageError


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("L4/L5", "L4/L5"),
        ("l5-s1", "L5/S1"),
        (" L4-5 ", "L4/L5"),
        ("L5/1", "L5/S1"),
        ("T12L1", "T12/L1"),
        ("t12-1", "T12/L1"),
    ],
)
def test_discs_as_people_write_them(written: str, meant: str) -> None:
    assert disc_name(written) == meant


@pytest.mark.parametrize("written", ["", "L4", "disc", "L4/L5/S1", "C4/C5", "S1/S2"])
def test_what_names_no_lumbar_disc_is_a_usage_error(written: str) -> None:
    with pytest.raises(UsageError, match="L4/L5"):
        disc_name(written)


def test_the_command_line_overrides_the_file_and_leaves_the_rest(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("segmentation: {level: L3/L4, variants: 2}\n")
    settings = resolve_settings(file, level="l5-s1", allow_different_patients=True)
    assert settings.segmentation.level == "L5/S1"
    assert settings.segmentation.variants == 2
    assert settings.dicom.allow_different_patients
    assert resolve_settings(file).segmentation.level == "L3/L4"


def test_a_misspelt_setting_is_named(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("segmentation: {levle: L5/S1}\n")
    with pytest.raises(UsageError, match=r"segmentation\.levle"):
        resolve_settings(file)


def test_the_published_defaults_are_the_defaults_and_none_is_missing(repository: Path) -> None:
    published = yaml.safe_load((repository / "configs" / "default.yaml").read_text(encoding="utf-8"))
    assert published == Config().model_dump(mode="json")
