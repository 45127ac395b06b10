"""The child process of `aotface.web.child`: reads tasks from its standard input, answers on its standard output."""

import json
import os
import queue
import sys
import threading
from typing import IO, Any

from aotface.errors import AotfaceError, short_of_memory
from aotface.threads import one_thread_each, set_thread_policy
from aotface.web.errors import ChildError, code_of

MAX_MEMORY_BYTES = {"look": 12 << 30, "work": 24 << 30}
"""Of addresses, which are many more than what is used of them."""

_NETWORK = ("socket.connect", "socket.getaddrinfo", "socket.bind", "socket.sendto")


class Talk:
    """What a task may say, and whether it shall stop."""

    def __init__(self, out: IO[bytes]):
        self._out, self._lock = out, threading.Lock()
        self._task, self._stopped = "", set[str]()
        self.cancelled = threading.Event()

    def begin(self, task: str) -> None:
        """Another task, which may be cancelled already."""
        with self._lock:
            self._task = task
            self.cancelled.clear()
            if task in self._stopped:
                self.cancelled.set()

    def cancel(self, task: str) -> None:
        """A task is not wanted any more."""
        with self._lock:
            self._stopped.add(task)
            if task == self._task:
                self.cancelled.set()

    def say(self, line: str) -> None:
        """Results are returned instead."""

    def warn(self, line: str) -> None:
        """Tell the server what the user should notice."""
        self.send({"warning": line})

    def progress(self, work: str, done: int, total: int) -> None:
        """Tell the server how far it is."""
        self.send({"progress": [work, done, total]})

    def send(self, line: dict[str, Any], data: bytes = b"") -> None:
        """Write one line, and the bytes that follow it."""
        with self._lock:
            self._out.write(json.dumps(line, separators=(",", ":")).encode() + b"\n" + data)
            self._out.flush()


def serve() -> None:
    """Answer until the server is gone: then the process ends at once, in the middle of whatever it does."""
    role = sys.argv[2]
    set_thread_policy()
    _limit(role)
    sys.addaudithook(_refuse_network)
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    talk, tasks = Talk(out), queue.SimpleQueue[dict[str, Any]]()
    threading.Thread(target=_listen, args=(talk, tasks), daemon=True).start()
    talk.send({"ready": True})
    while True:
        task = tasks.get()
        talk.begin(task.get("id", ""))
        _do(talk, task)


def _listen(talk: Talk, tasks: "queue.SimpleQueue[dict[str, Any]]") -> None:
    for line in sys.stdin.buffer:
        task = json.loads(line)
        if task["task"] == "cancel":
            talk.cancel(task["id"])
        else:
            tasks.put(task)
    os._exit(0)


def _do(talk: Talk, task: dict[str, Any]) -> None:
    from aotface.web.tasks import TASKS

    try:
        with one_thread_each() if task["task"] in ("run", "compare", "warm") else _nothing():
            made, data = TASKS[task["task"]](task, talk)
    except ChildError as error:
        talk.send({"error": {"code": error.code, "text": error.text}})
    except AotfaceError as error:
        talk.send({"error": {"code": code_of(error), "text": str(error)}})
    except Exception as fault:
        known = short_of_memory(fault)
        words = str(known) if known else f"a fault of aotface: {type(fault).__name__}: {fault}"[:300]
        talk.send({"error": {"code": "memory" if known else "fault", "text": words}})
        if "AOTFACE_WEB_DEBUG" in os.environ:
            raise
    else:
        talk.send({"done": made, "bytes": len(data)}, data)


class _nothing:
    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


def _limit(role: str) -> None:
    """No more memory than said, no core dumped; who only looks writes no file."""
    try:
        import resource
    except ImportError:  # not on Windows
        return
    limits = [(resource.RLIMIT_AS, MAX_MEMORY_BYTES[role]), (resource.RLIMIT_CORE, 0)]
    if role == "look":
        limits.append((resource.RLIMIT_FSIZE, 0))
    for what, most in limits:
        hard = resource.getrlimit(what)[1]
        try:
            resource.setrlimit(what, (most if hard < 0 else min(most, hard), hard))
        except (OSError, ValueError):  # macOS knows no limit of addresses
            continue


def _refuse_network(event: str, _arguments: object) -> None:
    if event in _NETWORK:
        raise PermissionError("the studio's child processes use no network")
