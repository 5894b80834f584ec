"""The file of series rules: the shipped one, its twin to edit, and errors that name the line."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.config import package_file
from pipeline.dicom.rules_file import DEFAULT_RULES, load_rules
from pipeline.dicom.visit import Role
from pipeline.errors import UsageError
from tests.dicom.rules_text import MINIMAL, write


def test_the_file_to_edit_is_the_one_in_the_package(repository: Path) -> None:
    assert (repository / "configs" / "series_rules.yaml").read_bytes() == package_file(DEFAULT_RULES).read_bytes()


def test_every_role_has_a_rule() -> None:
    assert set(load_rules().roles) == set(Role)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("roles: [", "not valid YAML"),
        (MINIMAL.replace("T2]", "T3]"), "line 3, roles.sagittal_t2.require.weighting"),
        (MINIMAL.replace("sagittal_t2", "sagital_t2"), "line 2, roles.sagital_t2"),
        (MINIMAL + "    prefer:\n      - {txt: 'x', points: 1}\n", "line 5, roles.sagittal_t2.prefer.0.txt"),
        (MINIMAL + "exclude: [scouts]\n", "'scouts' is not the name of a group"),
        (
            MINIMAL + "groups:\n  a:\n    reason: b\n    any_of:\n      - text: '('\nexclude: [a]\n",
            "line 8, groups.a.any_of.0.text",
        ),
        (MINIMAL + "needed: [axial_t2]\n", "the needed role 'axial_t2' has no rule"),
    ],
)
def test_errors_name_the_place(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(UsageError, match=r"rules\.yaml") as error:
        load_rules(write(tmp_path, text))
    assert told in str(error.value)


def test_a_missing_file_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Cannot read the series rules"):
        load_rules(tmp_path / "nowhere.yaml")
