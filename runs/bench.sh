#!/usr/bin/env bash
# The tables of a day in docs/log/: six suites, all methods, about 25 minutes on one core.
#
#   DATA=/path/to/data runs/bench.sh [OUT]
#
# DATA holds portraits/ (index.csv: file, person, dataset, split), lit_faces/ (index.csv: file, person,
# azimuth_degrees, elevation_degrees) and models/ (the two meters). OUT is kept: a run that was stopped goes on.
# WEIGHTS=FILE judges that network as aot, PAPER=FILE that of train_paper.toml as paper. PAIRS is the most pairs that are measured of any suite, SLOW_PAIRS the same for slow methods.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${DATA:?say DATA=FOLDER with portraits, lit_faces and models}"
OUT=${1:-build/bench}
PAIRS=${PAIRS:-120}
SLOW_PAIRS=${SLOW_PAIRS:-20}
AOTFACE=${AOTFACE:-aotface}
FAST=aot,formula,shu2017,none,mean,reinhard,linear,mkl,histogram,idt,sliced,sinkhorn,emd,poisson,dfl-rct,faceswap-avg,multiscale-difference
SLOW=dfl-sot # seconds a face: on fewer pairs
export OMP_NUM_THREADS=1

hash_of() { sha256sum "$1" | cut -d' ' -f1; }
identity=$DATA/models/mobilefacenet_identity.onnx
perceptual=$DATA/models/squeezenet10_imagenet_fp16.npz
METERS=(--identity "$identity" --identity-sha256 "$(hash_of "$identity")"
  --perceptual "$perceptual" --perceptual-sha256 "$(hash_of "$perceptual")")

mkdir -p "$OUT"
measure() { # suite, folder, methods, pairs
  "$AOTFACE" bench --suite "$1" --data "$DATA/$2" --methods "$3" --pairs "$4" -o "$OUT" "${METERS[@]}" \
    ${WEIGHTS:+--weights "$WEIGHTS"} ${PAPER:+--also "paper=$PAPER"}
}
declare -A MOST=([relit]=120 [relit-reversed]=60 [lit]=108 [lit-reversed]=108 [same]=40 [cross]=96) # enough that a group of one skin tone has ten or more, where people suffice
for suite in relit relit-reversed lit lit-reversed same cross; do
  folder=portraits
  [[ $suite == lit* ]] && folder=lit_faces
  measure "$suite" "$folder" "$FAST" $((PAIRS < MOST[$suite] ? PAIRS : MOST[$suite]))
  measure "$suite" "$folder" "$SLOW" "$SLOW_PAIRS"
done

# Between the two marks of the document stands what was measured, when, and with what.
python3 - "$OUT" "${DOCUMENT:-docs/log/$(date +%F)-benchmark.md}" <<'PYTHON'
import json, pathlib, sys

out, document = (pathlib.Path(name) for name in sys.argv[1:])
run = json.loads((out / "relit" / "run.json").read_text())
facts = f"On {run['finished'][:10]}, commit {str(run['commit'])[:10]}, {run['platform']}, one thread."
empty = f"# {run['finished'][:10]}: the appearance benchmark\n\n<!-- measured --><!-- end -->\n"
head, rest = (document.read_text() if document.exists() else empty).split("<!-- measured -->", 1)
tail = rest.split("<!-- end -->", 1)[1]
table = (out / "results.md").read_text()
document.write_text(f"{head}<!-- measured -->\n\n{facts}\n\n{table}\n<!-- end -->{tail}")
PYTHON
echo "look at $OUT/report.html"
