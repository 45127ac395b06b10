"""DFDC: one folder for each split with ``metadata.json``; the test split has ``labels.csv`` (1 is fake)."""

import json

from aotface.forge.export import Export
from aotface.forge.plan import SPLITS
from aotface.forge.store import real_id


def write(export: Export) -> None:
    """Write the folders. The first quality is taken."""
    for split in SPLITS:
        metadata, labels = {}, ["filename,label\n"]
        for sample in (s for s in export.samples if s.info.split == split):
            info = sample.info
            name = f"{info.id}.mp4"
            export.place_video(sample, export.qualities[0], f"{split}/{name}")
            row = {"label": info.label.upper(), "split": split}
            if info.label == "fake":
                row["original"] = f"{real_id(info.target)}.mp4"
            metadata[name] = row
            labels.append(f"{name},{int(info.label == 'fake')}\n")
        if metadata:
            export.write(f"{split}/metadata.json", (json.dumps(metadata, indent=1) + "\n").encode())
            if split == "test":
                export.write(f"{split}/labels.csv", "".join(labels).encode())
