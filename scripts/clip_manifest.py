"""Write a manifest of clips for `aotface forge plan --manifest`: sha256, person, licence, consent and name of each.

    python scripts/clip_manifest.py GRID --layout grid -o grid.csv
    python scripts/clip_manifest.py CREMA-D --layout cremad -o cremad.csv
    aotface forge plan GRID CREMA-D --manifest both.csv -o plan.json

A clone of CREMA-D without its large files does as well: each clip's pointer of git-lfs holds its hash. That is how
`runs/forensics/cremad.csv` was made, of one neutral sentence by each of the 91 actors.

GRID names speakers by folders (``s1/bbaf2n.mpg``), CREMA-D by the first four digits (``1001_DFA_ANG_XX.flv``). A GRID clip
without such a folder counts as a person of its own, which is right only where each shows another.
"""

import argparse
import csv
import hashlib
import re
import sys
from pathlib import Path

LAYOUTS = {
    "grid": (
        r"(?:^|/)(s\d{1,2})/",
        "CC BY 4.0 (GRID corpus, Cooke et al. 2006)",
        "consenting volunteers of GRID",
    ),
    "cremad": (
        r"(?:^|/)(1\d{3})_[A-Z]{3}_",
        "ODbL (CREMA-D, Cao et al. 2014)",
        "consenting actors of CREMA-D",
    ),
}
POINTER = b"version https://git-lfs.github.com/spec/v1"

CLIPS = {".mpg", ".mpeg", ".mp4", ".flv", ".avi"}


def rows_of(folder: Path, layout: str) -> list[dict[str, str]]:
    """One row for each clip; `names` of files alone, so that the manifest holds wherever they lie."""
    rule, licence, consent = LAYOUTS[layout]
    found = []
    for path in sorted(folder.rglob("*")):
        below = path.relative_to(folder).as_posix()
        match = re.search(rule, below)
        if path.suffix.lower() not in CLIPS or (layout == "cremad" and match is None):
            continue
        person = f"{layout}-{match[1] if match else path.stem}"
        digest = hash_of(path.read_bytes())
        found.append(
            {"sha256": digest, "person": person, "licence": licence, "consent": consent, "name": below}
        )
    return found


def hash_of(data: bytes) -> str:
    """SHA-256 of a clip; of a pointer of git-lfs that of the clip it stands for."""
    if data.startswith(POINTER):
        return re.search(rb"oid sha256:([0-9a-f]{64})", data)[1].decode()  # type: ignore[index]
    return hashlib.sha256(data).hexdigest()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--layout", choices=LAYOUTS, required=True)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--match", default="*", help="names of files that are taken, such as 'grid_*'")
    given = parser.parse_args()
    rows = [row for row in rows_of(given.folder, given.layout) if Path(row["name"]).match(given.match)]
    if not rows:
        print(f"{given.folder}: no clip of layout {given.layout} there", file=sys.stderr)
        return 2
    with given.output.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    print(f"{given.output}: {len(rows)} clips of {len({row['person'] for row in rows})} people")
    return 0


if __name__ == "__main__":
    sys.exit(main())
