"""From a spine and its fragments to a map of tissues: the one entrance of the anatomy generator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.phantom.anatomy.bodies import paint_column
from pipeline.phantom.anatomy.canal import paint_canal
from pipeline.phantom.anatomy.curve import SpineCurve, make_curve
from pipeline.phantom.anatomy.epidural import fill_front
from pipeline.phantom.anatomy.fragment import FragmentShape, fragment_grid, paint_fragment, shape_fragment
from pipeline.phantom.anatomy.grid import Grid
from pipeline.phantom.anatomy.posterior import paint_posterior
from pipeline.phantom.anatomy.scene import Scene
from pipeline.phantom.anatomy.soft import paint_soft
from pipeline.phantom.anatomy.spec import FragmentSpec, SpineSpec
from pipeline.phantom.anatomy.tissue import NETWORK_CLASS
from pipeline.volume import Volume

Point = tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class AnatomyMap:
    """A spine on a grid, with everything that is exactly known about it.

    Attributes
    ----------
    tissue
        uint8 `Tissue` codes; canonical sagittal orientation (axis 0 towards Left, 1 towards Inferior, 2 towards
        Posterior); LPS mm with the origin at the centre of the L3 body.
    instance
        uint8 on the same grid: 0, or 1 + the index in `structures` of the body or disc that the voxel belongs to
        (posterior elements carry the number of their vertebra).
    structures
        Names that `instance` counts: bodies ("L4") and then discs ("L4/L5").
    landmarks
        LPS mm of the centre of every body and disc, by name, also of those outside the grid.
    fragment_volume_mm3
        True volume of displaced material by level (mm³), from the 0.5 mm reference grid, rim excluded.
    fragment_centroid_lps
        True centroid of the displaced material by level, LPS mm.
    spine, fragments
        What was asked for.
    """

    tissue: Volume
    instance: Volume
    structures: tuple[str, ...]
    landmarks: Mapping[str, Point]
    fragment_volume_mm3: Mapping[str, float]
    fragment_centroid_lps: Mapping[str, Point]
    spine: SpineSpec
    fragments: tuple[FragmentSpec, ...]

    def classes(self) -> Volume:
        """The map as network classes (uint8, see `NetworkClass`)."""
        return self.tissue.with_array(NETWORK_CLASS[self.tissue.array])


def build_anatomy(
    spine: SpineSpec,
    fragments: Sequence[FragmentSpec] = (),
    *,
    spacing_mm: Point = (1.5, 1.0, 1.0),
    extent_mm: Point = (96.0, 320.0, 240.0),
    centre_lps: Point = (0.0, -5.0, -25.0),
) -> AnatomyMap:
    """Build the anatomy on a grid.

    Parameters
    ----------
    spine, fragments
        What to build. The same spine with other fragments differs only where fragments, their rims and halos lie.
    spacing_mm
        Voxel pitch along (R→L, S→I, A→P).
    extent_mm
        Size of the grid along (R→L, S→I, A→P).
    centre_lps
        Centre of the grid in LPS mm; the origin is the centre of the L3 body.

    Returns
    -------
    AnatomyMap

    Raises
    ------
    pipeline.errors.UsageError
        If a fragment's level does not exist, or the canal has no room for its volume.
    """
    curve = make_curve(spine)
    scene = paint_spine(spine, curve, Grid.centred(centre_lps, extent_mm, spacing_mm))
    shapes: list[FragmentShape] = []
    for fragment in fragments:
        reference = Scene.empty(spine, curve, Grid.centred((0, 0, 0), (1, 1, 1), (1, 1, 1)))
        local = paint_spine(spine, curve, fragment_grid(reference, fragment))
        for earlier in shapes:
            paint_fragment(local, earlier, yields=False)
        shapes.append(shape_fragment(local, fragment))
    for shape in shapes:
        paint_fragment(scene, shape)
    affine = scene.grid.affine
    return AnatomyMap(
        tissue=Volume(scene.tissue, affine),
        instance=Volume(scene.instance, affine),
        structures=spine.names + spine.disc_names,
        landmarks=_landmarks(curve),
        fragment_volume_mm3=_by_level(shapes),
        fragment_centroid_lps=_centroids(shapes),
        spine=spine,
        fragments=tuple(fragments),
    )


def paint_spine(spine: SpineSpec, curve: SpineCurve, grid: Grid) -> Scene:
    """Paint a spine without fragments, from the outside inwards."""
    scene = Scene.empty(spine, curve, grid)
    paint_soft(scene)
    paint_canal(scene)
    paint_posterior(scene)
    paint_column(scene)
    if spine.edition > 1:
        fill_front(scene)
    return scene


def _landmarks(curve: SpineCurve) -> dict[str, Point]:
    points = dict(zip(curve.spec.names, map(curve.point_lps, curve.centres), strict=True))
    points.update(zip(curve.spec.disc_names, map(curve.point_lps, curve.disc_centres), strict=True))
    return points


def _by_level(shapes: Sequence[FragmentShape]) -> dict[str, float]:
    volumes: dict[str, float] = {}
    for shape in shapes:
        volumes[shape.spec.level] = volumes.get(shape.spec.level, 0.0) + shape.volume_mm3
    return volumes


def _centroids(shapes: Sequence[FragmentShape]) -> dict[str, Point]:
    volumes = _by_level(shapes)
    sums: dict[str, NDArray[np.float64]] = {}
    for shape in shapes:
        part = np.array(shape.centroid_lps) * shape.volume_mm3
        sums[shape.spec.level] = sums.get(shape.spec.level, np.zeros(3)) + part
    means = {level: total / volumes[level] for level, total in sums.items()}
    return {level: (float(mean[0]), float(mean[1]), float(mean[2])) for level, mean in means.items()}
