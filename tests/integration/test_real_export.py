"""The export script with the real program: two patients, one of them with a study that was cut short."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("flock") is None, reason="the script needs flock"),
]


@pytest.fixture
def export(repository: Path, tmp_path: Path) -> Path:
    """Sagittal T2 of the sample patients, all visits in one folder; the second patient's follow-up is cut short."""
    folder = tmp_path / "export"
    for case in ("source-case", "partial-case"):
        for visit in ("baseline", "followup"):
            [series] = (repository / "sample_dicoms" / case / visit).glob("*T2*SAG*")
            for number, image in enumerate(sorted(series.iterdir())):
                target = folder / f"{case[0]}{visit[0]}{number}"
                target.parent.mkdir(exist_ok=True)
                data = image.read_bytes()
                broken = (case, visit) == ("partial-case", "followup")
                target.write_bytes(data[: len(data) // 2] if broken else data)
    return folder


def test_one_patient_is_filed_and_the_other_tried_again(repository: Path, export: Path, tmp_path: Path) -> None:
    command = tmp_path / "discdelta"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -c "from pipeline.cli import main; main()" "$@"\n')
    command.chmod(0o755)
    results = tmp_path / "results"
    script = repository / "configs" / "integration" / "pacs_export.sh"
    environment = {**os.environ, "DISCDELTA": str(command), "QUIET_MINUTES": "0", "PYTHONPATH": str(repository)}
    done = subprocess.run(
        ["bash", str(script), str(export), str(results)],
        env=environment, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    log = [line.split("\t") for line in (results / "log.tsv").read_text().splitlines()[1:]]
    assert {line[3] for line in log} >= {"filed"}, done.stderr
    [filed] = [line[1] for line in log if line[3] == "filed"]
    report = json.loads((results / filed / "report.json").read_text(encoding="utf-8"))
    assert report["change"]["category"] == "complete"
