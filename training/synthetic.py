"""Samples from the anatomy generator."""

from __future__ import annotations

import numpy as np

from pipeline.phantom.anatomy import NETWORK_CLASS, AnatomyMap, Tissue
from training.contrast import draw_means, intensity_table
from training.effects import smooth_field
from training.sample import Floats, Sample, draw_slab, slice_weights, soft_classes

TEXTURED = np.array(
    [
        t
        in (
            Tissue.MUSCLE,
            Tissue.VERTEBRA,
            Tissue.POSTERIOR_ELEMENT,
            Tissue.SACRUM,
            Tissue.FAT_VISCERAL,
            Tissue.BOWEL,
            Tissue.DISC_NUCLEUS,
            Tissue.DISC_ANNULUS,
            Tissue.FRAGMENT,
            Tissue.EPIDURAL_FAT,
            Tissue.FAT_SUBCUTANEOUS,
        )
        for t in Tissue
    ],
    dtype=np.float32,
)


def _focus_plane(rng: np.random.Generator, anatomy: AnatomyMap) -> float:
    """Position (x) of the middle slice: often through a fragment, else near the middle, or at the body's side."""
    if rng.random() < 0.25:
        # Where psoas lies beside the bodies, a network that seldom saw it finds ghosts of bodies and discs.
        return float(rng.choice([-1, 1]) * rng.uniform(16, 36))
    if anatomy.fragment_centroid_lps and rng.random() < 0.6:
        centroids = list(anatomy.fragment_centroid_lps.values())
        x = centroids[int(rng.integers(len(centroids)))][0]
        return float(x + rng.normal(0, 3.5))
    return float(rng.normal(0, 7) if rng.random() < 0.65 else rng.uniform(-30, 30))


def synthetic_sample(rng: np.random.Generator, anatomy: AnatomyMap) -> Sample:
    """One sample of a generated anatomy in a random contrast."""
    volume = anatomy.tissue
    positions = (volume.affine[0, 3] + volume.spacing_mm[0] * np.arange(volume.shape[0])).astype(np.float32)
    thickness, pitch = draw_slab(rng)
    middle = _focus_plane(rng, anatomy)
    _, means = draw_means(rng)
    table = intensity_table(rng, anatomy, means)
    flip = 1 if rng.random() < 0.5 else -1
    rows, columns = volume.shape[1:]
    texture = 1 + rng.uniform(0.03, 0.15) * smooth_field(rng, (rows, columns), float(rng.choice([3, 6, 14])))
    texture = texture + rng.uniform(0, 0.06) * rng.standard_normal((rows, columns))
    slices = []
    for step in (-1, 0, 1):
        weights = slice_weights(positions, middle + flip * step * pitch, thickness)
        plane: Floats = np.zeros((rows, columns), dtype=np.float32)
        for k in np.nonzero(weights)[0]:
            tissue = volume.array[k]
            value = table[anatomy.instance.array[k], tissue]
            plane += weights[k] * value * (1 + TEXTURED[tissue] * (texture - 1))
        slices.append(plane)
    weights = slice_weights(positions, middle, thickness)
    chosen = np.nonzero(weights)[0]
    occupancy = soft_classes(NETWORK_CLASS[volume.array[chosen]], weights[chosen])
    names = ("L5", "L4/L5", "L3") if "L5" in anatomy.landmarks else ("L4", "L3")
    x, y, z = anatomy.landmarks[str(rng.choice(names))]
    focus = volume.to_index(np.array([x, y + 12, z]))
    sure = np.zeros((rows, columns), dtype=np.float32)
    return Sample(np.stack(slices), occupancy, sure, 1.0, (float(focus[1]), float(focus[2])))
