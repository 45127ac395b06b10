#!/usr/bin/env bash
# Fifth run of docs/log/2026-11-29-forensics.md: every swap made anew by the newest code and weights, from the plans of the second and
# third run; reals and the unseen swapper's fakes are those of the fourth. WORK is the folder of forensics_fourth.sh.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
: "${WORK:?folder with plans and sets of forensics_fourth.sh}"
python=${PYTHON:-python}
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
cd "$WORK"
aotface() { nice -n 10 "$python" -m aotface "$@"; }

mkdir -p anew && cd anew
ln -sfn ../people_* ../set_reals ../set_unseen .
for set in large:train_large base:train_base poisson:train_poisson test:test_small; do
  aotface forge build "../${set#*:}.json" -o "set_${set%:*}" --device cpu --allow-unsaid
  aotface forge verify "set_${set%:*}"
done
for matrix in stills5 fine5; do
  cp "$here/runs/forensics/$matrix.toml" .
  aotface forensics experiment $matrix.toml -o out_$matrix
  aotface forensics report out_$matrix -o $matrix.html --overwrite
  "$python" "$here/runs/forensics/table.py" $matrix.toml out_$matrix
done
