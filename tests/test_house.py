"""The house itself: who may import whom, what is public, what is quick, and that the checks check."""

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import jaxtyping
import numpy as np
import pytest

import aotface
from aotface.commands import COMMANDS, GROUPS
from aotface.compose.blend import frame_mask

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "aotface"

ROOMS = [
    {"types", "errors", "options", "reporter"},
    {"colour_space", "threads", "settings", "media", "samples", "plugins"},
    {"masked"},
    {"light", "face"},
    {"tracking", "metrics"},
    {"reenact", "transfer"},
    {"provenance"},
    {"compose", "inspection"},
    {"video"},
    {"jobs"},
    {"engine"},
    {"datasets"},
    {"forge"},
    {"forensics"},
    {"training", "evaluation"},
    {"profiling", "doctor", "demo", "commands", "cli", "web", "__main__"},
]
"""Left to right; a room imports only from rooms further left, or from itself."""

LAST = len(ROOMS) - 1
PLACE = {room: number for number, rooms in enumerate(ROOMS) for room in rooms}


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@cache
def nodes(source: str) -> list[ast.AST]:
    """Every node of a source."""
    return list(ast.walk(ast.parse(source)))


def imported_rooms(source: str) -> set[str]:
    """Rooms that a file imports, at its top or inside a function."""
    found = set()
    for node in nodes(source):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("aotface"):
            parts = node.module.split(".")
            found |= {parts[1]} if len(parts) > 1 else {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {a.name.split(".")[1] for a in node.names if a.name.startswith("aotface.")}
    return found


def offences(room: str, source: str) -> set[str]:
    """What a file of a room imports although it must not."""
    allowed = {room} | {other for other, place in PLACE.items() if place < PLACE[room]}
    allowed |= ROOMS[LAST] if PLACE[room] == LAST else set()
    return imported_rooms(source) - allowed


FILES = sorted(path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE or path.name != "__init__.py")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_rooms_import_only_from_rooms_on_their_left(path: Path) -> None:
    assert room_of(path) in PLACE, "a new room: give it a place in ROOMS and in docs/architecture.md"
    assert offences(room_of(path), path.read_text()) == set()


def test_the_room_check_can_fail() -> None:
    assert offences("face", "from aotface.compose.blend import blend") == {"compose"}
    assert offences("reenact", "def f():\n    from aotface import transfer") == {"transfer"}
    assert offences("media", "import aotface.face.align") == {"face"}
    assert offences("compose", "from aotface.face.align import align") == set()


def test_every_room_is_described() -> None:
    described = (ROOT / "docs" / "architecture.md").read_text()
    for room in PLACE:
        assert re.search(rf"`{room}(\.py|/)?`", described), f"docs/architecture.md does not describe {room}"


def test_the_public_list_is_exact() -> None:
    assert aotface.__all__ == ["Swapper", "detect", "inspect", "refine", "swap", "verify"]
    functions = {
        n for n, v in vars(aotface).items() if callable(v) and getattr(v, "__module__", "") == "aotface"
    }
    assert {name for name in functions if not name.startswith("_")} == set(aotface.__all__) - {"Swapper"}
    assert all(getattr(aotface, name).__doc__ for name in aotface.__all__)


@pytest.mark.parametrize(
    "words", [["-c", "import aotface"], ["-m", "aotface", "--help"], ["-m", "aotface", "swap", "--help"]]
)
def test_quick_things_load_nothing_heavy(words: list[str]) -> None:
    run = subprocess.run(
        [sys.executable, "-X", "importtime", *words], capture_output=True, text=True, timeout=60
    )
    assert run.returncode == 0
    loaded = set(re.findall(r"\|\s+(\w+)$", run.stderr, re.MULTILINE))
    assert loaded & {"torch", "cv2", "scipy", "onnxruntime", "ot", "c2pa"} == set()
    assert "numpy" in loaded  # the twin: what is loaded does show


def test_a_wrong_shape_is_refused() -> None:
    """The flag of jaxtyping ends in a type checker; without one it would check nothing."""
    good = np.zeros((8, 8), np.float32)
    matrix = np.eye(2, 3)
    assert frame_mask(good, matrix, 4, 5).shape == (4, 5)
    with pytest.raises(jaxtyping.TypeCheckError):
        frame_mask(np.zeros((8, 9), np.float32), matrix, 4, 5)
    with pytest.raises(jaxtyping.TypeCheckError):
        frame_mask(good.astype(np.float64), matrix, 4, 5)


WORDS = {
    "mark": "--no-mark",
    "picture": "PICTURE",
    "file": "FILE",
    "folder": "FOLDER",
    "shards": "SHARDS",
    "job": "JOB",
    "inputs": "INPUTS",
    "plan": "PLAN",
    "store": "STORE",
    "stores": "STORES",
    "network": "NETWORK",
    "matrix": "MATRIX",
    "experiment": "EXPERIMENT",
}
"""Fields whose option is not their name; words in capitals are arguments."""


NAMED = {command.__name__.lower(): command for command in COMMANDS} | {
    f"{group} {word}": command for group, (_, words) in GROUPS.items() for word, command in words.items()
}


@pytest.mark.parametrize("name", NAMED)
def test_every_command_and_option_is_documented(name: str) -> None:
    document = (ROOT / "docs" / "cli.md").read_text()
    command = NAMED[name]
    match = re.search(rf"^## {name}\n(.*?)(?=^## |\Z)", document, re.MULTILINE | re.DOTALL)
    assert match, f"docs/cli.md has no section '## {name}'"
    shared = re.search(
        r"^## Options of swap and refine\n(.*?)(?=^## |\Z)", document, re.MULTILINE | re.DOTALL
    )
    assert shared
    text = match[1] + (shared[1] if name in ("swap", "refine") else "")
    for field in command.__dataclass_fields__:  # type: ignore[attr-defined]
        word = WORDS.get(field, f"--{field.replace('_', '-')}")
        assert f"`{word}`" in text, f"docs/cli.md does not say what {word} of {name} does"


def test_exit_codes_are_documented() -> None:
    from aotface import cli, errors

    document = (ROOT / "docs" / "exit-codes.md").read_text()
    kinds = [v for v in vars(errors).values() if isinstance(v, type) and "exit_code" in vars(v)]
    for kind in kinds:
        assert f"| {kind.exit_code} | `{kind.__name__}` |" in document
    assert f"| {cli.EXIT_FAULT} |" in document


def documents() -> list[Path]:
    return [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


@pytest.mark.parametrize("document", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_links_in_documents_lead_somewhere(document: Path) -> None:
    for link in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", document.read_text()):
        if not link.startswith(("http://", "https://", "mailto:")):
            assert (document.parent / link).exists(), f"{document.name}: {link} leads nowhere"


def test_no_file_has_grown_past_its_idea() -> None:
    for path in PACKAGE.rglob("*.py"):
        assert len(path.read_text().splitlines()) <= 400, f"split {path.name} by idea"


def test_only_the_command_line_prints() -> None:
    for path in FILES:
        calls = [n for n in nodes(path.read_text()) if isinstance(n, ast.Call)]
        names = {call.func.id for call in calls if isinstance(call.func, ast.Name)}
        if path.name != "cli.py":
            assert "print" not in names and "input" not in names, f"{path.name} prints or asks"


def named_twice(source: str) -> list[str]:
    """Constants that a module names twice: the second one silently takes the first one's place."""
    targets = (t for node in ast.parse(source).body if isinstance(node, ast.Assign) for t in node.targets)
    names = [
        n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name) and n.id.isupper()
    ]
    return sorted({name for name in names if names.count(name) > 1})


def test_no_module_names_two_constants_alike() -> None:
    assert named_twice("LEAST = 1\nMOST, LEAST = 2, 3\nmost = 1") == ["LEAST"]
    found = {path.name: named_twice(path.read_text()) for path in (ROOT / "src").rglob("*.py")}
    assert {name: names for name, names in found.items() if names} == {}
