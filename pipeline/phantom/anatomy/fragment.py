"""Displaced disc material of a requested volume, with its rim and the fat around it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, map_coordinates

from pipeline.errors import UsageError
from pipeline.phantom.anatomy.fragment_form import behind, form_scale
from pipeline.phantom.anatomy.fragment_front import keep_off, settle
from pipeline.phantom.anatomy.fragment_room import far_reach_mm, is_far, is_flush, may_hold, room, wall_drop_mm
from pipeline.phantom.anatomy.grid import Float32, Grid, smooth_noise
from pipeline.phantom.anatomy.mass_effect import push_sac
from pipeline.phantom.anatomy.scene import Patch, Scene
from pipeline.phantom.anatomy.spec import FragmentSpec
from pipeline.phantom.anatomy.tissue import Tissue

REFERENCE_MM = 0.5
_MARGIN_MM = 12.0
# A fragment that has to grow further than this to reach its volume fills the canal like a cork: no room.
_LARGEST_SCALE = 1.6
_FREE_MM = 2.0
"""How much farther from the wall a free fragment lies than one that touches it."""
_FRONT_MM = 10.0
"""The reference grid of a fragment that lies on disc and bone has to hold their back as well."""


@dataclass(frozen=True, eq=False)
class FragmentShape:
    """One fragment on its own 0.5 mm reference grid.

    Attributes
    ----------
    spec
        What was asked for.
    grid
        The reference grid.
    distance
        float32 signed distance (mm) to the fragment's surface, positive inside.
    scale
        The fragment is where its chain of ellipsoids, grown by this factor, meets the canal's free room.
    volume_mm3
        Its volume on the reference grid.
    centroid_lps
        Its centroid in LPS mm.
    """

    spec: FragmentSpec
    grid: Grid
    distance: Float32
    scale: float
    volume_mm3: float
    centroid_lps: tuple[float, float, float]


def fragment_grid(scene: Scene, spec: FragmentSpec) -> Grid:
    """Reference grid that surely holds a fragment."""
    curve = scene.curve
    arc = curve.disc_arc[scene.spec.disc_index(spec.level)]
    ends = np.sort([arc, arc + spec.migration_mm])
    reach = _MARGIN_MM + 1.4 * spec.volume_mm3 ** (1 / 3)
    part = curve.wall[(curve.arc >= ends[0] - reach) & (curve.arc <= ends[1] + reach)]
    low, high = part.min(axis=0), part.max(axis=0)
    depth = scene.spec.canal_depth_mm * 1.4
    y0, y1, z0, z1 = low[0] - 4, high[0] + depth, low[1] - 4, high[1] + depth
    x = float(curve.lateral(np.array((z0 + z1) / 2)))
    wide = scene.spec.canal_width_mm + 22
    if is_far(spec):
        wide, y0 = max(wide, 2 * far_reach_mm(spec) + 6), y0 - 10
    if scene.spec.edition > 1:
        y0 -= _FRONT_MM
    # Nodes on multiples of the pitch: the reference grid does not move with the fragment.
    centre = tuple(REFERENCE_MM * round(value / REFERENCE_MM) for value in (x, (y0 + y1) / 2, (z0 + z1) / 2))
    return Grid.centred(
        (centre[0], centre[1], centre[2]), (wide, z1 - z0, y1 - y0), (REFERENCE_MM, REFERENCE_MM, REFERENCE_MM)
    )


def _along(scene: Scene, spec: FragmentSpec) -> tuple[Float32, float, float]:
    """Distance along the wall from the disc (mm, feet positive), and between which two a fragment may lie."""
    s = scene.wall.arc - np.float32(scene.curve.disc_arc[scene.spec.disc_index(spec.level)])
    reach = _MARGIN_MM + 1.4 * spec.volume_mm3 ** (1 / 3)
    return s, min(0.0, spec.migration_mm) - reach, max(0.0, spec.migration_mm) + reach


def _patch(scene: Scene, spec: FragmentSpec) -> Patch:
    """The pairs of a scene that a fragment may reach."""
    s, low, high = _along(scene, spec)
    return scene.patch((np.abs(scene.wall.depth - 10) < 18) & (s > low) & (s < high))


def _cut(scene: Scene, spec: FragmentSpec, mask: NDArray[np.bool_]) -> bool:
    """Whether a fragment reaches the end of what is painted for it, where it would end in a plane."""
    s, low, high = _along(scene, spec)
    return bool(mask[:, (s < low + 1.0) | (s > high - 1.0)].any())


def _chain(spec: FragmentSpec, size: float, s: Float32, d: Float32, w: Float32, *, standing: bool) -> Float32:
    """The plain form: a chain of ellipsoids from the disc to the fragment's far end."""
    rng = np.random.default_rng(spec.seed + 307)
    way = spec.migration_mm
    inward = max(0.0, abs(way) - 0.8 * size) * np.sign(way)
    start = 0.75 * inward if spec.sequestered else 0.0
    steps = max(2, int(np.ceil(abs(inward - start) / 3.0)) + 1)
    needed = np.full(w.shape, np.inf, dtype=np.float32)
    for k, position in enumerate(np.linspace(start, inward, steps)):
        part = k / (steps - 1)
        grow = 0.72 + 0.35 * part if abs(way) > 4 else 1.0
        grow *= rng.uniform(0.9, 1.1)
        lift = 0.25 * size * grow
        semi = (size * grow * rng.uniform(1.0, 1.25), size * grow * rng.uniform(0.85, 1.05), size * grow)
        drift = rng.uniform(-0.12, 0.12) * size
        # On the wall it is a dome of the same height.
        deep = behind(d, 0, True) / (semi[1] + lift) if standing else behind(d, lift, False) / semi[1]
        scale = np.sqrt(((s - position) / semi[0]) ** 2 + deep**2 + ((w - drift) / semi[2]) ** 2)
        np.minimum(needed, scale, out=needed)
    return needed


