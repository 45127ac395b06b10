#!/usr/bin/env bash
# The experiment of docs/log/2026-11-30-games.md: the same steps from the same weights, without and with games on photographs.
# Said again after a stop, it resumes. About 8 minutes of an idle core per run, 3 of them to judge.
#
#   DATA=/path/to/data runs/games.sh SHARDS [OUT]
#
# DATA holds portraits/ and lit_faces/. SHARDS: as runs/train_small.sh makes them. SEEDS and VARIANTS choose, BEGIN=FILE begins from
# other weights than the packaged ones. A variant whose discriminator stays at chance stops by itself.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${DATA:?say DATA=FOLDER with portraits and lit_faces}"
SHARDS=${1:?say the folder with shards}
OUT=${2:-build/games}
AOTFACE=${AOTFACE:-aotface}
PYTHON=${PYTHON:-.venv/bin/python}
BEGIN=${BEGIN:-src/aotface/weights/aot_small.safetensors}
export OMP_NUM_THREADS=1

PLAYED=$'games_from = 0\ngames_every = 2\ngames_ramp = 40'
declare -A WEIGHTS=(
  [without]=''
  [face]=$'transport = 0.0\ncost = 0.0\nmix = 0.0\nface = 0.05'
  [critics]=$'transport = 0.5\ncost = 0.1\nmix = 0.0'
  [unconditional]=$'transport = 0.5\ncost = 0.1\nmix = 0.0'
  [mix]=$'transport = 0.0\ncost = 0.0\nmix = 1.0'
)
declare -A GAMES=(
  [without]=''
  [face]=$'[game]\nfaces = 6\nside = 128\nhead_start = 160\npace = 2\njudged_faces = 48'
  [critics]=$'[game]\nfaces = 6\nside = 64\nhead_start = 40\npace = 2'
  [unconditional]=$'[game]\nfaces = 6\nside = 64\nhead_start = 40\npace = 2'
  [mix]=$'[game]\nfaces = 6\nside = 128\nhead_start = 1200\npace = 2\ngoal = "real"'
)

mkdir -p "$OUT"
for name in ${VARIANTS:-without critics unconditional face mix}; do
  played=$PLAYED
  [[ $name == unconditional ]] && played+=$'\nconditional = false'
  [[ $name == without ]] && played='games_from = 1000000'
  awk -v played="$played" -v weights="${WEIGHTS[$name]}" \
    '/^games_from/ { print played; next } { print } /^leak/ { print weights }' runs/games.toml >"$OUT/$name.toml"
  echo "${GAMES[$name]}" >>"$OUT/$name.toml"
  for seed in ${SEEDS:-0 1 2}; do
    run=$OUT/$name-$seed
    if ! $AOTFACE train "$SHARDS" -o "$run" --config "$OUT/$name.toml" --seed "$seed" --begin-from "$BEGIN" --device cpu --resume; then
      [[ $name == mix ]] && continue
      exit 1
    fi
    $AOTFACE export "$run" -o "$run.safetensors" --light-resolution 128 --overwrite
    "$PYTHON" runs/games/judge.py "$DATA" "$SHARDS" "$OUT/judged" "$name-$seed=$run.safetensors"
  done
done
"$PYTHON" runs/games/judge.py "$DATA" "$SHARDS" "$OUT/judged" none formula "start=$BEGIN"
"$PYTHON" runs/games/table.py "$OUT/judged"
