"""The tissues of the procedural anatomy, and the network class that each of them belongs to."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


class Tissue(IntEnum):
    """What a voxel of the anatomy is made of. Numbers are stable: cached label maps rely on them."""

    AIR = 0
    FAT_SUBCUTANEOUS = 1
    MUSCLE = 2
    MUSCLE_FAT = 3
    FAT_VISCERAL = 4
    VESSEL = 5
    BOWEL = 6
    CORTICAL_BONE = 7
    """Cortex of the bodies. SPIDER leaves it, like the endplates, out of the vertebra."""
    VERTEBRA = 8
    """Marrow of a vertebral body."""
    POSTERIOR_ELEMENT = 9
    """Marrow of pedicles, laminae, articular and spinous processes."""
    SACRUM = 10
    """Marrow of the sacrum."""
    SACRUM_CORTEX = 11
    ENDPLATE = 12
    DISC_NUCLEUS = 13
    DISC_ANNULUS = 14
    SACRAL_DISC = 15
    """Rudimentary discs between sacral segments: part of the sacrum for the network."""
    CSF = 16
    CORD = 17
    CAUDA_EQUINA = 18
    """Roots inside the thecal sac."""
    NERVE_ROOT = 19
    """Roots and ganglia outside the sac: lateral recess, foramen, sacral canal."""
    DURA = 20
    EPIDURAL_FAT = 21
    LIGAMENT = 22
    """Longitudinal ligaments, ligamentum flavum, interspinous ligaments."""
    FACET_JOINT = 23
    """Cartilage and fluid of the facet joints."""
    EPIDURAL_VEIN = 24
    """Epidural and basivertebral venous plexus: enhances with gadolinium."""
    FRAGMENT = 25
    """Displaced disc material."""
    FRAGMENT_RIM = 26
    """Granulation tissue around displaced material: enhances, and is no part of the fragment's volume."""
    POSTERIOR_CORTEX = 27
    """Cortex of the posterior elements."""


class NetworkClass(IntEnum):
    """The six classes of the segmentation network, in channel order."""

    BACKGROUND = 0
    VERTEBRA = 1
    """Bodies and posterior elements of thoracic and lumbar vertebrae; endplates and body cortex stay outside."""
    SACRUM = 2
    DISC = 3
    CANAL = 4
    """The thecal sac, as SPIDER draws its *spinal canal*: epidural fat and recesses stay outside."""
    FRAGMENT = 5


_CLASS_OF: dict[Tissue, NetworkClass] = {
    Tissue.VERTEBRA: NetworkClass.VERTEBRA,
    Tissue.POSTERIOR_ELEMENT: NetworkClass.VERTEBRA,
    Tissue.POSTERIOR_CORTEX: NetworkClass.VERTEBRA,
    Tissue.SACRUM: NetworkClass.SACRUM,
    Tissue.SACRUM_CORTEX: NetworkClass.SACRUM,
    Tissue.SACRAL_DISC: NetworkClass.SACRUM,
    Tissue.DISC_NUCLEUS: NetworkClass.DISC,
    Tissue.DISC_ANNULUS: NetworkClass.DISC,
    Tissue.CSF: NetworkClass.CANAL,
    Tissue.CORD: NetworkClass.CANAL,
    Tissue.CAUDA_EQUINA: NetworkClass.CANAL,
    Tissue.DURA: NetworkClass.CANAL,
    Tissue.FRAGMENT: NetworkClass.FRAGMENT,
}

NETWORK_CLASS: NDArray[np.uint8] = np.array(
    [_CLASS_OF.get(tissue, NetworkClass.BACKGROUND) for tissue in Tissue], dtype=np.uint8
)
"""Shape (28,): ``NETWORK_CLASS[tissue]`` is the network class of a tissue map, voxel by voxel."""
NETWORK_CLASS.flags.writeable = False
