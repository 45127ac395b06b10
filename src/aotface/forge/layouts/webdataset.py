"""WebDataset: tar shards by split, one group of files for each frame: ``.png``, ``.mask.png``, ``.json``, ``.cls``."""

import io
import json
import tarfile

from aotface.forge.export import Export, row_of
from aotface.forge.plan import SPLITS
from aotface.forge.store import FRAMES, MASKS
from aotface.media.files import read_bytes

SHARD = 1000
"""Frames in a shard."""


def write(export: Export) -> None:
    """Write the shards; the same store, the same bytes.

    Source: https://github.com/webdataset/webdataset, format only: the key of a group ends at the first dot.
    """
    for split in SPLITS:
        mine = [row for row in export.frames() if row[0].info.split == split]
        for shard in range(0, len(mine), SHARD):
            file = io.BytesIO()
            with tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as tar:
                for place, (sample, number, _) in enumerate(mine[shard : shard + SHARD], shard):
                    row = json.dumps(row_of(sample, number)).encode()
                    parts = {
                        "png": read_bytes(sample.path(FRAMES, number)),
                        "mask.png": read_bytes(sample.path(MASKS, number)),
                        "json": row,
                        "cls": str(int(sample.info.label == "fake")).encode(),
                    }
                    for ending, data in parts.items():
                        entry = tarfile.TarInfo(f"{place:06d}.{ending}")
                        entry.size = len(data)
                        tar.addfile(entry, io.BytesIO(data))
            export.write(f"{split}-{shard // SHARD:06d}.tar", file.getvalue())
