"""The plan of `more_reals.py` without its pairs: reads reals.json here, and writes it anew."""

import json
from pathlib import Path


def main() -> None:
    """Write the plan."""
    plan = json.loads(Path("reals.json").read_text())
    Path("reals.json").write_text(json.dumps(plan | {"pairs": []}, indent=1))
    print(f"reals.json: {len(plan['inputs'])} portraits")


if __name__ == "__main__":
    main()
