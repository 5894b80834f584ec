"""Whether the labels carried over from the sagittal series lie where the axial series shows the same structures."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from pipeline.dicom.visit import Role
from pipeline.findings import Finding, Severity
from pipeline.segmentation.anatomy import SeriesSegmentation, Structure
from pipeline.segmentation.axial_view import AxialView
from pipeline.segmentation.probable import most_probable

REACH_MM = 8.0
"""Patients move this far between two series at most, if they stay on the table."""
SEARCH_PIXEL_MM = 1.6
THROUGH_STEP_MM = 1.0
CLEAR_GAIN = 0.05
"""A shift must raise the overlap by this much to be believed: slices are thick, and the search is free to choose."""
SMALLEST_SHIFT_MM = 1.2
ENOUGH = 0.6
"""Canal Dice below which axial and sagittal labels contradict each other; 0.8 to 0.9 is usual."""
_COMPARED = (Structure.VERTEBRA, Structure.DISC, Structure.CANAL)


@dataclass(frozen=True, eq=False)
class AxialAgreement:
    """How well axial network and carried labels agree.

    Attributes
    ----------
    canal_dice
        Of the canal, after the shift.
    shift_mm
        float64, shape (3,), LPS mm: what lies at ``x`` on the sagittal series lies at ``x + shift_mm`` on the axial
        one. Zero unless a shift makes the agreement clearly better.
    findings
        Says a shift, or that the two stay apart.
    """

    canal_dice: float
    shift_mm: NDArray[np.float64]
    findings: tuple[Finding, ...]

    @property
    def shifted(self) -> bool:
        """Whether the carried labels were moved."""
        return bool(np.any(self.shift_mm))


def agreement_of(role: Role, view: AxialView, carried: SeriesSegmentation, *, settled: bool = False) -> AxialAgreement:
    """Compare the two, and look for a shift that makes them agree.

    Parameters
    ----------
    role
        The axial series, for the message.
    view
        What the axial network says.
    carried
        Labels carried over from the sagittal series, on the axial series' own grid.
    settled
        True where the motion between the series is known from their bone: no shift is looked for.

    Returns
    -------
    AxialAgreement
    """
    own = most_probable(view.probabilities)
    other = view.crop(carried.labels.array)
    before = _dice(own == Structure.CANAL, other == Structure.CANAL)
    step = (0.0, 0.0, 0.0) if settled else _best_shift(own, other, view)
    shift = view.grid.axes_lps @ (np.array(step) * np.array(view.grid.spacing_mm))
    after = _dice(own == Structure.CANAL, _moved(other, step) == Structure.CANAL) if any(step) else before
    if not any(step):
        return AxialAgreement(before, np.zeros(3), _poor(role, before))
    text = (
        f"The {role.words} series lies {np.linalg.norm(shift):.1f} mm from where the sagittal series place the same "
        f"structures (overlap of the canal {before:.2f}, after a shift {after:.2f}); the patient moved in between. "
        "Its labels were moved with the patient."
    )
    moved = Finding("axial-shifted", Severity.WARNING, text)
    return AxialAgreement(after, shift, (moved, *_poor(role, after)))


def shifted(carried: SeriesSegmentation, shift_mm: NDArray[np.float64]) -> SeriesSegmentation:
    """The same labels moved by a translation in LPS mm, on the same grid."""
    grid = carried.labels
    index = np.linalg.solve(grid.affine[:3, :3], shift_mm)
    probabilities = np.stack([ndimage.shift(one, index, order=1, mode="nearest") for one in carried.probabilities])
    return replace(
        carried,
        labels=grid.with_array(ndimage.shift(grid.array, index, order=0)),
        instances=grid.with_array(ndimage.shift(carried.instances.array, index, order=0)),
        probabilities=probabilities,
        fragment_variants=probabilities[Structure.FRAGMENT][None],
    )


def _poor(role: Role, dice: float) -> tuple[Finding, ...]:
    if dice >= ENOUGH:
        return ()
    text = (
        f"On the {role.words} series the canal lies elsewhere than the sagittal series place it (overlap {dice:.2f}): "
        "the patient moved, or the series have no common frame of reference. Its labels and names are unsure."
    )
    return (Finding("axial-sagittal-disagree", Severity.WARNING, text),)


def _dice(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    total = np.count_nonzero(one) + np.count_nonzero(other)
    return 2.0 * np.count_nonzero(one & other) / total if total else 0.0


def _best_shift(own: NDArray[np.uint8], other: NDArray[np.uint8], view: AxialView) -> tuple[float, float, float]:
    """Shift of ``other`` in slices, rows and columns; zero unless it clearly gains.

    In-plane all shifts are tried at once by correlation; the canal alone would leave the direction along it open, so
    bones and discs count too.
    """
    pitch, row, column = view.grid.spacing_mm
    k = (max(1, round(SEARCH_PIXEL_MM / row)), max(1, round(SEARCH_PIXEL_MM / column)))
    small, ref = own[:, :: k[0], :: k[1]], other[:, :: k[0], :: k[1]]
    reach = (int(REACH_MM / (row * k[0])), int(REACH_MM / (column * k[1])))
    through = int(REACH_MM / 2 / THROUGH_STEP_MM)
    spectra = _Spectra.of(small, ref, reach)
    scores = {dz: spectra.overlaps(dz * THROUGH_STEP_MM / pitch) for dz in range(-through, through + 1)}
    stay = float(scores[0][reach[0], reach[1]])
    dz = max(scores, key=lambda z: (float(scores[z].max()), -abs(z)))
    at = np.unravel_index(int(scores[dz].argmax()), scores[dz].shape)
    rows, columns = (int(at[n] - reach[n]) for n in range(2))
    distance = np.linalg.norm([dz * THROUGH_STEP_MM, rows * k[0] * row, columns * k[1] * column])
    if float(scores[dz].max()) - stay < CLEAR_GAIN or distance < SMALLEST_SHIFT_MM:
        return 0.0, 0.0, 0.0
    return dz * THROUGH_STEP_MM / pitch, float(rows * k[0]), float(columns * k[1])


@dataclass(frozen=True, eq=False)
class _Spectra:
    """Fourier transforms of the slices of both masks of every compared structure: shifts are tried on these."""

    one: NDArray[np.complex64]
    two: NDArray[np.complex64]
    size: NDArray[np.float64]
    shape: tuple[int, int]
    reach: tuple[int, int]

    @classmethod
    def of(cls, own: NDArray[np.uint8], other: NDArray[np.uint8], reach: tuple[int, int]) -> _Spectra:
        shape = tuple(fft.next_fast_len(n + 2 * r, real=True) for n, r in zip(own.shape[1:], reach, strict=True))
        masks = [np.stack([labels == s for s in _COMPARED]).astype(np.float32) for labels in (own, other)]
        one, two = (fft.rfft2(mask, shape) for mask in masks)
        return cls(one, np.conj(two), masks[0].sum(axis=(1, 2, 3), dtype=float), (shape[0], shape[1]), reach)

    def overlaps(self, slices: float) -> NDArray[np.float64]:
        """Mean soft Dice of the structures for all in-plane shifts, the other moved by so many slices.

        Returns
        -------
        float64, shape (2 reach + 1, 2 reach + 1)
        """
        low = int(np.floor(slices))
        share = slices - low
        moved = (1 - share) * _rolled(self.two, low) + share * _rolled(self.two, low + 1)
        window = tuple(slice(0, 2 * r + 1) for r in self.reach)
        result = np.zeros((2 * self.reach[0] + 1, 2 * self.reach[1] + 1))
        area = self.shape[0] * self.shape[1]
        for own, other, size in zip(self.one, moved, self.size, strict=True):
            correlation = np.roll(fft.irfft2((own * other).sum(axis=0), self.shape), self.reach, axis=(0, 1))[window]
            # By Parseval's theorem the spectrum tells the size of the moved mask; half of it is stored.
            power = np.abs(other) ** 2
            half = self.shape[1] % 2 == 0
            total = 2 * power.sum() - power[..., 0].sum() - (power[..., -1].sum() if half else 0.0)
            result += 2.0 * correlation / max(1.0, size + float(total) / area) / len(_COMPARED)
        return result


def _rolled(spectra: NDArray[np.complex64], slices: int) -> NDArray[np.complex64]:
    """Slices moved by a whole number towards the end, zeros coming in."""
    result = np.zeros_like(spectra)
    n = spectra.shape[1]
    if abs(slices) < n:
        source = slice(max(0, -slices), n - max(0, slices))
        result[:, max(0, slices) : n + min(0, slices)] = spectra[:, source]
    return result


def _moved(labels: NDArray[np.uint8], step: tuple[float, float, float]) -> NDArray[np.uint8]:
    return np.asarray(ndimage.shift(labels, step, order=0), dtype=np.uint8)
