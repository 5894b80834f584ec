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


@pytest.mark.parametrize("written", ["", "L4", "disc", "L4/L5/S1", "C4/C5", "S1/S2", "L7/L8", "L9/S1"])
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
    with pytest.raises(UsageError, match=r"unknown setting segmentation\.levle"):
        resolve_settings(file)


@pytest.mark.parametrize(
    "text", ["segmentation: {level: L7/L8}", "segmentation: {lowest_disc: L9/S1}", "segmentation: {lowest_disc: L5/L6}"]
)
def test_a_disc_that_cannot_be_measured_is_refused_in_a_file_too(tmp_path: Path, text: str) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text(text)
    with pytest.raises(UsageError, match=r"L6/S1"):
        resolve_settings(file)
    with pytest.raises(UsageError, match="L6/S1"):
        resolve_settings(None, lowest_disc="L5/L6")


@pytest.mark.parametrize(("text", "told"), [("a: [b", "line 1, column 6: "), ("x: y: z", "line 1, column 5: ")])
def test_what_is_no_yaml_is_told_in_one_line_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text(text)
    with pytest.raises(UsageError) as error:
        resolve_settings(file)
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_a_section_that_is_none_is_told_plainly(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("just words")
    with pytest.raises(UsageError, match="names with values are expected"):
        resolve_settings(file)


def test_the_published_defaults_are_the_defaults_and_none_is_missing(repository: Path) -> None:
    published = yaml.safe_load((repository / "configs" / "default.yaml").read_text(encoding="utf-8"))
    assert published == Config().model_dump(mode="json")
