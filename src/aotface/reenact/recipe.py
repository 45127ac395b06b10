"""Recipes: what well-known ONNX swappers expect, ready in the package; their weights are not."""

from importlib import resources
from pathlib import Path
from typing import NamedTuple

from aotface.media.config import read_toml

FOLDER = Path(str(resources.files("aotface"))) / "reenact" / "recipes"


class Recipe(NamedTuple):
    """What there is to know before the weights are there. ``models``: which files it needs, of `ModelPaths`."""

    name: str
    path: Path
    summary: str
    licence: str
    models: tuple[str, ...]


def recipe_names() -> list[str]:
    """Names of the recipes, in order of the alphabet."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def read_recipe(name: str) -> Recipe:
    """Read a recipe.

    Args:
        name: one of `recipe_names`.
    """
    path = FOLDER / f"{name}.toml"
    data = read_toml(path)
    models = ("model", *(table for table in ("embedding", "converter") if table in data))
    return Recipe(name, path, data["summary"], data["licence"], models)
