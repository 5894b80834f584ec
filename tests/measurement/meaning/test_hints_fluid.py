"""A cyst that is measured as next to nothing still gives its hint; a fragment, and an empty canal, do not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipeline.dicom.visit import Role, Series, SeriesFacts, Stack, Visit
from pipeline.findings import Severity
from pipeline.measurement.change import Category
from pipeline.measurement.meaning.hints import hints
from pipeline.measurement.meaning.hints_fluid import LEAST_MM3, Unmeasured, unmeasured
from pipeline.measurement.meaning.meaning import Signal, Tissue
from pipeline.segmentation.anatomy import Anatomy
from tests.measurement.meaning.test_hints import visit as meaning
from tests.measurement.visits import fragment

T2, T1 = Role.SAGITTAL_T2, Role.SAGITTAL_T1
FLUID_T2, FLUID_T1, MUSCLE_T1 = 300.0, 55.0, 110.0


def scene(t2: float, t1: float, volume_mm3: float = 900.0) -> tuple[Visit, Anatomy]:
    """Something displaced behind L4/L5 whose T2 and T1 levels are given; the T1 series lies 0.7 mm further down."""
    visit, anatomy = fragment(volume_mm3)
    one = anatomy.segmentations[T2]
    solid = one.probabilities[5] > 0.2
    grid = visit.series[T2].volume
    shift = np.array([0.0, 0.0, -0.7])
    lower = grid.affine.copy()
    lower[:3, 3] += shift
    bright, dark = (np.where(solid, level, 80.0).astype(np.float32) for level in (t2, t1))
    volumes = {T2: grid.with_array(bright), T1: type(grid)(dark, lower)}
    series = {role: Series(role, SeriesFacts("1.2.3"), (Stack(volume, None),)) for role, volume in volumes.items()}
    return replace(visit, series=series), replace(anatomy, shifts_lps_mm={T1: shift})


def signals(own: float | None = None) -> dict[Role, Signal]:
    """Fluid and muscle as in any visit; the fragment's own level, where there were pure voxels."""
    return {
        T2: Signal(T2, Tissue(own, 100 if own else 3), Tissue(FLUID_T2, 500), Tissue(45.0, 500)),
        T1: Signal(T1, Tissue(own, 100 if own else 3), Tissue(FLUID_T1, 500), Tissue(MUSCLE_T1, 500)),
    }


def look(t2: float, t1: float, volume_mm3: float = 900.0, own: float | None = None) -> Unmeasured | None:
    """What is seen of it."""
    visit, anatomy = scene(t2, t1, volume_mm3)
    return unmeasured(visit, anatomy, anatomy.levels["L4/L5"], signals(own))


def said(found: Unmeasured | None) -> list[str]:
    """Codes of the hints at a visit whose fragment has no signal of its own."""
    unknown = meaning(t2=None, t1=None, post=None)
    return [f.code for f in hints(unknown, meaning(), Category.NO_DETECTABLE_CHANGE, None, (found, None))]


def test_a_cyst_has_the_signal_of_fluid_and_is_told() -> None:
    found = look(t2=305.0, t1=58.0)
    assert found is not None
    assert found.volume_mm3 == pytest.approx(900.0, rel=0.1)
    assert found.t2_to_fluid == pytest.approx(305 / FLUID_T2, rel=0.02)
    assert found.t1_to_muscle == pytest.approx(58 / MUSCLE_T1, rel=0.05)
    assert said(found) == ["signal-like-fluid"]


@pytest.mark.parametrize(("t2", "t1"), [(120.0, 95.0), (305.0, 100.0), (150.0, 58.0)])
def test_a_dark_fragment_fat_and_what_is_dark_in_both_are_not_cysts(t2: float, t1: float) -> None:
    """Fat is bright on T1, a fragment on T2 at most half as bright as fluid."""
    assert said(look(t2, t1)) == []


def test_a_border_of_the_sac_is_too_little() -> None:
    assert look(305.0, 58.0, volume_mm3=0.5 * LEAST_MM3) is None
    assert look(305.0, 58.0, volume_mm3=0.0) is None


def test_a_fragment_whose_signal_is_known_is_judged_by_that() -> None:
    assert look(305.0, 58.0, own=110.0) is None


def test_both_series_are_needed() -> None:
    visit, anatomy = scene(305.0, 58.0)
    level = anatomy.levels["L4/L5"]
    known = signals()
    assert unmeasured(visit, anatomy, level, {T2: known[T2]}) is None
    blind = {**known, T1: replace(known[T1], muscle=Tissue(None, 2))}
    assert unmeasured(visit, anatomy, level, blind) is None


def test_the_hint_says_which_visit_and_that_the_borders_are_unknown() -> None:
    found = Unmeasured(104.0, 1.02, 0.52)
    unknown = meaning(t2=None, t1=None, post=None)
    told = hints(unknown, unknown, Category.NO_DETECTABLE_CHANGE, None, (None, found))
    assert [f.severity for f in told] == [Severity.WARNING]
    assert told[0].message.startswith("At follow-up 104 mm³")
    assert "102 %" in told[0].message
    assert "radiologist" in told[0].message
