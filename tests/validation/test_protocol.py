"""Protocols: what a department writes down, checked before hours are spent on it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from pipeline.errors import UsageError
from pipeline.validation.protocol import Protocol, load_protocol
from tests.validation import rows

SHIPPED = sorted(path.stem for path in rows.CONFIGS.glob("*.yaml"))


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_protocols_are_read_and_written_back(name: str, tmp_path: Path) -> None:
    protocol = rows.protocol(name)
    assert protocol.name == name
    (tmp_path / "again.yaml").write_text(protocol.to_yaml(), encoding="utf-8")
    assert load_protocol(tmp_path / "again.yaml") == protocol


def test_the_study_of_the_project_covers_what_was_promised() -> None:
    mixed = rows.protocol()
    cards = [scan.sagittal_t2 for scan in mixed.scans.values()]
    assert mixed.pairs.full >= 200
    assert {card.thickness_mm for card in cards} == {3.0, 4.0, 5.0}
    assert len({card.snr for card in cards}) == 2
    assert (mixed.repositioning.rotation_deg, mixed.repositioning.translation_mm) == (10, 20)
    assert (mixed.truth.volume_mm3, mixed.truth.change_percent) == ((200, 2500), (-100, 40))
    assert 0 < mixed.same_scan_percent < 100


def test_a_study_may_grow_and_goals_may_change_without_losing_its_pairs() -> None:
    data = rows.protocol().model_dump()
    more = Protocol.model_validate({**data, "pairs": {"full": 1000}, "goals": {"bias_percent": 1}})
    other = Protocol.model_validate({**data, "seed": 1})
    assert more.sha256() == rows.protocol().sha256() != other.sha256()


def wrong(path: tuple[str | int, ...], value: object) -> str:
    """What is said about the quick protocol with one value replaced."""
    data = yaml.safe_load((rows.CONFIGS / "quick.yaml").read_text(encoding="utf-8"))
    place = data
    for key in path[:-1]:
        place = place[key] if isinstance(place, list) else place.setdefault(key, {})
    place[path[-1]] = value
    with pytest.raises(ValidationError) as caught:
        Protocol.model_validate(data)
    return str(caught.value)


def test_impossible_protocols_are_refused_by_name() -> None:
    series = ("scans", "sagittal", "series", 0)
    assert "role" in wrong((*series, "role"), "sagittal_t9")
    assert "sagittal_t2 series is needed" in wrong((*series, "role"), "sagittal_t1")
    assert "axial series only" in wrong((*series, "blocks"), True)
    assert "low to high" in wrong(("truth", "volume_mm3"), [900, 300])
    assert "more than 100" in wrong(("truth",), {"complete_percent": 60, "unchanged_percent": 60})
    assert "snrr" in wrong((*series, "snrr"), 3)


def test_a_bad_file_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    with pytest.raises(UsageError, match="existing YAML"):
        load_protocol(path)
    path.write_text("scans: [", encoding="utf-8")
    with pytest.raises(UsageError, match="not valid YAML"):
        load_protocol(path)
    path.write_text("name: mine\nscanz: {}\n", encoding="utf-8")
    with pytest.raises(UsageError, match="unknown setting scanz"):
        load_protocol(path)
