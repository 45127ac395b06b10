"""The control of the clips: reads clips_small.json here, and writes clips_self.json, test clips with their own faces."""

import json
from pathlib import Path


def main() -> None:
    """Write the plan."""
    plan = json.loads(Path("clips_small.json").read_text())
    own = plan["methods"][0] | {"name": "self", "transfer": "none", "source": "own", "control": True}
    inputs = [one for one in plan["inputs"] if one["split"] == "test"]
    made = plan | {"name": "clips self", "inputs": inputs, "pairs": [], "methods": [own]}
    Path("clips_self.json").write_text(json.dumps(made, indent=1))
    print(f"clips_self.json: {len(inputs)} clips")


if __name__ == "__main__":
    main()
