"""A three-dimensional image that knows where it lies in the patient."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import SimpleITK as sitk

Affine: TypeAlias = NDArray[np.float64]
"""4 × 4 homogeneous matrix."""

Points: TypeAlias = NDArray[np.float64]
"""Shape (…, 3)."""


@dataclass(frozen=True, eq=False)
class Volume:
    """An image array with its place in the patient.

    Attributes
    ----------
    array
        Shape (slices, rows, columns); any numeric dtype.
    affine
        Shape (4, 4), float64; maps the homogeneous array index (slice, row, column, 1) of a voxel's centre
        to LPS patient coordinates in mm (DICOM PS3.3 C.7.6.2.1.1).

    Raises
    ------
    ValueError
        If the array is not three-dimensional, or the affine is not an invertible 4 × 4 matrix.
    """

    array: NDArray[Any]
    affine: Affine

    def __post_init__(self) -> None:
        if self.array.ndim != 3:
            raise ValueError(f"a volume has three dimensions, this array has {self.array.ndim}")
        affine = np.asarray(self.affine, dtype=np.float64)
        if affine.shape != (4, 4) or not np.isfinite(affine).all():
            raise ValueError(f"an affine is a finite 4 x 4 matrix, got shape {affine.shape}")
        if not np.allclose(affine[3], (0.0, 0.0, 0.0, 1.0)) or abs(np.linalg.det(affine[:3, :3])) < 1e-9:
            raise ValueError("an affine must be invertible and end in the row (0, 0, 0, 1)")
        object.__setattr__(self, "affine", affine)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of slices, rows and columns."""
        slices, rows, columns = self.array.shape
        return int(slices), int(rows), int(columns)

    @cached_property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Distance in mm between neighbouring voxel centres along slices, rows and columns."""
        s = np.linalg.norm(self.affine[:3, :3], axis=0)
        return float(s[0]), float(s[1]), float(s[2])

    @property
    def voxel_volume_mm3(self) -> float:
        """Volume in mm³ of the parallelepiped that one voxel spans (pitch, not slice thickness)."""
        return float(abs(np.linalg.det(self.affine[:3, :3])))

    @cached_property
    def axes_lps(self) -> NDArray[np.float64]:
        """Shape (3, 3); column *n* is the LPS unit vector along array axis *n*."""
        return np.asarray(self.affine[:3, :3] / np.linalg.norm(self.affine[:3, :3], axis=0))

    def to_lps(self, index: Points) -> Points:
        """Map array indices of shape (…, 3) to LPS mm of the same shape."""
        return np.asarray(index, dtype=np.float64) @ self.affine[:3, :3].T + self.affine[:3, 3]

    def to_index(self, lps: Points) -> Points:
        """Map LPS mm of shape (…, 3) to continuous array indices of the same shape."""
        return np.asarray(
            np.linalg.solve(
                self.affine[:3, :3], (np.asarray(lps, float) - self.affine[:3, 3]).reshape(-1, 3).T
            ).T.reshape(np.shape(lps))
        )

    def with_array(self, array: NDArray[Any]) -> Volume:
        """The same grid with other values.

        Raises
        ------
        ValueError
            If the shape differs.
        """
        if array.shape != self.array.shape:
            raise ValueError(f"array of shape {array.shape} does not fit a grid of shape {self.array.shape}")
        return Volume(array, self.affine)

    def to_sitk(self) -> sitk.Image:
        """The same voxels as a SimpleITK image (LPS mm; orthogonal grids only, as ITK demands)."""
        import SimpleITK as sitk  # slow to import, and loading images does not need it

        image = sitk.GetImageFromArray(self.array)
        image.SetSpacing(self.spacing_mm[::-1])
        image.SetDirection(self.axes_lps[:, ::-1].ravel().tolist())
        image.SetOrigin(self.affine[:3, 3].tolist())
        return image

    @classmethod
    def from_sitk(cls, image: sitk.Image) -> Volume:
        """A volume from a three-dimensional SimpleITK image."""
        import SimpleITK as sitk

        direction = np.array(image.GetDirection()).reshape(3, 3)
        affine = np.eye(4)
        affine[:3, :3] = (direction * np.array(image.GetSpacing()))[:, ::-1]
        affine[:3, 3] = image.GetOrigin()
        return cls(sitk.GetArrayFromImage(image), affine)
