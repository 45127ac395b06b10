import errno
import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from corpus import CorpusFile, base_picture

from aotface import errors
from aotface.media import files
from aotface.media.files import (
    check_output,
    list_images,
    pair_name,
    pair_names,
    read_bytes,
    replacing,
    same_file,
    show,
    write_bytes,
)
from aotface.media.image import read_image, write_image


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# --- whole or not at all


def test_a_file_appears_whole(tmp_path: Path) -> None:
    assert write_bytes(tmp_path / "a.bin", b"content") == tmp_path / "a.bin"
    assert read_bytes(tmp_path / "a.bin") == b"content" and names(tmp_path) == ["a.bin"]


def test_an_existing_file_is_kept_unless_asked(tmp_path: Path) -> None:
    path = write_bytes(tmp_path / "a.bin", b"old")
    with pytest.raises(errors.OutputExistsError, match="already exists"):
        write_bytes(path, b"new")
    assert path.read_bytes() == b"old"
    write_bytes(path, b"new", overwrite=True)
    assert path.read_bytes() == b"new" and names(tmp_path) == ["a.bin"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EDQUOT, errno.EROFS, errno.EIO])
def test_when_the_system_refuses_nothing_is_left(number: int, tmp_path: Path) -> None:
    kept = write_bytes(tmp_path / "a.png", b"old")
    with pytest.raises(errors.UnwritableError) as caught, replacing(kept, overwrite=True) as temporary:
        temporary.write_bytes(b"half")
        raise OSError(number, os.strerror(number))
    assert str(caught.value).isprintable() and ";" in str(caught.value)
    assert kept.read_bytes() == b"old" and names(tmp_path) == ["a.png"]


def test_ctrl_c_in_the_middle_of_a_write_leaves_nothing_and_goes_through(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), replacing(tmp_path / "a.png") as temporary:
        temporary.write_bytes(b"half")
        raise KeyboardInterrupt
    assert names(tmp_path) == []


def test_ctrl_c_just_before_the_last_step_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(files.os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_image(tmp_path / "a.png", base_picture())
    assert names(tmp_path) == []


def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    """A process that may not write more than 4 kB per file writes a larger picture."""
    code = (
        "import sys, resource, numpy as np\n"
        "from aotface.errors import UnwritableError\n"
        "from aotface.media.image import write_image\n"
        "noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "try:\n"
        "    write_image(sys.argv[1], noise)\n"
        "except UnwritableError as error:\n"
        "    print(error)\n"
    )
    path = tmp_path / "out" / "a.png"
    path.parent.mkdir()
    run = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert run.stdout == f"{path}: cannot be written: " + files._REASONS[errno.EFBIG] + "\n"
    assert names(path.parent) == []
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 4096  # the limit was that of the child


def test_twin_writing_in_place_leaves_half_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    with pytest.raises(KeyboardInterrupt), open(path, "wb") as file:
        file.write(b"half")
        raise KeyboardInterrupt
    assert names(tmp_path) == ["a.png"]


def test_whoever_writes_the_same_name_meanwhile_wins(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    with pytest.raises(errors.OutputExistsError), replacing(path) as temporary:
        temporary.write_bytes(b"mine")
        path.write_bytes(b"theirs")
    assert path.read_bytes() == b"theirs" and names(tmp_path) == ["a.bin"]


def test_the_temporary_name_keeps_the_suffix_and_is_hidden(tmp_path: Path) -> None:
    long = "n" * 240 + ".webp"
    with replacing(tmp_path / long) as temporary:
        assert temporary.suffix == ".webp" and temporary.name.startswith(".")
        assert temporary.parent == tmp_path
        temporary.write_bytes(b"x")
        assert list_images_or_none(tmp_path) == []
    assert names(tmp_path) == [long]


def list_images_or_none(folder: Path) -> list[Path]:
    try:
        return list_images(folder)
    except errors.UnreadableImageError:
        return []


def test_permissions_follow_the_umask_like_any_other_file(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b"x")
    assert write_bytes(tmp_path / "a", b"x").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_outputs_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "null").symlink_to("/dev/null")
    for name, part in (
        ("missing/a.png", "does not exist"),
        ("file/a.png", "does not exist"),
        ("", "found a folder"),
        ("pipe", "pipe or device"),
        ("null", "pipe or device"),
        ("a\0.png", "no file can have that name"),
        ("n" * 300 + ".png", "too long"),
    ):
        with pytest.raises(errors.UnwritableError, match=part) as caught:
            write_image(tmp_path / name, base_picture(), overwrite=True, format="PNG")
        assert str(caught.value).isprintable()
    assert names(tmp_path) == ["file", "null", "pipe"] and Path("/dev/null").is_char_device()


def test_a_folder_without_permission(tmp_path: Path) -> None:
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o500)
    if os.access(folder, os.W_OK):
        pytest.skip("root may write everywhere")
    with pytest.raises(errors.UnwritableError, match="no permission"):
        write_image(folder / "a.png", base_picture())


def test_a_dangling_link_counts_as_existing(tmp_path: Path) -> None:
    (tmp_path / "a.png").symlink_to(tmp_path / "gone")
    with pytest.raises(errors.OutputExistsError):
        check_output(tmp_path / "a.png")


# --- one file or two


