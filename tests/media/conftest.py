"""Made clips, each made once."""

from collections.abc import Callable
from functools import cache

import pytest
from media.made_clips import KINDS, Clip, make_kind


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Clip]:
    """Make a clip of `KINDS` by its file name; do not write there."""
    folder = tmp_path_factory.mktemp("clips")
    kinds = {kind.name: kind for kind in KINDS}
    return cache(lambda name: make_kind(kinds[name], folder))
