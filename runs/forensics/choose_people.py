import csv, hashlib, os, pathlib, sys

root = pathlib.Path(sys.argv[1])
rows = list(csv.DictReader(open(root / "portraits/index.csv")))
key = lambda r: hashlib.sha256(r["file"].encode()).hexdigest()


def put(name, chosen):
    d = pathlib.Path(name)
    d.mkdir(exist_ok=True)
    out = []
    for n, (r, split) in enumerate(chosen):
        f = f"{n:03d}{pathlib.Path(r['file']).suffix}"
        if not (d / f).exists():
            os.symlink(root / r["file"], d / f)
        out.append(
            {
                "file": f,
                "person": r["person"],
                "licence": r["licence"],
                "consent": "consenting adult" if r["dataset"].startswith("london") else "",
                "split": split,
            }
        )
    with open(d / "index.csv", "w", newline="") as h:
        w = csv.DictWriter(h, out[0].keys())
        w.writeheader()
        w.writerows(out)


def one_each(rs):
    seen = {}
    for r in sorted(rs, key=key):
        seen.setdefault(r["person"], r)
    return list(seen.values())


train = [r for r in rows if r["split"] == "train"]
real = one_each([r for r in train if r["dataset"] in ("us_officials", "us_history", "us_pair")])[:76]
lon = one_each([r for r in train if r["dataset"].startswith("london")])[:24]
tr = sorted(real + lon, key=key)
put("people_train", [(r, "val" if i % 5 == 0 else "train") for i, r in enumerate(tr)])
put("people_test", [(r, "test") for r in one_each([r for r in rows if r["split"] == "val"])])
print(len(tr))
