"""The network: ONNX Runtime on the weights that the package carries."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Protocol

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidArgument, InvalidGraph, InvalidProtobuf

from pipeline.config import package_file
from pipeline.errors import DiscdeltaError
from pipeline.segmentation.anatomy import Structure

WEIGHTS = "segmentation/weights/lumbar.onnx"
MULTIPLE = 16
"""Rows and columns of the network's input are multiples of this."""
PIXELS_PER_BATCH = 4 * 320 * 160
"""Bounds the memory of one call: activations take about 0.5 kB per pixel."""


UNREADABLE = (RuntimeError, ValueError, Fail, InvalidArgument, InvalidGraph, InvalidProtobuf)
"""What ONNX Runtime raises for a damaged file."""


class Predictor(Protocol):
    """Anything that tells structures apart."""

    def __call__(self, slices: NDArray[np.float32]) -> NDArray[np.float32]:
        """Probabilities (n, 6, rows, columns) of slices (n, 3, rows, columns)."""
        ...


class WeightsError(DiscdeltaError):
    """The network's weights are missing from the installation, or damaged."""

    code = "weights-missing"


class Network:
    """The shipped network; calling it is deterministic for one number of threads.

    Parameters
    ----------
    threads
        Threads of one call.

    Raises
    ------
    WeightsError
        If the package lacks its weights or they cannot be read.
    """

    def __init__(self, threads: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.use_deterministic_compute = True
        options.log_severity_level = 3
        # Waiting threads sleep: spinning gains a few percent alone and loses far more beside other work.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(
                _weights(), sess_options=options, providers=["CPUExecutionProvider"]
            )
        except UNREADABLE as error:
            raise WeightsError(
                f"The network's weights ({WEIGHTS}) cannot be read: {error}. Reinstall discdelta."
            ) from error

    def __call__(self, slices: NDArray[np.float32]) -> NDArray[np.float32]:
        """Probabilities of slices, batch by batch; any number of rows and columns (padded by repeating the edge).

        Parameters
        ----------
        slices
            float32, shape (n, 3, rows, columns): each slice between its two neighbours, normalised.

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


@lru_cache(maxsize=2)
def shared_network(threads: int) -> Network:
    """One network per process and number of threads: both visits use the same."""
    return Network(threads)


@lru_cache(maxsize=1)
def weights_sha256() -> str:
    """SHA-256 of the shipped weights in hexadecimal, for provenance.

    Raises
    ------
    WeightsError
        If the package lacks them.
    """
    return hashlib.sha256(_weights()).hexdigest()


def _weights() -> bytes:
    try:
        return package_file(WEIGHTS).read_bytes()
    except OSError as error:
        raise WeightsError(
            f"The network's weights ({WEIGHTS}) are not in this installation: {error.strerror}. Reinstall discdelta."
        ) from error
