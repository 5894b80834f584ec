"""Simulated T1 images before and after contrast medium around one fragment whose rim is exactly known."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.measure import marching_cubes

from pipeline.errors import UsageError
from pipeline.measurement.enhancement.result import Completeness
from pipeline.phantom.acquisition import labels_at_centres, occupancy
from pipeline.phantom.anatomy import FragmentSpec, SpineSpec, Tissue, standard_spine
from pipeline.phantom.anatomy.canal import displaceable
from pipeline.phantom.case import SeriesCase
from pipeline.phantom.fine_map import FineMap
from pipeline.phantom.geometry import moved, rigid
from pipeline.phantom.planning import plan
from pipeline.phantom.region import Region, anatomy_landmarks
from pipeline.phantom.scan import CoilPlace, SeriesScan
from pipeline.phantom.texture import Texture
from pipeline.phantom.tissue_physics import default_physics, material_physics
from pipeline.volume import Volume

LEVEL = "L4/L5"
MAP_MM = 0.4
MIDDLE_MM = (0.0, 12.0, 0.0)
PATCH_MM = 3.5
"""Smoothness of the patches that a partial rim comes in."""
GAIN = (900.0, 700.0)
"""Scale of the two series: a scanner scales each by itself."""
HALF_MM = np.array([19.0, 31.0, 33.0])
"""Half size (L, P, S) of what is painted around the disc."""


@dataclass(frozen=True)
class RimSpec:
    """One simulated case: the fragment with its rim, and how it is imaged."""

    fragment: FragmentSpec
    spine_seed: int
    uptake_mmol_l: float
    pixel_mm: float
    thickness_mm: float
    snr: float
    fat_saturation: tuple[bool, bool]
    movement: tuple[tuple[float, float, float], tuple[float, float, float]]
    seed: int
    plane: str = "sagittal"

    @property
    def completeness(self) -> Completeness:
        """True class of the rim."""
        if self.fragment.rim_mm == 0 or self.fragment.rim_extent == 0:
            return Completeness.NONE
        return Completeness.COMPLETE if self.fragment.rim_extent >= 1 else Completeness.PARTIAL


@dataclass(frozen=True, eq=False)
class RimCase:
    """Images and truth of one case; all volumes lie on the grid of the images after contrast medium."""

    spec: RimSpec
    before: Volume
    after: Volume
    fragment: Volume
    classes: Volume
    extent_percent: float
    thickness_mm: float | None
    disc_lps: NDArray[np.float64]


def draw_fragment(rng: np.random.Generator, smallest_mm3: float) -> FragmentSpec:
    """A fragment of random volume (mm³, up to 1800), place and form."""
    return FragmentSpec(
        level=LEVEL,
        volume_mm3=float(np.exp(rng.uniform(np.log(smallest_mm3), np.log(1800)))),
        lateral_mm=float(rng.uniform(-4, 4)),
        migration_mm=float(rng.choice([-1, 1]) * rng.uniform(2, 12)),
        fat_halo_mm=float(rng.uniform(0.3, 1.0)) if rng.random() < 0.3 else 0.0,
        seed=int(rng.integers(0, 2**31)),
        form=str(rng.choice(["chain", "lobulated", "flat", "mushroom"], p=[0.55, 0.15, 0.15, 0.15])),
        mass_effect=float(rng.uniform(0.2, 1.0)),
    )


def draw_spec(seed: int) -> RimSpec:
    """Draw a fragment and how it is imaged at random; it has no rim yet."""
    rng = np.random.default_rng([20261122, seed])
    fragment = draw_fragment(rng, smallest_mm3=350)
    turn, shift = rng.normal(0, 0.25, 3), rng.normal(0, 0.35, 3)
    return RimSpec(
        fragment=fragment,
        spine_seed=int(rng.integers(0, 10_000)),
        uptake_mmol_l=float(rng.uniform(0.6, 1.6)),
        pixel_mm=float(rng.uniform(0.55, 0.85)),
        thickness_mm=float(rng.uniform(3.0, 4.0)),
        snr=float(rng.uniform(35, 70)),
        fat_saturation=((False, False), (False, True), (True, True))[int(rng.integers(0, 3))],
        movement=((turn[0], turn[1], turn[2]), (shift[0], shift[1], shift[2])),
        seed=seed,
    )


def with_rim(spec: RimSpec, completeness: Completeness) -> RimSpec:
    """The same with a rim of a class; where there is one, it is 0.8 to 3 mm thick."""
    rng = np.random.default_rng([20261123, spec.seed, list(Completeness).index(completeness)])
    some = completeness is not Completeness.NONE
    fragment = replace(
        spec.fragment,
        rim_mm=float(rng.uniform(0.8, 3.0)) if some else 0.0,
        rim_extent=float(rng.uniform(0.3, 0.7)) if completeness is Completeness.PARTIAL else 1.0,
    )
    return replace(spec, fragment=fragment)


@dataclass(frozen=True, eq=False)
class Bare:
    """A painted fragment without a rim, from which cases with any rim are made."""

    spec: RimSpec
    spine: SpineSpec
    tissue: Volume
    material: NDArray[np.uint8]

    def with_rim(self, spec: RimSpec) -> FineMap:
        """Paint the rim: what gives way and lies within its thickness of the fragment, in patches where partial."""
        texture = Texture(spec.seed)
        rim = painted_rim(self.tissue, spec.fragment)
        tissue = np.where(rim, np.uint8(Tissue.FRAGMENT_RIM), self.tissue.array)
        material = np.where(rim, np.uint8(Tissue.FRAGMENT_RIM), self.material)
        return FineMap(self.tissue.with_array(tissue), material, texture)


def painted_rim(tissue: Volume, wanted: FragmentSpec) -> NDArray[np.bool_]:
    """Voxels of a rim: what gives way and lies within its thickness of the fragment, in patches where partial."""
    pitch = tissue.spacing_mm[0]
    fragment = tissue.array == Tissue.FRAGMENT
    away, foot = ndimage.distance_transform_edt(~fragment, sampling=pitch, return_indices=True)
    away -= pitch / 2
    rim = np.asarray(displaceable(tissue.array) & (away < wanted.rim_mm) & ~fragment)
    if wanted.rim_extent < 1 and rim.any():
        white = np.random.default_rng(wanted.seed).standard_normal(rim.shape)
        # By the place on the surface below, so that a patch is as thick as the rim everywhere.
        noise = ndimage.gaussian_filter(white, PATCH_MM / pitch)[tuple(foot)][rim]
        rim[rim] = noise >= np.quantile(noise, 1 - wanted.rim_extent)
    return rim


def paint(spec: RimSpec) -> Bare:
    """Paint the surroundings of the fragment without its rim.

    Raises
    ------
    UsageError
        If the canal has no room for the fragment.
    """
    spine = spine_of(spec)
    at = anatomy_landmarks(spine)[LEVEL] + np.array(MIDDLE_MM)
    region = Region.around(np.stack([at - HALF_MM, at + HALF_MM]), MAP_MM)
    built = region.build(spine, [spec.fragment])
    material = built.tissue.array.copy()
    nucleus = material == Tissue.DISC_NUCLEUS
    material[nucleus] = len(Tissue) + built.instance.array[nucleus] - np.uint8(1 + len(spine.names))
    return Bare(spec, spine, built.tissue, material)


def spine_of(spec: RimSpec) -> SpineSpec:
    """A plain spine with a wide canal."""
    return replace(standard_spine(spec.spine_seed), canal_depth_mm=19.0, canal_width_mm=25.0)


def render(bare: Bare, spec: RimSpec) -> RimCase:
    """Make the images of a case."""
    landmarks = anatomy_landmarks(bare.spine)
    fine = bare.with_rim(spec)
    uptake = replace(default_physics(Tissue.FRAGMENT_RIM), uptake_mmol_l=spec.uptake_mmol_l)
    physics = material_physics(bare.spine.degeneration, {Tissue.FRAGMENT_RIM: uptake})
    place = CoilPlace(float(landmarks["L3"][1] + 85.0), float(landmarks["L3"][2] - 15.0), -100.0)
    x, y, z = (float(v) for v in landmarks[LEVEL])
    poses = np.eye(4), rigid(*spec.movement, centre_lps=(x, y, z))
    scans = [
        SeriesScan(series, fine, plan(series, landmarks), pose, place, physics)
        for series, pose in zip((_series(spec, False), _series(spec, True)), poses, strict=True)
    ]
    before, after = (
        Volume(scan.measure(np.random.default_rng([spec.seed, n]))[0] * GAIN[n], scan.stacks[0].affine)
        for n, scan in enumerate(scans)
    )
    stack = scans[1].stacks[0]
    return RimCase(
        spec,
        before,
        after,
        Volume(occupancy(fine.fragment, poses[1], stack), stack.affine),
        Volume(labels_at_centres(fine.classes, poses[1], stack), stack.affine),
        true_extent(fine.tissue),
        true_thickness(fine.tissue),
        moved(poses[1], landmarks[LEVEL]),
    )


def _series(spec: RimSpec, after: bool) -> SeriesCase:
    return SeriesCase(
        key="after" if after else "before",
        plane="axial" if spec.plane == "axial" else "sagittal",
        weighting="t1",
        contrast=after,
        fat_saturation=spec.fat_saturation[after],
        slices=7 if spec.plane == "axial" else 8,
        thickness_mm=spec.thickness_mm,
        matrix=2 * round(29.0 / spec.pixel_mm),
        pixel_mm=spec.pixel_mm,
        levels=(LEVEL,),
        offset_mm=_offset(spec),
        snr=spec.snr,
        phase_resolution=0.8,
    )


def _offset(spec: RimSpec) -> tuple[float, float, float]:
    """From where a series is planned (L3, or the disc) to the middle of the box."""
    if spec.plane == "axial":
        return MIDDLE_MM
    landmarks = anatomy_landmarks(spine_of(spec))
    x, y, z = landmarks[LEVEL] - landmarks["L3"] + np.array(MIDDLE_MM)
    return float(x), float(y), float(z)


def true_extent(tissue: Volume) -> float:
    """Share (percent) of the fragment's free surface that is covered by rim."""
    fragment = tissue.array == Tissue.FRAGMENT
    skin = ndimage.binary_dilation(fragment) & ~fragment
    rim = tissue.array == Tissue.FRAGMENT_RIM
    free = rim | displaceable(tissue.array)
    return float(100.0 * (rim & skin).sum() / max((free & skin).sum(), 1))


