"""Any swapper that the user has as an ONNX file, in the place of the mesh."""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.errors import UsageError, WeightsError
from aotface.face.align import invert, resize_matrix, sample, scale_of
from aotface.face.template import cut_square, template_matrix
from aotface.media.config import read_toml
from aotface.media.weights import verified_bytes
from aotface.reenact.base import Reenacted
from aotface.reenact.given import edge_mask
from aotface.reenact.onnx_spec import Encoding, Network, PictureInput, SwapperSpec, VectorInput, parse_spec
from aotface.types import AlignedFace, Crop, Face, Frame, Matrix

PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}


class OnnxReenactor:
    """Reenacts with a network."""

    name = "onnx"

    def __init__(self, config: Path, device: str = "cpu"):
        """Load the networks that a TOML file names.

        Args:
            config: the file; `aotface.reenact.onnx_spec` describes it.
            device: ``cpu`` or ``cuda``; never another than the one that was asked for.

        Raises:
            InputError: the TOML file is wrong.
            WeightsError: a network or matrix is missing, broken, or does not fit the TOML file.
            UsageError: the device is not there.
        """
        self.spec: SwapperSpec = parse_spec(read_toml(config), config.resolve().parent, str(config))
        self._session = _load(self.spec.network, device)
        named = [name for name in (self.spec.target.input, self.spec.source.input) if name]
        _check_inputs(self._session, named, self.spec.network.model)
        self._output = _output_name(self._session, self.spec.output, self.spec.network.model)
        self._embed: Any = None
        source = self.spec.source
        if isinstance(source, VectorInput) and source.network is not None and source.vector is None:
            self._embed = _load(source.network, device)
        if isinstance(source, VectorInput) and source.network is None and source.vector is None:
            raise UsageError(
                f"{config}: [source] needs a vector, or a table [embedding] with a network that makes it"
            )

    @property
    def files(self) -> list[Path]:
        """Every file that takes part, for the record."""
        source, named = self.spec.source, [self.spec.network.model]
        if isinstance(source, VectorInput):
            named += [source.network.model] if source.network else []
            named += [path for path in (source.projection, source.vector) if path is not None]
        return named

    def prepare(self, source: Frame, face: Face) -> "OnnxSource":
        """See `aotface.reenact.base.Reenactor`."""
        return OnnxSource(self, source, face)

    def __call__(self, source: Frame, prepared: Face, target: AlignedFace) -> Reenacted:
        """Put the source's face into the target's pose and expression, as the network does it.

        Args:
            source: the picture of the source.
            giver: the face in it.
            target: the aligned target face; its crop's side is the side of the result.

        Raises:
            WeightsError: the network refuses its inputs, or answers with another shape than the TOML file
                says.
        """
        picture = self.spec.target
        matrix = template_matrix(target.landmarks, picture.template, picture.size)
        square = cut_square(target.crop, matrix, picture.size)
        feeds = {
            self._name(picture.input, 0): encode(square, picture.encoding),
            self._name(self.spec.source.input, 1): self._identity(source, prepared),
        }
        try:
            (answer,) = self._session.run([self._output], feeds)
        except Exception as fault:  # onnxruntime's exception classes are not public
            line = str(fault).splitlines()[0][:200]
            raise WeightsError(
                f"{self.spec.network.model} refuses these inputs: {line}; check size and layout"
            ) from fault
        answer = decode(answer, self.spec.output_encoding, self.spec.network.model)
        return _laid_over(answer, matrix, picture.size, target)

    def _name(self, name: str, place: int) -> str:
        return name or self._session.get_inputs()[place].name

    def _identity(self, source: Frame, prepared: Face) -> np.ndarray:
        wanted = self.spec.source
        if isinstance(wanted, PictureInput):
            return encode(_aligned(source, prepared, wanted), wanted.encoding)
        if wanted.vector is not None:
            vector = _array(wanted.vector)
        else:
            assert wanted.picture is not None  # parse_spec and __init__ saw to it
            name = wanted.picture.input or self._embed.get_inputs()[0].name
            square = _aligned(source, prepared, wanted.picture)
            vector = self._embed.run(None, {name: encode(square, wanted.picture.encoding)})[0]
        return _unit(_projected(vector.reshape(1, -1), wanted.projection))


@dataclass(frozen=True)
class OnnxSource:
    """A source for an ONNX swapper."""

    network: OnnxReenactor
    frame: Frame
    face: Face

    def reenact(self, target: AlignedFace) -> Reenacted:
        """X_r by the network."""
        return self.network(self.frame, self.face, target)


def encode(square: Crop, encoding: Encoding) -> Float32[np.ndarray, "1 a b c"]:
    """An RGB picture 0..1 as a network wants it."""
    black, white = encoding.range
    values = square if encoding.channels == "RGB" else square[..., ::-1]
    values = (black + (white - black) * values - np.array(encoding.mean)) / np.array(encoding.std)
    values = values if encoding.layout == "NHWC" else values.transpose(2, 0, 1)
    return np.ascontiguousarray(values[None], np.float32)


