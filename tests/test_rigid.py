import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from pipeline import rigid
from tests.registration.pairs import motion

seeds = st.integers(0, 2**32 - 1)


@settings(max_examples=50, deadline=None)
@given(seeds)
def test_half_done_twice_is_the_whole(seed: int) -> None:
    whole = motion(np.random.default_rng(seed), 170, 100)
    root = rigid.half(whole)
    np.testing.assert_allclose(root @ root, whole, atol=1e-9)


@settings(max_examples=50, deadline=None)
@given(seeds)
def test_mean_is_symmetric_and_commutes_with_the_inverse(seed: int) -> None:
    rng = np.random.default_rng(seed)
    first, second = motion(rng, 40, 50), motion(rng, 40, 50)
    middle = rigid.mean(first, second)
    np.testing.assert_allclose(middle, rigid.mean(second, first), atol=1e-9)
    np.testing.assert_allclose(
        rigid.inverse(middle), rigid.mean(rigid.inverse(first), rigid.inverse(second)), atol=1e-9
    )


def test_fit_recovers_a_motion_and_never_mirrors() -> None:
    rng = np.random.default_rng(1)
    truth = motion(rng, 60, 80)
    points = rng.normal(0, 30, (8, 3))
    points[:, 2] = 0  # in a plane a mirror image fits just as well
    fitted = rigid.fit(points, rigid.apply(truth, points), np.ones(8))
    np.testing.assert_allclose(fitted, truth, atol=1e-9)
    assert np.linalg.det(fitted[:3, :3]) == pytest.approx(1)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    axis=st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda v: np.linalg.norm(v) > 0.1),
    angle=st.floats(0, 180),
    shift=st.tuples(*[st.floats(-60, 60)] * 3),
)
def test_the_root_of_the_inverse_is_the_inverse_of_the_root(
    axis: tuple[float, float, float], angle: float, shift: tuple[float, float, float]
) -> None:
    direction = np.array(axis) / np.linalg.norm(axis)
    assume(angle < 179 or abs(direction @ np.array(shift)) > 0.1)
    transform = rigid.compose(Rotation.from_rotvec(np.radians(angle) * direction).as_matrix(), np.array(shift))
    root = rigid.half(transform)
    np.testing.assert_allclose(root @ root, transform, atol=1e-5)
    np.testing.assert_allclose(rigid.half(rigid.inverse(transform)) @ root, np.eye(4), atol=1e-6)
