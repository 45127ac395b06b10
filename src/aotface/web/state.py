"""The state folder: one server holds it, nothing else lies in it, and what a killed server has left goes."""

import shutil
import sqlite3
from contextlib import ExitStack
from pathlib import Path

from aotface.errors import OutputBusyError, UsageError
from aotface.media.lock import writing_alone
from aotface.web.store import Store

BASE = "studio.sqlite"


class StateFolder:
    """Held until it is released; the system takes it back from a server that dies."""

    def __init__(self, folder: Path):
        """Take the folder.

        Raises:
            UsageError: another server has it, other things lie in it, or it cannot be used.
        """
        self.folder, self._held = folder, ExitStack()
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _check_own(folder)
            self._held.enter_context(writing_alone(folder / BASE))
            self.store = Store(folder)
        except OutputBusyError:
            raise UsageError(
                f"another aotface serve uses {folder}: stop it, or say another --state FOLDER"
            ) from None
        except sqlite3.Error as error:
            self._held.close()
            raise UsageError(
                f"{folder / BASE} cannot be read ({error}): say another --state FOLDER"
            ) from None
        except OSError as error:
            raise UsageError(
                f"--state {folder} cannot be used: {error.strerror or error}; say another"
            ) from None

    def release(self) -> None:
        """Let another server have it."""
        self.store.close()
        self._held.close()

    def clear_leftovers(self) -> None:
        """Remove halves of uploads, and files and results that no row of the store names."""
        known = self.store.paths()
        for place in ("incoming", "files", "jobs"):
            for path in (self.folder / place).iterdir():
                if path.relative_to(self.folder).as_posix() not in known:
                    remove(path)


def remove(path: Path) -> None:
    """Remove a file or folder of ours, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def size_of(folder: Path) -> int:
    """Bytes of the files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _check_own(folder: Path) -> None:
    """Refuse a folder of somebody else: files in it would be removed as leftovers."""
    names = [path.name for path in folder.iterdir()]
    if BASE not in names and any(BASE not in name for name in names):
        raise UsageError(f"--state {folder} holds other things: say an empty or a new folder")
