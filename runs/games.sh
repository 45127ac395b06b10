#!/usr/bin/env bash
# The experiment of docs/log/2026-11-29-games.md: the same steps from the packaged weights, without and with games on photographs.
# Said again after a stop, it resumes. About 4 minutes of an idle core per run without, 6 with a game, and 2 to judge each.
#
#   DATA=/path/to/data runs/games.sh SHARDS [OUT]
#
# DATA holds portraits/ and lit_faces/. SHARDS: of `aotface prepare DATA/portraits --lamps DATA/lit_faces --photographs 240 --side 128
# --sources 6 --seed 1`. SEEDS and VARIANTS choose. In the log, face was stopped at
# step 108; critics and mix have not run to the end. A variant whose discriminator stays at chance stops by itself.
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
  [face]=$'transport = 0.0\ncost = 0.0\nmix = 0.0\nface = 0.1'
  [critics]=$'transport = 0.5\ncost = 0.1\nmix = 0.0'
  [mix]=$'transport = 0.0\ncost = 0.0\nmix = 1.0'
)
declare -A GAMES=(
  [without]=''
  [face]=$'[game]\nfaces = 6\nside = 128\nhead_start = 160\npace = 2\njudged_faces = 48'
  [critics]=$'[game]\nfaces = 6\nside = 64\nhead_start = 40\npace = 2'
  [mix]=$'[game]\nfaces = 6\nside = 128\nhead_start = 400\npace = 2\ngoal = "real"'
)

mkdir -p "$OUT"
for name in ${VARIANTS:-without face critics mix}; do
  played=$PLAYED
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
"$PYTHON" runs/games/judge.py "$DATA" "$SHARDS" "$OUT/judged" none formula "packaged=$BEGIN"
"$PYTHON" runs/games/table.py "$OUT/judged"
