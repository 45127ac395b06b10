"""The second base of the third run: the training pairs of ``cut_plans.py``, all of them, by `poisson`.

Reads train_large.json and train_base.json here, and writes train_poisson.json.
"""

import json
from pathlib import Path


def main() -> None:
    """Write the plan."""
    large, base = (json.loads(Path(f"train_{name}.json").read_text()) for name in ("large", "base"))
    method = large["methods"][0] | {"name": "poisson", "transfer": "poisson"}
    pairs = large["pairs"] + base["pairs"]
    made = large | {"name": "train poisson", "pairs": pairs, "methods": [method]}
    Path("train_poisson.json").write_text(json.dumps(made, indent=1))
    print(f"train_poisson.json: {len(pairs)} pairs")


if __name__ == "__main__":
    main()
