import dataclasses

import numpy as np
import pytest

from pipeline import rigid
from pipeline.dicom.visit import Role
from pipeline.errors import ComparabilityError
from pipeline.registration.landmarks import fit_landmarks
from pipeline.segmentation.anatomy import Anatomy
from pipeline.volume import Volume
from tests.registration.pairs import anatomy as faultless
from tests.registration.pairs import drawn_spine, motion


def moved(anatomy: Anatomy, transform: np.ndarray) -> Anatomy:
    turn = transform[:3, :3]
    levels = {
        n: dataclasses.replace(
            x,
            centre_lps_mm=rigid.apply(transform, x.centre_lps_mm),
            posterior_margin_lps_mm=rigid.apply(transform, x.posterior_margin_lps_mm),
            axes_lps=turn @ x.axes_lps,
        )
        for n, x in anatomy.levels.items()
    }
    vertebrae = {
        n: dataclasses.replace(x, centre_lps_mm=rigid.apply(transform, x.centre_lps_mm))
        for n, x in anatomy.vertebrae.items()
    }
    return dataclasses.replace(anatomy, levels=levels, vertebrae=vertebrae)


@pytest.fixture(scope="module")
def spine() -> Anatomy:
    image, instances = drawn_spine()
    return faultless(Role.SAGITTAL_T2, Volume(instances, image.affine))


@pytest.mark.parametrize("angle", [5, 90, 179])
def test_any_repositioning_converges(spine: Anatomy, angle: float) -> None:
    truth = motion(np.random.default_rng(int(angle)), angle, 400)
    np.testing.assert_allclose(fit_landmarks(spine, moved(spine, truth)).transform, truth, atol=1e-6)


@pytest.mark.parametrize("name", ["L4/L5", "L5", "S1"])
def test_one_misplaced_label_loses_its_say(spine: Anatomy, name: str) -> None:
    truth = motion(np.random.default_rng(3), 10, 30)
    other = moved(spine, truth)
    table = "levels" if "/" in name else "vertebrae"
    items = dict(getattr(other, table))
    items[name] = dataclasses.replace(items[name], centre_lps_mm=items[name].centre_lps_mm + np.array([0, 15.0, 25.0]))
    fit = fit_landmarks(spine, dataclasses.replace(other, **{table: items}))
    assert fit.dropped == (name,)
    assert np.linalg.norm(fit.transform[:3, 3] - truth[:3, 3]) < 0.5


def test_without_a_common_disc_the_pair_is_refused(spine: Anatomy) -> None:
    with pytest.raises(ComparabilityError, match="no named disc"):
        fit_landmarks(spine, dataclasses.replace(spine, levels={}))
