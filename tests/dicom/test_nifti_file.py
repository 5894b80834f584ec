"""A NIfTI file is read as it is stored, in LPS."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np

from pipeline.dicom.nifti_file import read_nifti
from pipeline.findings import Finding


def test_axes_stay_as_stored_and_ras_becomes_lps(tmp_path: Path) -> None:
    array = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    affine = np.diag([1.5, 2.0, 3.0, 1.0])
    affine[:3, 3] = (10.0, -20.0, 30.0)
    nibabel.save(nibabel.Nifti1Image(array, affine), tmp_path / "a.nii.gz")
    findings: list[Finding] = []
    volume = read_nifti(tmp_path / "a.nii.gz", findings)
    np.testing.assert_array_equal(volume.array, array)
    np.testing.assert_allclose(volume.affine, np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine)
    assert findings == []
