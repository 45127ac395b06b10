"""One ONNX network, loaded: checked against what is said of it, fed in its own number types, its faults in one line."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from aotface.errors import AotfaceError, WeightsError
from aotface.media.files import show
from aotface.media.onnx_runtime import open_session
from aotface.media.weights import verified_bytes
from aotface.reenact.onnx_file import external_files
from aotface.reenact.onnx_spec import ModelFile

NUMBERS = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(uint8)": np.uint8,
}
"""Number types that an input may have."""


class OnnxNetwork:
    """Runs one network. ``files``: it and the weights beside it. Safe from many threads."""

    def __init__(self, model: ModelFile, device: str):
        """Load it.

        Args:
            model: the file.
            device: ``cpu`` or ``cuda``.

        Raises:
            WeightsError: missing, another file than was meant, or no network that onnxruntime can load.
            UsageError: the device is not there.
        """
        self.path: Path = model.path
        data = verified_bytes(model.path, model.sha256 or None)
        beside = external_files(data, model.path)
        self.files: list[Path] = [model.path, *beside]
        try:
            self._session: Any = open_session(model.path if beside else data, device)
        except AotfaceError:
            raise
        except Exception as fault:  # onnxruntime's exception classes are not public
            reason = _first_line(fault)
            raise WeightsError(
                f"{show(model.path)} is not an ONNX network that onnxruntime can load ({reason})"
            ) from fault
        self.inputs: dict[str, Any] = {entry.name: entry for entry in self._session.get_inputs()}
        self.outputs: dict[str, Any] = {entry.name: entry for entry in self._session.get_outputs()}
        for entry in self.inputs.values():
            if entry.type not in NUMBERS:
                wanted = ", ".join(NUMBERS)
                raise WeightsError(
                    f"{show(self.path)}: input {entry.name!r} is a {entry.type}, expected one of {wanted}"
                )

    def check_input(self, name: str, shape: Sequence[int], where: str) -> None:
        """See that an input is there and takes a shape; axes of no fixed size take any.

        Args:
            name: of the input.
            shape: with a batch axis of one, which the network may leave out.
            where: what says so, for the message.

        Raises:
            WeightsError: it does not.
        """
        if name not in self.inputs:
            raise WeightsError(f"{show(self.path)} has no input {name!r}; it has {', '.join(self.inputs)}")
        declared = list(self.inputs[name].shape)
        wanted = list(shape)[-len(declared) :] if len(declared) == len(shape) - 1 else list(shape)
        fits = len(declared) == len(wanted) and all(
            not isinstance(size, int) or size == asked for size, asked in zip(declared, wanted, strict=True)
        )
        if not fits and declared:  # an empty shape says nothing
            raise WeightsError(
                f"{show(self.path)}: input {name!r} takes {_times(declared)}, {where} gives {_times(shape)}: "
                "check size and layout"
            )

    def picture_output(self, name: str) -> str:
        """The output that holds the picture: the one of that name, else the first that can have three channels."""
        if name:
            if name not in self.outputs:
                present = ", ".join(self.outputs)
                raise WeightsError(f"{show(self.path)} has no output {name!r}; it has {present}")
            return name
        names = list(self.outputs)
        certain = [key for key in names if 3 in self.outputs[key].shape[-3:]]
        return (certain or names)[0]

    def run(self, outputs: Sequence[str], feeds: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """Compute outputs.

        Args:
            outputs: their names.
            feeds: the inputs by name, float32, with a batch axis.

        Returns:
            The outputs as float32.

        Raises:
            WeightsError: the network refuses its inputs.
        """
        typed = {name: self._typed(name, values) for name, values in feeds.items()}
        try:
            found = self._session.run(list(outputs), typed)
        except Exception as fault:  # onnxruntime's exception classes are not public
            raise WeightsError(
                f"{show(self.path)} refuses these inputs: {_first_line(fault)}; check size and layout"
            ) from fault
        return [np.asarray(values, np.float32) for values in found]

    def _typed(self, name: str, values: np.ndarray) -> np.ndarray:
        entry = self.inputs[name]
        if entry.shape and len(entry.shape) == values.ndim - 1:
            values = values[0]
        kind = NUMBERS[entry.type]
        if kind == np.uint8:
            values = np.clip(np.rint(values), 0, 255)
        return np.ascontiguousarray(values, kind)


def _times(shape: Sequence[Any]) -> str:
    return " x ".join(str(size) if size is not None else "?" for size in shape)


def _first_line(fault: Exception) -> str:
    return (str(fault).splitlines() or [type(fault).__name__])[0][:200]
