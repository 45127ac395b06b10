"""One face of 256 px through the network, by every backend that is here, and through other transfers."""

from dataclasses import replace

from aotface.errors import AotfaceError
from aotface.evaluation.baselines import BASELINES
from aotface.face.align import align
from aotface.face.detect import detect
from aotface.media.image import read_image
from aotface.options import DEFAULTS, Options
from aotface.profiling.clip import TARGET
from aotface.profiling.clock import Clock, Cost
from aotface.profiling.stages import SOURCE
from aotface.reenact.mesh import MeshReenactor
from aotface.samples import sample
from aotface.transfer import listed, open_transfer, transfer_for
from aotface.transfer.aot.backends import installed
from aotface.transfer.base import FacePair, Transfer
from aotface.types import Crop

NETWORK = DEFAULTS.transfer
"""The transfer whose backends are compared."""

OTHERS = {
    "mkl": "mkl: mean and covariance",
    "sliced": "sliced: whole colour distribution",
    "dfl-sot": "sliced transport as users of DeepFaceLab run it (dfl-sot)",
}
"""What the network is compared with: two transfers of ours and a baseline."""


def face_pair() -> FacePair:
    """A sample in another sample's pose, at 256 px."""
    source, frame = (read_image(sample(name)).frame for name in (SOURCE, TARGET))
    target = align(frame, detect(frame)[0])
    made = MeshReenactor().prepare(source, detect(source)[0]).reenact(target)
    counted = made.mask * (1 - made.from_target)
    return FacePair(made.crop, target.crop, counted, target.landmarks, made.landmarks)


def moved(transfer: Transfer, face: FacePair) -> Crop:
    """Y, as a swap makes it; what is worked out of the face counts each time."""
    return transfer.find(replace(face)).apply(face.reenacted)


def measure_backends(
    repeat: int, options: Options = DEFAULTS
) -> tuple[dict[str, Cost], dict[str, AotfaceError]]:
    """What the transfer of one face costs with each backend that is installed.

    Args:
        repeat: how often; they take turns, so that a busy computer is as busy for all.
        options: which weights.

    Returns:
        Median cost by backend, and why some cannot be used although they are installed.
    """
    face, clock, broken, opened = face_pair(), Clock(), {}, {}
    for backend in installed():
        try:
            transfer = transfer_for(replace(options, backend=backend, transfer=NETWORK))
            moved(transfer, face)  # warms up
        except AotfaceError as error:
            broken[backend] = error
            continue
        opened[backend] = transfer
    for _ in range(repeat):
        for backend, transfer in opened.items():
            clock.time(backend, lambda transfer=transfer: moved(transfer, face))  # type: ignore[misc]
    return clock.costs(), broken


def measure_transfers(options: Options, repeat: int = 5) -> dict[str, Cost]:
    """What the transfer of one face costs: the chosen one, `OTHERS`, and the network by every backend.

    Returns:
        Cost by what it is.
    """
    face, clock = replace(face_pair(), seed=options.seed), Clock()
    found = {f"{NETWORK} by {name}": cost for name, cost in measure_backends(repeat, options)[0].items()}
    if options.transfer not in OTHERS and not listed(options.transfer).uses_network:
        clock.time(options.transfer, lambda: moved(open_transfer(options.transfer), face))
    for name, words in OTHERS.items():
        transfer = BASELINES[name] if name in BASELINES else open_transfer(name)
        for _ in range(1 if name in BASELINES else repeat):  # a baseline takes seconds
            clock.time(words, lambda transfer=transfer: moved(transfer, face))  # type: ignore[misc]
    return found | clock.costs()
