"""A child process of the studio: it decodes what strangers sent, so that what kills it costs one answer.

The server writes a line of JSON, the child answers with lines: progress, warnings, and at last what it made or why not,
followed by bytes. It is asked by one thread at a time, started when it is first needed, and again after it died.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from aotface import errors
from aotface.web.errors import ChildError

START_SECONDS = 120.0
MAX_LINE_BYTES = 8 << 20

_BEGIN = "import sys; sys.path.insert(0, sys.argv[1]); from aotface.web.child_main import serve; serve()"

Heard = Callable[[dict[str, Any]], None]
"""Told of every line before the last."""


class Child:
    """The process. ``role``: ``look`` (may write no file) or ``work``."""

    def __init__(self, role: str, folder: Path):
        self._role, self._folder = role, folder
        self._asked, self._telling = threading.Lock(), threading.Lock()
        self._process: "subprocess.Popen[bytes] | None" = None
        self._closed = False
        self._stopped: set[str] = set()

    @property
    def pid(self) -> int | None:
        """Its process number while it lives."""
        process = self._process
        return None if process is None else process.pid

    def ask(
        self, task: dict[str, Any], seconds: float, heard: Heard | None = None
    ) -> tuple[dict[str, Any], bytes]:
        """Hand over a task, and wait for what comes of it.

        Args:
            task: its name under ``task``, and what it needs.
            seconds: how long the child may be silent.
            heard: told of progress and warnings.

        Returns:
            The answer, and the bytes that belong to it.

        Raises:
            ChildError: the task failed; or the child died of it, or was silent for too long.
        """
        with self._asked:
            process = self._started()
            watch = _Watch(process)

            def told(said: dict[str, Any]) -> None:
                watch.restart(seconds)
                if heard is not None:
                    heard(said)

            try:
                watch.restart(seconds)
                self._tell(process, task)
                if task.get("id") in self._stopped:  # it was cancelled before the process was there
                    self._tell(process, {"task": "cancel", "id": task["id"]})
                return _answer(process, told)
            except (EOFError, OSError, ValueError):
                self._end()
                if self._closed:
                    raise ChildError("stopping", "the server is stopping") from None
                if watch.late:
                    raise ChildError(
                        "too_slow", f"it took more than {seconds:.0f} seconds without a sign"
                    ) from None
                raise ChildError("crashed", "its decoder crashed; get a whole copy of the file") from None
            except BaseException as error:
                if not isinstance(error, ChildError):
                    self._end()  # its answer would be taken for that of the next
                raise
            finally:
                watch.stop()
                self._stopped.discard(task.get("id", ""))

    def cancel(self, id: str) -> None:
        """Ask the task of that ``id`` to stop, now or once it begins."""
        self._stopped.add(id)
        process = self._process
        if process is not None:
            with suppress(OSError, ValueError):
                self._tell(process, {"task": "cancel", "id": id})

    def kill(self) -> None:
        """End the process at once; whoever waits for it gets a `ChildError`."""
        process = self._process
        if process is not None:
            process.kill()

    def close(self) -> None:
        """End the process, for good."""
        self._closed = True
        self.kill()
        with self._asked:
            self._end()

    def _started(self) -> "subprocess.Popen[bytes]":
        if self._closed:
            raise ChildError("stopping", "the server is stopping")
        if self._process is not None and self._process.poll() is not None:
            self._end()
        if self._process is None:
            self._process = self._start()
        return self._process

    def _start(self) -> "subprocess.Popen[bytes]":
        root = str(Path(errors.__file__).parents[1])
        threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", _BEGIN, root, self._role],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if "AOTFACE_WEB_DEBUG" not in os.environ else None,
            cwd=self._folder,
            env=os.environ | threads,
            start_new_session=True,  # Ctrl-C is for the server
        )
        watch = _Watch(process)
        watch.restart(START_SECONDS)
        assert process.stdout is not None
        said = process.stdout.readline(MAX_LINE_BYTES)
        watch.stop()
        if said != b'{"ready":true}\n':
            process.kill()
            process.wait()
            raise ChildError("crashed", "the decoder cannot be started; is there enough memory?")
        return process

    def _tell(self, process: "subprocess.Popen[bytes]", task: dict[str, Any]) -> None:
        assert process.stdin is not None
        with self._telling:
            process.stdin.write(json.dumps(task).encode() + b"\n")
            process.stdin.flush()

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):
                pipe.close()  # type: ignore[union-attr]
        process.wait()


class _Watch:
    """A clock that kills the process when it was silent for too long."""

    def __init__(self, process: "subprocess.Popen[bytes]"):
        self._process, self._timer, self.late = process, threading.Timer(0, lambda: None), False

    def restart(self, seconds: float) -> None:
        self._timer.cancel()
        self._timer = threading.Timer(seconds, self._ring)
        self._timer.daemon = True
        self._timer.start()

    def stop(self) -> None:
        self._timer.cancel()

    def _ring(self) -> None:
        self.late = True
        self._process.kill()


def _answer(process: "subprocess.Popen[bytes]", heard: Heard) -> tuple[dict[str, Any], bytes]:
    assert process.stdout is not None
    while True:
        line = process.stdout.readline(MAX_LINE_BYTES)
        if not line.endswith(b"\n"):
            raise EOFError
        said = json.loads(line)
        if "error" in said:
            raise ChildError(said["error"]["code"], said["error"]["text"])
        if "done" not in said:
            heard(said)
            continue
        data = process.stdout.read(said.get("bytes", 0))
        if len(data) != said.get("bytes", 0):
            raise EOFError
        return said["done"], data
