"""The one description of what shall be made: the command line, Ray and other programs hand over a `JobSpec`."""

import os
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from msgspec.structs import replace

from aotface.errors import InputError, UsageError
from aotface.options import BACKENDS, DEVICES, Options
from aotface.transfer import listed

if TYPE_CHECKING:
    from aotface.reenact.registry import ReenactorSettings

VERSION = 1
"""Of the file format."""

PATHS = (
    "target",
    "output",
    "source",
    "swapped",
    "face_map",
    "mask",
    "reenact_config",
    "reenact_model",
    "reenact_embedding",
    "reenact_converter",
    "certificate",
    "key",
    "save_frames",
    "run_log",
)
"""Fields that name files; ``weights`` and ``face`` do where a file of that name exists."""

TRAINING = ("allowed", "notAllowed", "constrained")
"""What the credentials may say of use for training and data mining."""

Percent = Annotated[int, msgspec.Meta(ge=1, le=100)]


class FaceAssignment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which source goes onto which face of the target.

    ``face``: its number, ``largest``, ``all``, or a reference picture of the person. ``source``: a picture; None where
    the target's swap is given. ``source_face``: ``largest``, or a number.
    """

    face: int | str
    source: str | None = None
    source_face: int | str = Options.source_face


class JobSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What shall be made, as plain values. Fields are called as the options of the command line.

    ``kind``: ``swap`` puts ``source`` (or what ``face_map`` or ``faces`` say) onto ``target``; ``refine`` moves ``swapped``
    into the light of ``target``. Files, folders and patterns stand for many; ``output`` is then a folder.
    ``layers``: names out of `aotface.compose.output_layers.LAYERS`, written beside each output.
    ``trim_start``, ``trim_end``: seconds. ``fps``: of folders of frames, as ``"25"`` or ``"30000/1001"``.

    msgspec, and not pydantic: no further packages, a third of the import time.
    """

    kind: Literal["swap", "refine"]
    target: str
    output: str
    version: int = VERSION
    source: str = ""
    swapped: str = ""
    face_map: str | None = None
    faces: tuple[FaceAssignment, ...] = ()
    face: str = Options.face
    source_face: str = Options.source_face
    transfer: str = Options.transfer
    seed: Annotated[int, msgspec.Meta(ge=0)] = Options.seed
    weights: str = Options.weights
    device: str = "auto"
    backend: str = Options.backend
    reenact: str = "mesh"
    reenact_config: str | None = None
    reenact_model: str | None = None
    reenact_embedding: str | None = None
    reenact_converter: str | None = None
    quality: Percent | None = None
    mark: bool = True
    certificate: str | None = None
    key: str | None = None
    timestamp_url: str | None = None
    training_mining: str | None = None
    camera_match: str = Options.camera_match
    gaze: str = Options.gaze
    strength: float = Options.strength
    exposure: float = Options.exposure
    temperature: float = Options.temperature
    label: str = Options.label
    label_place: str = Options.label_place
    label_size: float = Options.label_size
    layers: tuple[str, ...] = ()
    trim_start: float | None = None
    trim_end: float | None = None
    fps: str | None = None
    mask: str | None = None
    codec: str = "auto"
    crf: Annotated[int, msgspec.Meta(ge=0, le=51)] = 18
    preset: str = "veryfast"
    save_frames: str | None = None
    ray: str | None = None
    workers: Annotated[int, msgspec.Meta(ge=1)] | None = None
    overwrite: bool = False
    skip_existing: bool = False
    wait: bool = False
    run_log: str | None = None

    @property
    def given(self) -> str:
        """What is put onto the target: sources, the file that maps them, or the swap of another tool."""
        if self.kind == "refine":
            return self.swapped
        return self.source or self.face_map or str(self.faces[0].source)

    @property
    def rate(self) -> Fraction | None:
        """Frames per second of folders of frames.

        Raises:
            UsageError: not a frame rate.
        """
        try:
            rate = None if self.fps is None else Fraction(self.fps)
        except (ValueError, ZeroDivisionError):
            rate = Fraction(0)
        if rate is not None and not 0 < rate <= 1000:
            raise UsageError(f"expected --fps as a frame rate such as 25 or 30000/1001, got {self.fps!r}")
        return rate

    def options(self) -> Options:
        """The choices that change the picture; ``device`` as it is asked for."""
        return Options(**{name: getattr(self, name) for name in Options.__dataclass_fields__})

    def reenactor_settings(self) -> "ReenactorSettings":
        """Which reenactor, and its files."""
        from aotface.reenact.registry import ReenactorSettings

        names = (self.reenact_config, self.reenact_model, self.reenact_embedding, self.reenact_converter)
        return ReenactorSettings(self.reenact, *(None if name is None else Path(name) for name in names))

    def with_paths(self, change: Callable[[str], str], is_file: Callable[[str], bool]) -> "JobSpec":
        """The same job with every path changed.

        Args:
            change: from a path to another.
            is_file: whether a name that may be a path, or something else, is one.
        """

        def maybe(name: int | str) -> int | str:
            return change(name) if isinstance(name, str) and is_file(name) else name

        found: dict[str, Any] = {name: change(value) for name in PATHS if (value := getattr(self, name))}
        rows = [replace(r, face=maybe(r.face), source=r.source and change(r.source)) for r in self.faces]
        named = {"weights": maybe(self.weights), "face": maybe(self.face), "faces": tuple(rows)}
        return replace(self, **found | named)

    def to_dict(self) -> dict[str, Any]:
        """The job as plain values for JSON: the version, and every field that is not at its default."""
        return {"version": self.version} | msgspec.to_builtins(self)

    def to_json(self) -> bytes:
        """The job as a JSON file; see `to_dict`."""
        return msgspec.json.format(msgspec.json.encode(self.to_dict()), indent=2) + b"\n"

    def check(self) -> None:
        """Refuse values of wrong types, and options that do not fit together, before anything is read.

        Raises:
            UsageError: see the message.
        """
        try:
            msgspec.convert(msgspec.to_builtins(self), JobSpec)
        except msgspec.ValidationError as error:
            raise UsageError(f"job: {_plain(error)}") from None
        if self.version != VERSION:
            raise UsageError(f"expected a job of version {VERSION}, got {self.version}")
        _check_inputs(self)
        _check_engine(self)
        _check_outputs(self)


