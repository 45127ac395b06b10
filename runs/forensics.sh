#!/usr/bin/env bash
# The experiment of docs/log/2026-11-29-forensics.md: added aot against added control, on stills.
# PORTRAITS is a folder with index.csv (file, split, dataset, person, licence); WORK is a folder for sets and scores.
# Two cores: about 45 minutes for the sets, a few for the rest.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
: "${PORTRAITS:?folder that holds portraits/index.csv}" "${WORK:?folder for sets and scores}"
python=${PYTHON:-python}
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
mkdir -p "$WORK" && cd "$WORK"
aotface() { nice -n 12 "$python" -m aotface "$@"; }

"$python" "$here/runs/forensics/choose_people.py" "$PORTRAITS"
for side in test train; do
  methods=mkl,aot controls=none others=20
  if [ $side = test ]; then methods=mkl,aot,poisson controls=self,paste others=8; fi
  aotface forge plan people_$side -o $side.json --name $side --methods $methods --controls $controls \
    --keep-splits --partners 3 --region face --side 256
  "$python" "$here/runs/forensics/cut_plan.py" $side.json ${side}_small.json $others "$methods,${controls/none/}"
  aotface forge build ${side}_small.json -o set_$side --device cpu --allow-unsaid --workers 2
done
aotface forensics unseen set_test -o set_unseen
for set in set_train set_test set_unseen; do
  aotface forge verify $set || echo "$set: a check fails: see above"
done
for matrix in stills stills_34; do
  cp "$here/runs/forensics/$matrix.toml" .
  aotface forensics experiment $matrix.toml -o out_$matrix
  aotface forensics report out_$matrix -o $matrix.html --overwrite --occlusion
done
# Fine-tuned: hours on two cores.
# aotface forensics experiment "$here/runs/forensics/fine_tuned.toml" -o out_fine_tuned --workers 2
