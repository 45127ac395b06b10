"""The ComfyUI nodes: the protocol, the pixels of the command line, marks, consent, plain faults, example workflows."""

import json
import re
import tomllib
from dataclasses import fields
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from integrations.comfy_protocol import NODES, as_prompt, check_protocol, execute, faults, inputs_of
from integrations.conftest import COUNT, SIDE, batch
from media.made_faces import face_frame, plain_frame, portrait, write_frames

import aotface
from aotface.commands.refine import Refine
from aotface.commands.swap import Swap
from aotface.errors import AotfaceError, FaceError, InputError, Interrupted, NoFaceError, UsageError
from aotface.media.image import write_image
from aotface.media.video import parts
from aotface.media.video.decode import read_frames

NAMES = ("AOTRefine", "AOTSwap", "AOTTransfer", "AOTVerify")
EXAMPLES = ("refine_video", "swap_picture")
OF_FILES = {
    "output", "quality", "certificate", "key", "timestamp_url", "training_mining", "trim_start", "trim_end", "codec",
    "crf", "preset", "save_frames", "ray", "workers", "overwrite", "skip_existing", "wait", "run_log", "save_job",
    "save_mask", "save_reenacted", "save_matrix", "face_map",
}  # fmt: skip
"""Options of the command line that are about files: a tensor has none. Masks and reenacted frames are outputs of nodes."""

Batch = list[np.ndarray]


def refine(nodes: ModuleType, swapped: Batch, original: Batch, **more: Any) -> tuple[torch.Tensor, ...]:
    settings = {"consent": True, "transfer": "mean", "mark": False, **more}
    with torch.inference_mode():
        return nodes.NODE_CLASS_MAPPINGS["AOTRefine"]().refine(batch(swapped), batch(original), **settings)


