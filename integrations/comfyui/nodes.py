"""The nodes. A node holds nothing between calls; one engine is shared by all of them."""

from collections.abc import Iterable
from functools import lru_cache
from itertools import chain
from typing import Any

import torch

from aotface import Swapper
from aotface.errors import InputError, UsageError
from aotface.provenance.verify import LOOKS, MORE_LOOKS

from . import widgets
from .host import LOG, progress, stopped, told_plainly
from .tensors import Frames, as_image, as_mask

CATEGORY = "aotface"
_ENGINE = ("device", "reenact", "reenact_config", "reenact_model", "reenact_embedding", "reenact_converter")
"""Options that decide what is loaded; all others may change from call to call."""


@lru_cache(maxsize=1)
def _engine(**settings: str) -> Swapper:
    return Swapper(**settings)  # type: ignore[arg-type]


def engine_for(options: dict[str, Any]) -> Swapper:
    """The engine of some options, which are taken out of them; the last one is kept."""
    given = {name: options.pop(name) for name in _ENGINE if name in options}
    return _engine(**{name: value for name, value in given.items() if value})


def _call(options: dict[str, Any]) -> dict[str, Any]:
    return options | {"progress": progress(), "cancel": stopped, "warn": LOG.warning}


def _check_consent(given: bool) -> None:
    if not given:
        raise UsageError(
            "tick consent first: swap a face only where both people agree, or a licence allows it"
        )


def _finished(made: Iterable[Any], *layers: str) -> tuple[torch.Tensor, ...]:
    """Frames, masks, and further layers, of what the engine made."""
    rows = [(one.frame, one.mask, *(getattr(one, layer) for layer in layers)) for one in made]
    frames, masks, *more = zip(*rows, strict=True)
    return as_image(frames), as_mask(masks), *(as_image(layer) for layer in more)


class Refine:
    """Another tool's swap, moved into the light and tone of the original."""

    CATEGORY, FUNCTION = CATEGORY, "refine"
    DESCRIPTION = "Moves a face that any other tool has swapped into the light and tone of its original."
    RETURN_TYPES, RETURN_NAMES = ("IMAGE", "MASK"), ("image", "mask")

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, dict[str, widgets.Widget]]:
        """See ComfyUI."""
        return {
            "required": {
                "swapped": ("IMAGE", {"tooltip": "After the swap; frames of one video, or pictures."}),
                "original": (
                    "IMAGE",
                    {"tooltip": "The same frames before: their light and tone are wanted."},
                ),
                **widgets.consent(),
            },
            "optional": {
                "mask": ("MASK", {"tooltip": "White where the swap shows. Else it is found."}),
                **widgets.look(),
                **widgets.camera(),
                **widgets.face(),
                **widgets.frames(),
                **widgets.marks(),
                **widgets.engine(),
            },
        }

    def refine(
        self,
        swapped: torch.Tensor,
        original: torch.Tensor,
        consent: bool,
        mask: torch.Tensor | None = None,
        **options: Any,
    ) -> tuple[torch.Tensor, ...]:
        """Frames, and with which weight new faces show."""
        with told_plainly():
            _check_consent(consent)
            before, target = Frames(swapped, "swapped"), Frames(original, "original")
            shown = None if mask is None else Frames(mask, "mask").repeated(len(target))
            return _finished(engine_for(options).refine_frames(before, target, shown, **_call(options)))


class Swap:
    """One person's face in another picture or video."""

    CATEGORY, FUNCTION = CATEGORY, "swap"
    DESCRIPTION = "Puts the face of source into target, in the target's pose, light and tone."
    RETURN_TYPES, RETURN_NAMES = ("IMAGE", "MASK", "IMAGE"), ("image", "mask", "reenacted")
    OUTPUT_TOOLTIPS = ("The finished frames.", "Where the new faces show.", "The swap before the transfer.")

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, dict[str, widgets.Widget]]:
        """See ComfyUI."""
        return {
            "required": {
                "source": ("IMAGE", {"tooltip": "One picture of the person."}),
                "target": ("IMAGE", {"tooltip": "The frames to edit."}),
                **widgets.consent(),
            },
            "optional": {
                **widgets.look(),
                **widgets.camera(),
                **widgets.face(),
                **widgets.frames(),
                **widgets.marks(),
                **widgets.engine(),
                **widgets.reenactor(),
                **widgets.gaze(),
            },
        }

    def swap(
        self, source: torch.Tensor, target: torch.Tensor, consent: bool, **options: Any
    ) -> tuple[torch.Tensor, ...]:
        """Frames, masks, and the frames before the transfer."""
        with told_plainly():
            _check_consent(consent)
            person, frames = Frames(source, "source"), Frames(target, "target")
            if len(person) != 1:
                raise InputError(f"source: expected one picture, got a batch of {len(person)}")
            made = engine_for(options).swap_frames(person[0], frames, **_call(options))
            return _finished(made, "reenacted")


