"""Displaced disc material of a requested volume, with its rim and the fat around it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, map_coordinates

from pipeline.errors import UsageError
from pipeline.phantom.anatomy.canal import canal_inside, canal_size, displaceable
from pipeline.phantom.anatomy.grid import Float32, Grid, smooth_noise
from pipeline.phantom.anatomy.scene import Patch, Scene
from pipeline.phantom.anatomy.spec import FragmentSpec
from pipeline.phantom.anatomy.tissue import Tissue

REFERENCE_MM = 0.5
_MARGIN_MM = 12.0


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
    volume_mm3
        Its volume on the reference grid.
    centroid_lps
        Its centroid in LPS mm.
    """

    spec: FragmentSpec
    grid: Grid
    distance: Float32
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
    # Nodes on multiples of the pitch: the reference grid does not move with the fragment.
    centre = tuple(REFERENCE_MM * round(value / REFERENCE_MM) for value in (x, (y0 + y1) / 2, (z0 + z1) / 2))
    return Grid.centred(
        (centre[0], centre[1], centre[2]), (wide, z1 - z0, y1 - y0), (REFERENCE_MM, REFERENCE_MM, REFERENCE_MM)
    )


def _scale_needed(scene: Scene, spec: FragmentSpec, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Float32:
    """By how much the chain of ellipsoids must grow until it reaches each voxel."""
    rng = np.random.default_rng(spec.seed + 307)
    index = scene.spec.disc_index(spec.level)
    s = (scene.wall.arc - np.float32(scene.curve.disc_arc[index]))[rows, columns][None, :]
    d = scene.wall.depth[rows, columns][None, :]
    w = (scene.grid.x[:, None] - scene.wall.offset[rows][None, :]) - np.float32(spec.lateral_mm)
    size = (spec.volume_mm3 / 4.2) ** (1 / 3)
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
        scale = np.sqrt(((s - position) / semi[0]) ** 2 + ((d - lift) / semi[1]) ** 2 + ((w - drift) / semi[2]) ** 2)
        np.minimum(needed, scale, out=needed)
    return needed


def shape_fragment(scene: Scene, spec: FragmentSpec, taken: NDArray[np.bool_] | None = None) -> FragmentShape:
    """Grow a fragment inside the canal to the requested volume.

    Parameters
    ----------
    scene
        The spine without fragments, on the fragment's reference grid.
    spec
        What the fragment is to be.
    taken
        Voxels of the grid that other fragments hold.

    Raises
    ------
    UsageError
        If the canal has no room for it.
    """
    grid = scene.grid
    rows, columns = np.nonzero(np.abs(scene.wall.depth - 10) < 18)
    patch = scene.patch(np.abs(scene.wall.depth - 10) < 18)
    needed = _scale_needed(scene, spec, rows, columns)
    needed *= 1 + 0.07 * scene.field_of(patch, smooth_noise(grid, spec.seed + 311, (4.0, 4.0, 4.0)))
    allowed = displaceable(scene.tissue_of(patch)) & (_room(scene, patch) > 0)
    if taken is not None:
        allowed &= ~taken[:, rows, columns]
    needed[~allowed] = np.inf
    wanted = round(spec.volume_mm3 / REFERENCE_MM**3)
    finite = np.isfinite(needed)
    if finite.sum() <= wanted:
        room = finite.sum() * REFERENCE_MM**3
        raise UsageError(
            f"a fragment of {spec.volume_mm3:.0f} mm³ does not fit at {spec.level}: the canal has room for"
            f" {room:.0f} mm³ there; ask for a smaller fragment or a wider canal"
        )
    threshold = np.partition(needed[finite], wanted)[wanted]
    mask = np.zeros(grid.shape, dtype=bool)
    mask[:, rows, columns] = needed < threshold
    distance = distance_transform_edt(mask) - distance_transform_edt(~mask)
    distance = ((distance - 0.5 * np.sign(distance)) * REFERENCE_MM).astype(np.float32)
    where = np.argwhere(mask).mean(axis=0)
    x, y, z = (grid.affine @ np.append(where, 1.0))[:3]
    volume = float(mask.sum() * REFERENCE_MM**3)
    return FragmentShape(spec, grid, distance, volume, (float(x), float(y), float(z)))


def _room(scene: Scene, patch: Patch) -> Float32:
    """Distance inside the canal, or inside the inner half of the foramen (mm)."""
    level = scene.wall.level[patch.rows, patch.columns]
    d = scene.wall.depth[patch.rows, patch.columns][None, :]
    _, half = canal_size(scene, level)
    foramen = np.minimum(np.minimum(d, 8 - d), half[None, :] + 7 - np.abs(patch.w))
    return np.maximum(canal_inside(scene, patch), foramen)


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


def paint_fragment(scene: Scene, shape: FragmentShape) -> None:
    """Paint a fragment with its rim and halo into a scene of any spacing."""
    sampled = _sample(shape, scene.grid)
    if sampled is None:
        return
    window, distance = sampled
    spec = shape.spec
    tissue = scene.tissue[window]
    soft = displaceable(tissue)
    # Linear interpolation between voxel centres puts the surface at zero; soft limits it to what it may displace.
    body = (distance > 0) & (soft | (distance > REFERENCE_MM))
    around = soft & ~body
    if spec.fat_halo_mm > 0:
        halo = around & (distance > -(spec.rim_mm + spec.fat_halo_mm))
        tissue[halo] = Tissue.EPIDURAL_FAT
    if spec.rim_mm > 0 and spec.rim_extent > 0:
        rim = around & (distance > -spec.rim_mm)
        if spec.rim_extent < 1:
            local = Grid(scene.grid.x[window[0]], scene.grid.z[window[1]], scene.grid.y[window[2]], scene.grid.spacing)
            field = smooth_noise(local, spec.seed + 313, (7.0, 7.0, 7.0))
            shown = field[rim]
            if shown.size:
                limit = np.quantile(shown, 1 - spec.rim_extent)
                rim[rim] = shown >= limit
        tissue[rim] = Tissue.FRAGMENT_RIM
    tissue[body] = Tissue.FRAGMENT
    scene.instance[window][body] = 0
