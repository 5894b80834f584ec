"""The script behind a nightly export: its decisions with a stand-in for the program, then one run with the real one."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(
    shutil.which("bash") is None or shutil.which("flock") is None, reason="the script needs bash and flock"
)

# Answers `pairs` from a table, and `compare` with the exit code that the test has written down for that pair.
STAND_IN = r"""#!/usr/bin/env bash
here=$(dirname "$0")
case $1 in
  pairs) cat "$here/pairs.tsv" ;;
  compare)
    key=$(basename "$(dirname "$2")")
    while [ "$1" != --out ]; do shift; done
    echo "$key" >>"$here/calls"
    if [ -f "$here/slow" ]; then
      mkdir -p "$2"; echo half >"$2/.partial-x"
      echo $$ >"$here/.pid"; mv "$here/.pid" "$here/started"
      exec sleep 30
    fi
    code=$(cat "$here/exit-$key" 2>/dev/null || echo 0)
    if [ "$code" = 0 ] || [ "$code" = 9 ]; then mkdir -p "$2"; echo "$key" >"$2/report.json"; fi
    [ "$code" = 0 ] || echo "error [stand-in]: it ended with $code" >&2
    exit "$code" ;;
esac
"""


@dataclass
class Export:
    """An export folder, a results folder, and the stand-in program between them."""

    script: Path
    folder: Path
    empty: bool = False

    @property
    def results(self) -> Path:
        return self.folder / "results"

    def pairs(self, *rows: tuple[str, str, str, str], age_s: float = 3600) -> None:
        """Let the export hold these: key, status, accession number, inputs."""
        lines = ["#key\tstatus\taccession\tinputs\tnewest\tbaseline\tfollowup"]
        for key, status, accession, inputs in rows:
            newest = int(time.time() - age_s)
            lines.append(
                f"{key}\t{status}\t{accession}\t{inputs}\t{newest}\tlinks/{key}/baseline\tlinks/{key}/followup"
            )
        (self.folder / "pairs.tsv").write_text("\n".join(lines) + "\n")

    def exit_code(self, key: str, code: int) -> None:
        (self.folder / f"exit-{key}").write_text(str(code))

    def command(self) -> list[str]:
        (self.folder / "export").mkdir(exist_ok=True)
        if not self.empty:
            (self.folder / "export" / "image.dcm").touch()
        return ["bash", str(self.script), str(self.folder / "export"), str(self.results)]

    def environment(self, **extra: str) -> dict[str, str]:
        return {**os.environ, "DISCDELTA": str(self.folder / "discdelta"), **extra}

    def run(self, **extra: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(), env=self.environment(**extra), capture_output=True, text=True, timeout=60, check=False
        )

    def calls(self) -> list[str]:
        """Keys compared since the last time that this was asked."""
        path = self.folder / "calls"
        keys = path.read_text().split() if path.exists() else []
        path.unlink(missing_ok=True)
        return keys

    def log(self) -> list[list[str]]:
        return [line.split("\t") for line in (self.results / "log.tsv").read_text().splitlines()[1:]]


@pytest.fixture
def export(repository: Path, tmp_path: Path) -> Export:
    stand_in = tmp_path / "discdelta"
    stand_in.write_text(STAND_IN)
    stand_in.chmod(0o755)
    return Export(repository / "configs" / "integration" / "pacs_export.sh", tmp_path)


def test_files_results_by_accession_number_and_logs_a_line_per_pair(export: Export) -> None:
    export.pairs(("k1", "pair", "A1", "i1"), ("k2", "pair", "A2", "i2"), ("k3", "single", "A3", "i3"))
    done = export.run()
    assert done.returncode == 0, done.stderr
    assert (export.results / "A1" / "report.json").read_text().strip() == "k1"
    assert (export.results / "A2" / "report.json").read_text().strip() == "k2"
    assert not (export.results / "A3").exists()
    assert [line[1:4] for line in export.log()] == [["A1", "0", "filed"], ["A2", "0", "filed"]]
    assert "filed 2" in done.stdout
    assert "single 1" in done.stdout


def test_an_export_without_a_file_is_a_quiet_night(export: Export) -> None:
    export.empty = True
    export.pairs(("a", "pair", "A1", "1"))
    done = export.run()
    assert done.returncode == 0, done.stderr
    assert "holds no file" in done.stdout
    assert export.calls() == []


def test_a_second_run_repeats_nothing_until_an_input_changes(export: Export) -> None:
    export.pairs(("k1", "pair", "A1", "i1"), ("k2", "pair", "A2", "i2"))
    export.run()
    assert export.calls() == ["k1", "k2"]
    assert "unchanged 2" in export.run().stdout
    assert export.calls() == []
    export.pairs(("k1", "pair", "A1", "i1"), ("k2", "pair", "A2", "i2-more"))
    export.run()
    assert export.calls() == ["k2"]
    shutil.rmtree(export.results / "A1")  # filed elsewhere by mistake: then it is made again
    export.run()
    assert export.calls() == ["k1"]
    export.run(REDO="all")
    assert export.calls() == ["k1", "k2"]


@pytest.mark.parametrize("code", [4, 5, 6, 7, 8])
def test_a_refused_pair_is_told_and_not_repeated(export: Export, code: int) -> None:
    export.pairs(("k1", "pair", "A1", "i1"), ("k2", "pair", "A2", "i2"))
    export.exit_code("k1", code)
    assert export.run().returncode == 10
    assert export.calls() == ["k1", "k2"], "the first failure must not stop the second patient"
    assert export.log()[0][1:4] == ["A1", str(code), "refused"]
    assert export.log()[0][5] == f"error [stand-in]: it ended with {code}"
    assert not (export.results / "A1").exists()
    assert export.run().returncode == 0
    assert export.calls() == []
    export.run(REDO="refused")
    assert export.calls() == ["k1"]


@pytest.mark.parametrize("code", [1, 2, 3, 10, 137])
def test_what_may_work_later_is_tried_again(export: Export, code: int) -> None:
    export.pairs(("k1", "pair", "A1", "i1"), ("k2", "pair", "A2", "i2"))
    export.exit_code("k1", code)
    assert export.run().returncode == 20
    assert export.log()[0][1:4] == ["A1", str(code), "retry"]
    export.calls()
    export.exit_code("k1", 0)
    assert export.run().returncode == 0
    assert export.calls() == ["k1"]
    assert (export.results / "A1" / "report.json").exists()


def test_an_unusable_result_is_filed_for_somebody_to_look_at(export: Export) -> None:
    export.pairs(("k1", "pair", "A1", "i1"))
    export.exit_code("k1", 9)
    assert export.run().returncode == 10
    assert (export.results / "A1" / "report.json").exists()
    assert export.log()[0][3] == "not-usable"
    export.calls()
    assert export.run().returncode == 0
    assert export.calls() == []


def test_two_patients_under_one_accession_number_stay_two(export: Export) -> None:
    export.pairs(("k1", "pair", "0", "i1"), ("k2", "pair", "0", "i2"))
    export.run()
    assert (export.results / "0" / "report.json").read_text().strip() == "k1"
    assert (export.results / "0-k2" / "report.json").read_text().strip() == "k2"
    export.calls()
    export.run()
    assert export.calls() == []


def test_a_pair_that_is_still_arriving_waits(export: Export) -> None:
    export.pairs(("k1", "pair", "A1", "i1"), age_s=60)
    assert "arriving 1" in export.run(QUIET_MINUTES="5").stdout
    assert export.calls() == []
    export.run(QUIET_MINUTES="0")
    assert export.calls() == ["k1"]


def test_one_run_at_a_time_and_a_terminated_one_leaves_nothing_half_filed(export: Export) -> None:
    export.pairs(("k1", "pair", "A1", "i1"))
    (export.folder / "slow").touch()
    with subprocess.Popen(export.command(), env=export.environment(), stdout=subprocess.DEVNULL) as first:
        deadline = time.monotonic() + 20
        while not (export.folder / "started").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        assert export.run().returncode == 75
        first.send_signal(signal.SIGTERM)
        assert first.wait(timeout=20) == 143
    assert list(export.results.glob(".work*")) == []
    assert not (export.results / "A1").exists()
    (export.folder / "slow").unlink()
    export.calls()
    assert export.run().returncode == 0
    assert export.calls() == ["k1"]


def test_a_killed_run_is_cleared_by_the_next(export: Export) -> None:
    export.pairs(("k1", "pair", "A1", "i1"))
    half = export.results / ".work" / "k1"
    half.mkdir(parents=True)
    (half / "report.json").write_text("half")
    export.run()
    assert (export.results / "A1" / "report.json").read_text().strip() == "k1"


def is_running(pid: int) -> bool:
    """Whether a process is there and no mere entry that nobody has collected."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("whole_group", [True, False])
