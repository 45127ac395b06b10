#!/usr/bin/env bash
# Weights like those in src/aotface/weights: shards, training, export. Said again after a stop, it goes on where it stopped.
# Two to three hours on one core with bfloat16 units, at about 30 faces a second.
#
#   DATA=/path/to/portraits runs/train_small.sh [OUT]
#
# DATA is a folder with index.csv (file, person, split). OUT holds shards and run. WORKERS and DEVICE: see docs/training.md.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${DATA:?say DATA=FOLDER with index.csv and portraits}"
OUT=${1:-build/train_small}
AOTFACE=${AOTFACE:-aotface}

mkdir -p "$OUT"
"$AOTFACE" prepare "$DATA" -o "$OUT/shards" --side 128 --sources 6 --seed 1
"$AOTFACE" train "$OUT/shards" -o "$OUT/run" --config runs/train_small.toml \
  --device "${DEVICE:-auto}" --workers "${WORKERS:-1}" --resume
# The octaves of light are taken at twice the networks' side: sharper edges of shadow, the same weights.
"$AOTFACE" export "$OUT/run" -o "$OUT/as_trained.safetensors" --light-resolution 128 --overwrite
"${PYTHON:-.venv/bin/python}" runs/calm_gates.py "$OUT/as_trained.safetensors" "$OUT/aot_small.safetensors"
echo "look at $OUT/run/samples, then copy aot_small.safetensors and as_trained.md, as aot_permissive.*, its card, to src/aotface/weights"
