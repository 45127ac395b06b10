"""Who computes the network: torch, or the same network as an ONNX file in another library. Never another than asked."""

import importlib
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32

from aotface.errors import UsageError, WeightsError
from aotface.media.files import show
from aotface.media.onnx_runtime import onnxruntime, open_session
from aotface.options import BACKENDS
from aotface.transfer.aot.generator import RelightingGenerator
from aotface.transfer.aot.onnx_file import OUTPUTS, kept_file
from aotface.transfer.aot.onnx_graph import open_graph, packaged_graph

LIBRARIES = {"onnx": "onnxruntime", "openvino": "openvino"}
"""Packages that backends other than torch need."""

Run = Callable[[dict[str, np.ndarray]], list[np.ndarray]]
"""Inputs by name to the outputs gain, saturation, bias."""


@dataclass(frozen=True)
class Finder:
    """Finds fields by a library that has read the ONNX file."""

    run: Run

    def __call__(self, inputs: dict[str, np.ndarray]) -> Float32[np.ndarray, "1 10 side side"]:
        """See `colour_map_arrays.Answer`."""
        return np.concatenate(self.run(inputs), axis=1)


def open_finder(backend: str, generator: RelightingGenerator, sha256: str) -> Finder:
    """Let a library read the network. Its file is made at first use, where onnxruntime has no packaged graph for it.

    Args:
        backend: ``onnx`` or ``openvino``.
        generator: on the CPU.
        sha256: of its weights.

    Raises:
        UsageError: no such backend, or it is not installed.
        WeightsError: the library cannot read the file.
    """
    openers = {"onnx": _by_onnxruntime, "openvino": _by_openvino}
    if backend not in openers:
        raise UsageError(
            f"expected the backend {', '.join(BACKENDS[:-1])} or {BACKENDS[-1]}, got {backend!r}"
        )
    library = _library(backend)
    if backend == "onnx" and (graph := packaged_graph(generator)) is not None:
        return Finder(_Session(partial(open_graph, graph, generator)).run)
    path = kept_file(generator, sha256)
    try:
        return Finder(openers[backend](library, path))
    except Exception as error:  # the exception classes of neither library are public
        reason = " ".join(str(error).split())[:160]
        raise WeightsError(
            f"{show(path)}: {backend} cannot read this file ({reason}); remove it to have it made again"
        ) from None


def installed() -> list[str]:
    """The backends that can be asked for here, torch first."""
    found = [BACKENDS[0]]
    for backend in BACKENDS[1:]:
        try:
            _library(backend)
        except UsageError:
            continue
        found.append(backend)
    return found


def version_of(backend: str) -> str:
    """Name and version of the library behind a backend, for the record."""
    library = torch if backend == BACKENDS[0] else _library(backend)
    return f"{library.__name__} {library.__version__}"


def _library(backend: str) -> ModuleType:
    try:
        with _unreported():
            return onnxruntime() if backend == "onnx" else importlib.import_module(LIBRARIES[backend])
    except ImportError:
        raise UsageError(
            f"--backend {backend} needs a package that is not here: "
            f"pip install 'aotface[{backend}]', or use --backend torch"
        ) from None


@contextmanager
def _unreported() -> Iterator[None]:
    """Import without a word to anybody: openvino reports each import to its maker, if its reporter can be found.

    Without one it takes a stub of its own.
    """
    reporter = "openvino_telemetry"
    hidden = reporter not in sys.modules
    if hidden:
        sys.modules[reporter] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        if hidden:
            del sys.modules[reporter]


def _by_onnxruntime(library: Any, path: Path) -> Run:
    return _Session(partial(open_session, path)).run


class _Session:
    """A session of onnxruntime; a forked child opens its own, for a thread of its parent may have been inside this one."""

    def __init__(self, opened: Callable[[], Any]):
        self._open, self._process = opened, os.getpid()
        self._session = opened()

    def run(self, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
        """What the network gives, by the order of `OUTPUTS`."""
        if self._process != os.getpid():
            self._session, self._process = self._open(), os.getpid()
        return list(self._session.run(list(OUTPUTS), inputs))


def _by_openvino(library: Any, path: Path) -> Run:
    # Light is computed in float32: bfloat16 would move it by several per cent.
    settings = {
        "INFERENCE_PRECISION_HINT": "f32",
        "INFERENCE_NUM_THREADS": torch.get_num_threads(),
        "PERFORMANCE_HINT": "LATENCY",
    }
    request = library.Core().compile_model(str(path), "CPU", settings).create_infer_request()

    one_at_a_time = threading.Lock()  # the request holds its results

    def run(inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
        with one_at_a_time:
            found = request.infer(inputs)
            return [np.array(found[name]) for name in OUTPUTS]

    return run
