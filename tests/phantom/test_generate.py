"""A whole case: truth that agrees with itself, and files that are the same on every run."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

import nibabel as nib
import numpy as np
import pytest

from pipeline.errors import UsageError
from pipeline.phantom.case import PhantomCase
from pipeline.phantom.displaced import paint_displaced
from pipeline.phantom.generate import generate

if TYPE_CHECKING:
    from tests.phantom.conftest import Generated


def digests(folder: Path) -> dict[str, str]:
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_a_rerun_is_byte_equal(quick: Generated, tmp_path: Path) -> None:
    again = generate(quick.case, tmp_path)
    assert digests(tmp_path) == digests(quick.folder)
    assert again == quick.truth


def test_truth_file_holds_the_truth(quick: Generated) -> None:
    data = json.loads((quick.folder / "truth.json").read_text(encoding="utf-8"))
    assert data["schema"] == "discdelta-phantom-truth/1"
    assert data["synthetic"] is True
    change = data["changes"][0]
    rate = 100 * (1 - change["followup_mm3"] / change["baseline_mm3"])
    assert change["resorption_rate_percent"] == pytest.approx(rate, abs=1e-5)
    assert rate == pytest.approx(50, abs=5)
    names = {s["folder"] for v in data["visits"] for s in v["series"]}
    assert all((quick.folder / name).is_dir() for name in names)


def test_contiguous_occupancy_reproduces_the_volume(quick: Generated) -> None:
    for visit in quick.truth.visits:
        series = next(s for s in visit.series if s.key == "sag_t2")
        (stack,) = series.stacks
        assert stack.contiguous
        assert stack.occupancy_sum_mm3 == pytest.approx(visit.fragment_volume_mm3("L4/L5"), rel=0.01)
        image = nib.load(quick.folder / str(stack.occupancy_file))
        share = np.asarray(image.dataobj)
        assert share.sum(dtype=float) * stack.voxel_volume_mm3 == pytest.approx(stack.occupancy_sum_mm3, rel=1e-5)


def test_occupancy_lies_at_the_true_centroid(quick: Generated) -> None:
    for visit in quick.truth.visits:
        (fragment,) = visit.fragments
        for series in (s for s in visit.series if s.plane == "sagittal"):
            share = np.asarray(nib.load(quick.folder / str(series.stacks[0].occupancy_file)).dataobj)
            index = np.append(np.average(np.argwhere(share > 0), axis=0, weights=share[share > 0]), 1)
            movement = np.array(series.movement)
            true = movement @ (*fragment.centroid_lps_mm, 1)
            assert np.array(series.stacks[0].affine) @ index == pytest.approx(true, abs=0.35)


def test_transform_carries_landmarks_from_visit_to_visit(quick: Generated) -> None:
    first, later = quick.truth.visits
    transform = np.array(quick.truth.changes[0].baseline_to_followup)
    for name, at in first.landmarks_lps_mm.items():
        assert transform @ (*at, 1) == pytest.approx([*later.landmarks_lps_mm[name], 1], abs=1e-4)


def test_progress_is_told(quick_case: PhantomCase, tmp_path: Path) -> None:
    told: list[str] = []

    class Enough(Exception):
        pass

    def tell(text: str) -> None:
        told.append(text)
        raise Enough

    with pytest.raises(Enough):
        generate(quick_case, tmp_path, tell)
    assert told == ["quick: painting the anatomy"]


def test_a_fragment_that_does_not_fit_is_refused(quick_case: PhantomCase) -> None:
    fragment = quick_case.visits[0].fragments[0].model_copy(update={"volume_mm3": 90000.0})
    with pytest.raises(UsageError, match="does not fit"):
        paint_displaced(quick_case.spine.spec(quick_case.seed), [fragment.spec()], 2.0)
