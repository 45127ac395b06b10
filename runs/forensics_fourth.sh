#!/usr/bin/env bash
# Fourth run of docs/log/2026-11-29-forensics.md: detectors blind to cameras, reals of all cameras, networks that start as a
# probe, clips with five seeds. PORTRAITS as in forensics_second.sh; WORK is its folder, after forensics_third.sh, with
# clips_small.json and set_clips (22 clips, plan with --side 256 and methods mkl and aot, split by people).
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
: "${PORTRAITS:?folder that holds portraits/index.csv}" "${WORK:?folder with the sets of forensics_third.sh}"
python=${PYTHON:-python}
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
cd "$WORK"
aotface() { nice -n 10 "$python" -m aotface "$@"; }

"$python" "$here/runs/forensics/more_reals.py" "$PORTRAITS"
aotface forge plan people_reals -o reals.json --name reals --methods mkl --controls none --keep-splits --partners 1 \
  --region face --side 256
"$python" "$here/runs/forensics/reals_plan.py"
aotface forge build reals.json -o set_reals --device cpu --allow-unsaid
"$python" "$here/runs/forensics/clips_self_plan.py"
aotface forge build clips_self.json -o set_clips_self --device cpu --allow-unsaid
aotface forensics unseen set_clips -o set_clips_unseen
for set in set_reals set_clips_self set_clips_unseen; do
  aotface forge verify $set || echo "$set: a check fails: see above"
done
for matrix in stills4 fine4 clips4; do
  cp "$here/runs/forensics/$matrix.toml" .
  aotface forensics experiment $matrix.toml -o out_$matrix
  aotface forensics report out_$matrix -o $matrix.html --overwrite
  "$python" "$here/runs/forensics/table.py" $matrix.toml out_$matrix
done
