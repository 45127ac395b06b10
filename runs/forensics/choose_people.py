"""One portrait of each person: ``choose_people.py FOLDER`` makes people_train and people_test here.

FOLDER holds ``portraits/index.csv``. Training: 76 people under real light and 24 from a studio, a fifth of them for
validation. Testing: everybody of the index's split ``val``.
"""

import csv
import hashlib
import sys
from pathlib import Path

Row = dict[str, str]


def key(row: Row) -> str:
    """An order that depends on names alone."""
    return hashlib.sha256(row["file"].encode()).hexdigest()


def one_each(rows: list[Row]) -> list[Row]:
    """The first picture of each person."""
    found: dict[str, Row] = {}
    for row in sorted(rows, key=key):
        found.setdefault(row["person"], row)
    return list(found.values())


def put(folder: Path, root: Path, chosen: list[tuple[Row, str]]) -> None:
    """Links and an index."""
    folder.mkdir(exist_ok=True)
    out = []
    for number, (row, split) in enumerate(chosen):
        link = folder / f"{number:03d}{Path(row['file']).suffix}"
        if not link.exists():
            link.symlink_to(root / row["file"])
        consent = "consenting adult" if row["dataset"].startswith("london") else ""
        out.append([link.name, row["person"], row["licence"], consent, split])
    with (folder / "index.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["file", "person", "licence", "consent", "split"], *out])


def main() -> None:
    """Write both folders."""
    root = Path(sys.argv[1]).absolute()
    with (root / "portraits/index.csv").open() as file:
        rows = list(csv.DictReader(file))
    train = [row for row in rows if row["split"] == "train"]
    real = one_each([row for row in train if row["dataset"] in ("us_officials", "us_history", "us_pair")])[
        :76
    ]
    studio = one_each([row for row in train if row["dataset"].startswith("london")])[:24]
    both = sorted(real + studio, key=key)
    sides = [(row, "val" if number % 5 == 0 else "train") for number, row in enumerate(both)]
    put(Path("people_train"), root, sides)
    put(
        Path("people_test"),
        root,
        [(row, "test") for row in one_each([r for r in rows if r["split"] == "val"])],
    )


if __name__ == "__main__":
    main()