def eight(image: torch.Tensor) -> np.ndarray:
    """What ComfyUI's own node would save: it cuts off, and does not round."""
    return np.clip(255.0 * image.numpy(), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def refined(nodes: ModuleType, swapped: Batch, original: Batch) -> tuple[torch.Tensor, ...]:
    return refine(nodes, swapped, original)


@pytest.mark.parametrize("name", NAMES)
def test_nodes_follow_the_protocol(nodes: ModuleType, name: str) -> None:
    assert set(nodes.NODE_CLASS_MAPPINGS) == set(nodes.NODE_DISPLAY_NAME_MAPPINGS) == set(NAMES)
    check_protocol(nodes.NODE_CLASS_MAPPINGS[name])


def test_the_protocol_check_can_fail(nodes: ModuleType) -> None:
    class Wrong(nodes.NODE_CLASS_MAPPINGS["AOTVerify"]):  # type: ignore[misc,name-defined]
        RETURN_NAMES = ("one",)

    with pytest.raises(AssertionError):
        check_protocol(Wrong)
    assert faults({"1": {"class_type": "AOTGone", "inputs": {}}}, nodes.NODE_CLASS_MAPPINGS)
    assert faults({"1": {"class_type": "AOTRefine", "inputs": {}}}, nodes.NODE_CLASS_MAPPINGS) == [
        "no output"
    ]


def test_nodes_have_the_options_of_the_command_line(nodes: ModuleType) -> None:
    for command, name, inputs in ((Refine, "AOTRefine", {"target"}), (Swap, "AOTSwap", set())):
        offered = {field.name for field in fields(command)} - OF_FILES - inputs
        assert offered <= set(inputs_of(nodes.NODE_CLASS_MAPPINGS[name])), name
        for field in fields(command):
            widget = inputs_of(nodes.NODE_CLASS_MAPPINGS[name]).get(field.name)
            if widget is not None and "default" in widget[1] and field.name != "fps":
                assert widget[1]["default"] == (field.default if field.default is not None else ""), (
                    field.name
                )


def test_pixels_are_those_of_the_command_line(
    nodes: ModuleType, swapped: Batch, original: Batch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a video file stores them; the same frames, once through files."""
    monkeypatch.setattr(parts, "SHORTEST", 2)  # two segments
    for name, frames in (("swapped", swapped), ("original", original)):
        (tmp_path / name).mkdir()
        for number, frame in enumerate(frames):
            write_image(tmp_path / name / f"{number}.png", frame)
    inputs = tmp_path / "swapped", tmp_path / "original", tmp_path / "out.mp4"
    more: dict[str, Any] = {"fps": "25", "crf": 0, "layers": ("mask",), "transfer": "mean"}
    aotface.Swapper(mark=False).refine_file(*inputs, **more)
    image, mask = refine(nodes, swapped, original, chroma="half")
    found = np.stack([frame.rgb for frame in read_frames(tmp_path / "out.mp4")])
    np.testing.assert_array_equal(eight(image), found)
    shown = np.stack([frame.rgb[..., 0] for frame in read_frames(tmp_path / "out.mask.mp4")])
    np.testing.assert_array_equal(np.rint(mask.numpy() * 255), shown)
    assert (np.stack(swapped) != found).mean() > 0.01  # the twin


def test_unchanged_pixels_stay(refined: tuple[torch.Tensor, ...], original: Batch, swapped: Batch) -> None:
    image, mask = refined
    assert image.shape == (COUNT, SIDE, SIDE, 3) and mask.shape == (COUNT, SIDE, SIDE)
    assert image.dtype == mask.dtype == torch.float32
    apart = (eight(image) != np.stack(original)).any(axis=3)
    assert not apart[mask.numpy() == 0].any() and apart[mask.numpy() > 0.5].mean() > 0.5
    face = mask.numpy() > 0.9
    tone = [np.abs(frames[face].mean(axis=0) - np.stack(original)[face].mean(axis=0)).max() for frames in
            (np.stack(swapped), eight(image))]  # fmt: skip
    assert tone[1] < tone[0] / 3


def test_a_single_picture_is_made_as_a_picture(nodes: ModuleType, swapped: Batch, original: Batch) -> None:
    image, mask = refine(nodes, swapped[:1], original[:1])
    done = aotface.Swapper(transfer="mean", mark=False).refine(swapped[0], original[0])
    np.testing.assert_array_equal(eight(image)[0], done.frame)
    np.testing.assert_array_equal(mask[0], done.mask)


def test_floats_that_are_no_steps_of_8_bits_become_16_bits(
    nodes: ModuleType, swapped: Batch, original: Batch
) -> None:
    node = nodes.NODE_CLASS_MAPPINGS["AOTRefine"]()
    fine = (batch(swapped[:1]) * 0.999).clamp(0, 1)
    over = batch(original[:1]) * 1.02 - 0.004  # beyond 0..1, as after a resize
    image, _ = node.refine(fine, over, True, transfer="mean", mark=False)
    far = image[0, :8] - over[0, :8].clamp(0, 1)
    assert far.abs().max() < 1e-5


def test_marks_are_on_and_read_again(nodes: ModuleType, refined: tuple[torch.Tensor, ...]) -> None:
    frames = [face_frame(0)]
    dark = [(frame * np.array([0.7, 0.75, 0.9])).astype(np.uint8) for frame in frames]
    marked, _ = refine(
        nodes, dark, frames, mark=inputs_of(nodes.NODE_CLASS_MAPPINGS["AOTRefine"])["mark"][1]["default"]
    )
    verify = nodes.NODE_CLASS_MAPPINGS["AOTVerify"]().verify
    with torch.inference_mode():
        found, report = verify(marked)["result"]
        assert found and report.startswith("Result: made with aotface.\nframe 0: watermark FOUND")
        found, report = verify(refined[0])["result"]
    assert not found and report.count("\n") == COUNT


def test_swap_gives_what_transfer_takes(nodes: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = batch([portrait("source_light_man")]), batch([face_frame(0)])
    with torch.inference_mode():
        made = nodes.NODE_CLASS_MAPPINGS["AOTSwap"]().swap(
            source, target, True, transfer="none", camera_match="off", mark=False
        )
        image, mask, reenacted = made
        moved, where = nodes.NODE_CLASS_MAPPINGS["AOTTransfer"]().transfer(
            reenacted, target, transfer="mkl", mark=False
        )
        np.testing.assert_array_equal(made[2].shape, image.shape)
        corner = torch.zeros(1, SIDE, SIDE)
        with pytest.raises(InputError, match=r"^the mask is 192 x 192: expected the target's 256 x 256$"):
            nodes.NODE_CLASS_MAPPINGS["AOTTransfer"]().transfer(reenacted, target, corner)
        with pytest.raises(NoFaceError, match="the mask touches no chosen face"):
            nodes.NODE_CLASS_MAPPINGS["AOTTransfer"]().transfer(reenacted, target, torch.zeros(1, 256, 256))
        nothing = np.zeros((256, 256), np.float32)
        monkeypatch.setattr("aotface.compose.face_step.visible_at", lambda *_, **__: nothing)
        with pytest.raises(NoFaceError, match="no skin of a chosen face shows"):
            nodes.NODE_CLASS_MAPPINGS["AOTTransfer"]().transfer(reenacted, target)
    face = (where > 0.9).numpy()
    off = [
        np.abs(one.numpy()[face].mean(axis=0) - target.numpy()[face].mean(axis=0)).max()
        for one in (reenacted, moved)
    ]
    assert face.mean() > 0.05 and off[1] < off[0] / 4
    np.testing.assert_array_equal(moved[where == 0], reenacted[where == 0])


CALLS: list[tuple[dict[str, Any], type[AotfaceError], str]] = [
    (
        {"consent": False},
        UsageError,
        "tick consent first: swap a face only where both people agree, or a licence allows it",
    ),
    ({"strength": 2.0}, UsageError, "expected strength from 0 to 1, got 2"),
    ({"camera_match": "maybe"}, UsageError, "expected camera_match on or off, got 'maybe'"),
    ({"transfer": "magic"}, UsageError, "expected a transfer out of aot, "),
    ({"face": "3"}, FaceError, "face 3 of the target does not exist"),
    ({"weights": "gone.safetensors", "transfer": "aot"}, AotfaceError, "gone.safetensors"),
]


@pytest.mark.parametrize(("more", "kind", "line"), CALLS, ids=lambda value: str(value)[:20])
def test_faults_are_one_plain_line(
    nodes: ModuleType, swapped: Batch, original: Batch, more: dict[str, Any], kind: type, line: str
) -> None:
    with pytest.raises(kind) as caught:
        refine(nodes, swapped[:1], original[:1], **more)
    assert line in str(caught.value) and "\n" not in str(caught.value) and "--" not in str(caught.value)


def test_batches_that_do_not_meet_are_refused(nodes: ModuleType, swapped: Batch, original: Batch) -> None:
    with pytest.raises(InputError, match=r"^swapped: expected the target's 3 frames, got 2$"):
        refine(nodes, swapped[:2], original[:3])
    with pytest.raises(InputError, match=r"^swapped: expected the target's 192 pixels of width, got 100$"):
        refine(nodes, [frame[:, :100] for frame in swapped[:2]], original[:2])
    with pytest.raises(NoFaceError, match="^target, picture 1: no face found"):
        refine(nodes, [*swapped[:1], plain_frame(0, SIDE)], [original[0], plain_frame(0, SIDE)], steady=False)
    node = nodes.NODE_CLASS_MAPPINGS["AOTRefine"]()
    with pytest.raises(InputError, match="^original, frame 0: expected finite numbers"):
        node.refine(batch(swapped[:1]), batch(original[:1]) * torch.nan, True)
    with pytest.raises(InputError, match=r"^swapped: expected frames x height x width x 3, got 8 x 8$"):
        node.refine(torch.zeros(8, 8), batch(original[:1]), True)


def test_one_engine_is_kept(nodes: ModuleType) -> None:
    module = __import__("sys").modules[nodes.NODE_CLASS_MAPPINGS["AOTSwap"].__module__]
    first = module.engine_for({"device": "auto", "reenact": "mesh", "reenact_model": "", "strength": 0.5})
    options = {"device": "auto", "reenact": "mesh", "strength": 0.7}
    assert module.engine_for(options) is first and options == {"strength": 0.7}
    assert module.engine_for({"device": "cpu"}) is not first


def test_stop_is_asked_for_each_frame(nodes: ModuleType, swapped: Batch, original: Batch) -> None:
    asked = []
    with pytest.raises(Interrupted):
        for _ in aotface.Swapper().refine_frames(
            swapped, original, transfer="mean", cancel=lambda: bool(asked.append(1)) or len(asked) > COUNT
        ):
            pass
    assert len(asked) == COUNT + 1


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_workflows_are_valid_and_run(
    nodes: ModuleType, core: dict[str, type], name: str, tmp_path: Path, swapped: Batch, original: Batch
) -> None:
    known = core | nodes.NODE_CLASS_MAPPINGS
    prompt = json.loads((NODES / "api_workflows" / f"{name}.json").read_text())
    drawn = as_prompt(json.loads((NODES / "example_workflows" / f"{name}.json").read_text()), known)
    assert drawn == {key: {n: row[n] for n in ("class_type", "inputs")} for key, row in prompt.items()}
    write_frames(tmp_path / "original.mp4", original[:2])
    write_frames(tmp_path / "swapped.mp4", swapped[:2])
    key = next(key for key, row in prompt.items() if "consent" in row["inputs"])
    with pytest.raises(UsageError, match="^tick consent first"):  # nobody's consent is ticked for them
        execute(prompt, known)
    prompt[key]["inputs"] |= {"consent": True, "transfer": "mean"}
    made = execute(prompt, known)
    shown = [value for name, value in made.items() if name.endswith(".ui")]
    assert len(shown) == 2 and all(shown)
    broken = json.loads(json.dumps(prompt))
    broken[key]["inputs"] |= {"strength": 7, "transfer": "magic"}
    del broken[key]["inputs"]["consent"]
    assert len(faults(broken, known)) == 3


def test_the_folder_is_complete() -> None:
    table = tomllib.loads((NODES / "pyproject.toml").read_text())
    assert table["project"]["dependencies"] == (NODES / "requirements.txt").read_text().split()
    assert re.search(r"custom_nodes", (NODES / "README.md").read_text())
