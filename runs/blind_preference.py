"""Pairs of results side by side, in an order that is hidden: which of two transfers would somebody prefer?

    python runs/blind_preference.py PORTRAITS -o OUT [--pairs 24] [--seed 24] [--first aot] [--second formula]

PORTRAITS is a folder with index.csv (file, person, split); people of `val`. Each of OUT/NN.png shows source, target, then
results A and B. Every pair is there twice, with its sides exchanged, because judges lean to one side. OUT/key.json says
which is which: whoever judges must not see it. With `--answers FILE` (a line `NN A`, `NN B` or `NN =` for each sheet)
nothing is made and the answers are counted: a pair is decided where both of its sheets say the same.
"""

import argparse
import json
from collections import Counter
from pathlib import Path

import numpy as np

import aotface
from aotface.datasets.portraits import read_portraits
from aotface.errors import AotfaceError
from aotface.media.image import read_image, write_image
from aotface.media.sheet import Panel, sheet


def main() -> None:
    """Draw, swap twice, shuffle, write; or count."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("portraits", type=Path)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--pairs", type=int, default=24)
    parser.add_argument("--seed", type=int, default=24)
    parser.add_argument("--first", default="aot")
    parser.add_argument("--second", default="formula")
    parser.add_argument("--answers", type=Path)
    asked = parser.parse_args()
    if asked.answers:
        count(asked.answers, asked.out / "key.json")
        return
    make(asked)


def make(asked: argparse.Namespace) -> None:
    """Write the sheets and the key."""
    asked.out.mkdir(parents=True, exist_ok=True)
    people: dict[str, list[str]] = {}
    for entry in read_portraits(asked.portraits):
        people.setdefault(entry.person, []).append(entry.file)
    random = np.random.default_rng(asked.seed)
    names = sorted(people)
    methods = (asked.first, asked.second)
    key: dict[str, dict[str, str | int]] = {}
    places = random.permutation(2 * asked.pairs)
    with aotface.Swapper(transfer=methods[0]) as one, aotface.Swapper(transfer=methods[1]) as two:
        while len(key) < 2 * asked.pairs:
            source, target = (
                str(random.choice(people[names[k]])) for k in random.choice(len(names), 2, False)
            )
            pictures = [read_image(asked.portraits / file).frame for file in (source, target)]
            try:
                results = [swapper.swap(*pictures).frame for swapper in (one, two)]
            except AotfaceError as error:
                print(f"left out: {source} onto {target}: {error}")
                continue
            pair = len(key) // 2
            shown = [head(one, pictures[0]), *heads(one, pictures[1], results)]
            for place, order in zip(places[2 * pair : 2 * pair + 2], ((0, 1), (1, 0)), strict=True):
                number = f"{place:02d}"
                panels = [*shown[:2], *(shown[2 + k] for k in order)]
                labels = ("source", "target", f"{number} A", f"{number} B")
                write_image(
                    asked.out / f"{number}.png",
                    sheet([[Panel(p, label) for p, label in zip(panels, labels, strict=True)]], height=640),
                    overwrite=True,
                )
                sides = {"A": methods[order[0]], "B": methods[order[1]]}
                key[number] = {"pair": pair, "source": source, "target": target, **sides}
    (asked.out / "key.json").write_text(json.dumps(key, indent=1))


def head(swapper: aotface.Swapper, picture: np.ndarray) -> np.ndarray:
    """The largest face with its surroundings."""
    return heads(swapper, picture, [])[0]


def heads(swapper: aotface.Swapper, picture: np.ndarray, others: list[np.ndarray]) -> list[np.ndarray]:
    """The same part of a picture and of others of its size."""
    left, top, right, bottom = swapper.detect(picture)[0].box
    reach = 0.95 * max(right - left, bottom - top)
    x, y = (left + right) / 2, (top + bottom) / 2
    rows = slice(max(0, round(y - reach)), round(y + reach))
    columns = slice(max(0, round(x - reach)), round(x + reach))
    return [np.ascontiguousarray(p[rows, columns]) for p in (picture, *others)]


def count(answers: Path, key: Path) -> None:
    """Print how often each transfer was preferred."""
    which = json.loads(key.read_text())
    chosen: dict[int, list[str]] = {}
    for line in answers.read_text().split("\n"):
        if line.strip():
            number, answer = line.split()[:2]
            chosen.setdefault(which[number]["pair"], []).append(
                "no preference" if answer == "=" else which[number][answer]
            )
    print(dict(Counter(both[0] if len(set(both)) == 1 else "undecided" for both in chosen.values())))


if __name__ == "__main__":
    main()
