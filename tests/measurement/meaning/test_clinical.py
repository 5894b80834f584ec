"""Scores are carried as they were given."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from pipeline.errors import UsageError
from pipeline.measurement.meaning.clinical import Clinical, Scores, read_clinical, read_clinical_course

YAML = """
onset: 2013-02-20
baseline: {joa: 4, odi_percent: 62, vas_leg: 8.5, vas_back: 4}
followup: {joa: 28, odi_percent: 4, vas_leg: 0}
"""
JSON = '{"onset": "2013-02-20", "baseline": {"joa": 4}, "followup": {"joa": 28}}'


def written(folder: Path, text: str, name: str = "scores.yaml") -> Path:
    target = folder / name
    target.write_text(text, encoding="utf-8")
    return target


def test_yaml_and_json_are_read(tmp_path: Path) -> None:
    found = read_clinical(written(tmp_path, YAML))
    assert found.baseline == Scores(4, 62, 8.5, 4)
    assert found.followup == Scores(28, 4, 0, None)
    assert found.onset == date(2013, 2, 20)
    other = read_clinical(written(tmp_path, JSON, "scores.json"))
    assert (other.baseline.joa, other.followup.joa, other.onset) == (4, 28, date(2013, 2, 20))


def test_recovery_rate_of_the_source_case() -> None:
    """From 4 to 28 of 29 points: 24 of the 25 that were lost."""
    found = Clinical(Scores(joa=4), Scores(joa=28))
    assert found.joa_recovery_percent == pytest.approx(96.0)
    assert Clinical(Scores(joa=29), Scores(joa=28)).joa_recovery_percent is None
    assert Clinical(Scores(), Scores(joa=28)).joa_recovery_percent is None
    assert Clinical(Scores(joa=20), Scores(joa=11)).joa_recovery_percent == pytest.approx(-100.0)


def test_time_since_onset() -> None:
    found = Clinical(Scores(), Scores(), onset=date(2013, 2, 20))
    assert found.months_since_onset(date(2013, 7, 16)) == pytest.approx(4.8, abs=0.05)
    assert found.months_since_onset(date(2013, 2, 1)) is None
    assert found.months_since_onset(None) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("baseline: {joa: 30}", "baseline.joa"),
        ("followup: {odi_percent: -1}", "followup.odi_percent"),
        ("followup: {vas_leg: 11}", "followup.vas_leg"),
        ("baseline: {patient_name: A}", "unknown setting baseline.patient_name"),
        ("name: Somebody", "unknown setting name"),
        ("onset: soon", "onset"),
        ("baseline: [", "not valid YAML"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read_clinical(written(tmp_path, text))


def test_missing_and_damaged_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Cannot read the scores"):
        read_clinical(tmp_path / "none.yaml")
    with pytest.raises(UsageError, match="not valid JSON: line 1"):
        read_clinical(written(tmp_path, "{", "scores.json"))


def test_a_course_lists_its_visits(tmp_path: Path) -> None:
    found = read_clinical_course(written(tmp_path, "{onset: 2013-02-20, visits: [{joa: 4}, {}, {joa: 28}]}"))
    assert [one.joa for one in found.visits] == [4, None, 28]
    pair = found.between(0, 2)
    assert pair.joa_recovery_percent == pytest.approx(96.0)
    assert pair.onset == date(2013, 2, 20)


def test_a_course_without_its_visits_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="of each visit in a list named visits"):
        read_clinical_course(written(tmp_path, YAML))
