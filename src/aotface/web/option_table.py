"""Which options of `swap` and `refine` the studio offers, made from the command line's own; and why others are not."""

import re
from dataclasses import dataclass, fields
from typing import Any, get_args, get_origin, get_type_hints

from aotface.commands.refine import Refine
from aotface.commands.swap import Swap
from aotface.compose.output_layers import LAYERS
from aotface.media.files import WRITABLE_SUFFIXES
from aotface.media.kinds import CONTAINERS

KINDS: dict[str, Any] = {"swap": Swap, "refine": Refine}


@dataclass(frozen=True)
class Offer:
    """What the command line checks later and the API says beforehand: choices, bounds, form and length of a text.

    ``help``: in place of the command line's, where that speaks of files.
    """

    choices: tuple[str, ...] = ()
    min: int | float | None = None
    max: int | float | None = None
    pattern: str | None = None
    longest: int | None = None
    help: str = ""


@dataclass(frozen=True)
class StudioOption:
    """One option of the API. ``type``: text, number, integer, choice or list; ``applies``: to which kinds of job."""

    name: str
    type: str
    default: Any
    help: str
    applies: tuple[str, ...]
    min: int | float | None = None
    max: int | float | None = None
    choices: tuple[str, ...] = ()
    pattern: str | None = None
    longest: int | None = None


BODY = {
    "target": "`target` (of a refinement `original`)",
    "source": "`source`",
    "swapped": "`swapped`",
    "mask": "`mask`",
    "face_map": "`assign`",
    "output": "option `format`; the server makes the names",
    **{f"save_{layer.name}": "option `layers`" for layer in LAYERS},
}
"""Command line options that stand elsewhere in a job, and where."""

WITHHELD = {
    "mark": "marks are always on",
    "weights": "`aotface serve --weights`",
    "device": "`aotface serve --device`",
    "backend": "`aotface serve --backend`",
    "reenact": "`aotface serve --reenact`",
    "reenact_config": "`aotface serve --reenact-config`",
    "reenact_model": "`aotface serve --reenact-model`",
    "reenact_embedding": "`aotface serve --reenact-embedding`",
    "reenact_converter": "`aotface serve --reenact-converter`",
    "certificate": "`aotface serve --certificate`",
    "key": "`aotface serve --key`",
    "timestamp_url": "the server asks no other",
    "save_frames": "the video holds every frame",
    "fps": "upload a video",
    "ray": "the server has one worker",
    "workers": "the server has one worker",
    "overwrite": "every job has its own place",
    "skip_existing": "see `Idempotency-Key`",
    "wait": "the queue waits",
    "run_log": "see `/v1/jobs/{id}/record`",
    "save_job": "the record holds the job",
}
"""Command line options that the studio does not take, and why."""


def _offers() -> dict[str, Offer]:
    from aotface.compose.adjust import MOST_MIRED, MOST_STOPS
    from aotface.compose.label import LABEL_PLACES, LONGEST_LABEL
    from aotface.jobs.spec import TRAINING
    from aotface.media.video.encode import AUTO, ENCODERS, PRESETS
    from aotface.transfer import names

    return {
        "transfer": Offer(names()),
        "face": Offer(
            pattern="^(largest|all|[0-9]{1,4})$",
            help="Face of the target: largest, all, or its number. `assign` takes a face of any frame, or a reference.",
        ),
        "source_face": Offer(pattern="^(largest|[0-9]{1,4})$"),
        "seed": Offer(max=2**31 - 1),
        "camera_match": Offer(("on", "off")),
        "gaze": Offer(("target", "source")),
        "strength": Offer(min=0, max=1),
        "exposure": Offer(min=-MOST_STOPS, max=MOST_STOPS),
        "temperature": Offer(min=-MOST_MIRED, max=MOST_MIRED),
        "quality": Offer(help="Of JPEG and WebP; else 95, of JPEG no coarser than the target's own."),
        "training_mining": Offer(TRAINING),
        "label": Offer(longest=LONGEST_LABEL),
        "label_place": Offer(LABEL_PLACES),
        "label_size": Offer(),
        "trim_start": Offer(min=0, max=86400),
        "trim_end": Offer(min=0, max=86400),
        "codec": Offer((AUTO, *ENCODERS)),
        "crf": Offer(),
        "preset": Offer(PRESETS),
    }


FORMATS = ("auto", *dict.fromkeys(suffix[1:] for suffix in (*WRITABLE_SUFFIXES, *CONTAINERS, ".gif")))
"""What a result can be: the suffixes that are written."""


def studio_options() -> tuple[StudioOption, ...]:
    """Every option of the API, in the order of the command line."""
    made = {}
    for name, offer in _offers().items():
        kinds = tuple(kind for kind, command in KINDS.items() if name in command.__dataclass_fields__)
        made[name] = _from_command(KINDS[kinds[0]], name, offer, kinds)
    layers = "; ".join(f"{layer.name}: {layer.summary}" for layer in LAYERS)
    both = tuple(KINDS)
    made["format"] = StudioOption(
        "format",
        "choice",
        "auto",
        "Kind of file of the result; auto is that of the target.",
        both,
        choices=FORMATS,
    )
    made["layers"] = StudioOption(
        "layers", "list", [], f"Also make: {layers}.", both, choices=tuple(layer.name for layer in LAYERS)
    )
    return tuple(made.values())


def _from_command(command: Any, name: str, offer: Offer, kinds: tuple[str, ...]) -> StudioOption:
    """One option as the command line has it: its default, bounds and help."""
    (default,) = [field.default for field in fields(command) if field.name == name]
    hint = get_type_hints(command, include_extras=True)[name]
    said = hint.__metadata__[0]
    base = _base(get_args(hint)[0])
    kind = "choice" if offer.choices else {int: "integer", float: "number", str: "text"}[base]
    return StudioOption(
        name,
        kind,
        default,
        offer.help or re.sub(r"\b(TARGET|SOURCE)\b", lambda found: f"the {found[1].lower()}", said.help),
        kinds,
        said.min if offer.min is None else offer.min,
        said.max if offer.max is None else offer.max,
        offer.choices,
        offer.pattern,
        offer.longest,
    )


def _base(hint: Any) -> type:
    """``float`` of ``float | None``."""
    found = hint if get_origin(hint) is None else next(one for one in get_args(hint) if one is not type(None))
    assert isinstance(found, type)
    return found