def test_the_same_file_is_seen_through_links_and_spellings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_image(tmp_path / "a.png", base_picture())
    (tmp_path / "link.png").symlink_to(path)
    (tmp_path / "hard.png").hardlink_to(path)
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path)
    for other in ("a.png", "./a.png", "sub/../a.png", "link.png", "hard.png"):
        assert same_file(path, other), other
    assert not same_file(path, write_image(tmp_path / "b.png", base_picture()))


def test_missing_files_are_the_same_when_their_paths_are(tmp_path: Path) -> None:
    assert same_file(tmp_path / "x.png", tmp_path / "sub" / ".." / "x.png")
    assert not same_file(tmp_path / "x.png", tmp_path / "y.png")


# --- lists


def test_a_folder_gives_its_pictures_sorted_and_nothing_else(tmp_path: Path) -> None:
    for name in ("b.png", "a.jpg", "c"):  # "c" has no suffix, its content is a picture
        write_image(tmp_path / name, base_picture(8, 8), format="PNG")
    (tmp_path / "broken.jpg").write_bytes(b"")
    (tmp_path / "phone.heic").write_bytes(b"\x00\x00\x00\x18ftypheic")
    (tmp_path / "notes.txt").write_bytes(b"text")
    (tmp_path / ".hidden.png").write_bytes((tmp_path / "b.png").read_bytes())
    (tmp_path / "sub").mkdir()
    write_image(tmp_path / "sub" / "deep.png", base_picture(8, 8))
    os.mkfifo(tmp_path / "pipe.png")
    expected = ["a.jpg", "b.png", "broken.jpg", "c", "phone.heic"]
    assert [path.name for path in list_images(tmp_path)] == expected
    assert [path.name for path in list_images(str(tmp_path / "*"))] == expected
    assert [path.name for path in list_images(str(tmp_path / "[ab].*"))] == ["a.jpg", "b.png"]


def test_a_file_whose_name_looks_like_a_pattern_is_a_file(tmp_path: Path) -> None:
    path = write_image(tmp_path / "photo[1].png", base_picture(8, 8))
    assert list_images(path) == [path]


def test_nothing_found_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_bytes(b"text")
    for given, part in (
        (tmp_path, r"no picture in the folder \(1 entries\)"),
        (tmp_path / "*.png", "no picture in the pattern"),
        (tmp_path / "gone", "no such file or folder"),
        (tmp_path / "a\0b", "no such file|cannot be listed"),
    ):
        with pytest.raises(errors.UnreadableImageError, match=part) as caught:
            list_images(given)
        assert str(caught.value).isprintable()


def test_the_whole_corpus_can_be_listed(corpus: list[CorpusFile]) -> None:
    folder = corpus[0].path.parent
    listed = {path.name for path in list_images(folder)}
    assert {file.path.name for file in corpus if file.expect == "ok"} <= listed
    assert "pipe.jpg" not in listed and "endless.jpg" not in listed


# --- names


def test_a_pair_is_named_after_both() -> None:
    assert pair_name("faces/anna.png", "shots/street.JPG") == "street__anna.jpg"
    assert pair_name("anna.png", "clip.gif") == pair_name("anna.heic", "clip") == "clip__anna.png"


@pytest.mark.parametrize(
    "stem",
    [
        "..",
        "../../etc/passwd",
        "a/b",
        "a\\b",
        ".hidden",
        "line\nbreak",
        "a\0b",
        "con?*:|<>",
        " . ",
        "",
        "x" * 400,
    ],
)
def test_a_pair_never_leaves_its_folder(stem: str, tmp_path: Path) -> None:
    for name in (pair_name(stem, "t.png"), pair_name("s.png", stem), pair_name(stem, stem)):
        assert name == Path(name).name and name.isprintable() and not name.startswith(".")
        assert len(name.encode()) <= 255
        assert write_bytes(tmp_path / name, b"x", overwrite=True).parent == tmp_path


def test_long_names_that_differ_at_their_end_stay_different() -> None:
    assert pair_name("x" * 300 + "1", "t.png") != pair_name("x" * 300 + "2", "t.png")


def test_a_batch_has_no_name_twice() -> None:
    sources = ["a/face.png", "b/face.png", "face.jpg", "FACE.png", "c"]
    targets = ["t.png", "T.png", "t__face.png"]
    result = pair_names(sources, targets)
    assert list(result)[:2] == [(0, 0), (1, 0)] and len(result) == 15
    assert len({name.casefold() for name in result.values()}) == 15
    assert result[0, 0] == "t__face.png" and result[1, 0] == "t__face-2.png"
    assert pair_names(sources, targets) == result


def test_paths_are_shown_on_one_line() -> None:
    assert show("a\nb\t\x1b[31m.png") == "a\\nb\\t\\x1b[31m.png"
    assert show(b"\xff.png".decode("utf-8", "surrogateescape")).isprintable()
    assert show("größe 写真.png") == "größe 写真.png"


def test_reading_a_picture_over_itself_is_possible_when_asked(tmp_path: Path) -> None:
    path = write_image(tmp_path / "a.png", base_picture())
    picture = read_image(path)
    write_image(path, 255 - picture.frame, picture, overwrite=True)
    assert np.array_equal(read_image(path).frame, 255 - base_picture())