def true_thickness(tissue: Volume) -> float | None:
    """Median thickness (mm) of the rim as it was painted, along the normals of the fragment's smooth surface.

    Voxels make a painted rim up to a third of a millimetre thicker or thinner than what was asked for.
    """
    rim = (tissue.array == Tissue.FRAGMENT_RIM).astype(np.float32)
    if not rim.any():
        return None
    smooth = ndimage.gaussian_filter((tissue.array == Tissue.FRAGMENT).astype(np.float32), 1.2)
    places = marching_cubes(smooth, 0.5)[0]
    inward = np.stack([ndimage.map_coordinates(g, places.T, order=1) for g in np.gradient(smooth)], axis=1)
    outward = -inward / np.linalg.norm(inward, axis=1, keepdims=True)
    step = 0.1
    at = places[:, None, :] + np.arange(-0.6, 5.0, step)[None, :, None] / np.array(tissue.spacing_mm) * outward[:, None]
    along = ndimage.map_coordinates(rim, at.reshape(-1, 3).T, order=1).reshape(len(places), -1).sum(axis=1) * step
    return float(np.median(along[along > 0.5])) if (along > 0.5).any() else None


def draw_cases(seed: int, plane: str = "sagittal") -> dict[Completeness, RimCase]:
    """Draw a fragment and make it with a complete, a partial and no rim; where there is no room it is drawn anew.

    Raises
    ------
    UsageError
        If the canal never has room.
    """
    for attempt in range(20):
        spec = replace(draw_spec(seed + 1000 * attempt), plane=plane)
        try:
            bare = paint(spec)
        except UsageError:
            continue
        return {kind: render(bare, with_rim(spec, kind)) for kind in Completeness}
    raise UsageError(f"no fragment of case {seed} fits into the canal")