def test_a_run_killed_without_warning_blocks_nothing_and_leaves_no_comparison_at_work(
    export: Export, whole_group: bool
) -> None:
    """`kill -9` of the group, as systemd does it, and of the shell alone, which leaves its children behind."""
    export.pairs(("k1", "pair", "A1", "i1"))
    (export.folder / "slow").touch()
    with subprocess.Popen(
        export.command(), env=export.environment(), stdout=subprocess.DEVNULL, start_new_session=True
    ) as first:
        deadline = time.monotonic() + 20
        while not (export.folder / "started").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        comparison = int((export.folder / "started").read_text())
        if whole_group:
            os.killpg(first.pid, signal.SIGKILL)
        else:
            first.kill()
        first.wait(timeout=20)
    (export.folder / "slow").unlink()
    export.calls()
    done = export.run()
    assert done.returncode == 0, done.stderr
    assert export.calls() == ["k1"]
    assert not is_running(comparison)
    assert (export.results / "A1" / "report.json").read_text().strip() == "k1"
    assert list(export.results.glob(".work*")) == []


def test_a_wrong_call_says_how_to_call(export: Export) -> None:
    command = [*export.command()[:2], "nowhere"]
    done = subprocess.run(command, env=export.environment(), capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 64
    assert "usage" in done.stderr


@pytest.mark.system
@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
@pytest.mark.parametrize("name", ["configs/integration/pacs_export.sh", ".ci/run"])
def test_shell_scripts_are_clean(repository: Path, name: str) -> None:
    checked = subprocess.run(["shellcheck", name], cwd=repository, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout
