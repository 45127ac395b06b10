"""The one place that imports onnxruntime: its reports to its maker off, its sessions silent and the same every time."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from aotface.errors import UsageError

PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}
"""What onnxruntime calls our devices."""

TELEMETRY_OFF = "ORT_DISABLE_TELEMETRY"
"""Environment variable that onnxruntime reads once, when it is first imported."""

FATAL = 4
"""Log level: nothing below a crash. Errors arrive as exceptions; the log would write them to stderr a second time."""


def onnxruntime() -> ModuleType:
    """Import onnxruntime with its telemetry off.

    Raises:
        ImportError: it is not installed.
    """
    os.environ[TELEMETRY_OFF] = "1"
    first = "onnxruntime" not in sys.modules
    import onnxruntime

    onnxruntime.disable_telemetry_events()
    if first:  # who imported it before us keeps the log that was set there
        onnxruntime.set_default_logger_severity(FATAL)
    return onnxruntime


def session_options(threads: int = 1) -> Any:
    """Options of a session: silent, threads that do not spin, sums in one order.

    Args:
        threads: of one operator; with one, a session has no thread pool and the same input gives the same bytes.
    """
    options = onnxruntime().SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = FATAL
    options.use_deterministic_compute = True
    return options


def open_session(
    network: bytes | Path,
    device: str = "cpu",
    threads: int = 1,
    weights: Mapping[str, np.ndarray] | None = None,
) -> Any:
    """Load a network.

    Args:
        network: the ONNX file's bytes, or its path where weights lie beside it.
        device: ``cpu`` or ``cuda``; never another than the one that was asked for.
        threads: see `session_options`.
        weights: by name, of a file that has its weights elsewhere.

    Returns:
        An ``onnxruntime.InferenceSession``; its ``run`` may be called from many threads.

    Raises:
        UsageError: the device is not there.
        Exception: onnxruntime cannot load the network; its exception classes are not public.
    """
    library, provider = onnxruntime(), PROVIDERS[device]
    if provider not in library.get_available_providers():
        raise UsageError(
            f"{device} was asked for, but this onnxruntime has no {provider}: see `aotface doctor`"
        )
    model = network if isinstance(network, bytes) else str(network)
    options = session_options(threads)
    given = {name: library.OrtValue.ortvalue_from_numpy(values) for name, values in (weights or {}).items()}
    if given:
        options.add_external_initializers(list(given), list(given.values()))
    session = library.InferenceSession(model, options, providers=[provider])
    session.aotface_weights = given  # it reads their memory, and does not own it
    if (found := session.get_providers()[0]) != provider:
        raise UsageError(f"{device} was asked for, but onnxruntime fell back to {found}")
    return session
