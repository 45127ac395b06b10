"""Bad and odd picture files, made by code: what a program meets in the wild, small and without a real face.

`build` writes them into a folder and says what reading each one must give. Tests get them through the fixture
``corpus`` (all of them) or ``corpus_file`` (one test run for each).
"""

from corpus.build import ENTRIES, CorpusFile, base_picture, build
from corpus.entry import Entry

__all__ = ["ENTRIES", "CorpusFile", "Entry", "base_picture", "build"]
