"""Is it still the same person? Cosine of face embeddings, by whatever network the user has as ONNX."""

from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32

from aotface.errors import WeightsError
from aotface.face.template import TEMPLATES, cut_square, template_matrix
from aotface.masked import Colours
from aotface.media.onnx_runtime import open_session
from aotface.media.weights import verified_bytes
from aotface.types import Landmarks

SIDE = 112
"""Side in pixels of the picture that embedding networks read."""

CHANNEL_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
CHANNEL_DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)


@runtime_checkable
class Embedder(Protocol):
    """What the identity metrics ask of a model; `IdentityMeter` is one."""

    def embedding(self, crop: Colours, landmarks: Landmarks) -> Float32[np.ndarray, " dimensions"]:
        """Embed one face as a unit vector."""


class IdentityMeter:
    """Embeds faces with an ONNX network: RGB 112 x 112, five-point template, ImageNet mean and deviation."""

    def __init__(self, path: Path | str, sha256: str):
        """Load the network.

        Args:
            path: the ONNX file; one input 1 x 3 x 112 x 112, one output 1 x dimensions.
            sha256: what the file must hash to, in hexadecimal.

        Raises:
            WeightsError: the file is missing, has another hash, or is not such a network.
        """
        data = verified_bytes(Path(path), sha256)
        try:
            self._session = open_session(data)
        except Exception as error:  # onnxruntime's own exception classes are not public
            kind = type(error).__name__
            raise WeightsError(f"{path}: expected an ONNX network, got {kind}; check the file") from error
        entries = self._session.get_inputs()
        if len(entries) != 1 or list(entries[0].shape[1:]) != [3, SIDE, SIDE]:
            shapes = [entry.shape for entry in entries]
            raise WeightsError(
                f"{path}: expected one input 1 x 3 x 112 x 112, got {shapes}; use another network"
            )
        self._input = entries[0].name

    def embedding(self, crop: Colours, landmarks: Landmarks) -> Float32[np.ndarray, " dimensions"]:
        """Embed one face as a unit vector.

        Args:
            crop: height x width x 3, 0..1 sRGB.
            landmarks: 468 x 3, in this crop's pixels.
        """
        matrix = template_matrix(landmarks, TEMPLATES["arcface-112"], SIDE)
        chip = cut_square(crop, matrix, SIDE)
        planes = ((chip - CHANNEL_MEAN) / CHANNEL_DEVIATION).transpose(2, 0, 1)[None]  # 1 3 112 112
        (output,) = self._session.run(None, {self._input: np.ascontiguousarray(planes)})
        vector = output[0].astype(np.float32)
        return vector / np.maximum(np.linalg.norm(vector), np.float32(1e-12))


def similarity(
    meter: Embedder, crop: Colours, landmarks: Landmarks, other: Colours, other_landmarks: Landmarks
) -> float:
    """Cosine of two faces' embeddings. No unit, -1..1, higher is more alike.

    Args:
        meter: the network.
        crop, other: height x width x 3, 0..1 sRGB.
        landmarks, other_landmarks: 468 x 3, each in its own crop's pixels.

    Source: Deng et al., "ArcFace", CVPR 2019.
    """
    return float(meter.embedding(crop, landmarks) @ meter.embedding(other, other_landmarks))


def identity_drop(
    meter: Embedder,
    result: Colours,
    reenacted: Colours,
    landmarks: Landmarks,
    source: Colours,
    source_landmarks: Landmarks,
) -> float:
    """Likeness to the source that the transfer cost: cos(X_r, X_s) - cos(Y, X_s). No unit, lower is better.

    Args:
        meter: the network.
        result, reenacted: height x width x 3, 0..1 sRGB, both with the same landmarks.
        landmarks: 468 x 3.
        source, source_landmarks: another picture of the person that X_r shows, with its own landmarks.

    Source: [ours].
    """
    wanted = meter.embedding(source, source_landmarks)
    return float((meter.embedding(reenacted, landmarks) - meter.embedding(result, landmarks)) @ wanted)
