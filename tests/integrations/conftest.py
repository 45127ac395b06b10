"""Frames of a face of nobody before and after a made swap, and stand-ins for the nodes that ComfyUI brings itself."""

from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from integrations.comfy_protocol import load_nodes
from media.made_faces import face_frame, portrait

from aotface.media.video.decode import read_frames

SIDE, COUNT = 192, 4


def tinted(frame: np.ndarray) -> np.ndarray:
    """A frame as another tool might leave it: the face darker and bluer."""
    y, x = np.mgrid[0 : len(frame), 0 : len(frame)] / len(frame) - 0.5
    weight = np.exp(-(((x / 0.2) ** 2 + ((y + 0.03) / 0.26) ** 2) ** 3))[..., None]
    return np.clip(frame + weight * (frame * 0.6 + (10, 25, 60) - frame), 0, 255).astype(np.uint8)


def batch(frames: list[np.ndarray]) -> torch.Tensor:
    """As ComfyUI loads pictures of 8 bits."""
    return torch.from_numpy(np.stack(frames).astype(np.float32) / 255.0)


@pytest.fixture(scope="session")
def nodes() -> ModuleType:
    return load_nodes()


@pytest.fixture(scope="session")
def original() -> list[np.ndarray]:
    return [face_frame(index, side=SIDE) for index in range(COUNT)]


@pytest.fixture(scope="session")
def swapped(original: list[np.ndarray]) -> list[np.ndarray]:
    return [tinted(frame) for frame in original]


@pytest.fixture
def core(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, type]:
    """ComfyUI's own nodes that the example workflows use, as far as they use them; files lie in ``tmp_path``."""

    def node(outputs: tuple[str, ...], inputs: dict[str, Any], function: Any, shows: bool = False) -> type:
        def run(self: Any, **given: Any) -> Any:
            return function(**given)

        table = {"required": {name: (kind, {}) for name, kind in inputs.items()}}
        kinds = {"INPUT_TYPES": classmethod(lambda cls: table), "RETURN_TYPES": outputs}
        return type("Core", (), kinds | {"FUNCTION": "run", "run": run, "OUTPUT_NODE": shows})

    def load(image: str) -> tuple[torch.Tensor, torch.Tensor]:
        frame = portrait("source_light_man") if image == "source.png" else face_frame(0, side=SIDE)
        return batch([frame]), torch.zeros(1, 64, 64)

    def components(video: list[np.ndarray]) -> tuple[torch.Tensor, None, float]:
        return batch(video), None, 25.0

    def read(file: str) -> tuple[list[np.ndarray]]:
        return ([frame.rgb for frame in read_frames(tmp_path / file)],)

    def save(images: torch.Tensor, filename_prefix: str) -> dict[str, Any]:
        return {"ui": {"images": np.clip(255.0 * images.numpy(), 0, 255).astype(np.uint8)}}

    return {
        "LoadImage": node(("IMAGE", "MASK"), {"image": ["source.png", "target.png"]}, load),
        "SaveImage": node((), {"images": "IMAGE", "filename_prefix": "STRING"}, save, shows=True),
        "LoadVideo": node(("VIDEO",), {"file": ["original.mp4", "swapped.mp4"]}, read),
        "GetVideoComponents": node(("IMAGE", "AUDIO", "FLOAT"), {"video": "VIDEO"}, components),
        "CreateVideo": node(
            ("VIDEO",),
            {"images": "IMAGE", "audio": "AUDIO", "fps": "FLOAT"},
            lambda images, audio, fps: ((images, Fraction(fps)),),
        ),
        "SaveVideo": node(
            (),
            {"video": "VIDEO", "filename_prefix": "STRING", "format": ["auto"], "codec": ["auto"]},
            lambda video, **more: {"ui": {"video": video}},
            shows=True,
        ),
    }
