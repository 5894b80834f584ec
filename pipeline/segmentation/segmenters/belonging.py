"""Whether a mask by hand belongs to a visit: same patient, same examination, same place."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from pipeline.dicom.visit import Visit
from pipeline.errors import IdentityError, UsageError
from pipeline.findings import Finding, Severity
from pipeline.segmentation.segmenters.mask import HandMask
from pipeline.segmentation.segmenters.place import placed, voxel_map
from pipeline.volume import Volume


def require_same_origin(mask: HandMask, visit: Visit, when: str, *, allow_different: bool) -> tuple[Finding, ...]:
    """Refuse a DICOM SEG of another patient, examination or frame of reference.

    Raises
    ------
    IdentityError
        Without quoting any identifier.
    """
    origin, series = mask.origin, visit.series.values()
    studies = {one.facts.study_instance_uid for one in series} | {visit.study_instance_uid}
    frames = {one.facts.frame_of_reference_uid for one in series}
    differing = [
        name
        for name, own, known in (
            ("PatientID", origin.patient_id, {visit.identity.patient_id}),
            ("StudyInstanceUID", origin.study_instance_uid, studies),
        )
        if _differs(own, known)
    ]
    if differing and not allow_different:
        raise IdentityError(
            f"The mask for the {when} belongs to other images: {' and '.join(differing)} differ. Give the mask "
            "that was drawn on this visit (are the two masks exchanged?), or add --allow-different-patients if "
            "identifiers were replaced."
        )
    if _differs(origin.frame_of_reference_uid, frames):
        raise IdentityError(
            f"The mask for the {when} lies in another frame of reference than its images, so its place in the patient "
            "is unknown. Give the mask that was drawn on this visit, or export it as NIfTI if both share one space."
        )
    if not differing:
        return ()
    text = f"The mask for the {when} names another {' and '.join(differing)} than the images; it was used as asked for."
    return (Finding("identity-override", Severity.WARNING, text),)


def _differs(own: str | None, known: Iterable[str | None]) -> bool:
    named = {one for one in known if one}
    return own is not None and bool(named) and own not in named


def require_place(mask: HandMask, visit: Visit, other: Visit, when: str) -> None:
    """Refuse a mask that was drawn on the other visit, or that lies outside all series of this one.

    Raises
    ------
    UsageError
        Saying where the mask lies and where the images do.
    """
    own = [series.volume for series in visit.series.values()]
    if not any(voxel_map(mask.share, volume) is not None for volume in own) and any(
        voxel_map(mask.share, series.volume) is not None for series in other.series.values()
    ):
        raise UsageError(
            f"The mask for the {when} has the voxels of a series of the other visit and of none of its own. "
            "Are the two masks exchanged?"
        )
    if any(_touches(mask.share, volume) for volume in own):
        return
    raise UsageError(
        f"The mask for the {when} does not overlap its images: it lies at {_extent(mask.share)}, they lie at "
        f"{_extent(own[0])}. Export it in patient coordinates, from the images that are compared."
    )


def _touches(shape: Volume, image: Volume) -> bool:
    """Whether some of the shape lies in the image; of an empty one, whether the two grids meet."""
    if (shape.array > 0).any():
        return placed(shape, image).inside > 0
    box = np.array(np.meshgrid(*[np.linspace(0, n - 1, 8) for n in shape.shape])).reshape(3, -1).T
    index = image.to_index(shape.to_lps(box))
    return bool(((index > -0.5) & (index < np.array(image.shape) - 0.5)).all(axis=1).any())


def _extent(volume: Volume) -> str:
    index = np.argwhere(volume.array > 0) if (volume.array > 0).any() else np.array([[0, 0, 0], volume.shape])
    lps = volume.to_lps(index.astype(np.float64))
    low, high = lps.min(axis=0), lps.max(axis=0)
    return ", ".join(f"{n} {a:.0f} to {b:.0f} mm" for n, a, b in zip("LPS", low, high, strict=True))
