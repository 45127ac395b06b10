"""The command line: every command is a frozen dataclass, and its fields are the options."""

import dataclasses
import errno
import inspect
import io
import os
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from typing import Annotated, Any, get_type_hints

import typer

import aotface
from aotface import plugins
from aotface.commands import COMMANDS, GROUPS
from aotface.errors import AotfaceError, Interrupted, UnwritableError, UsageError, short_of_memory
from aotface.threads import refuse_small_memory, set_thread_policy

REDRAW_SECONDS, REPORT_SECONDS = 0.2, 20.0
"""How often progress is written: on a terminal, and into a file."""

EXIT_FAULT = 70
"""Our own fault: the only case in which a traceback is shown."""


ENVIRONMENT = (
    errno.ENAMETOOLONG,
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EROFS,
    errno.EACCES,
    errno.EPERM,
    errno.EFBIG,
    errno.EMFILE,
)
"""What the system refuses and no fault of ours brings about, wherever it is met."""


class Terminal:
    """Reports on a terminal: results to standard output, the rest to standard error."""

    def __init__(self) -> None:
        self._work, self._started, self._shown, self._before = "", 0.0, 0.0, 0

    def say(self, line: str) -> None:
        """Print a result.

        Raises:
            UnwritableError: the output goes into a file, and the disk is full.
        """
        try:
            print(line, flush=True)
        except BrokenPipeError:
            raise
        except OSError as error:
            _discard(1)
            raise UnwritableError(f"the standard output cannot be written: {error.strerror}") from None

    def warn(self, line: str) -> None:
        """Print what the user should notice."""
        _tell(f"aotface: {line}\n")

    def progress(self, work: str, done: int, total: int) -> None:
        """Write how many frames are done, how fast, and the time left: in place of the last line on a terminal."""
        clock, live = time.monotonic(), sys.stderr is not None and sys.stderr.isatty()
        if work != self._work:
            self._work, self._started, self._shown, self._before = work, clock, clock if live else 0.0, done
        if done < total and clock - self._shown < (REDRAW_SECONDS if live else REPORT_SECONDS):
            return
        self._shown = clock
        fps = (done - self._before) / max(clock - self._started, 1e-3)
        pace = f", {fps:.1f} fps" if fps else ""
        left = f", {time_left((total - done) / fps)} left" if fps and done < total else ""
        line = f"{work}: {done} of {total} frames ({100 * done // total} %){pace}{left}"
        end = "\n" if done >= total or not live else ""
        _tell((f"\r\x1b[K{line}" if live else line) + end)


def _tell(words: str) -> None:
    """Write to the standard error; what cannot be said there cannot be said anywhere."""
    try:
        print(words, end="", file=sys.stderr, flush=True)
    except OSError:
        _discard(2)


def _discard(number: int) -> None:
    """Have a standard stream lead nowhere, so that the interpreter does not stumble over it once more at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, number)
    os.close(nowhere)


def _escape() -> None:
    """What the terminal's encoding has no letter for is written as an escape, in place of an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def time_left(seconds: float) -> str:
    """A duration in words, no finer than it can be known: ``40 s``, ``3 min 20 s``, ``2 h 5 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: the words after ``aotface``; those of the process when left out.

    Returns:
        The exit code, as documented in docs/exit-codes.md.
    """
    reporter = Terminal()
    _escape()
    set_thread_policy()  # read when torch is loaded, which no command has done yet
    try:
        words = list(sys.argv[1:] if arguments is None else arguments)
        if not words:
            words = ["--help"]
        if not {"--help", "--version", "verify"} & set(words):
            refuse_small_memory()
        help_end = plugin_names() if "--help" in words else ""
        return _app(reporter, help_end)(words, prog_name="aotface", standalone_mode=False) or 0
    except Interrupted as stop:
        reporter.warn(str(stop))
        return stop.exit_code
    except AotfaceError as error:
        reporter.warn(f"error: {_one_line(str(error))}")
        return error.exit_code
    except BrokenPipeError:  # the reader of our output went away, as `head` does
        sys.stderr.close()
        return 0
    except Exception as fault:
        if hasattr(fault, "format_message"):  # the option parser's own errors; its classes are not public
            message = _one_line(fault.format_message())
            if "unexpected extra argument" in message:
                message += ": several files need quotes, as in -t '*.png'"
            reporter.warn(f"error: {message} (see aotface --help)")
            return 2
        if (short := short_of_memory(fault)) is not None:
            reporter.warn(f"error: {short}")
            return short.exit_code
        if isinstance(fault, OSError) and fault.errno in ENVIRONMENT:
            named = f"{_one_line(str(fault.filename))}: " if fault.filename else ""
            reporter.warn(
                f"error: {named}{_one_line(str(fault.strerror))}; choose another name, folder or disk"
            )
            return UnwritableError.exit_code
        traceback.print_exc()
        reporter.warn("this is a fault of aotface, not yours: please report it with the lines above")
        return EXIT_FAULT


def _app(reporter: Terminal, help_end: str = "") -> typer.Typer:
    # Plain help: boxes leave half of an 80-column terminal to the words.
    app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

    def show_version(asked: bool) -> bool:
        if asked:
            reporter.say(f"aotface {aotface.__version__}")
            raise typer.Exit
        return asked

    @app.callback(help="Put a swapped face into the light and skin tone of its picture.")
    def _top(
        version: Annotated[
            bool, typer.Option("--version", callback=show_version, help="Show the version and exit.")
        ] = False,
    ) -> None:
        pass

    for command in COMMANDS:
        epilog = (
            help_end
            if {"transfer", "methods"} & {field.name for field in dataclasses.fields(command)}
            else ""
        )
        app.command(command.__name__.lower(), help=inspect.getdoc(command), epilog=epilog)(
            _as_function(command, reporter)
        )
    for group, (summary, commands) in GROUPS.items():
        words = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help=summary)
        for word, command in commands.items():
            words.command(word, help=inspect.getdoc(command))(_as_function(command, reporter))
        app.add_typer(words, name=group)
    return app


def plugin_names() -> str:
    """One line for help texts: the plug-ins that are installed, none of them imported; empty without any."""
    try:
        found = [(kind.word, plugins.names(kind)) for kind in plugins.KINDS]
    except UsageError as error:
        return str(error)
    parts = [f"{word} {', '.join(names)}" for word, names in found if names]
    return f"Plug-ins installed: {'; '.join(parts)}." if parts else ""


def _as_function(command: type, reporter: Terminal) -> Callable[..., int | None]:
    """A function with one parameter per field, which is what the option parser reads; it gives the exit code.

    Required ones come first, a command's own before those that it shares.
    """
    hints = get_type_hints(command, include_extras=True)
    own, missing = inspect.get_annotations(command), inspect.Parameter.empty
    fields = sorted(
        dataclasses.fields(command),
        key=lambda field: (field.default is not dataclasses.MISSING, field.name not in own),
    )
    parameters = [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            annotation=hints[field.name],
            default=missing if field.default is dataclasses.MISSING else field.default,
        )
        for field in fields
    ]

    def run(**values: Any) -> int | None:
        try:
            code: int | None = command(**values).run(reporter)
            return code
        except KeyboardInterrupt:  # before the option parser, which has a message of its own
            raise Interrupted("stopped: nothing half-written is left") from None

    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


def _one_line(message: str) -> str:
    return " ".join(message.split())
