"""Rigid transforms as 4 × 4 matrices on LPS millimetres: fitting, roots and means."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from pipeline.volume import Affine, Points

HALF_TURN_RAD = 1e-6
"""Turns this close to 180 degrees count as half turns."""


def compose(rotation: NDArray[np.float64], translation: NDArray[np.float64]) -> Affine:
    """A 4 × 4 matrix from a (3, 3) rotation and a (3,) translation in mm."""
    matrix = np.eye(4)
    matrix[:3, :3] = rotation
    matrix[:3, 3] = translation
    return matrix


def inverse(transform: Affine) -> Affine:
    """The exact inverse of a rigid transform (transposed rotation, so no error grows)."""
    rotation = transform[:3, :3].T
    return compose(rotation, -rotation @ transform[:3, 3])


def apply(transform: Affine, points: Points) -> Points:
    """Map LPS points of shape (…, 3)."""
    return np.asarray(np.asarray(points, dtype=np.float64) @ transform[:3, :3].T + transform[:3, 3])


def half(transform: Affine) -> Affine:
    """The rigid transform that, done twice, is ``transform``.

    For (R, t) the root is (S, u) with S·S = R and (I + S)·u = t. Rotations below 180° have one such root. A half turn
    (one visit stored with the patient the other way round) has two; that which turns about the direction of the shift
    is taken, so that the root of the inverse is the inverse of the root here too.
    """
    vector = Rotation.from_matrix(transform[:3, :3]).as_rotvec()
    if np.linalg.norm(vector) > np.pi - HALF_TURN_RAD and vector @ transform[:3, 3] < 0:
        vector *= 1 - 2 * np.pi / np.linalg.norm(vector)
    root = Rotation.from_rotvec(vector / 2).as_matrix()
    offset: NDArray[np.float64] = np.linalg.solve(np.eye(3) + root, transform[:3, 3]).astype(np.float64)
    return compose(root, offset)


def mean(first: Affine, second: Affine) -> Affine:
    """The transform half-way between two: symmetric in its arguments, and the mean of inverses is its inverse."""
    return np.asarray(first @ half(inverse(first) @ second))


def fit(source: Points, target: Points, weights: NDArray[np.float64]) -> Affine:
    """Rigid transform that takes ``source`` to ``target`` with the least weighted squared distance.

    Closed form (Kabsch 1976): singular value decomposition of the weighted covariance, reflections excluded.

    Parameters
    ----------
    source, target
        Shape (n, 3), LPS mm, n ≥ 3 and not all on one line.
    weights
        Shape (n,), not negative.
    """
    share = weights / weights.sum()
    source_centre, target_centre = share @ source, share @ target
    covariance = (source - source_centre).T @ ((target - target_centre) * share[:, None])
    u, _, vt = np.linalg.svd(covariance)
    sign = np.sign(np.linalg.det(u @ vt))
    rotation = vt.T @ np.diag((1.0, 1.0, sign)) @ u.T
    return compose(rotation, target_centre - rotation @ source_centre)


def angle_deg(transform: Affine) -> float:
    """Angle of rotation in degrees, 0…180."""
    return float(np.degrees(Rotation.from_matrix(transform[:3, :3]).magnitude()))


def clean(transform: Affine) -> Affine:
    """The same with its rotation made orthogonal to machine precision."""
    u, _, vt = np.linalg.svd(transform[:3, :3])
    return compose(u @ vt, transform[:3, 3])


def rounded(transform: Affine) -> Affine:
    """The same to 1e-9 rad and 1e-9 mm: sums over threads differ in their last bits, results must not."""
    vector = np.round(Rotation.from_matrix(transform[:3, :3]).as_rotvec(), 9)
    return compose(Rotation.from_rotvec(vector).as_matrix(), np.round(transform[:3, 3], 9))


def spread_mm(covariance: NDArray[np.float64], centre: NDArray[np.float64], points: Points) -> float:
    """Root mean square standard error in mm at some points, by the covariance of a small rigid motion.

    Parameters
    ----------
    covariance
        (6, 6): of rotation vector (rad) and translation (mm).
    centre
        (3,) LPS mm: what the rotation is about.
    points
        (n, 3) LPS mm.
    """
    arm = points - centre
    jacobian = np.zeros((len(arm), 3, 6))
    jacobian[:, :, 3:] = np.eye(3)
    x, y, z = arm.T
    jacobian[:, 0, 1], jacobian[:, 0, 2] = z, -y
    jacobian[:, 1, 0], jacobian[:, 1, 2] = -z, x
    jacobian[:, 2, 0], jacobian[:, 2, 1] = y, -x
    variance = np.einsum("nij,jk,nik->n", jacobian, covariance, jacobian)
    return float(np.sqrt(variance.mean()))
