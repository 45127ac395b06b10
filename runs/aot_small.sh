#!/usr/bin/env bash
# src/aotface/weights/aot_small.safetensors, from the weights of commit d2e5130 (START; how those came about: that commit's
# runs/aot_small.sh): 360 steps with photographs beside each batch, then six tenths of that and four of START.
#
#   DATA=/path/to/data runs/aot_small.sh [OUT]
#
# DATA holds portraits/ and lit_faces/, see runs/train_lamps.sh. SHARDS=FOLDER takes shards that are there. Said again after a
# stop, it resumes. About 15 minutes of an idle core, and the shards. The shipped weights had shards of 02:18 (portraits, lamps) and
# 08:30 (photographs) of 2026-11-29: newer face models make other shards, and with them other bytes.
set -euo pipefail
cd "$(dirname "$0")/.."
OUT=${1:-build/aot_small}
SHARDS=${SHARDS:-$OUT/shards}
AOTFACE=${AOTFACE:-aotface}
export OMP_NUM_THREADS=1 # another number of threads, other bytes

mkdir -p "$OUT"
if [[ ! -f $SHARDS/photographs/index.json ]]; then
  : "${DATA:?say DATA=FOLDER with portraits and lit_faces}"
  $AOTFACE prepare "$DATA/portraits" --lamps "$DATA/lit_faces" -o "$SHARDS" --side 128 --sources 6 --seed 1
  # The pairs of photographs were chosen by another seed.
  $AOTFACE prepare "$DATA/portraits" --photographs 240 -o "$OUT/pairs" --side 128 --seed 0
  cp -r "$OUT/pairs/photographs" "$SHARDS/"
fi
git show d2e5130:src/aotface/weights/aot_small.safetensors >"$OUT/start.safetensors"
$AOTFACE train "$SHARDS" -o "$OUT/run" --config runs/aot_small_photographs.toml --begin-from "$OUT/start.safetensors" \
  --device "${DEVICE:-cpu}" --workers "${WORKERS:-1}" --resume
$AOTFACE export "$OUT/run" -o "$OUT/photographs.safetensors" --light-resolution 128 --overwrite
# Saturation is left out of the mean: it paled fine colour, and real lamps do not need it.
"${PYTHON:-.venv/bin/python}" runs/mean_weights.py 0.6 "$OUT/photographs.safetensors" "$OUT/start.safetensors" "$OUT/aot_small.safetensors"
sha256sum "$OUT/aot_small.safetensors" src/aotface/weights/aot_small.safetensors
