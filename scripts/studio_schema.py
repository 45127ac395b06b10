"""Schemathesis over the studio's OpenAPI document: no answer of 500 and above, none that is not documented.

    python scripts/studio_schema.py [--examples 40]

It starts a server of its own on 127.0.0.1. The first run makes up every id; the second knows those of real files and jobs.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import uvicorn

from aotface.samples import sample
from aotface.web.app import create_app
from aotface.web.client import StudioClient
from aotface.web.server import listen
from aotface.web.settings import Limits, Settings

LIMITS = Limits(per_second=1e5, burst=1e6, files=10_000, jobs=10_000, waiting=10_000, clients=100_000)
READS = ("/v1/files/{id}", "/v1/files/{id}/preview", "/v1/files/{id}/faces")
JOBS = ("", "/cancel", "/result", "/record", "/mask", "/preview", "/layers/{name}", "/events")


def start(state: Path) -> tuple[str, uvicorn.Server]:
    listening = listen("127.0.0.1", 0)
    server = uvicorn.Server(
        uvicorn.Config(create_app(Settings(state, limits=LIMITS)), log_level="error", ws="none")
    )
    threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True).start()
    return f"http://127.0.0.1:{listening.getsockname()[1]}", server


def known_ids(client: StudioClient) -> str:
    """A configuration of schemathesis that names a real file and a finished job."""
    source, target = (
        client.upload(sample("source_light_man")),
        client.upload(sample("target_light_woman_dim")),
    )
    options = {"transfer": "mean", "layers": ["mask", "matrix"]}
    job = client.submit("swap", True, source=source["id"], target=target["id"], options=options)
    client.wait(job["id"])
    rows = [(path, {"id": source["id"]}) for path in READS]
    rows += [(f"/v1/jobs/{{id}}{end}", {"id": job["id"], "name": "mask"}) for end in JOBS]
    text = ""
    for path, values in rows:
        given = "".join(
            f'"path.{name}" = "{value}"\n' for name, value in values.items() if f"{{{name}}}" in path
        )
        text += f'[[operations]]\ninclude-path = "{path}"\ninclude-method = ["GET"]\n[operations.parameters]\n{given}\n'
    return text.replace('include-method = ["GET"]\n', "")


def run(address: str, key: str, examples: int, config: str, *more: str) -> int:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "schemathesis.toml")
        file.write_text(config)
        words = [
            sys.executable,
            "-m",
            "schemathesis.cli",
            "--config-file",
            str(file),
            "run",
            f"{address}/v1/openapi.json",
        ]
        words += ["--header", f"X-Client-Key: {key}", "--max-examples", str(examples), "--seed", "1"]
        words += [
            "--checks",
            "all",
            "--exclude-checks",
            "positive_data_acceptance",
            "--suppress-health-check",
            "all",
        ]
        words += ["--request-timeout", "120", "--continue-on-failure", *more]
        return subprocess.run(words, cwd=folder, env=os.environ | {"COLUMNS": "120"}).returncode


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--examples", type=int, default=40)
    examples = parser.parse_args().examples
    with tempfile.TemporaryDirectory() as folder:
        address, server = start(Path(folder, "state"))
        client = StudioClient(address)
        clock = time.monotonic()
        codes = [run(address, client.key, examples, "")]
        reads = ["--exclude-method", "DELETE", "--phases", "coverage,fuzzing"]
        codes.append(run(address, client.key, examples, known_ids(client), *reads))
        print(f"health afterwards: {client.health()}; {time.monotonic() - clock:.0f} s; codes {codes}")
        server.should_exit = True
        time.sleep(2)
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())
