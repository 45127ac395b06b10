"""Any swapper that the user has as an ONNX file, in the place of the mesh."""

import io
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.errors import WeightsError
from aotface.face.align import invert, resize_matrix, sample, scale_of
from aotface.face.template import cut_square, template_matrix
from aotface.media.config import read_toml
from aotface.media.files import show
from aotface.media.weights import verified_bytes
from aotface.reenact.base import Reenacted
from aotface.reenact.edge import edge_mask
from aotface.reenact.encoding import decode, decode_mask, encode
from aotface.reenact.onnx_file import stored_matrix
from aotface.reenact.onnx_network import OnnxNetwork
from aotface.reenact.onnx_spec import (
    NO_MODELS,
    ModelPaths,
    PictureInput,
    VectorInput,
    parse_spec,
    with_models,
)
from aotface.types import AlignedFace, Crop, Face, Frame, Mask, Matrix


class OnnxReenactor:
    """Reenacts with a network; see `aotface.reenact.base.Reenactor`. Safe from many threads."""

    def __init__(self, config: Path, device: str = "cpu", models: ModelPaths = NO_MODELS, name: str = "onnx"):
        """Load the networks that a TOML file names.

        Args:
            config: the file; `aotface.reenact.onnx_spec` describes it.
            device: ``cpu`` or ``cuda``; never another than the one that was asked for.
            models: networks in the place of those that the file names, or which it leaves out.
            name: for records.

        Raises:
            InputError: the TOML file is wrong.
            WeightsError: a network or matrix is missing, broken, or does not fit the TOML file.
            UsageError: the device is not there.
        """
        data = with_models(read_toml(config), models)
        where = show(config) if name == "onnx" else f"recipe {name}"
        self.spec = parse_spec(data, config.resolve().parent, where)
        self.name = name
        self._swapper = OnnxNetwork(self.spec.model, device)
        self._target_input, self._source_input = self._input_names()
        picture = self._swapper.picture_output(self.spec.output)
        mask = [self._swapper.picture_output(self.spec.mask)] if self.spec.mask else []
        self._outputs = [picture, *mask]
        self._embedder, self._converter = self._vector_networks(device)
        self._check_pictures(where)
        self._projection = self._matrix()
        networks = (self._swapper, self._embedder, self._converter)
        self.files: list[Path] = [config, *(path for one in networks if one for path in one.files)]
        if isinstance(self.spec.source, VectorInput):
            beside = (self.spec.source.projection, self.spec.source.vector)
            self.files += [path for path in beside if path is not None]

    def _vector_networks(self, device: str) -> tuple[OnnxNetwork | None, OnnxNetwork | None]:
        """The networks that make the source's vector: from its picture, and from that vector the swapper's own."""
        source = self.spec.source
        if isinstance(source, PictureInput):
            return None, None
        embedding = source.embedding if source.vector is None else None
        made = (
            None if model is None else OnnxNetwork(model, device) for model in (embedding, source.converter)
        )
        return next(made), next(made)

    def _check_pictures(self, where: str) -> None:
        """See that every network takes the pictures that the configuration says."""
        target, source = self.spec.target, self.spec.source
        self._swapper.check_input(self._target_input, target.encoding.shape(target.size), f"{where} [target]")
        if isinstance(source, PictureInput):
            shape = source.encoding.shape(source.size)
            self._swapper.check_input(self._source_input, shape, f"{where} [source]")
        elif self._embedder is not None and source.picture is not None:
            shape = source.picture.encoding.shape(source.picture.size)
            name = source.picture.input or next(iter(self._embedder.inputs))
            self._embedder.check_input(name, shape, f"{where} [embedding]")

    def _input_names(self) -> tuple[str, str]:
        """Of target and source; where the configuration leaves one out, it is the other input of the two."""
        names, path = list(self._swapper.inputs), self.spec.model.path
        target, source = self.spec.target.input, self.spec.source.input
        for name in (target, source):
            if name and name not in names:
                raise WeightsError(f"{show(path)} has no input {name!r}; it has {', '.join(names)}")
        if len(names) != 2:
            raise WeightsError(
                f"{show(path)} must have two inputs, the target's face and the source, got {', '.join(names)}"
            )
        if not target and not source:
            rank = [len(self._swapper.inputs[name].shape) for name in names]
            source = names[0] if isinstance(self.spec.source, VectorInput) and rank[0] < rank[1] else names[1]
        target = target or next(name for name in names if name != source)
        return target, source or next(name for name in names if name != target)

    def _matrix(self) -> Float32[np.ndarray, "rows columns"] | None:
        source = self.spec.source
        if isinstance(source, PictureInput) or not (source.projection or source.projection_tensor):
            return None
        if source.projection is not None:
            matrix, where = _array(source.projection), show(source.projection)
        else:
            path = self.spec.model.path
            matrix = stored_matrix(
                verified_bytes(path, self.spec.model.sha256 or None), path, source.projection_tensor
            )
            where = f"{show(path)} ({source.projection_tensor})"
        if matrix.ndim != 2:
            raise WeightsError(
                f"{where} must be a matrix to project the embedding, got the shape {matrix.shape}"
            )
        return matrix

    def prepare(self, source: Frame, face: Face) -> "OnnxSource":
        """Find what the network asks of the source, once: its aligned picture, or its identity as a vector.

        Args:
            source: the picture of the source, uint8 or uint16, RGB.
            face: the face in it.

        Raises:
            WeightsError: a network refuses its inputs, or a matrix or vector does not fit.
        """
        wanted = self.spec.source
        if isinstance(wanted, PictureInput):
            return OnnxSource(self, encode(_aligned(source, face, wanted), wanted.encoding))
        vector = self._vector(source, face, wanted)
        axes = max(len(self._swapper.inputs[self._source_input].shape), 2)
        identity = vector.reshape(vector.shape + (1,) * (axes - 2))
        self._swapper.check_input(self._source_input, identity.shape, "the source's vector")
        return OnnxSource(self, identity)

    def _vector(self, source: Frame, face: Face, wanted: VectorInput) -> Float32[np.ndarray, "1 dimensions"]:
        if wanted.vector is not None:
            vector = _array(wanted.vector).reshape(1, -1)
        else:
            assert self._embedder is not None and wanted.picture is not None  # parse_spec saw to it
            network, picture = self._embedder, wanted.picture
            square = encode(_aligned(source, face, picture), picture.encoding)
            name = picture.input or next(iter(network.inputs))
            vector = network.run([next(iter(network.outputs))], {name: square})[0].reshape(1, -1)
        if self._converter is not None:
            name = next(iter(self._converter.inputs))
            self._converter.check_input(name, vector.shape, "the embedding")
            vector = self._converter.run([next(iter(self._converter.outputs))], {name: vector})[0].reshape(
                1, -1
            )
        if self._projection is not None:
            if len(self._projection) != vector.shape[1]:
                raise WeightsError(
                    f"the projection must have {vector.shape[1]} rows to fit the embedding, "
                    f"got {self._projection.shape}"
                )
            vector = _unit(vector) @ self._projection
        return _unit(vector) if wanted.normalise else vector.astype(np.float32)

    def answer(self, square: Crop, identity: np.ndarray) -> tuple[Crop, Mask | None]:
        """What the network makes of the target's square: a picture, and where it shows, if the network says so.

        Args:
            square: the target's face, ``spec.target.size`` pixels, 0..1.
            identity: of `prepare`.

        Raises:
            WeightsError: the network refuses its inputs, or answers with another shape than the TOML file says.
        """
        target, model = self.spec.target, self.spec.model.path
        feeds = {self._target_input: encode(square, target.encoding), self._source_input: identity}
        picture, *masks = self._swapper.run(self._outputs, feeds)
        face = decode(picture, self.spec.output_encoding, model)
        return face, decode_mask(masks[0], model) if masks else None


