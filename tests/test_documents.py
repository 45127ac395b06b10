"""User documents stay short and plain: a limit on words, a limit on sentences, and no file that is not there."""

import re
import tomllib
from pathlib import Path

import msgspec
import pytest

from aotface.forensics.matrix import Matrix
from aotface.reenact.onnx_spec import SwapperSpec, parse_spec

ROOT = Path(__file__).parents[1]
GUIDES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
"""What users read; decisions (docs/adr) and measurements (docs/log) are records."""

WORDS = 13_700
SENTENCE_WORDS = 30


def sentences(text: str) -> list[str]:
    """Sentences of a Markdown text: of paragraphs, list items, headings, and each cell of a table."""
    text = re.sub(r"^```.*?^```", "\n", text, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"(?<=\n\n)(?:    .*\n?)+", "", text)
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    found = []
    for block in re.split(r"\n\s*\n|\n(?=\s*(?:[-*#|]|\d+\.)\s?)", text):
        block = re.sub(r"^\s*(?:[-*#]+|\d+\.)\s", "", block)
        for cell in block.split("|"):
            found += re.split(r"(?<=[.!?])[*_)\"']*\s+", " ".join(cell.split()))
    return [sentence for sentence in found if sentence]


def words(text: str) -> list[str]:
    """Everything between blanks that holds a letter or digit: code and links count, bars of tables do not."""
    return [word for word in text.split() if re.search(r"\w", word)]


def too_long(text: str) -> list[str]:
    """Sentences of more than `SENTENCE_WORDS` words; code in backticks counts as one word."""
    counted = [(sentence, re.sub(r"`[^`]*`", "code", sentence)) for sentence in sentences(text)]
    return [sentence for sentence, plain in counted if len(re.findall(r"[\w'’.-]+", plain)) > SENTENCE_WORDS]


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_sentences_are_short(guide: Path) -> None:
    assert too_long(guide.read_text()) == []


def test_a_long_sentence_is_found() -> None:
    long = "One sentence has " + "many " * 28 + "words."
    assert too_long(f"Short. {long} Short.\n\n- {long}\n\n| a | {long} |") == [long] * 3
    assert too_long(f"```\n{long}\n```\n\n    {long}\n\n[{'a ' * 10}](b.md) and `{'c ' * 40}`") == []


def test_words_are_counted() -> None:
    assert len(words("| a | `b c` |\n|---|---|\n- one, two ([three](four.md))")) == 6


def test_user_documents_stay_short() -> None:
    counts = {path.name: len(words(path.read_text())) for path in GUIDES}
    assert sum(counts.values()) < WORDS, f"move measurements to docs/log: {counts}"


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_named_files_exist(guide: Path) -> None:
    """Scripts, runs, examples, tests and source files that a guide names in backticks."""
    named = re.findall(r"`((?:scripts|runs|examples|tests|docs|src)/[\w./-]+)", guide.read_text())
    assert [name for name in named if not (ROOT / name.rstrip("/.")).exists()] == []


def toml_in(guide: str) -> list[dict]:
    """The examples in TOML of a guide."""
    text = (ROOT / "docs" / guide).read_text()
    return [tomllib.loads(block) for block in re.findall(r"```toml\n(.*?)```", text, re.DOTALL)]


def test_examples_of_configurations_are_understood() -> None:
    face_map, swapper = toml_in("cli.md")
    assert all({"face", "source"} <= row.keys() for row in face_map["face"])
    assert isinstance(parse_spec(swapper, ROOT, "swapper.toml"), SwapperSpec)
    (matrix,) = toml_in("forensics.md")
    assert msgspec.convert(matrix, Matrix).seeds == 5
