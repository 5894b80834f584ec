"""Series of a drawn patient who moved by a known amount between them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline import rigid
from pipeline.phantom.case import PhantomCase, SeriesCase
from pipeline.phantom.generate import prepare
from pipeline.phantom.geometry import rigid as moved_by
from pipeline.phantom.planning import plan
from pipeline.phantom.regions import paint_regions, plane_kind
from pipeline.phantom.scan import SeriesScan
from pipeline.phantom.visit_maker import VisitMaker
from pipeline.segmentation.anatomy import Structure
from pipeline.volume import Affine, Volume

STACK = {"slices": 11, "thickness_mm": 4.0, "matrix": 176, "pixel_mm": 1.1, "offset_mm": [0, -8, -40]}
SERIES = {
    "t2": {"plane": "sagittal", "weighting": "t2", **STACK},
    "t1": {"plane": "sagittal", "weighting": "t1", **STACK},
    "stir": {"plane": "sagittal", "weighting": "stir", **STACK},
    "post": {"plane": "sagittal", "weighting": "t1", "contrast": True, "fat_saturation": True, **STACK},
    "axial": {
        "plane": "axial",
        "weighting": "t2",
        "levels": ["L3/L4", "L4/L5", "L5/S1"],
        "slices": 18,
        "thickness_mm": 4.0,
        "matrix": 128,
        "pixel_mm": 1.1,
        "offset_mm": [0, 14, 0],
    },
}
CASE = {
    "name": "moving",
    "description": "One visit in which the patient moves.",
    "seed": 5,
    "level": "L4/L5",
    "patient": {"name": "PHANTOM^MOVING", "id": "MOVING", "sex": "F", "birth_date": "1980-05-17"},
    "map_spacing_mm": 1.0,
    "protocols": {"all": [{"key": key, **one} for key, one in SERIES.items()]},
    "visits": [
        {
            "name": "visit",
            "date": "2020-02-03",
            "protocol": "all",
            "fragments": [{"level": "L4/L5", "volume_mm3": 900, "migration_mm": 5, "rim_mm": 1.0}],
        }
    ],
}


@dataclass(frozen=True, eq=False)
class Scanned:
    """One stack: image, network classes, and how the patient had moved since the visit began."""

    image: Volume
    classes: np.ndarray
    movement: Affine

    @property
    def bone(self) -> np.ndarray:
        return np.isin(self.classes, (Structure.VERTEBRA, Structure.SACRUM))

    @property
    def left_out(self) -> np.ndarray:
        return np.isin(self.classes, (Structure.CANAL, Structure.FRAGMENT))


@dataclass(frozen=True, eq=False)
class DrawnPatient:
    """A painted patient, ready to be scanned."""

    maker: VisitMaker
    protocol: dict[str, SeriesCase]

    def scanned(
        self, key: str, turn_deg: tuple[float, float, float], shift_mm: tuple[float, float, float], seed: int = 1
    ) -> Scanned:
        """One series, after the patient turned about the centre of L4 and moved."""
        series, maker = self.protocol[key], self.maker
        x, y, z = (float(v) for v in maker.landmarks["L4"])
        movement = moved_by(turn_deg, shift_mm, (x, y, z))
        stacks = plan(series, maker.landmarks)
        scan = SeriesScan(
            series,
            maker.maps[plane_kind(series)],
            stacks,
            movement @ maker.pose,
            maker._coil(),
            maker.case.physics(maker.visit),
        )
        (part,) = scan.run(np.random.default_rng(seed))
        image = part.stack.volume(part.stored.astype(np.float32))
        return Scanned(image, np.asarray(part.classes), movement)


def drawn_patient() -> DrawnPatient:
    """The patient of these tests."""
    case = PhantomCase.model_validate(CASE)
    spine = case.spine.spec(case.seed)
    maker = prepare(case, 0, spine, paint_regions(case, spine), Path("unused"))
    return DrawnPatient(maker, {series.key: series for series in case.protocols["all"]})


def true_motion(fixed: Scanned, moving: Scanned) -> Affine:
    """Fixed LPS mm to moving LPS mm."""
    return np.asarray(moving.movement @ rigid.inverse(fixed.movement))


def error_mm(found: Affine, fixed: Scanned, moving: Scanned) -> np.ndarray:
    """Distance of bone that both show from where it should be."""
    truth = true_motion(fixed, moving)
    points = fixed.image.to_lps(np.argwhere(fixed.bone)[::40].astype(float))
    index = moving.image.to_index(rigid.apply(truth, points))
    seen = np.all((index >= 0) & (index <= np.array(moving.image.shape) - 1), axis=1)
    return np.linalg.norm(rigid.apply(found, points[seen]) - rigid.apply(truth, points[seen]), axis=1)
