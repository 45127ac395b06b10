#!/usr/bin/env bash
# Weights like src/aotface/weights/aot_small.safetensors, from aot_permissive: sums of real lamps, then photographs beside them.
# The shipped ones were stopped, gone on with and changed on the way (their card says how), so the bytes differ.
#
#   DATA=/path/to/data runs/aot_small.sh [OUT]
#
# DATA holds portraits/ and lit_faces/, see runs/train_lamps.sh. Said again after a stop, it resumes.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${DATA:?say DATA=FOLDER with portraits and lit_faces}"
OUT=${1:-build/aot_small}
AOTFACE=${AOTFACE:-aotface}

BEGIN=src/aotface/weights/aot_permissive.safetensors CONFIG=runs/aot_small.toml STEPS=1250 runs/train_lamps.sh "$OUT"
$AOTFACE prepare "$DATA/portraits" --photographs 240 -o "$OUT/shards" --side 128 --sources 6 --seed 1
$AOTFACE train "$OUT/shards" -o "$OUT/photographs" --config runs/aot_small_photographs.toml \
  --begin-from "$OUT/aot_lamps.safetensors" --device "${DEVICE:-auto}" --workers "${WORKERS:-1}" --resume
$AOTFACE export "$OUT/photographs" -o "$OUT/aot_photographs.safetensors" --light-resolution 128 --overwrite
# Six tenths of the last part and four of the one before: nearer to photographs, and no less near to real lamps.
"${PYTHON:-.venv/bin/python}" - "$OUT" <<'PYTHON'
import sys
from pathlib import Path

from safetensors import safe_open
from safetensors.torch import load_file, save

from aotface.media.files import write_bytes
from aotface.media.weights import in_order

out = Path(sys.argv[1])
after, before = (load_file(out / f"aot_{name}.safetensors") for name in ("photographs", "lamps"))
with safe_open(out / "aot_photographs.safetensors", "pt") as file:
    facts = file.metadata()
mean = {name: (0.6 * after[name].float() + 0.4 * before[name].float()).half() for name in after}
write_bytes(out / "aot_small.safetensors", in_order(save(mean, facts)), overwrite=True)
PYTHON
