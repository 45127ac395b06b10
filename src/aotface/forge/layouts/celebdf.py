"""Celeb-DF v2: real and synthetic videos in two folders, and the list of test videos (1 is real, 0 is fake)."""

import csv
import io

from aotface.forge.export import Export, row_of
from aotface.forge.store import StoredSample

REAL, FAKE, OTHER = "Celeb-real", "Celeb-synthesis", "YouTube-real"


def write(export: Export) -> None:
    """Write folders, list, and a table of what each file is. The first quality is taken.

    Source: https://github.com/yuezunli/celeb-deepfakeforensics, layout only.
    """
    people = {p: n for n, p in enumerate(dict.fromkeys(s.info.target_person for s in export.samples))}
    tests, rows = [], []
    for sample in export.samples:
        name = _name(sample, people, export.methods)
        export.place_video(sample, export.qualities[0], name)
        rows.append({"file": name, **row_of(sample)})
        if sample.info.split == "test":
            tests.append(f"{int(sample.info.label == 'real')} {name}\n")
    export.write(f"{OTHER}/README.txt", b"Empty on purpose: all reals of this set are in Celeb-real.\n")
    export.write("List_of_testing_videos.txt", "".join(tests).encode())
    export.write("metadata.csv", table_of(rows))


def _name(sample: StoredSample, people: dict[str, int], methods: list[str]) -> str:
    """``id3_0012.mp4``, and ``id3_id5_0012_0034_0.mp4`` of a fake: people, inputs, and the method's place."""
    info = sample.info
    target = people[info.target_person]
    if info.label == "real":
        return f"{REAL}/id{target}_{info.target}.mp4"
    source = people[str(info.source_person)]
    return f"{FAKE}/id{target}_id{source}_{info.target}_{info.source}_{methods.index(str(info.method))}.mp4"


def table_of(rows: list[dict[str, object]]) -> bytes:
    """Rows as CSV."""
    file = io.StringIO()
    writer = csv.DictWriter(file, rows[0].keys() if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().encode()
