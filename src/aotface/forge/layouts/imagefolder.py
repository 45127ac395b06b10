"""Hugging Face imagefolder: a folder for each split with ``metadata.jsonl``; the mask is a second column."""

import json

from aotface.forge.export import Export, row_of
from aotface.forge.plan import SPLITS
from aotface.forge.store import FRAMES, MASKS


def write(export: Export) -> None:
    """Write frames, masks and rows."""
    rows: dict[str, list[str]] = {split: [] for split in SPLITS}
    for sample, number, name in export.frames():
        split = sample.info.split
        export.place(sample.path(FRAMES, number), f"{split}/frames/{name}.png")
        export.place(sample.path(MASKS, number), f"{split}/masks/{name}.png")
        files = {"file_name": f"frames/{name}.png", "mask_file_name": f"masks/{name}.png"}
        rows[split].append(json.dumps(files | row_of(sample, number)) + "\n")
    for split, lines in rows.items():
        if lines:
            export.write(f"{split}/metadata.jsonl", "".join(lines).encode())
