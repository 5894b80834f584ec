"""``discdelta validate``: what it refuses, how it counts, and one real pair from protocol to page."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
import yaml
from rich.console import Console
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.cli.counting import PairDisplay
from pipeline.config import MeasurementSettings
from pipeline.measurement.precision import PrecisionProfile
from pipeline.validation.outcome import outcome_from_json
from pipeline.validation.rejudge import rejudged
from tests.validation import rows

RUN = CliRunner()


def said(*calls: tuple[int, int], terminal: bool = False, shown: bool = True) -> str:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=terminal, width=100, color_system=None)
    with PairDisplay(console, calls[0][1], shown=shown) as told:
        for call in calls:
            told(*call)
    return stream.getvalue()


def test_a_log_gets_a_line_now_and_then() -> None:
    lines = said((3, 9), (4, 9), (5, 9), (9, 9)).splitlines()
    assert lines[0] == "3 of 9 pairs are finished already"
    assert lines[1].startswith("4 of 9 pairs, about ")
    assert lines[-1] == "9 of 9 pairs"
    assert len(lines) == 3


def test_a_screen_gets_a_bar_and_quiet_gets_nothing() -> None:
    assert "9/9" in said((0, 9), (9, 9), terminal=True)
    assert said((0, 9), (9, 9), shown=False) == ""


def test_one_number_of_pairs_is_asked_for(tmp_path: Path) -> None:
    protocol = str(rows.CONFIGS / "quick.yaml")
    result = RUN.invoke(app, ["validate", "-p", protocol, "-o", str(tmp_path), "--quick", "--pairs", "3"])
    assert result.exit_code == 2
    assert "Give one of" in result.stderr


def test_a_wrong_protocol_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("name: wrong\n", encoding="utf-8")
    result = RUN.invoke(app, ["validate", "-p", str(wrong), "-o", str(tmp_path / "out")])
    assert result.exit_code == 2
    assert "scans" in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_two_real_pairs_from_protocol_to_page(tmp_path: Path) -> None:
    data = yaml.safe_load((rows.CONFIGS / "quick.yaml").read_text(encoding="utf-8"))
    data |= {"map_spacing_mm": 1.0, "swap_every": 2, "pairs_per_anatomy": 2, "truth": {"volume_mm3": [900, 1200]}}
    data["scans"]["sagittal"]["series"][0] |= {"slices": 9, "matrix": 200, "pixel_mm": 1.3}
    protocol, out = tmp_path / "coarse.yaml", tmp_path / "out"
    protocol.write_text(yaml.safe_dump(data), encoding="utf-8")
    arguments = ["validate", "-p", str(protocol), "-o", str(out), "--pairs", "2"]
    result = RUN.invoke(app, arguments)
    assert result.exit_code == 0, result.stderr
    found = json.loads((out / "validation.json").read_text(encoding="utf-8"))
    assert found["pairs"] == 2
    pairs = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(out.glob("pairs/*/pair-*.json"))]
    assert [pair["number"] for pair in pairs] == [0, 1]
    assert all(abs(pair["baseline"]["true_mm3"] - 1050) < 200 for pair in pairs)
    if pairs[0]["refused"] is None:
        assert pairs[0]["swap_mm3"] < 1e-6 * pairs[0]["baseline"]["measured_mm3"]
        assert pairs[0]["delta_mm3"] is not None
    outcomes = [outcome_from_json(path.read_text(encoding="utf-8")) for path in sorted(out.glob("pairs/*/pair-*.json"))]
    assert any(one.evidence for one in outcomes)
    assert list(rejudged(outcomes, MeasurementSettings(), PrecisionProfile.load())) == outcomes
    first = {path: path.read_bytes() for path in out.iterdir() if path.is_file()}
    again = RUN.invoke(app, arguments)
    assert "2 of 2 pairs are finished already" in again.stderr
    assert {path: path.read_bytes() for path in out.iterdir() if path.is_file()} == first
