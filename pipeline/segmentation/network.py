"""The networks: ONNX Runtime on the weights that the package carries."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from typing import Protocol

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidArgument, InvalidGraph, InvalidProtobuf

from pipeline.config import package_file
from pipeline.errors import DiscdeltaError
from pipeline.segmentation.anatomy import Structure

WEIGHTS = "segmentation/weights/lumbar.onnx"
AXIAL_WEIGHTS = "segmentation/weights/axial.onnx"
FINE_WEIGHTS = "segmentation/weights/fine.onnx"
MULTIPLE = 16
"""Rows and columns of the network's input are multiples of this."""
PIXELS_PER_BATCH = 2 * 320 * 160
"""Bounds the memory of one call: activations take about 0.5 kB per pixel."""


_MAKING = Lock()

UNREADABLE = (RuntimeError, ValueError, Fail, InvalidArgument, InvalidGraph, InvalidProtobuf)
"""What ONNX Runtime raises for a damaged file."""


class Predictor(Protocol):
    """Anything that tells structures apart."""

    def __call__(self, slices: NDArray[np.float32]) -> NDArray[np.float32]:
        """Probabilities (n, 6, rows, columns) of slices (n, channels, rows, columns)."""
        ...


@dataclass(frozen=True)
class Networks:
    """What each view of a visit is segmented with.

    Attributes
    ----------
    sagittal
        Whole sagittal slices: each between its neighbours, 1 mm pixels.
    axial
        Axial slices around the spine: each between its neighbours, 0.8 mm pixels. Without it, axial series get the
        labels of the sagittal ones.
    fine
        Sagittal slices around L4–S1, all series of a visit together, 0.75 mm pixels (see
        :mod:`pipeline.segmentation.fine`). Without it, every series stands alone.
    """

    sagittal: Predictor
    axial: Predictor | None = None
    fine: Predictor | None = None


class WeightsError(DiscdeltaError):
    """The network's weights are missing from the installation, or damaged."""

    code = "weights-missing"


class Network:
    """One of the shipped networks; calling it is deterministic for one number of threads.

    Parameters
    ----------
    threads
        Threads of one call.
    weights
        File inside the package.

    Raises
    ------
    WeightsError
        If the package lacks its weights or they cannot be read.
    """

    def __init__(self, threads: int, weights: str = WEIGHTS) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.use_deterministic_compute = True
        options.log_severity_level = 3
        # The arena would keep the largest need of every session, several hundred megabytes in all, until the end.
        options.enable_cpu_mem_arena = False
        # Waiting threads sleep: spinning gains a few percent alone and loses far more beside other work.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(
                _content(weights), sess_options=options, providers=["CPUExecutionProvider"]
            )
        except UNREADABLE as error:
            raise WeightsError(
                f"The network's weights ({weights}) cannot be read: {error}. Reinstall discdelta."
            ) from error

    def __call__(self, slices: NDArray[np.float32]) -> NDArray[np.float32]:
        """Probabilities of slices, batch by batch; any number of rows and columns (padded by repeating the edge).

        Parameters
        ----------
        slices
            float32, shape (n, channels, rows, columns): each slice between its two neighbours, normalised.

        Returns
        -------
        float32, shape (n, 6, rows, columns), in the order of :class:`Structure`
        """
        n, _, rows, columns = slices.shape
        pad_rows, pad_columns = -rows % MULTIPLE, -columns % MULTIPLE
        batch = max(1, PIXELS_PER_BATCH // ((rows + pad_rows) * (columns + pad_columns)))
        result = np.empty((n, len(Structure), rows, columns), dtype=np.float32)
        for start in range(0, n, batch):
            part = np.pad(slices[start : start + batch], ((0, 0), (0, 0), (0, pad_rows), (0, pad_columns)), mode="edge")
            (probabilities,) = self._session.run(["probabilities"], {"slices": part})
            result[start : start + batch] = probabilities[:, :, :rows, :columns]
        return result


def shared_network(threads: int, weights: str = WEIGHTS) -> Network:
    """One network per process, number of threads and file: both visits use the same, also where they begin at once."""
    with _MAKING:
        return _made(threads, weights)


@lru_cache(maxsize=6)
def _made(threads: int, weights: str) -> Network:
    return Network(threads, weights)


def shared_networks(threads: int) -> Networks:
    """All shipped networks.

    Raises
    ------
    WeightsError
        If the package lacks weights or they cannot be read.
    """
    axial, fine = (
        shared_network(threads, file) if package_file(file).is_file() else None
        for file in (AXIAL_WEIGHTS, FINE_WEIGHTS)
    )
    return Networks(shared_network(threads), axial, fine)


@lru_cache(maxsize=1)
def weights_sha256() -> str:
    """SHA-256, in hexadecimal, of all shipped weights one after the other, for provenance.

    Raises
    ------
    WeightsError
        If the package lacks them.
    """
    digest = hashlib.sha256()
    for file in (WEIGHTS, AXIAL_WEIGHTS, FINE_WEIGHTS):
        digest.update(_content(file))
    return digest.hexdigest()


def _content(weights: str) -> bytes:
    try:
        return package_file(weights).read_bytes()
    except OSError as error:
        raise WeightsError(
            f"The network's weights ({weights}) are not in this installation: {error.strerror}. Reinstall discdelta."
        ) from error