def _scale_needed(scene: Scene, spec: FragmentSpec, patch: Patch) -> Float32:
    """By how much the chain of ellipsoids must grow until it reaches each voxel; infinite where it may not lie."""
    index = scene.spec.disc_index(spec.level)
    s = (scene.wall.arc - np.float32(scene.curve.disc_arc[index]))[patch.rows, patch.columns][None, :]
    d = scene.wall.depth[patch.rows, patch.columns][None, :]
    w = patch.w - np.float32(spec.lateral_mm)
    size = (spec.volume_mm3 / 4.2) ** (1 / 3)
    if is_far(spec):
        d = d + np.float32(wall_drop_mm(spec))
    flush = is_flush(scene, spec)
    if not flush and scene.spec.edition > 1:
        d = d - np.float32(_FREE_MM)
    standing = flush and not is_far(spec)
    form = _chain if spec.form == "chain" else form_scale
    needed = form(spec, size, s, d, w, standing=standing)
    needed *= 1 + 0.07 * scene.field_of(patch, smooth_noise(scene.grid, spec.seed + 311, (4.0, 4.0, 4.0)))
    # Displaced material that is there already is not displaceable.
    allowed = may_hold(spec, scene.tissue_of(patch)) & (room(scene, patch, spec) > 0)
    needed[~allowed] = np.inf
    if flush:
        return settle(scene, patch, needed)
    return keep_off(scene, patch, needed) if scene.spec.edition > 1 else needed


