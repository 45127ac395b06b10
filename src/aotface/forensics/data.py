"""Items of stores for training and testing, their crops cached, and who may not be on both sides."""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aotface.errors import InputError, NoFaceError
from aotface.forensics.crops import QUALITY, SIDE, Item, item_of
from aotface.forge.store import Sample, Store, open_store
from aotface.media.files import read_bytes, show, write_bytes
from aotface.media.folder import make_folder
from aotface.reporter import Reporter
from aotface.threads import one_thread_each

VERSION = 2
"""Of the crops: raised when the same sample begins to give other ones."""


@dataclass(frozen=True, eq=False)
class Pool:
    """Items of several stores; every id is there once."""

    items: tuple[Item, ...]
    key: str

    def of(self, **wanted: object) -> list[Item]:
        """Items whose lines have these values."""
        return [one for one in self.items if all(getattr(one.info, k) == v for k, v in wanted.items())]


def load_pool(
    folders: Sequence[Path],
    splits: Sequence[str],
    frames: int,
    kind: str,
    cache: Path | None,
    reporter: Reporter,
) -> Pool:
    """Read the crops of all samples of some splits.

    Args:
        folders: of the stores.
        splits: that are taken.
        frames: crops of each sample.
        kind: ``picture`` or ``clip``.
        cache: folder in which crops are kept.
        reporter: told of progress.

    Raises:
        InputError: no store, or a name that stands for two samples. NoFaceError: no sample shows a face.
    """
    found: dict[str, Item] = {}
    digest = hashlib.sha256(f"{VERSION} {SIDE} {QUALITY} {frames} {kind} {splits}".encode())
    for folder in folders:
        whole = open_store(folder)
        lines = [line for line in whole.lines if line.split in splits and line.kind == kind]
        for item in _items(whole, lines, frames, cache, reporter):
            id = f"{folder.name}/{item.info.id}"
            digest.update(f"{id} {item.info.key}".encode())
            if id in found:
                raise InputError(f"two stores are called {folder.name!r}: rename one")
            found[id] = item
    if not found:
        places = ", ".join(map(show, folders))
        raise NoFaceError(f"{places}: no {kind} of {' and '.join(splits)} in which a face is seen")
    return Pool(tuple(found.values()), digest.hexdigest())


def _items(
    whole: Store, lines: Sequence[Sample], frames: int, cache: Path | None, reporter: Reporter
) -> list[Item]:
    word = " ".join([f"{VERSION} {SIDE} {QUALITY} {frames}", *(f"{line.id} {line.key}" for line in lines)])
    path = None if cache is None else cache / f"{hashlib.sha256(word.encode()).hexdigest()[:24]}.npz"
    if path is not None and path.is_file():
        arrays = np.load(io.BytesIO(read_bytes(path)), allow_pickle=False)
        clips, seen = arrays["clips"], arrays["seen"].tolist()
        return [Item(lines[place], clip) for place, clip in zip(seen, clips, strict=True)]
    items, places = [], []
    with one_thread_each():
        for number, line in enumerate(lines):
            item = item_of(whole.sample(line.id), frames)
            if item is not None:
                items.append(item)
                places.append(number)
            reporter.progress("reading crops", number + 1, len(lines))
    if path is not None and items:
        file = io.BytesIO()
        np.savez(file, clips=np.stack([one.clip for one in items]), seen=np.array(places))
        write_bytes(make_folder(path.parent) / path.name, file.getvalue(), overwrite=True)
    return items


def people_of(items: Sequence[Item]) -> set[str]:
    """Everybody whom the items show, as target or as source."""
    return {p for one in items for p in (one.info.target_person, one.info.source_person) if p is not None}


def check_sides(train: Sequence[Item], test: Sequence[Item]) -> None:
    """Refuse what would make numbers look good or mean nothing.

    Raises:
        InputError: a person on both sides, one class, or one person.
    """
    for side, items in (("training", train), ("testing", test)):
        labels = {one.info.label for one in items}
        if labels != {"real", "fake"}:
            got = " and ".join(sorted(labels)) or "nothing"
            raise InputError(f"{side}: expected reals and fakes, got {got} only")
        people = {one.info.target_person for one in items}
        if len(people) < 2:
            raise InputError(
                f"{side}: expected at least two people, got {len(people)}: {next(iter(people))!r}"
            )
    both = sorted(people_of(train) & people_of(test))
    if both:
        number = f"{len(both)} people are" if len(both) > 1 else "nobody else is"
        raise InputError(
            f"person {both[0]!r} is in training and in testing ({number}): plan one set with splits, or "
            "leave them out of one side"
        )


def read_scores(path: Path) -> dict[str, float]:
    """Scores of an outside detector: CSV with columns id and score, higher = more likely a fake.

    Raises:
        InputError: it cannot be understood.
    """
    import csv

    rows = list(csv.DictReader(io.StringIO(read_bytes(path).decode("utf-8-sig", "replace"))))
    try:
        found = {row["id"]: float(row["score"]) for row in rows}
    except (KeyError, TypeError, ValueError):
        raise InputError(f"{show(path)}: expected columns id and score with numbers") from None
    if not found or not np.isfinite(list(found.values())).all():
        raise InputError(f"{show(path)}: expected a finite score in each of at least one row")
    return found
