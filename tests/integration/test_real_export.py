"""The export script with the real program: two patients, one of them with a damaged study."""

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
    pytest.mark.skipif(
        shutil.which("bash") is None or shutil.which("flock") is None, reason="the script needs bash and flock"
    ),
]


@pytest.fixture
def export(repository: Path, tmp_path: Path) -> Path:
    """Sagittal T2 of the sample patients, all four visits mixed in one folder, the pixels of the last one damaged."""
    folder = tmp_path / "export"
    folder.mkdir()
    for case in ("source-case", "partial-case"):
        for visit in ("baseline", "followup"):
            [series] = (repository / "sample_dicoms" / case / visit).glob("*_T2_TSE_SAG")
            for number, image in enumerate(sorted(series.iterdir())):
                data = image.read_bytes()
                if (case, visit) == ("partial-case", "followup"):
                    data = data[: len(data) // 2] + bytes(len(data) - len(data) // 2)
                (folder / f"{case[0]}{visit[0]}{number}").write_bytes(data)
    return folder


@pytest.fixture
def discdelta(tmp_path: Path) -> Path:
    """The command of the interpreter that runs the tests."""
    command = tmp_path / "discdelta"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "from pipeline.cli import main; main()" "$@"\n')
    command.chmod(0o755)
    return command


def test_one_patient_is_filed_and_the_other_tried_again(
    repository: Path, export: Path, discdelta: Path, tmp_path: Path
) -> None:
    results = tmp_path / "results"
    command = ["bash", str(repository / "configs" / "integration" / "pacs_export.sh"), str(export), str(results)]
    environment = {**os.environ, "DISCDELTA": str(discdelta), "QUIET_MINUTES": "0", "PYTHONPATH": str(repository)}

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600, check=False)

    first = run()
    log = [line.split("\t") for line in (results / "log.tsv").read_text(encoding="utf-8").splitlines()[1:]]
    assert first.returncode == 20, first.stderr
    assert {line[3]: line[2] for line in log} == {"filed": "0", "retry": "3"}
    [filed] = [line[1] for line in log if line[3] == "filed"]
    report = json.loads((results / filed / "report.json").read_text(encoding="utf-8"))
    assert report["change"]["category"] == "complete"
    assert (results / filed / "report.html").is_file()
    assert "PHANTOM" not in (results / "log.tsv").read_text(encoding="utf-8")

    second = run()
    assert "filed 0 " in second.stdout
    assert "unchanged 1 " in second.stdout
