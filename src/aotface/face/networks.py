"""Google's face and hand models (see ``models/NOTICE``) and our rim network, as ONNX files here, run by onnxruntime.

A session may be used by many threads at once, has no threads of its own, and gives the same bytes for the same input.
"""

import os
import threading
from importlib import resources
from typing import Any

import numpy as np
from jaxtyping import Float32

from aotface.media.onnx_runtime import open_session

SHA256 = {
    "face_landmarks": "5751c30cbea10a0f654acc39e132a286f7f0ad05541ffc9241b86850c8ba1440",
    "face_blendshapes": "a62990e7b7b612f29c9ba24efadeb63c73ebc954b0586c7a512dcbac2d073530",
    "face_detection_full_range": "7dced429b09614efc1f8c682f6d2a3c6553b644f233cac3e93c9157bf62dc500",
    "face_detection_short_range": "1bb88f146572266532f0e78f1dc1ec9914285257fd2ac08384c79c0aac917c43",
    "palm_detection": "a9619ab5fe576931dba83e110b7ba835c4e3f187eec1fc3e4a4cbf9adc42d567",
    "hand_landmarks": "f25a55115f30b9cc9f8745ec86a77b14342e0ee1abb14519087088693a54893b",
    "rims": "185b2d9bff191a92797e4a0e714c4caafff370ffafa0fbd906f02d82c3dd3023",
}
"""Names of the models, and what their files hash to."""

_ONE_LOADS = threading.Lock()
_sessions: dict[str, Any] = {}
_abandoned: list[Any] = []


def model_file(name: str) -> Any:
    """The file of a model, as a resource of this package."""
    return resources.files("aotface.face.models").joinpath(f"{name}.onnx")


def run(name: str, values: Float32[np.ndarray, "..."]) -> list[np.ndarray]:
    """Run a model on one input.

    Args:
        name: out of `SHA256`.
        values: as the model takes them, with a batch axis of 1.

    Returns:
        Its outputs, in the file's order.
    """
    return list(_session(name).run(None, {"input": np.ascontiguousarray(values)}))


def _session(name: str) -> Any:
    """The model, loaded once."""
    with _ONE_LOADS:
        if name not in _sessions:
            _sessions[name] = open_session(model_file(name).read_bytes())
        return _sessions[name]


def _after_fork() -> None:
    """A forked child loads its own: another thread of its parent may have been inside a session, holding its locks."""
    global _ONE_LOADS
    _ONE_LOADS = threading.Lock()
    _abandoned.extend(_sessions.values())  # not freed: that could wait for such a lock
    _sessions.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
