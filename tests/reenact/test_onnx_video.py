"""An ONNX swapper in a video: every frame through the network, and the same frames when it resumes."""

from pathlib import Path

import numpy as np
import pytest
from media.made_faces import face_frame, write_frames
from reenact import tiny_networks as tiny

from aotface.media.image import read_image
from aotface.media.video.decode import VideoFrame
from aotface.media.video.parts import claim
from aotface.options import Options
from aotface.reenact.base import PreparedSource
from aotface.reenact.onnx_network import OnnxNetwork
from aotface.reenact.registry import ReenactorSettings, open_reenactor
from aotface.samples import sample
from aotface.video.plan import open_clip
from aotface.video.render import Scene, analyse, make_scene, prepare_source, render_frames, render_layers

COUNT = 6


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> PreparedSource:
    folder = tmp_path_factory.mktemp("networks")
    swapper = tiny.vector_swapper(folder / "swapper.onnx", 256, 512)
    embedding = tiny.mean_colour(folder / "embedding.onnx", 112, 512)
    reenactor = open_reenactor(ReenactorSettings("hyperswap_256", None, swapper, embedding))
    return prepare_source(read_image(sample("source_light_man")).frame, "largest", reenactor)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory, prepared: PreparedSource) -> Scene:
    frames = [face_frame(index) for index in range(COUNT)]
    clip = open_clip(write_frames(tmp_path_factory.mktemp("clip") / "short.mp4", frames))
    return make_scene(clip, analyse(clip), prepared, Options(transfer="none"))


def bytes_of(frames: list[VideoFrame]) -> list[bytes]:
    return [b"".join(plane.tobytes() for plane in frame.planes) for frame in frames]


def test_every_frame_goes_through_the_network_and_the_source_only_once(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[str] = []
    run = OnnxNetwork.run
    monkeypatch.setattr(
        OnnxNetwork, "run", lambda self, *words: runs.append(self.path.name) or run(self, *words)
    )
    made = list(render_frames(scene, 0, COUNT))
    assert set(runs) == {"swapper.onnx"} and len(runs) >= COUNT
    for frame, target in zip(made, scene.clip.frames(), strict=True):
        assert np.abs(frame.rgb.astype(int) - target.rgb).max() > 20  # the network moves every channel


def test_a_resumed_video_is_the_whole_one(scene: Scene, tmp_path: Path) -> None:
    whole = bytes_of(list(render_frames(scene, 0, COUNT)))
    parts, _ = claim(tmp_path / "out.mp4", {}, [(0, COUNT)])
    first = bytes_of([layers.frame for layers in render_layers(scene, 0, 3, parts)])  # and then it is killed
    rest = bytes_of([layers.frame for layers in render_layers(scene, 2, COUNT, parts)])
    assert first == whole[:3] and rest == whole[2:]
    assert whole[0] != whole[1]  # the twin
