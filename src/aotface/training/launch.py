"""Where a run computes: one process, or as many as `torchrun` started."""

import logging
import os
import platform
import warnings
from typing import Any

import torch

from aotface.errors import UsageError


def launch(device: str, precision: str) -> Any:
    """Start Lightning Fabric.

    Args:
        device: ``cpu`` or ``cuda``.
        precision: ``bf16-mixed`` or ``32-true``.

    Returns:
        A launched Fabric; under `torchrun` it knows of all processes on all machines.

    Raises:
        UsageError: the library is not installed.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the library's own imports
        try:
            from lightning_fabric import Fabric
        except ImportError:
            raise UsageError("training needs lightning-fabric: pip install 'aotface[train]'") from None
        logging.getLogger("lightning_fabric").setLevel(
            logging.WARNING
        )  # it tells of itself on standard error
        local, world = (int(os.environ.get(name, "1")) for name in ("LOCAL_WORLD_SIZE", "WORLD_SIZE"))
        fabric = Fabric(
            accelerator=device,
            devices=local,
            num_nodes=max(1, world // local),
            strategy="ddp" if world > 1 else "auto",
            precision=precision,  # type: ignore[arg-type]
        )
        fabric.launch()
    return fabric


def hardware(fabric: Any) -> dict[str, Any]:
    """What the run computes on, for its record."""
    device = fabric.device
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else _processor()
    return {
        "device": device.type,
        "hardware": name,
        "processes": fabric.world_size,
        "threads": torch.get_num_threads(),
    }


def _processor() -> str:
    """Kind, vector units and number of the processor's cores; not every system tells its name."""
    return f"{platform.machine()} with {torch.backends.cpu.get_cpu_capability()}, {os.cpu_count()} cores"
