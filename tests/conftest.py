"""Fixtures for all tests; ``tests/corpus`` becomes importable as ``corpus``."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from corpus import ENTRIES, CorpusFile, build


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> list[CorpusFile]:
    """All bad and odd files, in one folder; do not write there."""
    return build(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(params=list(ENTRIES))
def corpus_file(request: pytest.FixtureRequest, corpus: list[CorpusFile]) -> CorpusFile:
    """Each bad or odd file in turn."""
    for file in corpus:
        if file.name == request.param:
            return file
    pytest.skip("root may read every file")
