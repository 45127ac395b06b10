"""What `swap` and `refine` share: their options, and the way from options to a job."""

from dataclasses import dataclass, make_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from typer import Option

from aotface.compose.output_layers import LAYERS
from aotface.options import Options
from aotface.reporter import Reporter
from aotface.transfer import LISTED

if TYPE_CHECKING:
    from aotface.jobs.spec import JobSpec

_SAVE = {
    layer.name: Option(
        f"--save-{layer.name}",
        help=f"Also write OUTPUT{layer.picture_ending}, of a video OUTPUT{layer.video_ending}: {layer.summary}.",
    )
    for layer in LAYERS
}
_SaveLayers = make_dataclass(
    "_SaveLayers",
    [(f"save_{name}", Annotated[bool, option], False) for name, option in _SAVE.items()],
    frozen=True,
    kw_only=True,
)
"""One option for each row of the table of layers."""


@dataclass(frozen=True, kw_only=True)
class Writing(_SaveLayers):  # type: ignore[misc,valid-type]
    """Options of every command that writes swapped pictures."""

    output: Annotated[
        str,
        Option("--output", "-o", help="Picture to write; for several pictures the folder to write into."),
    ]
    transfer: Annotated[
        str,
        Option(
            "--transfer",
            help=f"Appearance transfer, one of: {', '.join(LISTED)}.",
        ),
    ] = Options.transfer
    face: Annotated[
        str,
        Option(
            "--face",
            help="Face of the target: largest, all, its number as `aotface inspect` shows it, "
            "or a reference picture of the person.",
        ),
    ] = Options.face
    seed: Annotated[
        int, Option("--seed", min=0, help="Of random numbers: same input and seed, same bytes.")
    ] = Options.seed
    camera_match: Annotated[
        str,
        Option(
            "--camera-match",
            help="on: the face gets the grain, fine texture and sharpness of TARGET; off: it keeps its own.",
        ),
    ] = Options.camera_match
    strength: Annotated[
        float, Option("--strength", help="Of the transfer: 0 (the face in its own light) to 1.")
    ] = Options.strength
    exposure: Annotated[
        float, Option("--exposure", help="Brighter or darker face than found: stops, -2 to 2.")
    ] = Options.exposure
    temperature: Annotated[
        float,
        Option("--temperature", help="Warmer or cooler face than found: mired, -90 (cool) to 90 (warm)."),
    ] = Options.temperature
    weights: Annotated[
        str, Option("--weights", help="Of aot: a packaged name, or a file made by `aotface export`.")
    ] = Options.weights
    device: Annotated[
        str, Option("--device", help="Where networks run: cpu, cuda, or auto. No silent fallback.")
    ] = "auto"
    backend: Annotated[
        str, Option("--backend", help="Runtime of the network of aot: torch, onnx or openvino.")
    ] = Options.backend
    quality: Annotated[
        int | None,
        Option(
            "--quality",
            min=1,
            max=100,
            help="Of JPEG and WebP; default 95, of JPEG no coarser than TARGET's own.",
        ),
    ] = None
    mark: Annotated[
        bool,
        Option(
            "--mark/--no-mark",
            help="Watermark and content credentials. Without them nothing in the file tells that a face is swapped.",
        ),
    ] = True
    certificate: Annotated[
        Path | None, Option("--certificate", help="Sign with your own certificate chain (PEM); needs --key.")
    ] = None
    key: Annotated[Path | None, Option("--key", help="Private key of --certificate (PEM).")] = None
    timestamp_url: Annotated[
        str | None,
        Option(
            "--timestamp-url",
            help="Time-stamping authority (RFC 3161) to ask for the time of signing: the only use of the network.",
        ),
    ] = None
    training_mining: Annotated[
        str | None,
        Option(
            "--training-mining",
            help="Say in the credentials whether outputs may train AI: allowed, notAllowed or constrained.",
        ),
    ] = None
    label: Annotated[
        str,
        Option("--label", help="A label that people can see: none, ai, ai-modified, or a text of your own."),
    ] = Options.label
    label_place: Annotated[
        str,
        Option(
            "--label-place",
            help="Corner of the label: top-left, top-right, bottom-left, bottom-right, or auto. Never over a face "
            "where another corner is free.",
        ),
    ] = Options.label_place
    label_size: Annotated[
        float,
        Option("--label-size", min=1, max=20, help="Height of its letters in percent of the shorter side."),
    ] = Options.label_size
    trim_start: Annotated[
        float | None, Option("--trim-start", help="Of a video: first second that is used.")
    ] = None
    trim_end: Annotated[float | None, Option("--trim-end", help="Of a video: second at which to end.")] = None
    codec: Annotated[
        str, Option("--codec", help="Of a video: h264, hevc, vp9 or av1; auto is vp9 in WebM, else h264.")
    ] = "auto"
    crf: Annotated[
        int, Option("--crf", min=0, max=51, help="Of a video: constant rate factor, 0 (lossless) to 51.")
    ] = 18
    preset: Annotated[
        str,
        Option(
            "--preset", help="Of a video: encoder preset, ultrafast to veryslow; slower gives smaller files."
        ),
    ] = "veryfast"
    save_frames: Annotated[
        Path | None,
        Option("--save-frames", help="Of a video: also write every frame as PNG into this folder."),
    ] = None
    ray: Annotated[
        str | None,
        Option("--ray", help="Of a video: distribute the work with Ray: address of a cluster, or local."),
    ] = None
    workers: Annotated[int | None, Option("--workers", min=1, help="With --ray: number of workers.")] = None
    overwrite: Annotated[bool, Option("--overwrite", help="Replace existing outputs.")] = False
    skip_existing: Annotated[
        bool, Option("--skip-existing", help="Leave existing outputs as they are; that is no failure.")
    ] = False
    wait: Annotated[
        bool, Option("--wait", help="Where another run is writing an output: wait for it, do not refuse.")
    ] = False
    run_log: Annotated[
        Path | None, Option("--run-log", help="Where the record of this run goes (else beside the output).")
    ] = None
    save_job: Annotated[
        Path | None, Option("--save-job", help="Also write the job as JSON, for `aotface run`.")
    ] = None

    def to_job(self, kind: Literal["swap", "refine"]) -> "JobSpec":
        """The job that these options describe: fields of one name mean the same."""
        from aotface.jobs.spec import JobSpec

        values: dict[str, Any] = {
            name: str(value) if isinstance(value, Path) else value
            for name in JobSpec.__struct_fields__
            if (value := getattr(self, name, None)) is not None
        }
        layers = tuple(layer.name for layer in LAYERS if getattr(self, f"save_{layer.name}"))
        return JobSpec(**values | {"kind": kind, "layers": layers})

    def run_as(self, kind: Literal["swap", "refine"], reporter: Reporter) -> None:
        """Check the options, write the job where that is wanted, and run it."""
        job = self.to_job(kind)
        job.check()
        if self.save_job is not None:
            from aotface.jobs.spec import spec_beside
            from aotface.media.files import write_bytes

            write_bytes(self.save_job, spec_beside(job, self.save_job).to_json(), self.overwrite)
        from aotface.jobs.run import run_job

        run_job(job, reporter)
