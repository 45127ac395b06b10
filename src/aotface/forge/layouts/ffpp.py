"""FaceForensics++: videos by method and quality, masks beside the qualities, lists of pairs at the root."""

import json

from aotface.errors import UsageError
from aotface.forge.export import MASK_QUALITY, Export
from aotface.forge.plan import SPLITS
from aotface.forge.store import HARD, MASKS

MOST = 999
"""Its ids have three digits."""


def write(export: Export) -> None:
    """Write the tree.

    Raises:
        UsageError: too many inputs for ids of three digits.

    Source: https://github.com/ondyari/FaceForensics, layout only.
    """
    for sample in export.samples:
        info = sample.info
        if len(info.target) > 3:
            raise UsageError(
                f"FaceForensics++ has ids of three digits, at most {MOST + 1} inputs; got id {info.target}"
            )
        if info.label == "real":
            for quality in export.qualities:
                name = f"original_sequences/youtube/{quality}/videos/{info.target}.mp4"
                export.place_video(sample, quality, name)
            continue
        base, name = f"manipulated_sequences/{info.method}", f"{info.target}_{info.source}.mp4"
        for quality in export.qualities:
            export.place_video(sample, quality, f"{base}/{quality}/videos/{name}")
        for kind, folder in ((MASKS, "masks"), (HARD, "masks_hard")):
            export.place_video(sample, MASK_QUALITY, f"{base}/{folder}/videos/{name}", kind)
    pairs = export.whole.plan().pairs
    split = {sample.info.target: sample.info.split for sample in export.samples}
    for one in SPLITS:
        rows = [[pair.a, pair.b] for pair in pairs if split.get(pair.a) == one]
        export.write(f"{one}.json", (json.dumps(rows, indent=1) + "\n").encode())
