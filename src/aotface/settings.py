"""Where the user's settings lie: signing keys, and network files made for other backends."""

import os
import sys
from pathlib import Path

from aotface.errors import ProvenanceError, UsageError


def settings_folder() -> Path:
    """The user's folder for settings: ``$AOTFACE_HOME``, else the platform's.

    Returns:
        The folder; it need not exist.

    Raises:
        UsageError: this user has no home folder, and no variable names another one.

    Source: [ours], XDG base directory specification.
    """
    if given := os.environ.get("AOTFACE_HOME"):
        return Path(given)
    if sys.platform == "win32" and (roaming := os.environ.get("APPDATA")):
        return Path(roaming) / "aotface"
    try:
        if sys.platform == "darwin":
            return Path.home() / "Library" / "Application Support" / "aotface"
        return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "aotface"
    except RuntimeError:
        raise UsageError(
            "this user has no home folder for settings: set AOTFACE_HOME to a folder that can be written"
        ) from None


def check_key_folder() -> None:
    """Refuse a settings folder that can neither give the signing key nor take a new one, before anything is made.

    Raises:
        UsageError: see `settings_folder`.
        ProvenanceError: no permission, or a file is in the way.
    """
    key = settings_folder() / "authority" / "key.pem"
    if os.access(key, os.R_OK):
        return
    there = next(folder for folder in (key, *key.parents) if os.path.lexists(folder))
    if there == key or not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise ProvenanceError(
            f"the signing key cannot be read or made in {key.parent}: set AOTFACE_HOME to a folder that can be written, "
            "name --certificate and --key, or say --no-mark"
        )
