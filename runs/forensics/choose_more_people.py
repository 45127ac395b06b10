"""More people than `choose_people.py`: ``choose_more_people.py FOLDER`` makes people_train and people_test here.

Training: 131 people under real light and 39 from a studio, one portrait each, a fifth of them for validation. Testing:
everybody of the index's split ``val``, up to two portraits each.
"""

import csv
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from choose_people import Row, key, put

REAL_LIGHT = ("us_officials", "us_history", "us_pair")


def some_each(rows: list[Row], most: int) -> list[Row]:
    """The first pictures of each person."""
    found: dict[str, list[Row]] = {}
    for row in sorted(rows, key=key):
        found.setdefault(row["person"], []).append(row)
    return [row for mine in found.values() for row in mine[:most]]


def main() -> None:
    """Write both folders."""
    root = Path(sys.argv[1]).absolute()
    with (root / "portraits/index.csv").open() as file:
        rows = list(csv.DictReader(file))
    train = [row for row in rows if row["split"] == "train"]
    real = some_each([row for row in train if row["dataset"] in REAL_LIGHT], 1)[:131]
    studio = some_each([row for row in train if row["dataset"].startswith("london")], 1)[:39]
    both = sorted(real + studio, key=key)
    put(Path("people_train"), root, [(row, "train" if n % 5 else "val") for n, row in enumerate(both)])
    held = some_each([row for row in rows if row["split"] == "val"], 2)
    put(Path("people_test"), root, [(row, "test") for row in held])


if __name__ == "__main__":
    main()
