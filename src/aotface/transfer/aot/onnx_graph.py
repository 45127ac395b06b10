"""The network's graph without its weights, packaged: onnxruntime computes any weights of that network with it.

Writing such a graph needs the exporter (``scripts/make_onnx_graph.py``); reading it needs onnxruntime alone. The weights are
given to onnxruntime from memory, by name. So one file of 0.2 MB serves all weights of one size and one set of options.
"""

import gzip
import hashlib
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from aotface.media.onnx_runtime import open_session
from aotface.transfer.aot.generator import RelightingGenerator

VERSION = 2
"""Raised when the same network begins to compute something else."""

PREFIX = "generator."
"""What stands before the names of the generator's weights in a graph."""

ATLAS = "atlas."
"""What begins the names of what no graph computes: the fit."""

ELSEWHERE = "weights"
"""Where a graph says that its weights are: nowhere, they are given to it."""


def graph_name(generator: RelightingGenerator) -> str:
    """The file's name: it depends on the network's size and options, and not on its weights."""
    options = replace(generator.options, lamps=min(generator.options.lamps, 1))  # the fit is no part of it
    words = f"{generator.size} {options} {VERSION}"
    return f"{hashlib.sha256(words.encode()).hexdigest()[:16]}.onnx.gz"


def packaged_graph(generator: RelightingGenerator) -> bytes | None:
    """The graph of such a network; None where none is packaged."""
    path = Path(str(resources.files("aotface.transfer.aot").joinpath("graphs", graph_name(generator))))
    return gzip.decompress(path.read_bytes()) if path.is_file() else None


def open_graph(graph: bytes, generator: RelightingGenerator) -> Any:
    """A session of the graph with these weights: one thread, the same bytes for the same input.

    Args:
        graph: of `packaged_graph`.
        generator: on the CPU; it may go away afterwards.

    Returns:
        An ``onnxruntime.InferenceSession``.
    """
    weights = {
        PREFIX + name: np.ascontiguousarray(value.numpy())
        for name, value in generator.state_dict().items()
        if not name.startswith(ATLAS)
    }
    return open_session(graph, weights=weights)
