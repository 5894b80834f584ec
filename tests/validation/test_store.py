"""Finished pairs: kept one by one, taken up again, and never those of another study."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from pipeline.config import Config
from pipeline.errors import UnreadableInputError
from pipeline.validation.outcome import outcome_from_json
from pipeline.validation.store import Store, study_key
from tests.validation import rows

REPOSITORY = Path(__file__).resolve().parents[2]

# A study whose pairs take a third of a second and no images: how it is interrupted does not depend on them.
SCRIPT = textwrap.dedent(
    """
    import sys, time
    from pathlib import Path
    from pipeline.validation import study
    from tests.validation import rows

    def run_pair(protocol, plan, patient, config, room):
        (room / 'image').touch()
        time.sleep(0.3)
        return rows.outcome(plan, protocol, errors=(0.01, -0.02))

    study.paint_patient = lambda protocol, anatomy: None
    study.run_pair = run_pair
    if __name__ == "__main__":
        out, count, jobs = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
        told = lambda done, of: print(done, of, flush=True)
        study.run_study(rows.protocol(), out, count=count, jobs=jobs, told=told)
    """
)


def test_a_pair_is_read_back_as_it_was(tmp_path: Path) -> None:
    for one in (rows.study(3)[1], rows.refused(rows.study(3)[2])):
        store = Store(tmp_path)
        store.write(one)
        assert store.read(one.number) == one
    assert store.numbers() == {1, 2}
    assert store.read(0) is None


def test_half_a_file_is_no_pair(tmp_path: Path) -> None:
    store, one = Store(tmp_path), rows.study(1)[0]
    store.write(one)
    path = next(tmp_path.iterdir())
    path.write_text(path.read_text(encoding="utf-8")[:-40], encoding="utf-8")
    assert store.read(0) is None
    with pytest.raises(UnreadableInputError):
        outcome_from_json('{"number": 0}')


def test_another_protocol_or_other_settings_are_another_study() -> None:
    mixed, other = rows.protocol(), rows.protocol("quick")
    settings = Config.model_validate({"measurement": {"seed": 7}})
    assert len({study_key(mixed, Config()), study_key(other, Config()), study_key(mixed, settings)}) == 3
    assert study_key(mixed, Config()) == study_key(rows.protocol(), Config())


def test_another_precision_profile_is_the_same_study(tmp_path: Path) -> None:
    own = Config.model_validate({"measurement": {"precision_profile": tmp_path / "profile.json"}})
    assert study_key(rows.protocol(), own) == study_key(rows.protocol(), Config())


def command(folder: Path, count: int, jobs: int = 1) -> list[str]:
    script = folder / "study.py"
    script.write_text(SCRIPT, encoding="utf-8")
    return [sys.executable, str(script), str(folder / "out"), str(count), str(jobs)]


ENVIRONMENT = {**os.environ, "PYTHONPATH": str(REPOSITORY)}


def pairs_in(folder: Path) -> dict[str, int]:
    """Name and time of writing of every finished pair."""
    return {path.name: path.stat().st_mtime_ns for path in folder.glob("out/pairs/*/pair-*.json")}


def test_a_killed_study_goes_on_where_it_stopped(tmp_path: Path) -> None:
    with subprocess.Popen(command(tmp_path, 12), env=ENVIRONMENT, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        for line in running.stdout:
            if line.startswith("3 "):
                break
        running.send_signal(signal.SIGKILL)
    before = pairs_in(tmp_path)
    assert 3 <= len(before) < 12
    said = subprocess.run(command(tmp_path, 12), env=ENVIRONMENT, capture_output=True, text=True, check=True).stdout
    after = pairs_in(tmp_path)
    assert len(after) == 12
    assert list(tmp_path.glob("out/pairs/*/.partial-*")) == []
    assert {name: after[name] for name in before} == before
    assert said.splitlines()[0] == f"{len(before)} 12"
    assert len(said.splitlines()) == 1 + 12 - len(before)


@pytest.mark.slow
def test_several_processes_end_with_their_parent_and_leave_only_whole_pairs(tmp_path: Path) -> None:
    with subprocess.Popen(command(tmp_path, 400, jobs=2), env=ENVIRONMENT, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        for line in run.stdout:
            if int(line.split()[0]) >= 6:
                break
        run.send_signal(signal.SIGKILL)
    time.sleep(1.5)
    left = pairs_in(tmp_path)
    time.sleep(1.0)
    assert pairs_in(tmp_path) == left
    store = Store(next(tmp_path.glob("out/pairs/*")))
    assert all(store.read(number) is not None for number in store.numbers())
