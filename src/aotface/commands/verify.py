"""``aotface verify``."""

from dataclasses import dataclass
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from aotface.errors import AotfaceError, PartialError
from aotface.reporter import Reporter

if TYPE_CHECKING:
    from aotface.provenance.verify import Verification


@dataclass(frozen=True, kw_only=True)
class Verify:
    """Say which marks files carry: content credentials, and the invisible watermark.

    The exit code is 0 where every file is marked, 20 where one is not, 21 where one was changed after signing.
    """

    file: Annotated[list[str], Argument(help="Pictures and videos to check: files, folders or globs.")]
    json: Annotated[bool, Option("--json", help="One line of JSON for each file, for other programs.")] = (
        False
    )

    def run(self, reporter: Reporter) -> int:
        """Say the report of every file, and the exit code of the worst.

        Raises:
            AotfaceError: the only file cannot be read.
            PartialError: some of several cannot be read, and none is invalid.
        """
        from aotface.provenance.verify import EXIT_CODES, verify

        paths, codes = self._paths(), []
        unreadable = 0
        for path in paths:
            try:
                found = verify(path)
            except AotfaceError as error:
                if len(paths) == 1:
                    raise
                unreadable += 1
                self._tell_failed(path, error, reporter)
                continue
            codes.append(EXIT_CODES[found.state])
            self._tell(found, reporter)
        worst = max(codes, default=0)
        if not self.json and len(paths) > 1:
            counts = [f"{codes.count(code)} {state}" for state, code in EXIT_CODES.items()]
            reporter.say(f"{len(paths)} files: {', '.join(counts)}, {unreadable} unreadable.")
        if unreadable and worst != EXIT_CODES["invalid"]:
            raise PartialError(f"{unreadable} of {len(paths)} files cannot be read: see the lines above")
        return worst

    def _paths(self) -> list[Path]:
        from aotface.media.kinds import list_media

        return list(dict.fromkeys(path for given in self.file for path in list_media(given)))

    def _tell(self, found: "Verification", reporter: Reporter) -> None:
        if self.json:
            reporter.say(dumps(found.to_dict()))
            return
        for line in found.lines():
            reporter.say(line)

    def _tell_failed(self, path: Path, error: AotfaceError, reporter: Reporter) -> None:
        line = " ".join(str(error).split())
        if self.json:
            reporter.say(dumps({"file": str(path), "state": "unreadable", "error": line}))
        else:
            reporter.warn(f"failed: {line}")
