"""People into train, val and test, before anything is paired: nobody is in two, as source or as target."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aotface.errors import UsageError
from aotface.forge.plan import SPLITS

FEWEST = 2
"""People in a split that is not empty: a pair needs two."""


@dataclass(frozen=True)
class Person:
    """``group``: what shall be spread evenly over the splits, as kind of input and tone."""

    name: str
    group: str
    wanted: str = ""


def order_key(seed: int, word: str) -> str:
    """Sorts words in an order that depends on the seed alone."""
    return hashlib.sha256(f"{seed}:{word}".encode()).hexdigest()


def split_people(people: Sequence[Person], shares: Mapping[str, float], seed: int) -> dict[str, str]:
    """Deal people to splits.

    Args:
        people: each once; ``wanted`` keeps a split that a list already gives.
        shares: of the people, by split; one of 0 stays empty.
        seed: same seed, same splits.

    Returns:
        The split by name.

    Raises:
        UsageError: too few people, or unknown splits.
    """
    used = [split for split in SPLITS if shares.get(split, 0) > 0]
    if unknown := [one.wanted for one in people if one.wanted and one.wanted not in SPLITS]:
        raise UsageError(f"expected splits {', '.join(SPLITS)} in the list, got {unknown[0]!r}")
    if len(people) < FEWEST * len(used):
        raise UsageError(
            f"expected at least {FEWEST} people for each of {', '.join(used)}, got {len(people)} in all; "
            "give more people, or fewer splits with --splits"
        )
    found = {one.name: one.wanted for one in people if one.wanted}
    free = sorted((p for p in people if not p.wanted), key=lambda p: (p.group, order_key(seed, p.name)))
    total = len(people)
    goal = {split: shares[split] / sum(shares.values()) for split in used}
    for number, person in enumerate(free, len(found) + 1):
        have = {split: list(found.values()).count(split) for split in used}
        left = total - len(found)
        short = [split for split in used if have[split] < FEWEST]
        if short and left <= sum(FEWEST - have[split] for split in short):
            found[person.name] = short[0]
        else:
            found[person.name] = max(used, key=lambda split: goal[split] * number - have[split])
    return found
