"""Series rules: the shipped file, its twin to edit, and errors that name the line."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.config import package_file
from pipeline.dicom.plan import make_plan
from pipeline.dicom.rules import DEFAULT_RULES, Condition, load_rules
from pipeline.dicom.visit import Role
from pipeline.errors import UsageError
from tests.dicom.headers import nameless, plan, t1, t2

MINIMAL = """\
roles:
  sagittal_t2:
    require: {plane: [sagittal], weighting: [T2]}
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "rules.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_file_to_edit_is_the_one_in_the_package(repository: Path) -> None:
    assert (repository / "configs" / "series_rules.yaml").read_bytes() == package_file(DEFAULT_RULES).read_bytes()


def test_every_role_has_a_rule() -> None:
    assert set(load_rules().roles) == set(Role)


def test_own_rules_replace_the_shipped_ones(tmp_path: Path) -> None:
    rules = load_rules(write(tmp_path, MINIMAL))
    thin = t2(1, "anything", shape=(3, 64, 64)).but(index=0)
    assert list(make_plan([thin], rules).castings) == [Role.SAGITTAL_T2]
    assert not plan(thin).castings


def test_a_group_is_a_set_with_exceptions(tmp_path: Path) -> None:
    text = f"""\
{MINIMAL}
groups:
  research:
    reason: research sequence
    any_of:
      - text: '\\bwip\\b'
      - echo_time_ms: [200, null]
    unless:
      - slices: [20, null]
exclude: [research]
"""
    rules = load_rules(write(tmp_path, text))

    def reason(**facts: object) -> str:
        return make_plan([t2(1, **facts).but(index=0)], rules).candidates[0].reason  # type: ignore[arg-type]

    assert reason(description="WIP_t2_sag") == "research sequence"
    assert reason(echo_time_ms=250.0) == "research sequence"
    assert reason(description="WIP t2 sag", shape=(24, 256, 256)) != "research sequence"


def test_preferences_add_points(tmp_path: Path) -> None:
    text = MINIMAL + "    prefer:\n      - {text: 'best', points: 5}\n      - {pixel_mm: [null, 0.5], points: 2}\n"
    rules = load_rules(write(tmp_path, text))
    fine, best, late = t2(1, spacing_mm=(4.0, 0.4, 0.4)), t2(2, "the best"), t2(3)
    outcome = make_plan([facts.but(index=n) for n, facts in enumerate((fine, best, late))], rules)
    assert outcome.castings[Role.SAGITTAL_T2].winner.facts.series_number == 2


def test_a_missing_tag_meets_a_requirement_but_makes_no_member_of_a_group() -> None:
    outcome = plan(nameless(t2(1)).but(description="t2 sag", slice_thickness_mm=None))
    assert list(outcome.castings) == [Role.SAGITTAL_T2]


def test_a_requirement_that_is_not_met_is_put_into_words() -> None:
    candidate = plan(t2(1, spacing_mm=(5.0, 2.0, 2.0))).candidates[0]
    assert candidate.reason == "sagittal_t2: pixel 2 mm, asked for at most 1.5"
    assert plan(t1(1, shape=(5, 384, 384))).candidates[0].reason == "sagittal_t1: 5 slices, asked for at least 7"


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


def test_an_empty_condition_holds_for_everything() -> None:
    item = plan(t2(1)).assessed[0]
    assert Condition().holds(item.traits)
