"""Train one detector on the fakes of a store, and write its file and its model card."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from aotface.errors import InputError
from aotface.forensics.calibration import calibrate
from aotface.forensics.crops import stacked
from aotface.forensics.data import check_sides, load_pool
from aotface.forensics.detectors import kind
from aotface.forensics.detectors.base import FitSettings, Labelled, logits
from aotface.forensics.measures import auc, equal_error_rate, threshold
from aotface.forensics.page import LIMITS
from aotface.forensics.trained import save
from aotface.media.files import check_output, write_bytes
from aotface.reporter import Reporter


@dataclass(frozen=True)
class TrainRequest:
    """``methods``: whose fakes are used; empty = all but controls. ``kind``: ``picture`` or ``clip``."""

    stores: tuple[Path, ...]
    detector: str
    methods: tuple[str, ...] = ()
    kind: str = "picture"
    settings: FitSettings = FitSettings()


def train(
    request: TrainRequest, output: Path, overwrite: bool, reporter: Reporter, fabric: Any = None
) -> str:
    """Train on the split train, choose threshold and calibration on val, write ``output`` and its card beside it.

    Returns:
        One line of numbers.

    Raises:
        InputError: one class, one person, unknown methods. NoFaceError: nobody is seen.
    """
    card = output.with_suffix(".md")
    for path in (output, card):
        check_output(path, overwrite)
    file = kind(request.detector)
    pool = load_pool(
        request.stores,
        ("train", "val"),
        file.FRAMES if request.kind == "clip" else 1,
        request.kind,
        None,
        reporter,
    )
    wanted = [
        one
        for one in pool.items
        if not one.fake or (one.info.method in request.methods if request.methods else not one.info.control)
    ]
    sides = [[one for one in wanted if one.info.split == split] for split in ("train", "val")]
    if request.methods and (unknown := set(request.methods) - {one.info.method for one in wanted}):
        raise InputError(f"no fakes of method {sorted(unknown)[0]!r} in these stores")
    check_sides(*sides)
    data, val = (Labelled(stacked(side), np.array([one.fake for one in side])) for side in sides)
    network = file.network(request.settings)
    file.fit(network, data, request.settings, fabric)
    if fabric is not None and not fabric.is_global_zero:
        return ""
    found = logits(network, val.clips)
    real, fake = found[~val.fake], found[val.fake]
    steps = calibrate(real, fake)
    numbers = {
        "val_auc": auc(real, fake),
        "val_eer": equal_error_rate(real, fake),
        "threshold": float(steps.probability(np.array([threshold(real, fake)]))[0]),
        "slope": steps.slope,
        "offset": steps.offset,
    }
    methods = sorted({str(one.info.method) for one in sides[0] if one.fake})
    people = len({one.info.target_person for one in sides[0]})
    facts = {name: f"{value:.4g}" for name, value in numbers.items()}
    facts |= {
        "methods": ",".join(methods),
        "people": str(people),
        "samples": str(len(sides[0])),
        "kind": request.kind,
    }
    save(output, request.detector, network, request.settings, facts, overwrite)
    write_bytes(card, card_of(output.stem, request.detector, facts).encode(), overwrite)
    return f"{len(sides[0])} samples of {people} people; validation AUC {numbers['val_auc']:.3f}"


def card_of(name: str, detector: str, facts: dict[str, str]) -> str:
    """The model card."""
    rows = "\n".join(f"| {key} | {value} |" for key, value in facts.items())
    return (
        f"# {name}\n\nA forgery detector of kind `{detector}`.\n\n{LIMITS}\n\n"
        "## Can\n\n- Tell fakes by the methods below from reals of the same kind of pictures, as on validation.\n"
        "- Say how likely a fake is where reals and fakes are as many: slope and offset come from validation people.\n\n"
        "## Cannot\n\n- Say who or what made a picture, or anything about the person in it.\n"
        "- Be trusted on other swappers, cameras or compression: measure first.\n- Replace a provenance mark.\n\n"
        f"| fact | value |\n|---|---|\n{rows}\n"
    )