@dataclass(frozen=True)
class OnnxSource:
    """A source for a network: ``identity`` is its picture or vector, as the network takes it."""

    reenactor: OnnxReenactor
    identity: np.ndarray

    def reenact(self, target: AlignedFace) -> Reenacted:
        """Put the source's face into the target's pose and expression, as the network does it.

        Raises:
            WeightsError: see `OnnxReenactor.answer`.
        """
        picture = self.reenactor.spec.target
        matrix = template_matrix(target.landmarks, picture.template, picture.size)
        square, mask = self.reenactor.answer(cut_square(target.crop, matrix, picture.size), self.identity)
        return _over(square, mask, matrix, picture.size, target)


def _over(square: Crop, mask: Mask | None, matrix: Matrix, size: int, target: AlignedFace) -> Reenacted:
    """The network's square in the target's crop; its mask ends inside the mesh and inside the square."""
    side = len(target.crop)
    placed = resize_matrix(matrix, size, len(square))  # networks may answer larger than they are asked
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    face = cv2.warpAffine(square, placed, (side, side), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    inside = np.ones(square.shape[:2], np.float32)
    flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    reached = cv2.warpAffine(inside, placed, (side, side), flags=flags, borderMode=cv2.BORDER_CONSTANT) > 0
    crop = np.where(reached[..., None], np.clip(face, 0, 1), target.crop)
    shown = edge_mask(target.landmarks, reached)
    if mask is not None:
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        there = resize_matrix(matrix, size, len(mask))
        shown = shown * cv2.warpAffine(mask, there, (side, side), flags=flags, borderMode=cv2.BORDER_CONSTANT)
    nothing = np.zeros((side, side), np.float32)
    return Reenacted(crop, shown, nothing, target.landmarks)


def _aligned(frame: Frame, face: Face, picture: PictureInput) -> Crop:
    """The face as a network wants it aligned."""
    matrix = template_matrix(face.landmarks, picture.template, picture.size)
    back = invert(matrix)
    y, x = np.mgrid[: picture.size, : picture.size].astype(np.float32)
    map_x = (back[0, 0] * x + back[0, 1] * y + back[0, 2]).astype(np.float32)
    map_y = (back[1, 0] * x + back[1, 1] * y + back[1, 2]).astype(np.float32)
    return sample(frame, map_x, map_y, scale_of(matrix))


def _array(path: Path) -> np.ndarray:
    try:
        return np.asarray(np.load(io.BytesIO(verified_bytes(path)), allow_pickle=False), np.float32)
    except ValueError as fault:
        raise WeightsError(f"{show(path)} is not a .npy file of numbers") from fault


def _unit(vector: np.ndarray) -> Float32[np.ndarray, "1 dimensions"]:
    return (vector / max(float(np.linalg.norm(vector)), 1e-12)).astype(np.float32)
