#!/usr/bin/env bash
# src/aotface/weights/aot_small.safetensors from pictures, in one run: shards, training, export. Said again after a stop, it resumes.
#
#   DATA=/path/to/data runs/train_small.sh [OUT]
#   CONFIG=runs/train_permissive.toml DATA=/path/to/data runs/train_small.sh [OUT]
#
# DATA holds portraits/ (index.csv: file, person, split) and lit_faces/ (index.csv: file, person, azimuth_degrees, elevation_degrees).
# OUT holds shards and run. SHARDS=FOLDER takes shards that are there. CONFIG, STEPS, WORKERS and DEVICE: see docs/training.md.
# About five hours of one idle core. The bytes are the same on one machine with one version of the code; others round otherwise.
set -euo pipefail
cd "$(dirname "$0")/.."
OUT=${1:-build/train_small}
SHARDS=${SHARDS:-$OUT/shards}
CONFIG=${CONFIG:-runs/train_small.toml}
NAME=$(basename "$CONFIG" .toml)
NAME=aot_${NAME#train_}
AOTFACE=${AOTFACE:-aotface}
export OMP_NUM_THREADS=1 # another number of threads, other bytes

mkdir -p "$OUT"
if [[ ! -f $SHARDS/photographs/index.json ]]; then
  : "${DATA:?say DATA=FOLDER with portraits and lit_faces}"
  LAMPS=()
  if [[ -d $DATA/lit_faces ]]; then LAMPS=(--lamps "$DATA/lit_faces"); fi # aot_permissive needs none
  $AOTFACE prepare "$DATA/portraits" "${LAMPS[@]}" --photographs 240 -o "$SHARDS" --side 128 --sources 6 --seed 1
fi
$AOTFACE train "$SHARDS" -o "$OUT/run" --config "$CONFIG" ${STEPS:+--steps "$STEPS"} \
  --device "${DEVICE:-cpu}" --workers "${WORKERS:-1}" --resume
# The octaves of light are taken at twice the networks' side: sharper edges of shadow, the same weights.
$AOTFACE export "$OUT/run" -o "$OUT/$NAME.safetensors" --light-resolution 128 --overwrite
sha256sum "$OUT/$NAME.safetensors"
echo "look at $OUT/run/samples, then judge: aotface bench --suite lit --weights $OUT/$NAME.safetensors"
