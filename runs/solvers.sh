#!/usr/bin/env bash
# The tables of a day in docs/log/, and the figure docs/images/solvers.png: about 5 minutes on one core.
#
#   DATA=/path/to/data runs/solvers.sh [OUT]
#
# DATA holds portraits/ and lit_faces/, as for runs/bench.sh. WEIGHTS=FILE judges that network, PAIRS changes how many
# faces of each suite are measured, DOCUMENT= (empty) leaves the document and its figure alone.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${DATA:?say DATA=FOLDER with portraits and lit_faces}"
OUT=${1:-build/solvers}
PAIRS=${PAIRS:-12}
AOTFACE=${AOTFACE:-aotface}
DOCUMENT=${DOCUMENT-docs/log/$(date +%F)-solvers.md}
export OMP_NUM_THREADS=1

mkdir -p "$OUT"
for suite in relit lit; do
  folder=portraits
  [[ $suite == lit ]] && folder=lit_faces
  "$AOTFACE" bench --solvers --suite "$suite" --data "$DATA/$folder" --pairs "$PAIRS" -o "$OUT" \
    ${WEIGHTS:+--weights "$WEIGHTS"}
done
[[ -n $DOCUMENT ]] || exit 0

# Between the two marks of the document stands what was measured, when, and with what.
cp "$OUT/solvers.png" docs/images/solvers.png
python3 - "$OUT" "$DOCUMENT" <<'PYTHON'
import json, pathlib, sys

out, document = (pathlib.Path(name) for name in sys.argv[1:])
run = json.loads((out / "solvers" / "lit" / "run.json").read_text())
facts = f"On {run['finished'][:10]}, commit {str(run['commit'])[:10]}, {run['platform']}, one thread; weights {run['weights'][:10]}."
start, end = "<!-- solvers measured -->", "<!-- solvers end -->"
empty = f"# {run['finished'][:10]}: transport solvers against the learned plan\n\n{start}{end}\n"
head, rest = (document.read_text() if document.exists() else empty).split(start, 1)
tail = rest.split(end, 1)[1]
table = (out / "solvers.md").read_text()
document.write_text(f"{head}{start}\n\n{facts}\n\n{table}\n{end}{tail}")
PYTHON
echo "look at $OUT/solvers.png"
