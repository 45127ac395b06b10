"""What can be set at a node: the options of the command line, under the same names, with the same defaults."""

from typing import Any

from aotface.compose.adjust import MOST_MIRED, MOST_STOPS
from aotface.compose.label import LABEL_PLACES
from aotface.options import BACKENDS, DEFAULTS, DEVICES
from aotface.reenact.registry import MESH, reenactor_names
from aotface.transfer import names
from aotface.video.in_memory import CHROMA

Widget = tuple[Any, dict[str, Any]]
"""The type of an input (a list: one of these), and how it is shown."""


def _choice(values: Any, default: str, tooltip: str) -> Widget:
    return list(values), {"default": default, "tooltip": tooltip}


def _number(default: float, low: float, high: float, step: float, tooltip: str) -> Widget:
    return "FLOAT", {"default": default, "min": low, "max": high, "step": step, "tooltip": tooltip}


def _text(default: str, tooltip: str) -> Widget:
    return "STRING", {"default": default, "tooltip": tooltip}


def _switch(default: bool, on: str, off: str, tooltip: str) -> Widget:
    return "BOOLEAN", {"default": default, "label_on": on, "label_off": off, "tooltip": tooltip}


def consent() -> dict[str, Widget]:
    """What must be ticked before a swap is made or refined."""
    words = "Both people shown agree to this, or a licence of the material allows it."
    return {"consent": _switch(False, "given", "not given", words)}


def look() -> dict[str, Widget]:
    """What changes how the new face looks."""
    return {
        "transfer": _choice(
            names(), DEFAULTS.transfer, "Moves the face into the light and tone of the target."
        ),
        "strength": _number(
            DEFAULTS.strength, 0, 1, 0.05, "Of the transfer: 0 leaves the face in its own light."
        ),
        "exposure": _number(
            DEFAULTS.exposure, -MOST_STOPS, MOST_STOPS, 0.05, "Brighter or darker face: stops."
        ),
        "temperature": _number(
            DEFAULTS.temperature, -MOST_MIRED, MOST_MIRED, 1, "Warmer (more) or cooler (less) face: mired."
        ),
    }


def camera() -> dict[str, Widget]:
    """Whether the new face looks as if the target's camera had taken it."""
    words = "on: the face gets the grain, fine texture and sharpness of the target."
    return {"camera_match": _choice(("on", "off"), DEFAULTS.camera_match, words)}


def gaze() -> dict[str, Widget]:
    """Whose the direction of the eyes is."""
    words = "Eyes look where the target's do, or as in the source."
    return {"gaze": _choice(("target", "source"), DEFAULTS.gaze, words)}


def face() -> dict[str, Widget]:
    """Which face of the target."""
    words = "Of the target: largest, all, its number, or the file of a picture of the person."
    return {"face": _text(DEFAULTS.face, words)}


def frames() -> dict[str, Widget]:
    """How a batch is understood."""
    return {
        "steady": _switch(
            True, "one video", "single pictures", "Whether the batch is the frames of one video."
        ),
        "fps": _number(25.0, 0.01, 1000, 0.01, "Frames per second of that video."),
        "chroma": _choice(
            CHROMA,
            CHROMA[0],
            "half: frames of a video come out as a usual video file (4:2:0) will store them.",
        ),
    }


def engine() -> dict[str, Widget]:
    """What computes, and what makes a run repeatable."""
    seed = {"default": DEFAULTS.seed, "min": 0, "max": 0xFFFFFFFF, "control_after_generate": False}
    return {
        "seed": ("INT", {**seed, "tooltip": "Of random numbers: same input and seed, same pixels."}),
        "weights": _text(DEFAULTS.weights, "Of aot: a packaged name, or a file."),
        "device": _choice(DEVICES, DEVICES[0], "Where networks run."),
        "backend": _choice(BACKENDS, DEFAULTS.backend, "Runtime of the network of aot."),
    }


def marks() -> dict[str, Widget]:
    """What tells that a face is swapped."""
    return {
        "mark": _switch(
            True, "watermark", "none", "The invisible watermark in every picture with a new face."
        ),
        "label": _text(
            DEFAULTS.label, "A label that people can see: none, ai, ai-modified, or your own text."
        ),
        "label_place": _choice(LABEL_PLACES, DEFAULTS.label_place, "Corner of the label."),
        "label_size": _number(
            DEFAULTS.label_size, 1, 20, 0.5, "Height of its letters in percent of the shorter side."
        ),
    }


def reenactor() -> dict[str, Widget]:
    """What brings the source into the target's pose."""
    return {
        "source_face": _text(DEFAULTS.source_face, "Of the source: largest, or its number."),
        "reenact": _choice(reenactor_names(), MESH, "mesh, or a swapper in ONNX format."),
        "reenact_config": _text("", "With onnx: the file that describes the network."),
        "reenact_model": _text("", "The swapper's file."),
        "reenact_embedding": _text("", "The file of its identity network."),
        "reenact_converter": _text("", "The file that converts between both."),
    }
