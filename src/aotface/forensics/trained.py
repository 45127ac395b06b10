"""A trained detector as one safetensors file: its kind, settings and weights. No other format is read."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from aotface.errors import InputError, NoFaceError, UsageError, WeightsError
from aotface.forensics.calibration import Calibration
from aotface.forensics.crops import SIDE, crop_of, spread
from aotface.forensics.detectors import kind
from aotface.forensics.detectors.base import Clips, FitSettings, logits
from aotface.media.files import show, write_bytes
from aotface.media.onnx_runtime import open_session
from aotface.media.weights import in_order, load_safetensors, read_facts, sha256
from aotface.types import Frame

FORMAT = "aotface forgery detector 4"


@dataclass(frozen=True)
class TrainedDetector:
    """Follows `aotface.forensics.base.ForgeryDetector`; ``facts`` stand in the file's header."""

    name: str
    network: nn.Module
    frames: int
    facts: dict[str, str]
    sha256: str = ""
    calibration: Calibration = Calibration()

    def logits(self, clips: Clips) -> np.ndarray:
        """Logits of aligned crops, before calibration."""
        return logits(self.network, clips)

    def score(self, frames: Sequence[Frame]) -> float:
        """See `aotface.forensics.base.ForgeryDetector.score`; the largest face of each frame is looked at.

        Raises:
            NoFaceError: no frame that is looked at shows a face.
        """
        from aotface.face.align import align
        from aotface.face.detect import detect

        crops = []
        for place in spread(len(frames), self.frames if len(frames) > 1 else 1):
            found = detect(frames[place])
            if found:
                crops.append(crop_of(frames[place], align(frames[place], found[0]).matrix))
        if not crops:
            raise NoFaceError("no face found to score")
        return self.score_crops(np.stack(crops))

    def score_crops(self, crops: np.ndarray) -> float:
        """Calibrated probability of a fake, of aligned crops of one person in order of time."""
        places = spread(len(crops), self.frames)
        return float(self.calibration.probability(self.logits(crops[places][None]))[0])

    def identity(self) -> dict[str, str]:
        """Hash of its file."""
        return {"sha256": self.sha256}


def save(
    path: Path, name: str, network: nn.Module, settings: FitSettings, facts: dict[str, str], overwrite: bool
) -> None:
    """Write a detector; of a probe the frozen backbone stays out."""
    from safetensors.torch import save as pack

    tensors = {
        key: value.detach().cpu().contiguous()
        for key, value in network.state_dict().items()
        if not (name == "probe" and key.startswith("backbone."))
    }
    said = {f.name: str(getattr(settings, f.name)) for f in fields(settings)}
    head = {"format": FORMAT, "detector": name, "side": str(SIDE), **said, **facts}
    write_bytes(path, in_order(pack(tensors, head)), overwrite)


def load(path: Path) -> TrainedDetector:
    """Open a detector.

    Raises:
        WeightsError: not a file of `save`, or broken; a pickle is refused, never opened.
    """
    if path.suffix.lower() in (".pt", ".pth", ".pkl", ".ckpt", ".bin"):
        raise WeightsError(
            f"{show(path)}: expected a .safetensors file of `aotface forensics train`; pickles are not opened"
        )
    tensors, facts = load_safetensors(path), read_facts(path)
    if facts.get("format") != FORMAT or facts.get("side") != str(SIDE):
        raise WeightsError(f"{show(path)}: not a forgery detector of this version; train it again")
    try:
        name = facts["detector"]
        settings = FitSettings(
            facts["backbone"],
            int(facts["epochs"]),
            float(facts["rate"]),
            float(facts["penalty"]),
            int(facts["seed"]),
        )
        steps = Calibration(float(facts.get("slope", "1")), float(facts.get("offset", "0")))
        file = kind(name)
        network = file.network(settings, trained=name == "probe")
        missing, spare = network.load_state_dict(tensors, strict=False)
    except (KeyError, ValueError, RuntimeError, UsageError) as error:
        if isinstance(error, UsageError) and "pip install" in str(error):
            raise
        raise WeightsError(
            f"{show(path)}: its weights do not fit: {' '.join(str(error).split())[:120]}"
        ) from None
    missing = [key for key in missing if not (name == "probe" and key.startswith("backbone."))]
    if missing or spare:
        raise WeightsError(
            f"{show(path)}: its weights do not fit: {[*missing, *spare][0]} is missing or unknown"
        )
    sane = bool(np.isfinite([steps.slope, steps.offset]).all()) and steps.slope > 0
    if not sane or not all(bool(value.isfinite().all()) for value in tensors.values()):
        raise WeightsError(
            f"{show(path)}: broken: some weights are not numbers, or its calibration is none; train it again"
        )
    return TrainedDetector(path.stem, network.eval(), file.FRAMES, facts, sha256(path), steps)


class OnnxDetector:
    """A detector of others: one aligned crop in (n, 3, side, side), 0..1 RGB, and one logit or two out (real, fake)."""

    frames = 1

    def __init__(self, path: Path):
        try:
            self._session: Any = open_session(path)
        except Exception as error:  # the library raises its own kinds
            raise WeightsError(
                f"{show(path)}: not an ONNX network: {' '.join(str(error).split())[:100]}"
            ) from None
        self.name, self._sha256 = path.stem, sha256(path)

    def score_crops(self, crops: np.ndarray) -> float:
        """Mean probability of a fake over the crops."""
        taken = self._session.get_inputs()[0]
        batch = np.ascontiguousarray(crops.transpose(0, 3, 1, 2)).astype(np.float32) / 255
        try:
            found = [np.asarray(self._session.run(None, {taken.name: one[None]})[0]).ravel() for one in batch]
        except Exception as error:  # as above
            raise InputError(
                f"{self.name}: does not take crops of {SIDE} px: {' '.join(str(error).split())[:100]}"
            ) from None
        if not all(one.size in (1, 2) and np.isfinite(one).all() for one in found):
            raise InputError(f"{self.name}: expected one logit or two (real, fake) of each crop")
        logit = np.array([one[1] - one[0] if len(one) == 2 else one[0] for one in found], np.float64)
        return float((1 / (1 + np.exp(-np.clip(logit, -500, 500)))).mean())

    def identity(self) -> dict[str, str]:
        """Hash of its file."""
        return {"sha256": self._sha256}


def open_detector(path: Path) -> "TrainedDetector | OnnxDetector":
    """A detector by its file: ``.safetensors`` of ours, ``.onnx`` of anybody."""
    return OnnxDetector(path) if path.suffix.lower() == ".onnx" else load(path)
