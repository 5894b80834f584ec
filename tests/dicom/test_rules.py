"""Series rules: conditions, groups and preferences decide who may play a role."""

from __future__ import annotations

from pathlib import Path

from pipeline.dicom.plan import make_plan
from pipeline.dicom.rules import Condition
from pipeline.dicom.rules_file import load_rules
from pipeline.dicom.visit import Role
from tests.dicom.headers import nameless, plan, t2
from tests.dicom.rules_text import MINIMAL, write


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


def test_an_empty_condition_holds_for_everything() -> None:
    item = plan(t2(1)).assessed[0]
    assert Condition().holds(item.traits)
