"""One face of 256 px through the network, by every backend that is here, and through other transfers."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from aotface.compose.pipeline import transport
from aotface.errors import AotfaceError
from aotface.evaluation.baselines import BASELINES
from aotface.face.align import align
from aotface.face.detect import detect
from aotface.media.image import read_image
from aotface.options import DEFAULTS, LEARNED, Options
from aotface.profiling.clip import TARGET
from aotface.profiling.clock import Clock, Cost
from aotface.profiling.stages import SOURCE
from aotface.reenact.base import Reenacted
from aotface.reenact.mesh import reenact
from aotface.samples import sample
from aotface.transfer import classical as colour
from aotface.transfer.aot.backends import installed
from aotface.types import AlignedFace

OTHERS = {
    "mkl": "mkl: mean and covariance",
    "sliced": "sliced: whole colour distribution",
    "dfl-sot": "sliced transport as users of DeepFaceLab run it (dfl-sot)",
}
"""What the network is compared with: two transfers of ours and a baseline."""


@dataclass(frozen=True)
class OneFace:
    """A sample in another sample's pose, at 256 px."""

    target: AlignedFace
    reenacted: Reenacted

    @staticmethod
    def made() -> "OneFace":
        """From the packaged samples."""
        source, frame = (read_image(sample(name)).frame for name in (SOURCE, TARGET))
        target = align(frame, detect(frame)[0])
        return OneFace(target, reenact(source, detect(source)[0], target))

    def moved(self, options: Options) -> np.ndarray:
        """Y."""
        return transport(self.reenacted, self.target, self.reenacted.mask, options)


def measure_backends(
    repeat: int, options: Options = DEFAULTS
) -> tuple[dict[str, Cost], dict[str, AotfaceError]]:
    """What the transport of one face costs with each backend that is installed.

    Args:
        repeat: how often; they take turns, so that a busy computer is as busy for all.
        options: which weights.

    Returns:
        Median cost by backend, and why some cannot be used although they are installed.
    """
    face, clock, broken = OneFace.made(), Clock(), {}
    ways = {}
    for backend in installed():
        chosen = replace(options, backend=backend, transfer=LEARNED)
        try:
            face.moved(chosen)  # makes the file, and warms up
        except AotfaceError as error:
            broken[backend] = error
            continue
        ways[backend] = chosen
    for _ in range(repeat):
        for backend, chosen in ways.items():
            clock.time(backend, lambda chosen=chosen: face.moved(chosen))  # type: ignore[misc]
    return clock.costs(), broken


def measure_transfers(options: Options, repeat: int = 5) -> dict[str, Cost]:
    """What the transfer of one face costs: the chosen one, `OTHERS`, and the network by every backend.

    Returns:
        Cost by what it is.
    """
    face, clock = OneFace.made(), Clock()

    def peer(name: str) -> Callable[[], np.ndarray]:
        crops = face.reenacted.crop, face.target.crop, face.reenacted.mask
        return lambda: (BASELINES.get(name) or colour.find(name))(*crops, seed=options.seed)

    found = {f"aot by {name}": cost for name, cost in measure_backends(repeat, options)[0].items()}
    if options.transfer not in (LEARNED, *OTHERS):
        clock.time(options.transfer, peer(options.transfer))
    for name, words in OTHERS.items():
        for _ in range(1 if name in BASELINES else repeat):  # a baseline takes seconds
            clock.time(words, peer(name))
    return found | clock.costs()
