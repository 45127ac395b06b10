"""Put packages with entry points where `importlib.metadata` finds them, as an installer does."""

import shutil
import tomllib
from pathlib import Path

HERE = Path(__file__).parent / "plugin_package"


def install(folder: Path) -> Path:
    """Install tests/plugin_package into a folder; returns the folder, which belongs on the path."""
    project = tomllib.loads((HERE / "pyproject.toml").read_text())["project"]
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(HERE / "aotface_test_plugins.py", folder)
    write_metadata(folder, project["name"], project["version"], project["entry-points"])
    return folder


def write_metadata(folder: Path, name: str, version: str, groups: dict[str, dict[str, str]]) -> None:
    """The dist-info folder of a package: its name, version and entry points."""
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    lines = []
    for group, entries in groups.items():
        lines += [f"[{group}]", *(f"{key} = {value}" for key, value in entries.items())]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
