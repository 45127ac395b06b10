"""One run writes an output at a time."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from aotface.errors import OutputBusyError, UnwritableError
from aotface.media.lock import writing_alone

HOLD = (
    "import sys, time; from pathlib import Path; from aotface.media.lock import writing_alone\n"
    "with writing_alone(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
)


@pytest.fixture
def other(tmp_path: Path):
    """Another process that holds ``out.png``."""
    run = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "out.png")], stdout=subprocess.PIPE, text=True
    )
    assert run.stdout is not None and run.stdout.readline() == "held\n"
    yield run
    run.kill()
    run.communicate()


def test_the_second_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    out = tmp_path / "out.png"
    with writing_alone(out):
        with pytest.raises(OutputBusyError, match="another run is writing it"), writing_alone(out):
            pass
        with writing_alone(tmp_path / "another.png"):
            pass
    with writing_alone(out):
        pass
    assert not list(tmp_path.iterdir())


def test_a_link_leads_to_the_same_lock(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path, target_is_directory=True)
    with (
        writing_alone(tmp_path / "out.png"),
        pytest.raises(OutputBusyError),
        writing_alone(tmp_path / "link" / "out.png"),
    ):
        pass


def test_another_process_counts_and_a_dead_one_does_not(tmp_path: Path, other: subprocess.Popen) -> None:
    with pytest.raises(OutputBusyError), writing_alone(tmp_path / "out.png"):
        pass
    other.send_signal(signal.SIGKILL)
    other.wait()
    assert (tmp_path / ".out.png.lock").exists()
    with writing_alone(tmp_path / "out.png"):
        pass
    assert not list(tmp_path.iterdir())


def test_waiting_ends_when_the_other_does(tmp_path: Path) -> None:
    out, order = tmp_path / "out.png", []

    def hold() -> None:
        with writing_alone(out):
            order.append("first")
            time.sleep(0.3)
            order.append("first ends")

    thread = threading.Thread(target=hold)
    thread.start()
    while not order:
        time.sleep(0.01)
    with writing_alone(out, wait=True):
        order.append("second")
    thread.join()
    assert order == ["first", "first ends", "second"]


def test_long_names_and_missing_folders(tmp_path: Path) -> None:
    with writing_alone(tmp_path / ("n" * 251 + ".png")):
        (name,) = (path.name for path in tmp_path.iterdir())
        assert len(os.fsencode(name)) <= 255
    with pytest.raises(UnwritableError), writing_alone(tmp_path / "none" / "out.png"):
        pass