def shape_fragment(scene: Scene, spec: FragmentSpec) -> FragmentShape:
    """Grow a fragment inside the canal to the requested volume.

    Parameters
    ----------
    scene
        The spine on the fragment's reference grid, with the fragments that were placed before it.
    spec
        What the fragment is to be.

    Raises
    ------
    UsageError
        If the canal has no room for it.
    """
    grid = scene.grid
    patch = _patch(scene, spec)
    needed = _scale_needed(scene, spec, patch)
    wanted = round(spec.volume_mm3 / REFERENCE_MM**3)
    finite = needed < _LARGEST_SCALE
    if finite.sum() <= wanted:
        room = finite.sum() * REFERENCE_MM**3
        raise UsageError(
            f"a fragment of {spec.volume_mm3:.0f} mm³ does not fit at {spec.level}: the canal has room for"
            f" {room:.0f} mm³ there; ask for a smaller fragment or a wider canal"
        )
    threshold = np.partition(needed[finite], wanted)[wanted]
    mask = np.zeros(grid.shape, dtype=bool)
    mask[:, patch.rows, patch.columns] = needed < threshold
    if _cut(scene, spec, mask):
        raise UsageError(
            f"a fragment of {spec.volume_mm3:.0f} mm³ in this form reaches more than"
            f" {_MARGIN_MM + 1.4 * spec.volume_mm3 ** (1 / 3):.0f} mm beyond its place at {spec.level};"
            " ask for a smaller one, another form or a wider canal"
        )
    distance = distance_transform_edt(mask) - distance_transform_edt(~mask)
    distance = ((distance - 0.5 * np.sign(distance)) * REFERENCE_MM).astype(np.float32)
    where = np.argwhere(mask).mean(axis=0)
    x, y, z = (grid.affine @ np.append(where, 1.0))[:3]
    volume = float(mask.sum() * REFERENCE_MM**3)
    return FragmentShape(spec, grid, distance, float(threshold), volume, (float(x), float(y), float(z)))


def _sample(shape: FragmentShape, grid: Grid) -> tuple[tuple[slice, slice, slice], Float32] | None:
    """The signed distance on the part of another grid that overlaps the reference grid."""
    axes = []
    windows = []
    for own, other, sign in ((shape.grid.x, grid.x, 1), (shape.grid.z, grid.z, -1), (shape.grid.y, grid.y, 1)):
        position = sign * (other - own[0]) / REFERENCE_MM
        inside = np.nonzero((position >= 0) & (position <= len(own) - 1))[0]
        if not inside.size:
            return None
        windows.append(slice(int(inside[0]), int(inside[-1]) + 1))
        axes.append(position[inside])
    points = np.meshgrid(*axes, indexing="ij")
    values = map_coordinates(shape.distance, points, order=1, mode="nearest")
    return (windows[0], windows[1], windows[2]), np.asarray(values, dtype=np.float32)


def paint_fragment(scene: Scene, shape: FragmentShape, *, yields: bool = True) -> None:
    """Paint a fragment with its rim and halo into a scene of any spacing; `yields`: the sac gives way to it."""
    patch = _patch(scene, shape.spec)
    if not patch.rows.size:
        return
    body = _scale_needed(scene, shape.spec, patch) < shape.scale
    soft = may_hold(shape.spec, scene.tissue)
    scene.paint(patch, body, Tissue.FRAGMENT, 0)
    if yields and shape.spec.mass_effect > 0 and (sampled := _sample(shape, scene.grid)):
        outside = np.full(scene.grid.shape, 99, dtype=np.float32)
        outside[sampled[0]] = -sampled[1]
        push_sac(scene, patch, shape.spec, scene.field_of(patch, outside))
    _paint_around(scene, shape, soft & (scene.tissue != Tissue.FRAGMENT))


def _paint_around(scene: Scene, shape: FragmentShape, free: NDArray[np.bool_]) -> None:
    """Rim and fat halo, where `free` holds."""
    sampled = _sample(shape, scene.grid)
    spec = shape.spec
    if sampled is None or spec.rim_mm + spec.fat_halo_mm <= 0:
        return
    window, distance = sampled
    tissue, around = scene.tissue[window], free[window]
    if spec.fat_halo_mm > 0:
        tissue[around & (distance > -(spec.rim_mm + spec.fat_halo_mm))] = Tissue.EPIDURAL_FAT
    rim = around & (distance > -spec.rim_mm)
    if spec.rim_mm <= 0 or spec.rim_extent <= 0 or not rim.any():
        return
    if spec.rim_extent < 1:
        local = Grid(scene.grid.x[window[0]], scene.grid.z[window[1]], scene.grid.y[window[2]], scene.grid.spacing)
        shown = smooth_noise(local, spec.seed + 313, (7.0, 7.0, 7.0))[rim]
        rim[rim] = shown >= np.quantile(shown, 1 - spec.rim_extent)
    tissue[rim] = Tissue.FRAGMENT_RIM
