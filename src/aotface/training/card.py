"""The model card: what a run knows about itself; what only people know is asked for, never invented."""

import json
from pathlib import Path
from typing import Any

from aotface.media.files import read_bytes
from aotface.training.config import TrainConfig, as_dict
from aotface.training.journal import LOG
from aotface.transfer.aot.generator import SIZES

ASK = "*to be written by who publishes these weights*"
UNKNOWN = "not recorded"

TEMPLATE = """# {name}

Relighting generator of aotface, size `{size}` ({side} px), head `{head}`, {values} trained values.
`{file}` holds them as float16{also}.

| | |
|---|---|
{table}

The whole configuration:

```json
{config}
```

## Licence

{ask}

## Results by skin tone

{ask}: run `aotface bench` on people that are not in the training data.

## Known failures

{ask}

## What it must not be used for

Faces of people who have not agreed to it. Pictures made with it carry a watermark and content credentials
by default: leave them on.
"""


def card(run: Path, weights: Path, config: TrainConfig, step: int, values: int, onnx: Path | None) -> str:
    """Markdown for a file of weights.

    Args:
        run: the run's folder; its ``run*.json`` and ``log.jsonl`` are read where they are there.
        weights: the exported file.
        config: of the run.
        step: of the checkpoint.
        values: number of trained values.
        onnx: the same network as ONNX, if that was written.
    """
    records = [json.loads(read_bytes(path)) for path in sorted(run.glob("run*.json"))]
    side = config.options.side or SIZES[config.size].side
    also = f", and `{onnx.name}` (float32, one face, {side} px)" if onnx is not None else ""
    facts = _facts(run, config, step, records)
    table = "\n".join(f"| {name} | {value} |" for name, value in facts.items())
    return TEMPLATE.format(
        name=weights.stem,
        file=weights.name,
        size=config.size,
        side=side,
        head=config.options.head,
        values=f"{values:,}",
        also=also,
        table=table,
        config=json.dumps(as_dict(config), sort_keys=True),
        ask=ASK,
    )


def _facts(run: Path, config: TrainConfig, step: int, records: list[dict[str, Any]]) -> dict[str, Any]:
    last = records[-1] if records else {}
    return {
        "made by": f"`aotface train`, {_versions(last)}",
        "data": _data(last.get("data", {})),
        "licence of the data": ASK,
        "steps": f"{step} of {config.steps}",
        "faces a step": config.batch * config.accumulate * int(last.get("processes", 1)),
        "seed": config.seed,
        "hardware": _hardware(last),
        "training time": _time(records),
        "precision": config.precision,
        "validation": _validation(run / LOG, step),
    }


def _versions(record: dict[str, Any]) -> str:
    found = record.get("versions", {})
    named = ", ".join(f"{name} {found[name]}" for name in ("aotface", "torch") if found.get(name))
    return f"{named or UNKNOWN}; commit {record.get('commit') or UNKNOWN}"


def _data(data: dict[str, Any]) -> str:
    if not data:
        return UNKNOWN
    train = data["train"]
    tones = ", ".join(f"{name} {count}" for name, count in sorted(train["tones"].items()))
    counts = f"{train['faces']} faces of {train['people']} people (tone groups: {tones})"
    made = f"shards of {data['side']} px, request `{data['fingerprint'][:16] or UNKNOWN}`"
    return f"{counts}; {made}; origin: {ASK}"


def _hardware(record: dict[str, Any]) -> str:
    if "hardware" not in record:
        return UNKNOWN
    return f"{record['hardware']}, processes: {record['processes']}, threads: {record['threads']}"


def _time(records: list[dict[str, Any]]) -> str:
    if not records or any("seconds" not in record for record in records):
        return UNKNOWN
    return f"{sum(record['seconds'] for record in records) / 3600:.2f} hours"


def _validation(log: Path, step: int) -> str:
    """The last numbers that were logged at or before the step."""
    lines = read_bytes(log).decode().splitlines() if log.is_file() else []
    rows = [row for row in map(json.loads, lines) if row["step"] <= step]
    judged = [row for row in rows if any(name.startswith("validation/") for name in row)]
    if not judged:
        return UNKNOWN
    names = sorted(name for name in judged[-1] if name.startswith("validation/"))
    numbers = ", ".join(f"{name.removeprefix('validation/')} {judged[-1][name]:.2f}" for name in names)
    return f"step {judged[-1]['step']}, medians: {numbers}"
