"""Reals without fakes, so that detectors know every camera: ``more_reals.py FOLDER`` makes people_reals here.

Reads people_train and people_test here. Of the split ``train``: pairs and history, which most test people come from and
few of people_train do, up to two portraits each; and the studio's other pictures. Known people keep their side; of the
others a fifth is for validation. Portraits of people_train are left out.
"""

import csv
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from choose_more_people import some_each
from choose_people import key, put


def main() -> None:
    """Write the folder."""
    root = Path(sys.argv[1]).absolute()
    with (root / "portraits/index.csv").open() as file:
        rows = list(csv.DictReader(file))
    folder = Path("people_train")
    with (folder / "index.csv").open() as file:
        known = list(csv.DictReader(file))
    sides = {row["person"]: row["split"] for row in known}
    taken = {(folder / row["file"]).resolve() for row in known}
    with Path("people_test/index.csv").open() as file:
        held = {row["person"] for row in csv.DictReader(file)}
    cameras = [row for row in rows if row["split"] == "train" and row["person"] not in held]
    real = some_each([row for row in cameras if row["dataset"] in ("us_history", "us_pair")], 2)
    studio = some_each([row for row in cameras if row["dataset"].startswith("london")], 2)
    free = [row for row in sorted(real + studio, key=key) if (root / row["file"]).resolve() not in taken]
    people = list(dict.fromkeys(row["person"] for row in free))
    for number, person in enumerate(people):
        sides.setdefault(person, "train" if number % 5 else "val")
    put(Path("people_reals"), root, [(row, sides[row["person"]]) for row in free])
    print(f"people_reals: {len(free)} portraits of {len(people)} people")


if __name__ == "__main__":
    main()
