#!/usr/bin/env bash
# Second run of docs/log/2026-11-29-forensics.md: more people, more fakes with a large gap, one more transfer never trained on.
# PORTRAITS is a folder with portraits/index.csv (file, split, dataset, person, licence); WORK is a folder for sets and scores.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
: "${PORTRAITS:?folder that holds portraits/index.csv}" "${WORK:?folder for sets and scores}"
python=${PYTHON:-python}
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
mkdir -p "$WORK" && cd "$WORK"
aotface() { nice -n 10 "$python" -m aotface "$@"; }

"$python" "$here/runs/forensics/choose_more_people.py" "$PORTRAITS"
face=(--keep-splits --region face --side 256)
aotface forge plan people_train -o train.json --name train --methods mkl,aot --controls none --partners 5 "${face[@]}"
aotface forge plan people_test -o test.json --name test --methods mkl,aot,poisson,shu2017 --controls self,paste \
  --partners 4 "${face[@]}"
"$python" "$here/runs/forensics/cut_plans.py"
for set in large:train_large base:train_base test:test_small; do
  aotface forge build "${set#*:}.json" -o "set_${set%:*}" --device cpu --allow-unsaid
done
aotface forensics unseen set_test -o set_unseen
for quality in 23 40; do aotface forge perturb set_unseen -o c$quality --apply C$quality:1; done
for set in set_large set_base set_test set_unseen; do
  aotface forge verify $set || echo "$set: a check fails: see above"
done
for matrix in stills2 fine2 perturbed2; do
  cp "$here/runs/forensics/$matrix.toml" .
  aotface forensics experiment $matrix.toml -o out_$matrix
  aotface forensics report out_$matrix -o $matrix.html --overwrite
done
