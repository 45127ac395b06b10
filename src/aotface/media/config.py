"""TOML files: read whole, refused with their place when they are broken."""

import tomllib
from pathlib import Path
from typing import Any

from aotface.errors import InputError


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Args:
        path: the file.

    Returns:
        Its tables.

    Raises:
        InputError: the file cannot be opened, or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as fault:
        raise InputError(f"cannot read {path}: {fault.strerror or fault}") from fault
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise InputError(f"{path} is not valid TOML: {fault}") from fault
