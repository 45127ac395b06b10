#!/usr/bin/env bash
# Weights with sums of real lamps in half of each batch: shards, training, export. Said again after a stop, it resumes.
#
#   DATA=/path/to/data runs/train_lamps.sh [OUT]
#
# DATA holds portraits/ (index.csv: file, person, split) and lit_faces/ (index.csv: file, person, azimuth_degrees, elevation_degrees).
# OUT holds shards and run. SHARDS=FOLDER takes shards that are there. BEGIN=WEIGHTS begins with weights instead of from chance.
# STEPS, WORKERS and DEVICE: see docs/training.md.
set -euo pipefail
cd "$(dirname "$0")/.."
OUT=${1:-build/train_lamps}
SHARDS=${SHARDS:-$OUT/shards}
AOTFACE=${AOTFACE:-aotface}

mkdir -p "$OUT"
if [[ ! -f $SHARDS/index.json || ! -f $SHARDS/lamps/index.json ]]; then
  : "${DATA:?say DATA=FOLDER with portraits and lit_faces}"
  $AOTFACE prepare "$DATA/portraits" --lamps "$DATA/lit_faces" -o "$SHARDS" --side 128 --sources 6 --seed 1
fi
$AOTFACE train "$SHARDS" -o "$OUT/run" --config "${CONFIG:-runs/train_lamps.toml}" ${BEGIN:+--begin-from "$BEGIN"} ${STEPS:+--steps "$STEPS"} \
  --device "${DEVICE:-auto}" --workers "${WORKERS:-1}" --resume
# The octaves of light are taken at twice the networks' side: sharper edges of shadow, the same weights.
$AOTFACE export "$OUT/run" -o "$OUT/aot_lamps.safetensors" --light-resolution 128 --overwrite
echo "look at $OUT/run/samples, then judge: aotface bench --suite lit --weights $OUT/aot_lamps.safetensors"
