"""Where the user's settings lie: signing keys, and network files made for other backends."""

import os
import sys
from pathlib import Path


def settings_folder() -> Path:
    """The user's folder for settings: ``$AOTFACE_HOME``, else the platform's.

    Returns:
        The folder; it need not exist.

    Source: [ours], XDG base directory specification.
    """
    if given := os.environ.get("AOTFACE_HOME"):
        return Path(given)
    if sys.platform == "win32" and (roaming := os.environ.get("APPDATA")):
        return Path(roaming) / "aotface"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "aotface"
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "aotface"
