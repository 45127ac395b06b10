from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from skimage import data

from aotface.provenance.credentials import Record
from aotface.types import Frame


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test has its own settings folder: no key is ever written to the user's."""
    monkeypatch.setenv("AOTFACE_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="session")
def portrait() -> Frame:
    """A real photograph, 512 px (NASA, public domain)."""
    return data.astronaut()


@pytest.fixture
def picture(tmp_path: Path) -> Callable[..., Path]:
    """Write a small noise picture and give its path."""
    from aotface.media.image import write_image

    def write(name: str, seed: int = 0, side: int = 64) -> Path:
        noise = np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8)
        return write_image(tmp_path / name, noise, overwrite=True)

    return write


@pytest.fixture
def record() -> Record:
    return Record("mkl", "mesh", model_sha256="ab" * 32, parameters={"seed": 3, "weight": 0.5})
