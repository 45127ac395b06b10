"""Plans of the second run: ``cut_plans.py`` reads train.json and test.json here, and writes large, base and small ones.

train_large.json: pairs with a large gap by both methods, of validation people 20. train_base.json: 45 pairs each with a
small and a middle gap, by `mkl` alone. test_small.json: 50 pairs with a large gap that show as many people as they can, and
a portrait of everybody else.
"""

import json
from collections import Counter
from pathlib import Path
from typing import Any

Plan = dict[str, Any]


def write(plan: Plan, name: str, pairs: list[Any], methods: tuple[str, ...]) -> None:
    """Write a plan with fewer pairs and methods."""
    chosen = [method for method in plan["methods"] if method["name"] in methods]
    made = plan | {"name": name.replace("_", " "), "pairs": pairs, "methods": chosen}
    Path(f"{name}.json").write_text(json.dumps(made, indent=1))
    print(f"{name}.json: {len(pairs)} pairs, {len(made['inputs'])} inputs")


def first(plan: Plan, most: dict[tuple[str, str], int]) -> list[Any]:
    """The first pairs of each split and stratum."""
    split, counts, found = {one["id"]: one["split"] for one in plan["inputs"]}, Counter[tuple[str, str]](), []
    for pair in plan["pairs"]:
        group = (split[pair["a"]], pair["stratum"])
        if counts[group] < most.get(group, 0):
            counts[group] += 1
            found.append(pair)
    return found


def widest(plan: Plan, most: int) -> list[Any]:
    """Pairs with a large gap: first those that show two new people, then one, then none."""
    who = {one["id"]: one["person"] for one in plan["inputs"]}
    large = [pair for pair in plan["pairs"] if pair["stratum"] == "large"]
    found, seen = list[Any](), set[str]()
    for needed in (2, 1, 0):
        for pair in large:
            new = {who[pair["a"]], who[pair["b"]]} - seen
            if pair not in found and len(new) >= needed and len(found) < most:
                found.append(pair)
                seen |= new
    return found


def main() -> None:
    """Write all three."""
    train, test = (json.loads(Path(f"{side}.json").read_text()) for side in ("train", "test"))
    large = first(train, {("train", "large"): 999, ("val", "large"): 20})
    write(train, "train_large", large, ("mkl", "aot"))
    write(train, "train_base", first(train, {("train", "small"): 45, ("train", "middle"): 45}), ("mkl",))
    pairs = widest(test, 50)
    used = {id for pair in pairs for id in (pair["a"], pair["b"])}
    shown = {one["person"] for one in test["inputs"] if one["id"] in used}
    for one in test["inputs"]:
        if one["person"] not in shown:
            used.add(one["id"])
            shown.add(one["person"])
    test["inputs"] = [one for one in test["inputs"] if one["id"] in used]
    write(test, "test_small", pairs, ("mkl", "aot", "poisson", "shu2017", "self"))


if __name__ == "__main__":
    main()
