"""Keep a plan's pairs with a large gap and a few others: ``cut_plan.py PLAN OUT OTHERS METHODS``."""

import json
import sys
from pathlib import Path

plan = json.loads(Path(sys.argv[1]).read_text())
others, methods = int(sys.argv[3]), sys.argv[4].split(",")
pairs = [pair for pair in plan["pairs"] if pair["stratum"] == "large"]
for stratum in ("small", "middle"):
    pairs += [pair for pair in plan["pairs"] if pair["stratum"] == stratum][:others]
plan["pairs"] = pairs
plan["methods"] = [method for method in plan["methods"] if method["name"] in methods]
Path(sys.argv[2]).write_text(json.dumps(plan, indent=1))
