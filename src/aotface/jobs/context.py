"""What holds for all outputs of one job: options, reenactor, prepared sources, signer, reporter, and whether to stop."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from aotface.compose.label import label_text
from aotface.compose.pipeline import choose, prepare_source
from aotface.errors import Interrupted, UsageError
from aotface.face.detect import detect
from aotface.jobs.device import networks, pick_device, transfer_identity
from aotface.jobs.face_map import assignments_of
from aotface.jobs.spec import JobSpec, spec_beside
from aotface.jobs.write_output import OutputOptions, signer_from
from aotface.media.image import read_image
from aotface.media.runlog import environment
from aotface.media.weights import sha256
from aotface.options import Options
from aotface.reenact.base import PreparedSource, Reenactor
from aotface.reenact.registry import identity_of, open_reenactor
from aotface.reporter import Reporter

if TYPE_CHECKING:
    from aotface.provenance.authority import Signer
    from aotface.provenance.credentials import Record

UNMARKED = "no marks: nothing in the file says that this face is swapped, so say it wherever you show it"
ONLY_LABELLED = "no marks: only the label says that this face is swapped, and no program can read it"

STOPPED = "stopped: nothing half-written is left"


@runtime_checkable
class Event(Protocol):
    """As `threading.Event`."""

    def is_set(self) -> bool:
        """Whether to stop."""


Cancel = Callable[[], bool] | Event
"""A token by which a job is cancelled: asked at least once per frame."""


@dataclass(frozen=True)
class JobContext:
    """``options``: device settled. ``facts``: of networks, for records. ``prepare``: a source by path and face."""

    spec: JobSpec
    options: Options
    reenactor: Reenactor
    facts: dict[str, Any]
    signer: "Signer | None"
    prepare: Callable[[str, str], PreparedSource]
    reporter: Reporter
    cancelled: Callable[[], bool]

    @property
    def output_options(self) -> OutputOptions:
        """How pictures are written."""
        return OutputOptions(self.spec.mark, self.signer, self.spec.quality, self.spec.overwrite)

    def stop_if_cancelled(self) -> None:
        """Ask the token.

        Raises:
            Interrupted: the job was cancelled.
        """
        if self.cancelled():
            raise Interrupted(STOPPED)

    def progress(self, work: str, done: int, total: int) -> None:
        """Say how many frames are done, unless the job was cancelled."""
        self.stop_if_cancelled()
        self.reporter.progress(work, done, total)

    @property
    def notes(self) -> list[str]:
        """What the user should know of the whole run."""
        if self.spec.mark:
            return []
        return [UNMARKED if label_text(self.spec.label) is None else ONLY_LABELLED]

    def record(self, before_transfer: bool = False) -> "Record":
        """What the credentials say of an output, or of the swap before the transfer."""
        from aotface.provenance.credentials import Record

        reenactor = "given" if self.spec.kind == "refine" else self.reenactor.name
        known: dict[str, Any] = {
            "reenactor": reenactor,
            "parameters": {"seed": self.spec.seed},
            "training_mining": self.spec.training_mining,
        }
        if before_transfer:
            return Record("none", **known)
        weights, label = self.facts.get("model_sha256"), label_text(self.spec.label)
        return Record(self.spec.transfer, model_sha256=weights, label=label, **known)

    def run_record(self, job: JobSpec, log: Path) -> dict[str, Any]:
        """What every run log says; ``job`` can be run again by `aotface run LOG`."""
        return {
            "command": job.kind,
            "job": spec_beside(job, log).to_dict(),
            "seed": job.seed,
            **self.facts,
            **environment(),
        }

    def reenactor_identity(self) -> dict[str, str]:
        """Decides the frames of a video, with its name and its files' hashes."""
        return identity_of(self.reenactor) if self.spec.kind == "swap" else {}


def open_context(spec: JobSpec, reporter: Reporter, cancel: Cancel | None = None) -> JobContext:
    """Settle the device, and load what the whole job needs.

    Raises:
        UsageError, WeightsError, InputError: a network cannot be had as it is asked for.
        ProvenanceError: the certificate or its key cannot be used.
    """
    options = replace(spec.options(), device=pick_device(spec.device, networks(spec)))
    reenactor = open_reenactor(spec.reenactor_settings(), options.device)
    facts: dict[str, Any] = {"device": options.device} | transfer_identity(options)
    if reenactor.files:
        facts["reenactor_sha256"] = {str(path): sha256(path) for path in reenactor.files}
    signer = signer_from(spec.certificate, spec.key, spec.timestamp_url)
    return JobContext(
        spec, options, reenactor, facts, signer, _preparing(reenactor, options), reporter, asked(cancel)
    )


def asked(cancel: Cancel | None) -> Callable[[], bool]:
    """The token as a function."""
    if cancel is None:
        return lambda: False
    return cancel.is_set if isinstance(cancel, Event) else cancel


def inputs_of(job: JobSpec) -> dict[str, Path]:
    """What goes in beside the target of one output, by what it is."""
    found = {"swapped": Path(job.swapped)} if job.kind == "refine" else {}
    sources = dict.fromkeys(row.source for row in assignments_of(job) if row.source is not None)
    for number, source in enumerate(sources, 1):
        found["source" if number == 1 else f"source {number}"] = Path(source)
    return found | ({"mask": Path(job.mask)} if job.mask is not None else {})


def _preparing(reenactor: Reenactor, options: Options) -> Callable[[str, str], PreparedSource]:
    """A function that prepares a source once: many targets share it."""

    @lru_cache(maxsize=8)
    def prepare(source: str, which: str) -> PreparedSource:
        if which == "all":
            raise UsageError("the source gives one face: say --source-face largest or a number")
        frame = read_image(Path(source)).frame
        return prepare_source(frame, choose(detect(frame), which, "source")[0], options, reenactor)

    return prepare
