import hashlib
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save, save_file

from aotface import errors
from aotface.media import weights
from aotface.media.weights import find_weights, load_safetensors, sha256, verified_bytes

TENSORS = {"a.weight": torch.arange(6, dtype=torch.float32).reshape(2, 3), "b": torch.tensor([1.5])}


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.safetensors"
    save_file(TENSORS, path)
    return path


def test_tensors_come_back(saved: Path) -> None:
    loaded = load_safetensors(saved, sha256(saved))
    assert loaded.keys() == TENSORS.keys()
    assert all(torch.equal(loaded[name], TENSORS[name]) for name in TENSORS)


def test_the_hash_is_that_of_the_bytes(saved: Path) -> None:
    digest = hashlib.sha256(saved.read_bytes()).hexdigest()
    assert sha256(saved) == digest
    assert verified_bytes(saved, digest.upper()) == saved.read_bytes()


def test_facts_in_order_are_the_same_bytes_each_time(tmp_path: Path) -> None:
    facts = {name: f"{name} of ä" for name in "hgfedcba"}
    made = [weights.in_order(save(TENSORS, dict(facts))) for _ in range(8)]
    assert len(set(made)) == 1 and len(made[0]) == len(save(TENSORS, facts))
    path = tmp_path / "ordered.safetensors"
    path.write_bytes(made[0])
    assert weights.read_facts(path) == facts
    assert all(torch.equal(value, TENSORS[name]) for name, value in load_safetensors(path).items())
    assert weights.in_order(save(TENSORS)) == save(TENSORS)


def refused(path: Path, part: str, **options: object) -> None:
    with pytest.raises(errors.WeightsError, match=part) as caught:
        load_safetensors(path, **options)
    assert str(caught.value).isprintable()


def test_another_file_is_refused(saved: Path) -> None:
    wanted = sha256(saved)
    data = bytearray(saved.read_bytes())
    data[-1] ^= 1
    saved.write_bytes(data)
    refused(saved, "another file than was meant", expected_sha256=wanted)
    assert load_safetensors(saved)  # the twin: without the hash the change goes unnoticed


def test_missing_large_cut_and_foreign_files_are_refused(saved: Path, tmp_path: Path) -> None:
    refused(tmp_path / "gone.safetensors", "no such weights file")
    refused(tmp_path, "no such weights file")
    refused(saved, "the limit is 10", max_bytes=10)
    data = saved.read_bytes()
    for name, content in {
        "cut": data[:-1],
        "lying": (1 << 62).to_bytes(8, "little") + data[8:],
        "text": b"not weights at all",
        "empty": b"",
    }.items():
        (tmp_path / name).write_bytes(content)
        refused(tmp_path / name, "expected safetensors")


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("raise SystemExit('code in the weights was run')",)


def test_pickles_are_refused_and_never_opened(tmp_path: Path) -> None:
    (tmp_path / "old.pt").write_bytes(pickle.dumps(Evil()))
    torch.save(TENSORS, tmp_path / "new.pt")
    for name in ("old.pt", "new.pt"):
        refused(tmp_path / name, "pickle, which can run code")


def test_weights_whose_first_byte_is_that_of_a_pickle_are_still_weights(tmp_path: Path) -> None:
    path = tmp_path / "alike.safetensors"
    for length in range(300):
        save_file(TENSORS, path, {"note": "x" * length})
        if path.read_bytes()[:1] == b"\x80":
            break
    assert path.read_bytes()[:1] == b"\x80" and load_safetensors(path).keys() == TENSORS.keys()


def test_twin_the_pickle_would_have_run_its_code() -> None:
    with pytest.raises(SystemExit):
        pickle.loads(pickle.dumps(Evil()))


def test_weights_are_found_by_path_and_by_name(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find_weights(saved) == saved
    package = tmp_path / "package"
    (package / "weights").mkdir(parents=True)
    save_file(TENSORS, package / "weights" / "small.safetensors")
    monkeypatch.setattr(weights.resources, "files", lambda _: package)
    assert find_weights("small") == find_weights("small.safetensors")
    assert load_safetensors(find_weights("small")).keys() == TENSORS.keys()
    for name in ("other", "../weights/small", "sub/small"):
        with pytest.raises(errors.WeightsError, match=r"no such weights file.*\(small\)"):
            find_weights(name)


def test_looking_for_weights_does_not_import_torch() -> None:
    code = "import sys, aotface.media.weights, aotface.media.image; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
