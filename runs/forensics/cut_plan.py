"""Keep the large gaps of a plan and a few others: cutplan.py PLAN OUT OTHERS METHODS"""

import json, sys

plan = json.load(open(sys.argv[1]))
others = int(sys.argv[3])
keep = sys.argv[4].split(",")
pairs = [p for p in plan["pairs"] if p["stratum"] == "large"]
for s in ("small", "middle"):
    pairs += [p for p in plan["pairs"] if p["stratum"] == s][:others]
plan["pairs"] = pairs
plan["methods"] = [m for m in plan["methods"] if m["name"] in keep]
json.dump(plan, open(sys.argv[2], "w"), indent=1)
print(len(pairs), [m["name"] for m in plan["methods"]])
