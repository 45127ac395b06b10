"""Choices that change the picture: the one place where their defaults stand. Imports nothing heavy."""

from dataclasses import dataclass

BACKENDS = ("torch", "onnx", "openvino")
DEVICES = ("auto", "cpu", "cuda")
"""What can compute the network of a transfer."""


@dataclass(frozen=True)
class Options:
    """Choices that change the picture.

    ``transfer``: name of the appearance transfer. ``face``: which faces of the target are swapped:
    ``largest``, ``all``, or a number as shown by ``inspect``. ``source_face``: which face of the source is
    put there (not ``all``). ``seed``: of the random numbers that a transfer may draw.
    ``device``: where the network of a transfer runs, ``cpu`` or ``cuda``. ``weights``: which, by packaged name
    or path. ``backend``: one of `BACKENDS`; all but torch run on the CPU.
    ``label``: what people can see: ``none``, ``ai``, ``ai-modified`` or a text. ``label_place``: its corner, or ``auto``.
    ``label_size``: height of its letters in percent of the picture's shorter side.
    """

    transfer: str = "aot"
    face: str = "largest"
    source_face: str = "largest"
    seed: int = 0
    device: str = "cpu"
    weights: str = "aot_small"
    backend: str = "torch"
    label: str = "none"
    label_place: str = "auto"
    label_size: float = 4.0


DEFAULTS = Options()
