"""`aotface.Swapper`: one object, many threads, files and arrays, cancelling."""

import multiprocessing
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import aotface
from aotface.compose.pipeline import Swapped
from aotface.errors import InputError, Interrupted, NoFaceError, UsageError
from aotface.media.image import read_image
from aotface.reenact.mesh import MeshReenactor
from aotface.samples import sample
from aotface.types import Frame

SOURCE, TARGET = "source_light_man", "target_medium_man_warm_side"


@pytest.fixture(scope="module")
def source() -> Frame:
    return read_image(sample(SOURCE)).frame


@pytest.fixture(scope="module")
def target() -> Frame:
    return read_image(sample(TARGET)).frame


@pytest.fixture(scope="module")
def swapper() -> aotface.Swapper:
    return aotface.Swapper()


@pytest.fixture(scope="module")
def done(swapper: aotface.Swapper, source: Frame, target: Frame) -> Swapped:
    return swapper.swap(source, target)


def test_the_functions_are_short_forms_of_it(done: Swapped, source: Frame, target: Frame) -> None:
    np.testing.assert_array_equal(aotface.swap(source, target).frame, done.frame)
    other = aotface.swap(source, target, "none").frame
    assert np.abs(other.astype(int) - done.frame).max() > 20  # the twin
    assert aotface.detect(target)[0].box == done.faces[0].target.face.box


def test_many_threads_give_the_bytes_of_one(
    swapper: aotface.Swapper, done: Swapped, source: Frame, target: Frame
) -> None:
    person = swapper.prepare(source)

    def work(number: int) -> bytes:
        return swapper.swap(person if number % 2 else source, target).frame.tobytes()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(work, range(8))) == {done.frame.tobytes()}


def _swapped_in_a_child(pictures: tuple[Frame, Frame]) -> bytes:
    return aotface.swap(*pictures).frame.tobytes()


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_other_processes_give_the_same(method: str, done: Swapped, source: Frame, target: Frame) -> None:
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"no {method} here")
    with multiprocessing.get_context(method).Pool(1) as pool:
        found = pool.map_async(_swapped_in_a_child, [(source, target)]).get(timeout=120)
    assert found == [done.frame.tobytes()]


def test_pictures_of_other_kinds(
    done: Swapped, swapper: aotface.Swapper, source: Frame, target: Frame
) -> None:
    again = swapper.swap(Image.fromarray(source), Image.fromarray(target))
    np.testing.assert_array_equal(again.frame, done.frame)
    assert swapper.swap(source, target.astype(np.uint16) * 257).frame.dtype == np.uint16
    with pytest.raises(InputError, match="target: expected a picture"):
        swapper.swap(source, "no picture")
    with pytest.raises(NoFaceError, match="in the source"):
        swapper.prepare(np.zeros((64, 64, 3), np.uint8))


def test_refine_inspect_verify(
    swapper: aotface.Swapper, done: Swapped, target: Frame, tmp_path: Path
) -> None:
    refined = swapper.refine(done.reenacted, target)
    assert refined.frame.shape == target.shape
    assert len(swapper.inspect(target).faces) == 1
    (written,) = swapper.swap_file(sample(SOURCE), sample(TARGET), tmp_path / "out.jpg", layers=("mask",))
    assert written == tmp_path / "out.jpg" and (tmp_path / "out.mask.png").is_file()
    assert swapper.verify(written).marked
    assert swapper.verify(sample(TARGET)).marked is False  # the twin


def test_a_label_is_drawn_and_declared(
    swapper: aotface.Swapper, source: Frame, target: Frame, tmp_path: Path
) -> None:
    labelling = aotface.Swapper(transfer="none", label="ai", label_place="top-right", mark=False)
    plain, labelled = (
        aotface.Swapper(transfer="none", mark=False).swap(source, target),
        labelling.swap(source, target),
    )
    badge = labelled.label
    assert badge is not None and plain.label is None
    np.testing.assert_array_equal(labelled.frame, badge.draw(plain.frame))
    deep = np.dstack([target, np.zeros(target.shape[:2], np.uint8)])  # transparent everywhere
    Image.fromarray(deep).save(tmp_path / "target.png")
    (out,) = labelling.swap_file(sample(SOURCE), tmp_path / "target.png", tmp_path / "out.png", mark=True)
    alpha = read_image(out).alpha
    assert alpha is not None and alpha[badge.top + 9, badge.left + 9] == 255 and alpha[-1, 0] == 0
    found = swapper.verify(out).credentials
    assert found is not None and found.record is not None and found.record["label"] == "AI"
    assert "c2pa.addedText" in found.actions


def test_options_that_do_not_fit_are_refused_at_once(source: Frame, target: Frame) -> None:
    with pytest.raises(UsageError, match="a transfer out of"):
        aotface.Swapper(transfer="magic")
    with pytest.raises(UsageError, match="fields of a job"):
        aotface.Swapper(qualty=3)
    with pytest.raises(UsageError, match="certificate and --key"):
        aotface.Swapper(certificate="chain.pem")
    with aotface.Swapper(transfer="mean") as swapper:
        swapper.swap(source, target)
    with pytest.raises(InputError, match="closed"):
        swapper.swap(source, target)


def test_a_reenactor_of_ones_own(done: Swapped, source: Frame, target: Frame, tmp_path: Path) -> None:
    asked = []

    class Counting(MeshReenactor):
        def prepare(self, frame, face):
            asked.append(face.index)
            return super().prepare(frame, face)

    swapper = aotface.Swapper(reenact=Counting())
    np.testing.assert_array_equal(swapper.swap(source, target).frame, done.frame)
    assert asked == [0]
    with pytest.raises(UsageError, match="pictures in memory"):
        swapper.swap_file("a.png", "b.png", tmp_path / "c.png")


def test_a_cancelled_video_resumes_to_the_same_bytes(tmp_path: Path) -> None:
    from aotface.profiling.clip import write_clip

    (tmp_path / "in").mkdir()
    clip = write_clip(tmp_path / "in", 180, 320, 4)
    swapper = aotface.Swapper(transfer="mean", mark=False)
    stop, seen = threading.Event(), []

    def progress(work: str, count: int, total: int) -> None:
        seen.append((work, count, total))
        if len({one[0] for one in seen}) > 1 and count >= 2:
            stop.set()

    with pytest.raises(Interrupted):
        swapper.swap_file(sample(SOURCE), clip, tmp_path / "a.mp4", progress, stop)
    assert not (tmp_path / "a.mp4").exists()
    swapper.swap_file(sample(SOURCE), clip, tmp_path / "a.mp4")
    swapper.swap_file(sample(SOURCE), clip, tmp_path / "b.mp4")
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_a_plain_program_is_quiet_and_leaves_threads_alone() -> None:
    code = (
        "import torch; torch.set_num_threads(2); import aotface; from aotface.samples import sample; "
        "from PIL import Image; s, t = (Image.open(sample(n)) for n in ('source_light_man', 'target_light_woman_dim'));"
        "done = aotface.swap(s, t); print(done.frame.shape[2], torch.get_num_threads())"
    )
    env = {name: value for name, value in os.environ.items() if not name.startswith("OMP")}
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, env=env)
    assert (run.stdout.split(), run.stderr) == (["3", "2"], "")
