"""Making one visit of a case: scanning its protocol, writing its files, collecting its truth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.phantom.anatomy import SpineSpec, Tissue
from pipeline.phantom.case import PhantomCase, SeriesCase, VisitCase
from pipeline.phantom.dicom_identity import identify
from pipeline.phantom.dicom_writer import write_series
from pipeline.phantom.displaced import Displaced
from pipeline.phantom.fine_map import FineMap
from pipeline.phantom.geometry import moved, rigid
from pipeline.phantom.planning import plan
from pipeline.phantom.regions import plane_kind
from pipeline.phantom.scan import CoilPlace, ScannedStack, SeriesScan, timing_of
from pipeline.phantom.signal import SequenceTiming, tissue_signals
from pipeline.phantom.truth import FragmentTruth, SeriesTruth, StackTruth, VisitTruth, matrix, point, write_nifti
from pipeline.volume import Affine

Progress = Callable[[str], None]
_REPORTED = (Tissue.VERTEBRA, Tissue.DISC_NUCLEUS, Tissue.CSF, Tissue.FRAGMENT, Tissue.FRAGMENT_RIM, Tissue.MUSCLE)


@dataclass(frozen=True, eq=False)
class VisitMaker:
    """One visit while it is being made.

    Attributes
    ----------
    case, index
        The case, and which of its visits this is.
    spine
        Its spine.
    pose
        (4, 4) anatomy → LPS at the visit's start.
    maps
        Tissues with this visit's fragments, by kind of map.
    displaced
        What these maps hold of the fragments, by level.
    landmarks
        (3,) LPS mm of bodies and discs at the visit's start.
    out
        Folder of the case.
    """

    case: PhantomCase
    index: int
    spine: SpineSpec
    pose: Affine
    maps: Mapping[str, FineMap]
    displaced: Mapping[str, Displaced]
    landmarks: Mapping[str, NDArray[np.float64]]
    out: Path

    @property
    def visit(self) -> VisitCase:
        """What the case says about this visit."""
        return self.case.visits[self.index]

    def make(self, tell: Progress) -> VisitTruth:
        """Scan, write, and return the truth.

        Raises
        ------
        pipeline.errors.OutputError
            If a file cannot be written.
        """
        visit, protocol = self.visit, self.case.protocols[self.visit.protocol]
        series = []
        for number, wanted in enumerate(protocol):
            tell(f"{self.case.name}: {visit.name}, series {number + 1} of {len(protocol)} ({wanted.key})")
            series.append(self._series(number, wanted))
        return VisitTruth(
            name=visit.name,
            study_date=visit.date.isoformat(),
            study_instance_uid=str(identify(self.case, self.index, 0).study_uid),
            folder=visit.name,
            anatomy_to_lps=matrix(self.pose),
            landmarks_lps_mm={name: point(at) for name, at in self.landmarks.items()},
            fragments=self._fragments(),
            enhancement=self._enhancement(),
            series=tuple(series),
        )

    def _rng(self, purpose: int, series: int) -> np.random.Generator:
        return np.random.default_rng([abs(self.case.seed), self.index, series, purpose])

    def _coil(self) -> CoilPlace:
        """The patient lies on the coil: about a hand's breadth behind the bodies."""
        at = self.landmarks
        back = at["L3"][1] + 62.0 + (self.spine.back_muscle_mm + self.spine.subcutaneous_mm) / 2
        edge = min(at[name][1] for name in ("L2", "L3", "L4", "L5")) - 36.0
        return CoilPlace(float(back), float(at["L3"][2] - 15.0), float(edge))

    def _movement(self, series: int) -> Affine:
        """How the patient moved between the visit's start and a series."""
        motion = self.visit.motion
        draw = self._rng(1, series).standard_normal((2, 3)) * (series > 0)
        turn, shift = draw[0] * motion.rotation_deg, draw[1] * motion.translation_mm
        x, y, z = (float(v) for v in self.landmarks["L3"])
        angles = (float(turn[0]), float(turn[1]), float(turn[2]))
        return rigid(angles, (float(shift[0]), float(shift[1]), float(shift[2])), (x, y, z))

    def _series(self, number: int, series: SeriesCase) -> SeriesTruth:
        identity = identify(self.case, self.index, number)
        physics = self.case.physics(self.visit)
        movement = self._movement(number)
        fine, stacks = self.maps[plane_kind(series)], plan(series, self.landmarks)
        pose = movement @ self.pose
        scanned = SeriesScan(series, fine, stacks, pose, self._coil(), physics).run(self._rng(2, number))
        folder = f"{self.visit.name}/{identity.folder}"
        scramble = self._rng(3, number) if self.case.scramble_files else None
        pixels = [(part.stack, part.stored) for part in scanned]
        write_series(self.out / folder, identity, pixels, self.case.transfer_syntax, scramble)
        signals = tissue_signals(physics, timing_of(series))
        return SeriesTruth(
            key=series.key,
            description=identity.description,
            plane=series.plane,
            weighting=series.weighting,
            contrast=series.contrast,
            fat_saturation=series.fat_saturation,
            folder=folder,
            series_instance_uid=str(identity.series_uid),
            anatomy_to_lps=matrix(pose),
            movement=matrix(movement),
            signals={tissue.name.lower(): round(float(signals[tissue]), 6) for tissue in _REPORTED},
            stacks=tuple(self._stack(series, k, part, len(scanned)) for k, part in enumerate(scanned)),
        )

    def _stack(self, series: SeriesCase, k: int, part: ScannedStack, stacks: int) -> StackTruth:
        stem = f"truth/{self.visit.name}_{series.key}" + (f"_{k + 1}" if stacks > 1 else "")
        files: dict[str, str | None] = {}
        for name, values in (("occupancy", part.fragment), ("rim", part.rim), ("classes", part.classes)):
            files[name] = f"{stem}_{name}.nii.gz" if values.any() or name == "classes" else None
            if files[name]:
                write_nifti(self.out / str(files[name]), values, part.stack)
        stack = part.stack
        return StackTruth(
            affine=matrix(stack.affine),
            shape=stack.shape,
            thickness_mm=stack.thickness_mm,
            pitch_mm=round(stack.pitch_mm, 9),
            voxel_volume_mm3=round(stack.voxel_volume_mm3, 9),
            contiguous=stack.contiguous,
            occupancy_sum_mm3=round(float(part.fragment.sum(dtype=np.float64)) * stack.voxel_volume_mm3, 4),
            occupancy_file=files["occupancy"],
            rim_file=files["rim"],
            classes_file=f"{stem}_classes.nii.gz",
        )

    def _fragments(self) -> tuple[FragmentTruth, ...]:
        out = []
        for level, held in self.displaced.items():
            specs = [fragment for fragment in self.visit.fragments if fragment.level == level]
            out.append(
                FragmentTruth(
                    level=level,
                    volume_mm3=held.volume_mm3,
                    rim_volume_mm3=held.rim_volume_mm3,
                    centroid_lps_mm=point(moved(self.pose, held.centroid_lps)),
                    rim_mm=max(spec.rim_mm for spec in specs),
                    rim_extent=max(spec.rim_extent if spec.rim_mm > 0 else 0.0 for spec in specs),
                    spec=tuple(spec.model_dump() for spec in specs),
                )
            )
        return tuple(out)

    def _enhancement(self) -> dict[str, float]:
        """Relative rise of the T1 signal (percent) of rim, fragment and epidural veins after contrast."""
        physics = self.case.physics(self.visit)
        pre = tissue_signals(physics, SequenceTiming(550.0, 10.0))
        post = tissue_signals(physics, SequenceTiming(550.0, 10.0, gadolinium=1.0))
        shown = (Tissue.FRAGMENT, Tissue.FRAGMENT_RIM, Tissue.EPIDURAL_VEIN, Tissue.MUSCLE, Tissue.VERTEBRA)
        return {t.name.lower(): round(float(100 * (post[t] / pre[t] - 1)), 4) for t in shown}
