"""What goes over the wire, as pydantic models: the OpenAPI document is made from them."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from aotface.web.option_table import StudioOption, studio_options

Id = Annotated[str, Field(min_length=1, max_length=64)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ErrorBody(_Strict):
    """``code`` for programs, ``text`` for people."""

    code: str
    text: str


class Refusal(_Strict):
    """Every answer that is not a success."""

    error: ErrorBody


class Health(_Strict):
    """``queue``: jobs that wait, of all clients; ``running``: whether one is being made."""

    status: Literal["ok"]
    version: str
    queue: int
    running: int


class ClientKey(_Strict):
    """Send it as ``X-Client-Key``."""

    key: str


class TransferLine(_Strict):
    """One appearance transfer."""

    name: str
    description: str


class OptionLine(_Strict):
    """One option of a job."""

    name: str
    type: Literal["text", "number", "integer", "choice", "list"]
    default: Any
    min: float | None
    max: float | None
    choices: list[str]
    help: str
    applies: list[Literal["swap", "refine"]]


class Methods(_Strict):
    """What jobs can ask for."""

    transfers: list[TransferLine]
    options: list[OptionLine]


class FileInfo(_Strict):
    """An upload. ``frames`` is 1 and ``seconds`` 0 of a picture."""

    id: str
    name: str
    kind: Literal["picture", "video"]
    width: int
    height: int
    frames: int
    seconds: float
    bytes: int
    sha256: str
    expires: str


class FaceBox(_Strict):
    """``box``: x, y, width, height in pixels of the file; ``size_px``: the longer side."""

    index: int
    box: list[float] = Field(min_length=4, max_length=4)
    size_px: float


class Faces(_Strict):
    """The faces of a picture or of one frame, largest first."""

    faces: list[FaceBox]


class Assign(_Strict):
    """Which source goes onto which face.

    ``face``: its number in the target, of a video its number in frame ``frame``. ``reference``: in its place a picture of
    the person. ``source``: None in a refinement.
    """

    source: Id | None = None
    face: int = Field(default=0, ge=0, le=9999)
    frame: int = Field(default=0, ge=0, le=10_000_000)
    source_face: int | Literal["largest"] = "largest"
    reference: Id | None = None


def _field(option: StudioOption) -> tuple[Any, Any]:
    """The type and default of an option for pydantic."""
    if option.type == "list":
        kinds: Any = list.__class_getitem__(Literal.__getitem__(option.choices))
        return kinds, Field(default=[], max_length=len(option.choices), description=option.help)
    kind: Any
    if option.type == "choice":
        kind = Literal.__getitem__(option.choices)
    else:
        kind = {"text": str, "number": float, "integer": int}[option.type]
    limits: dict[str, Any] = (
        {"ge": option.min, "le": option.max} if option.type in ("number", "integer") else {}
    )
    if option.type == "number":
        limits["allow_inf_nan"] = False
    if option.type == "text":
        limits = {"pattern": option.pattern, "max_length": option.longest}
    kind = Annotated[kind, Field(**{name: value for name, value in limits.items() if value is not None})]
    if option.default is None:
        kind = kind | None
    return kind, Field(default=option.default, description=option.help)


_FIELDS: dict[str, Any] = {option.name: _field(option) for option in studio_options()}

JobOptions: Any = create_model("JobOptions", __base__=_Strict, **_FIELDS)
"""The options of a job; see ``/v1/methods``."""


class JobRequest(_Strict):
    """What shall be made; ids are those of uploads.

    ``swap``: ``source`` or ``assign``, and ``target``. ``refine``: ``swapped``, ``original`` and, if wished, ``mask``.
    ``compare``: ``source`` and ``target``, pictures; ``transfers``: which ones, all when left out.
    """

    kind: Literal["swap", "refine", "compare"]
    consent: bool = Field(
        default=False, description="Both people agreed, or the licence of the material allows it."
    )
    source: Id | None = None
    target: Id | None = None
    swapped: Id | None = None
    original: Id | None = None
    mask: Id | None = None
    assign: list[Assign] = Field(default=[], max_length=32)
    transfers: list[str] = Field(default=[], max_length=64)
    options: JobOptions = Field(default_factory=JobOptions)


class JobInfo(_Strict):
    """A job. ``progress``: 0 to 1. ``seconds_left``: an estimate. ``results``: names for ``/result?name=``."""

    id: str
    kind: Literal["swap", "refine", "compare"]
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    progress: float
    message: str
    seconds_left: float | None
    error: ErrorBody | None
    warnings: list[str]
    results: list[str]
    layers: list[str]
    numbers: dict[str, dict[str, float | None]] | None
    made: str
    expires: str


class JobList(_Strict):
    """The jobs of this client, newest first."""

    jobs: list[JobInfo]


class VerifyRequest(_Strict):
    """The upload whose marks are wanted."""

    file: Id


class Verdict(BaseModel):
    """What ``aotface verify --json`` says, and the same in sentences."""

    file: str
    state: Literal["marked", "unmarked", "invalid"]
    aotface: bool
    declared_ai: bool
    credentials: dict[str, Any] | None
    source_type: str | None
    damaged: bool
    watermark: dict[str, Any]
    frames: dict[str, float]
    lines: list[str]