class Transfer:
    """A transfer alone, by any method."""

    CATEGORY, FUNCTION = CATEGORY, "transfer"
    DESCRIPTION = (
        "Moves the faces of image into the light and tone of target's, by any method. Nothing is blended."
    )
    RETURN_TYPES, RETURN_NAMES = ("IMAGE", "MASK"), ("image", "mask")

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, dict[str, widgets.Widget]]:
        """See ComfyUI."""
        mark = {"mark": widgets.marks()["mark"]}
        return {
            "required": {
                "image": ("IMAGE", {"tooltip": "Faces in place, such as reenacted of AOT Swap."}),
                "target": ("IMAGE", {"tooltip": "Of the same size: its light and tone are wanted."}),
            },
            "optional": {
                "mask": ("MASK", {"tooltip": "White where a face is moved; what shows of it when left out."}),
                **widgets.look(),
                **widgets.face(),
                **mark,
                **widgets.engine(),
            },
        }

    def transfer(
        self, image: torch.Tensor, target: torch.Tensor, mask: torch.Tensor | None = None, **options: Any
    ) -> tuple[torch.Tensor, ...]:
        """Pictures, and with which weight faces in them were moved."""
        with told_plainly():
            pictures, engine = Frames(image, "image"), engine_for(options)
            targets = Frames(target, "target").repeated(len(pictures))
            masks = None if mask is None else Frames(mask, "mask").repeated(len(pictures))
            for other in (targets, masks):
                if other is not None and len(other) != len(pictures):
                    raise InputError(f"{other.name}: expected 1 or {len(pictures)} frames, got {len(other)}")
            tell, made = progress(), []
            for number in range(len(pictures)):
                shown = None if masks is None else masks[number]
                made.append(engine.recolour(pictures[number], targets[number], shown, **options))
                tell("transfer", number + 1, len(pictures))
            return _finished(made)


class Verify:
    """The watermark of pictures."""

    CATEGORY, FUNCTION, OUTPUT_NODE = CATEGORY, "verify", True
    DESCRIPTION = (
        "Looks for the invisible watermark. Content credentials are in files: ask `aotface verify FILE`."
    )
    RETURN_TYPES, RETURN_NAMES = ("BOOLEAN", "STRING"), ("marked", "report")

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, dict[str, widgets.Widget]]:
        """See ComfyUI."""
        return {"required": {"image": ("IMAGE", {"tooltip": "Pictures, or frames of a video."})}}

    def verify(self, image: torch.Tensor) -> dict[str, Any]:
        """Whether one of the frames looked at is marked, and a line for each."""
        with told_plainly():
            frames, engine = Frames(image, "image"), engine_for({})
            lines, marked, looked = [], False, set[int]()
            for number in chain(*(_spread(len(frames), looks) for looks in (LOOKS, MORE_LOOKS))):
                if number in looked or (marked and len(looked) >= LOOKS):
                    continue
                looked.add(number)
                found = engine.read_watermark(frames[number])
                marked |= found.found
                said = "too small to be read" if found.too_small else "FOUND" if found.found else "none"
                lines.append(f"frame {number}: watermark {said} (score {found.score:.1f})")
            sure = "made with aotface" if marked else "no mark, which does not show that it is genuine"
            report = "\n".join([f"Result: {sure}.", *lines])
            return {"ui": {"text": [report]}, "result": (marked, report)}


def _spread(count: int, looks: int) -> list[int]:
    """Some frames, spread over all."""
    return sorted({count * (2 * look + 1) // (2 * looks) for look in range(looks)})


NODE_CLASS_MAPPINGS: dict[str, type] = {
    "AOTRefine": Refine,
    "AOTSwap": Swap,
    "AOTTransfer": Transfer,
    "AOTVerify": Verify,
}
NODE_DISPLAY_NAME_MAPPINGS = {
    "AOTRefine": "AOT Refine",
    "AOTSwap": "AOT Swap",
    "AOTTransfer": "AOT Transfer (any method)",
    "AOTVerify": "AOT Verify",
}
