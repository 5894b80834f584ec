"""What a spine and a fragment look like: every geometric parameter, and how to draw random ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.errors import UsageError
from pipeline.phantom.anatomy.features import Laminectomy, Protrusion, SchmorlNode

FORMS = ("chain", "lobulated", "flat", "mushroom", "pieces")
"""Shapes of a fragment; see :mod:`pipeline.phantom.anatomy.fragment_form`."""
EDITIONS = (1, 2)
"""Ways to draw the same parameters; see :attr:`SpineSpec.edition`."""
_FREE_SHARE = 0.25


@dataclass(frozen=True)
class SpineSpec:
    """Geometry of one spine. Bodies and discs are listed from cranial to caudal.

    Attributes
    ----------
    names
        Body names, T10 … S5. There are ``len(names) - 1`` discs.
    heights_mm, depths_mm, widths_mm
        Size of each body along its axis, antero-posterior, and left-right.
    angles_deg
        Tilt of each body's axis in the sagittal plane; positive where the caudal end points to posterior.
    disc_heights_mm, degeneration, bulge_mm, stenosis, listhesis_mm
        Per disc: height at its centre; 0 (healthy) … 1 (desiccated, nucleus lost); how far the annulus stands out;
        0 … 1 narrowing of the canal; forward slip of the vertebra above against the one below.
    endplate_concavity_mm
        Depth of the hollow of an endplate at its centre.
    canal_depth_mm, canal_width_mm
        Bony canal at L3, antero-posterior and left-right.
    sac_end, conus_end
        Where the thecal sac and the cord end, as body index (2.5 = middle between bodies 2 and 3).
    epidural_fat
        0 … 1, how much fat lies around the sac.
    scoliosis_mm, scoliosis_phase
        Amplitude and phase (radians) of the lateral curve.
    muscle_fat
        0 … 1, fatty infiltration of the back muscles.
    back_muscle_mm, subcutaneous_mm
        Thickness of the back muscles behind the laminae, and of the fat under the skin.
    seed
        Seed of every irregularity that is not a parameter.
    schmorl_nodes, protrusions, laminectomies
        Lesions and operations; see :mod:`pipeline.phantom.anatomy.features`.
    endplate_erosion_mm
        Per disc (or empty for none): how far it eats irregularly into its endplates.
    sacralised
        0 … 1, size of the wings with which the last lumbar vertebra joins the sacrum. The rudimentary disc below it
        is asked for by `disc_heights_mm`.
    lumbarised
        Whether S1 is squared, with a true disc below it: "S1/S2" is then painted as a disc, not as a sacral rudiment.
    edition
        Which edition of the generator draws it. 2: displaced material lies on disc and bone, and epidural fat and
        veins fill the hollow behind the bodies. 1: a gap of 1 to 3 mm filled with visceral fat stays in front of the
        canal and of displaced material; the studies in sample_dicoms were made so.
    """

    names: tuple[str, ...]
    heights_mm: tuple[float, ...]
    depths_mm: tuple[float, ...]
    widths_mm: tuple[float, ...]
    angles_deg: tuple[float, ...]
    disc_heights_mm: tuple[float, ...]
    degeneration: tuple[float, ...]
    bulge_mm: tuple[float, ...]
    stenosis: tuple[float, ...]
    listhesis_mm: tuple[float, ...]
    endplate_concavity_mm: float = 1.8
    canal_depth_mm: float = 16.5
    canal_width_mm: float = 23.0
    sac_end: float = 9.0
    conus_end: float = 3.2
    epidural_fat: float = 0.5
    scoliosis_mm: float = 0.0
    scoliosis_phase: float = 0.0
    muscle_fat: float = 0.15
    back_muscle_mm: float = 34.0
    subcutaneous_mm: float = 18.0
    seed: int = 0
    schmorl_nodes: tuple[SchmorlNode, ...] = ()
    protrusions: tuple[Protrusion, ...] = ()
    laminectomies: tuple[Laminectomy, ...] = ()
    endplate_erosion_mm: tuple[float, ...] = ()
    sacralised: float = 0.0
    lumbarised: bool = False
    edition: int = 2

    def __post_init__(self) -> None:
        bodies = (self.heights_mm, self.depths_mm, self.widths_mm, self.angles_deg)
        discs = (self.disc_heights_mm, self.degeneration, self.bulge_mm, self.stenosis, self.listhesis_mm)
        n = len(self.names)
        if any(len(x) != n for x in bodies) or any(len(x) != n - 1 for x in discs):
            raise UsageError(f"a spine of {n} bodies needs {n} values per body and {n - 1} per disc")
        if min(self.heights_mm + self.depths_mm + self.widths_mm + self.disc_heights_mm) <= 0:
            raise UsageError("sizes of bodies and discs must be positive (mm)")
        if self.edition not in EDITIONS:
            raise UsageError(f"no edition {self.edition} of the anatomy; there are {', '.join(map(str, EDITIONS))}")
        self._check_features()

    def _check_features(self) -> None:
        if self.endplate_erosion_mm and len(self.endplate_erosion_mm) != len(self.names) - 1:
            raise UsageError(f"endplate erosion needs {len(self.names) - 1} values, one per disc, or none")
        for item in self.schmorl_nodes + self.protrusions:
            self.disc_index(item.level)
        for operation in self.laminectomies:
            if operation.body not in self.names or operation.body.startswith("S"):
                raise UsageError(f"no lamina of {operation.body!r} to remove in this spine")

    @property
    def disc_names(self) -> tuple[str, ...]:
        """Names such as "L4/L5", cranial to caudal."""
        return tuple(f"{a}/{b}" for a, b in zip(self.names, self.names[1:], strict=False))

    def disc_index(self, level: str) -> int:
        """Index of a disc by name.

        Raises
        ------
        UsageError
            If this spine has no such disc.
        """
        if level not in self.disc_names:
            raise UsageError(f"no disc {level!r} in this spine; it has {', '.join(self.disc_names)}")
        return self.disc_names.index(level)


@dataclass(frozen=True)
class FragmentSpec:
    """One piece of displaced disc material.

    Attributes
    ----------
    level
        Disc that it came from, such as "L4/L5".
    volume_mm3
        Volume that the fragment gets (within 1 % on a 0.5 mm grid), rim excluded.
    lateral_mm
        Offset of its centre from the midline, + towards the patient's left. Beyond 10 mm it lies in the foramen,
        beyond about 17 mm outside it (to about 22 mm).
    migration_mm
        Where its far end lies along the posterior wall, from the disc's middle, + caudal.
    sequestered
        True: no longer in continuity with the disc.
    rim_mm, rim_extent
        Thickness of the granulation rim around it, and which share (0 … 1) of its surface the rim covers.
    fat_halo_mm
        Thickness of epidural fat seen around it.
    seed
        Seed of its irregular shape.
    form
        One of `FORMS`.
    mass_effect
        0 … 1, how far the thecal sac yields: it leaves a dark or fatty line around the fragment and spreads into
        the fat behind and beside it. At 0 the fragment only covers what it lies on.
    """

    level: str
    volume_mm3: float
    lateral_mm: float = 0.0
    migration_mm: float = 0.0
    sequestered: bool = False
    rim_mm: float = 0.0
    rim_extent: float = 1.0
    fat_halo_mm: float = 0.0
    seed: int = 0
    form: str = "chain"
    mass_effect: float = 0.0

    def __post_init__(self) -> None:
        if self.form not in FORMS:
            raise UsageError(f"no fragment form {self.form!r}; there are {', '.join(FORMS)}")
        if not 0 <= self.mass_effect <= 1:
            raise UsageError(f"a fragment's mass effect lies within 0 … 1, got {self.mass_effect}")
        if not self.volume_mm3 > 0:
            raise UsageError(
                f"a fragment's volume must be positive, got {self.volume_mm3} mm³; for none, leave the fragment out"
            )
        if self.rim_mm < 0 or self.fat_halo_mm < 0 or not 0 <= self.rim_extent <= 1:
            raise UsageError("fragment rim and halo must not be negative, rim_extent lies within 0 … 1")

    @property
    def free(self) -> bool:
        """Whether it lies off the wall, behind the posterior longitudinal ligament, with fat all around it.

        So does one in four of what is sequestered in the canal. Its seed decides: a fragment is the same at every
        visit, whatever its volume. Everything else lies on disc and bone. Edition 1 knows no difference.
        """
        return self.sequestered and bool(np.random.default_rng(self.seed + 331).random() < _FREE_SHARE)
