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
    ``camera_match``: ``on`` or ``off``: whether the face gets the target's grain, texture and sharpness.
    ``gaze``: ``target`` or ``source``: where the new face looks.
    ``strength``: of the transfer, 0 (X_r as it is) to 1. ``exposure``: of the new face, stops. ``temperature``: of the new
    face, mired; more is warmer.
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
    camera_match: str = "on"
    gaze: str = "target"
    strength: float = 1.0
    exposure: float = 0.0
    temperature: float = 0.0
    label: str = "none"
    label_place: str = "auto"
    label_size: float = 4.0


DEFAULTS = Options()
