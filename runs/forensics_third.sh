#!/usr/bin/env bash
# Third run of docs/log/2026-11-29-forensics.md: a second base, a stronger probe. WORK is the folder of forensics_second.sh.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
: "${WORK:?folder with the sets of forensics_second.sh}"
python=${PYTHON:-python}
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
cd "$WORK"
aotface() { nice -n 10 "$python" -m aotface "$@"; }

"$python" "$here/runs/forensics/poisson_plan.py"
aotface forge build train_poisson.json -o set_poisson --device cpu --allow-unsaid
for set in set_large set_base set_poisson set_test set_unseen; do
  aotface forge verify $set || echo "$set: a check fails: see above"
done
cp "$here/runs/forensics/stills3.toml" .
aotface forensics experiment stills3.toml -o out_stills3
aotface forensics report out_stills3 -o stills3.html --overwrite --occlusion