def decode(answer: np.ndarray, encoding: Encoding, model: Path) -> Crop:
    """A network's picture as RGB 0..1: the inverse of `encode`.

    Raises:
        WeightsError: the answer is not one square picture of finite numbers.
    """
    values = answer[0] if answer.ndim == 4 and len(answer) == 1 else answer
    if values.ndim == 3 and encoding.layout == "NCHW":
        values = values.transpose(1, 2, 0)
    if values.ndim != 3 or values.shape[2] != 3 or values.shape[0] != values.shape[1]:
        raise WeightsError(
            f"{model}: expected one square {encoding.layout} picture of 3 channels, got {answer.shape}"
        )
    if not np.isfinite(values).all():
        raise WeightsError(
            f"{model} answers with numbers that are not finite: check range, mean and std of its inputs"
        )
    black, white = encoding.range
    values = (values * np.array(encoding.std) + np.array(encoding.mean) - black) / (white - black)
    values = values if encoding.channels == "RGB" else values[..., ::-1]
    return np.ascontiguousarray(np.clip(values, 0, 1), np.float32)


def _laid_over(square: Crop, matrix: Matrix, size: int, target: AlignedFace) -> Reenacted:
    """The network's square in the target's crop; its mask ends inside the mesh and inside the square."""
    side = len(target.crop)
    placed = resize_matrix(matrix, size, len(square))  # networks may answer larger than they are asked
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    face = cv2.warpAffine(square, placed, (side, side), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    inside = np.ones(square.shape[:2], np.float32)
    flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    reached = cv2.warpAffine(inside, placed, (side, side), flags=flags, borderMode=cv2.BORDER_CONSTANT) > 0
    crop = np.where(reached[..., None], np.clip(face, 0, 1), target.crop)
    nothing = np.zeros((side, side), np.float32)
    return Reenacted(crop, edge_mask(target.landmarks, reached), nothing, target.landmarks)


def _aligned(frame: Frame, face: Face, picture: PictureInput) -> Crop:
    matrix = template_matrix(face.landmarks, picture.template, picture.size)
    back = invert(matrix)
    y, x = np.mgrid[: picture.size, : picture.size].astype(np.float32)
    map_x = (back[0, 0] * x + back[0, 1] * y + back[0, 2]).astype(np.float32)
    map_y = (back[1, 0] * x + back[1, 1] * y + back[1, 2]).astype(np.float32)
    return sample(frame, map_x, map_y, scale_of(matrix))


def _load(network: Network, device: str) -> Any:
    import onnxruntime  # takes a while; only users of the option pay for it

    provider = PROVIDERS[device]
    if provider not in onnxruntime.get_available_providers():
        raise UsageError(
            f"{device} was asked for, but this onnxruntime has no {provider}: see `aotface doctor`"
        )
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1  # sums in one order: same input, same bytes
    data = verified_bytes(network.model, network.sha256 or None)
    try:
        session = onnxruntime.InferenceSession(data, options, providers=[provider])
    except Exception as fault:  # onnxruntime's exception classes are not public
        raise WeightsError(f"{network.model} is not an ONNX network that onnxruntime can load") from fault
    if session.get_providers()[0] != provider:
        raise UsageError(f"{device} was asked for, but onnxruntime fell back to {session.get_providers()[0]}")
    return session


def _check_inputs(session: Any, named: list[str], model: Path) -> None:
    present = [entry.name for entry in session.get_inputs()]
    for name in named:
        if name not in present:
            raise WeightsError(f"{model} has no input {name!r}; it has {', '.join(present)}")
    if len(present) != 2:
        raise WeightsError(
            f"{model} must have two inputs, the target's face and the source, got {', '.join(present)}"
        )


def _output_name(session: Any, name: str, model: Path) -> str:
    present = [entry.name for entry in session.get_outputs()]
    if name and name not in present:
        raise WeightsError(f"{model} has no output {name!r}; it has {', '.join(present)}")
    return name or present[0]


def _array(path: Path) -> np.ndarray:
    try:
        return np.asarray(np.load(io.BytesIO(verified_bytes(path)), allow_pickle=False), np.float32)
    except ValueError as fault:
        raise WeightsError(f"{path} is not a .npy file of numbers") from fault


def _projected(vector: np.ndarray, projection: Path | None) -> np.ndarray:
    if projection is None:
        return vector
    matrix = _array(projection)
    if matrix.ndim != 2 or matrix.shape[0] != vector.shape[1]:
        raise WeightsError(
            f"{projection} must have {vector.shape[1]} rows to fit the embedding, got {matrix.shape}"
        )
    return _unit(vector) @ matrix


def _unit(vector: np.ndarray) -> Float32[np.ndarray, "1 dimensions"]:
    return (vector / max(float(np.linalg.norm(vector)), 1e-12)).astype(np.float32)
