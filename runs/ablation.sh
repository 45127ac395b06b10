#!/usr/bin/env bash
# The ablation table and sheet in docs/log/: every variant from chance, with the same faces, steps and seed. About 2 minutes of
# one core each, so that they tell which part carries how much of a short training, not where a long one ends.
#
#   DATA=/path/to/data runs/ablation.sh SHARDS [OUT]
#
# SHARDS: of `aotface prepare DATA/portraits`, 128 px. DATA holds portraits/ and lit_faces/, see runs/bench.sh. OUT is kept: a run
# that was stopped goes on.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${DATA:?say DATA=FOLDER with portraits and lit_faces}"
SHARDS=${1:?say the folder with shards}
OUT=${2:-build/ablation}
STEPS=${STEPS:-200}
PAIRS=${PAIRS:-10}
AOTFACE=${AOTFACE:-aotface}
export OMP_NUM_THREADS=1

declare -A CHANGES=(
  [full]=''
  [no-plan]='options.transport = false'
  [no-critics]='weights.transport = 0.0'
  [no-cost]='weights.cost = 0.0'
  [no-mix]='weights.mix = 0.0'
  [no-geometry]='options.geometry = false'
  [no-octaves]='options.base = false'
  [no-second-look]='options.remainder = false'
  [no-price]='weights.taken = 0.0'
  [no-answers]=$'weights.pixel = 0.0\nweights.light = 0.0\nweights.low_frequency = 0.0\nweights.fidelity = 0.0\nweights.plan = 0.0\ngames_from = 0\ngames_every = 1\nunpaired = 1.0'
)
ORDER=(full no-plan no-critics no-cost no-mix no-geometry no-octaves no-second-look no-price no-answers paper)
COMMON="size = \"small\"
batch = 16
steps = $STEPS
warmup = 30
ema = 0.99
games_ramp = 20
sample_every = $STEPS
options.side = 64
lighting.strobe_probability = 0.25
lighting.half_shading = false"
GAMES=$'games_from = 80\ngames_every = 4'

mkdir -p "$OUT"
for name in "${ORDER[@]}"; do
  config=$OUT/$name.toml
  if [[ $name == paper ]]; then # the paper's objective and optimisers, at this budget and size
    sed -e 's/^size = .*/size = "small"/' -e "s/^steps = .*/steps = $STEPS/" -e 's/^\[options\]/[options]\nside = 64/' \
      -e 's/^checkpoint_every.*//' -e 's/^sample_every.*//' src/aotface/training/configs/paper.toml >"$config"
  else
    { echo "$COMMON"; [[ $name == no-answers ]] || echo "$GAMES"; echo "${CHANGES[$name]}"; } >"$config"
  fi
  "$AOTFACE" train "$SHARDS" -o "$OUT/$name" --config "$config" --resume
  "$AOTFACE" export "$OUT/$name" -o "$OUT/$name.safetensors" --overwrite
  for suite in relit lit; do
    folder=portraits
    [[ $suite == lit ]] && folder=lit_faces
    "$AOTFACE" bench --suite "$suite" --data "$DATA/$folder" --methods aot --pairs "$PAIRS" --weights "$OUT/$name.safetensors" \
      -o "$OUT/bench/$name"
  done
done
"${PYTHON:-.venv/bin/python}" runs/ablation_table.py "$OUT" "${ORDER[@]}"
