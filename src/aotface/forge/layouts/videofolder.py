"""Hugging Face videofolder: a folder for each split with ``metadata.jsonl``."""

import json

from aotface.forge.export import Export, row_of
from aotface.forge.plan import SPLITS


def write(export: Export) -> None:
    """Write videos and rows. The first quality is taken."""
    rows: dict[str, list[str]] = {split: [] for split in SPLITS}
    for sample in export.samples:
        name, split = f"{sample.info.id}.mp4", sample.info.split
        export.place_video(sample, export.qualities[0], f"{split}/{name}")
        rows[split].append(json.dumps({"file_name": name} | row_of(sample)) + "\n")
    for split, lines in rows.items():
        if lines:
            export.write(f"{split}/metadata.jsonl", "".join(lines).encode())