def read_spec(path: Path) -> JobSpec:
    """Read a job file, or the record of a run, which holds its job under ``job``.

    Args:
        path: JSON. Paths in it count from its folder.

    Raises:
        InputError: the file cannot be read, or says something else.
    """
    from aotface.media.files import read_bytes, show

    try:
        table = msgspec.json.decode(read_bytes(path))
        if isinstance(table, dict) and isinstance(table.get("job"), dict):
            table = table["job"]
        spec = msgspec.convert(table, JobSpec)
    except msgspec.DecodeError as error:
        raise InputError(f"{show(path)}: {_plain(error)}") from None
    if spec.version != VERSION:
        raise InputError(f"{show(path)}: expected version {VERSION} of a job, got {spec.version}")
    folder = str(path.parent)
    if folder == ".":
        return spec
    return spec.with_paths(
        lambda name: os.path.join(folder, name), lambda name: os.path.isfile(os.path.join(folder, name))
    )


def spec_beside(spec: JobSpec, path: Path) -> JobSpec:
    """The job as it is written into a file: relative paths count from the file's folder."""
    folder = path.parent.resolve()

    def moved(name: str) -> str:
        if os.path.isabs(name):
            return name
        end = os.sep if name.endswith(("/", "\\")) else ""
        return os.path.relpath(os.path.abspath(name), folder) + end

    return spec if folder == Path.cwd() else spec.with_paths(moved, os.path.isfile)


def _plain(error: msgspec.DecodeError) -> str:
    """The words of msgspec with the field first: ``crf: expected int <= 51``."""
    text, _, place = str(error).replace("`", "").partition(" - at ")
    text = text.replace("Object contains unknown field", "unknown key").replace("Object missing", "missing")
    where = place.removeprefix("$").removeprefix(".")
    return f"{where}: {text[:1].lower()}{text[1:]}" if where else f"{text[:1].lower()}{text[1:]}"


def _check_inputs(spec: JobSpec) -> None:
    if spec.kind == "refine":
        if not spec.swapped or spec.source or spec.face_map or spec.faces:
            raise UsageError(
                "expected for refine what another tool has swapped, and no source: say --swapped"
            )
    elif sum(map(bool, (spec.source, spec.face_map, spec.faces))) != 1 or spec.swapped:
        raise UsageError("expected one of a source and a face map: say --source, or --face-map")
    if (spec.face_map or spec.faces) and spec.face != Options.face:
        raise UsageError("--face-map says which face is meant: drop --face")
    if spec.kind == "swap" and (spec.fps or spec.mask):
        raise UsageError("--mask and --fps are for refine")
    if any(row.source is None for row in spec.faces):
        raise UsageError("expected a source for every entry of faces")


def _check_engine(spec: JobSpec) -> None:
    network = listed(spec.transfer).uses_network
    if spec.device not in DEVICES:
        raise UsageError(f"expected --device auto, cpu or cuda, got {spec.device!r}")
    if spec.backend not in BACKENDS:
        raise UsageError(
            f"expected --backend {', '.join(BACKENDS[:-1])} or {BACKENDS[-1]}, got {spec.backend!r}"
        )
    if spec.backend != Options.backend and not network:
        raise UsageError(
            f"--backend is for a transfer with a network: leave it out with --transfer {spec.transfer}"
        )
    if spec.backend != Options.backend and spec.device == "cuda":
        raise UsageError(f"--backend {spec.backend} runs on the cpu here: leave --device out")
    if spec.workers is not None and spec.ray is None:
        raise UsageError("--workers goes with --ray: say --ray local for processes on this machine")
    spec.reenactor_settings().check()


def _check_outputs(spec: JobSpec) -> None:
    from aotface.compose.adjust import check_adjustments
    from aotface.compose.label import check_label
    from aotface.compose.output_layers import LAYERS

    check_label(spec.options())
    check_adjustments(spec.options())
    if (spec.certificate is None) != (spec.key is None):
        raise UsageError("--certificate and --key go together: give both or none")
    if not spec.mark and spec.certificate is not None:
        raise UsageError("--no-mark leaves nothing to sign: drop it, or drop --certificate and --key")
    if not spec.mark and (spec.timestamp_url is not None or spec.training_mining is not None):
        raise UsageError("--timestamp-url and --training-mining stand in the credentials: drop --no-mark")
    if spec.training_mining not in (None, *TRAINING):
        raise UsageError(
            f"expected --training-mining allowed, notAllowed or constrained, got {spec.training_mining!r}"
        )
    if spec.timestamp_url is not None and not spec.timestamp_url.startswith(("http://", "https://")):
        raise UsageError(f"expected --timestamp-url as an http address, got {spec.timestamp_url!r}")
    if spec.overwrite and spec.skip_existing:
        raise UsageError("--overwrite replaces what --skip-existing leaves alone: drop one of them")
    known = [row.name for row in LAYERS]
    if unknown := [name for name in spec.layers if name not in known]:
        raise UsageError(f"expected layers out of {', '.join(known)}, got {unknown[0]!r}")
