"""The numbers of a run as it goes: one JSON line each, and TensorBoard events for who wants them."""

import json
import warnings
from pathlib import Path
from typing import Any

from aotface.errors import UsageError
from aotface.media.files import read_bytes, write_bytes

LOG, EVENTS = "log.jsonl", "tensorboard"


class Journal:
    """Keeps ``log.jsonl``, whole at any time; a run that goes on from step N drops what was logged after N.

    Args:
        out: the run's folder.
        step: where the run begins or goes on.
        tensorboard: also write events, into a folder of that name.

    Raises:
        UsageError: events are wanted and the library is not installed.
    """

    def __init__(self, out: Path, step: int = 0, tensorboard: bool = False):
        self.path, self.events = out / LOG, _events(out / EVENTS, step) if tensorboard else None
        lines = read_bytes(self.path).decode().splitlines() if step and self.path.exists() else []
        self.lines = [line for line in lines if json.loads(line)["step"] <= step]

    def log(self, values: dict[str, float], step: int) -> None:
        """Keep the values of one step."""
        self.lines.append(json.dumps({"step": step, **values}))
        write_bytes(self.path, ("\n".join(self.lines) + "\n").encode(), overwrite=True)
        if self.events is not None:
            for name, value in values.items():
                self.events.add_scalar(name, value, step)
            self.events.flush()

    def close(self) -> None:
        """End the events' file."""
        if self.events is not None:
            self.events.close()


def _events(folder: Path, step: int) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the library's own imports
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise UsageError("--tensorboard needs tensorboard: pip install 'aotface[train]'") from None
        return SummaryWriter(str(folder), purge_step=step)  # type: ignore[no-untyped-call]
