"""What `swap` and `refine` share: their options, and which pictures meet."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from typer import Option

from aotface.errors import UsageError
from aotface.options import BACKENDS, Options
from aotface.transfer import listed, transfer_for

UNMARKED = "no marks: nothing in the file says that this face is swapped, so say it wherever you show it"


class Pair(NamedTuple):
    """One piece of work; ``given`` is the source, or the picture that was swapped elsewhere."""

    given: Path
    target: Path
    output: Path


@dataclass(frozen=True, kw_only=True)
class Writing:
    """Options of every command that writes swapped pictures."""

    output: Annotated[
        str,
        Option("--output", "-o", help="Picture to write; for several pictures the folder to write into."),
    ]
    transfer: Annotated[
        str,
        Option(
            "--transfer",
            help="How light and tone are moved: aot, none, mean, reinhard, linear, mkl, histogram, idt, sliced, "
            "sinkhorn, emd or poisson.",
        ),
    ] = Options.transfer
    face: Annotated[
        str,
        Option(
            "--face",
            help="Face of the target: largest, all, its number as `aotface inspect` shows it; "
            "of a video also a picture of it.",
        ),
    ] = Options.face
    seed: Annotated[int, Option("--seed", min=0, help="Same input and seed: same bytes.")] = Options.seed
    weights: Annotated[
        str, Option("--weights", help="Of aot: a packaged name, or a file made by `aotface export`.")
    ] = Options.weights
    device: Annotated[
        str, Option("--device", help="Where networks run: cpu, cuda, or auto. Never silently another.")
    ] = "auto"
    backend: Annotated[
        str, Option("--backend", help="What computes the network of aot: torch, onnx or openvino.")
    ] = Options.backend
    quality: Annotated[
        int | None,
        Option(
            "--quality",
            min=1,
            max=100,
            help="Of JPEG and WebP; else 95, of JPEG no coarser than TARGET's own.",
        ),
    ] = None
    mark: Annotated[
        bool,
        Option(
            "--mark/--no-mark",
            help="Watermark and content credentials. Without them nobody can tell that the face is swapped.",
        ),
    ] = True
    certificate: Annotated[
        Path | None, Option("--certificate", help="Sign with your own certificate chain (PEM); needs --key.")
    ] = None
    key: Annotated[Path | None, Option("--key", help="Private key of --certificate (PEM).")] = None
    save_mask: Annotated[
        bool, Option("--save-mask", help="Also write OUTPUT.mask.png; of a video OUTPUT.mask.mp4.")
    ] = False
    save_reenacted: Annotated[
        bool,
        Option(
            "--save-reenacted", help="Also write OUTPUT.reenacted.png or .mp4: the swap before the transfer."
        ),
    ] = False
    save_matrix: Annotated[
        bool,
        Option(
            "--save-matrix",
            help="Also write OUTPUT.matrix.json, of a video .jsonl: where each face sits, as numbers.",
        ),
    ] = False
    trim_start: Annotated[
        float | None, Option("--trim-start", help="Of a video: seconds from its start at which to begin.")
    ] = None
    trim_end: Annotated[
        float | None, Option("--trim-end", help="Of a video: seconds from its start at which to end.")
    ] = None
    codec: Annotated[str, Option("--codec", help="Of a video: h264 or hevc.")] = "h264"
    crf: Annotated[
        int, Option("--crf", help="Of a video: 0 (nothing is lost) to 51; 18 looks like the input.")
    ] = 18
    preset: Annotated[
        str, Option("--preset", help="Of a video: from ultrafast to veryslow; slower files are smaller.")
    ] = "veryfast"
    save_frames: Annotated[
        Path | None,
        Option("--save-frames", help="Of a video: also write every frame as PNG into this folder."),
    ] = None
    ray: Annotated[
        str | None,
        Option("--ray", help="Of a video: share the work by Ray: the address of a cluster, or local."),
    ] = None
    workers: Annotated[
        int | None, Option("--workers", min=1, help="With --ray: how many work at the same time.")
    ] = None
    overwrite: Annotated[bool, Option("--overwrite", help="Replace existing outputs.")] = False
    run_log: Annotated[
        Path | None, Option("--run-log", help="Where the record of this run goes (else beside the output).")
    ] = None

    def options(self, device: str) -> Options:
        """The choices that change the picture."""
        return Options(
            transfer=self.transfer,
            face=self.face,
            seed=self.seed,
            device=device,
            weights=self.weights,
            backend=self.backend,
        )

    def check(self) -> None:
        """Refuse options that do not fit together, before anything is read.

        Raises:
            UsageError: see the message.
            WeightsError: the transfer needs weights that are not there.
        """
        network = listed(self.transfer).uses_network
        if self.backend not in BACKENDS:
            raise UsageError(
                f"expected --backend {', '.join(BACKENDS[:-1])} or {BACKENDS[-1]}, got {self.backend!r}"
            )
        if self.backend != Options.backend and not network:
            raise UsageError(
                f"--backend is for a transfer with a network: leave it out with --transfer {self.transfer}"
            )
        if self.backend != Options.backend and self.device == "cuda":
            raise UsageError(f"--backend {self.backend} runs on the cpu here: leave --device out")
        if self.workers is not None and self.ray is None:
            raise UsageError("--workers goes with --ray: say --ray local for processes on this machine")
        if (self.certificate is None) != (self.key is None):
            raise UsageError("--certificate and --key go together: give both or none")
        if not self.mark and self.certificate is not None:
            raise UsageError("--no-mark leaves nothing to sign: drop it, or drop --certificate and --key")

    def networks(self) -> dict[str, str]:
        """Which library runs a network for what, in this run."""
        by_torch = listed(self.transfer).uses_network and self.backend == BACKENDS[0]
        return {BACKENDS[0]: self.transfer} if by_torch else {}

    def facts(self, device: str) -> dict[str, Any]:
        """More for the record: the device, the hash of the weights, and the version of another backend than torch.

        Raises:
            UsageError, WeightsError: the network cannot be had as it is asked for.
        """
        return {"device": device} | dict(transfer_for(self.options(device)).identity())


def pair_up(given: str, target: str, output: str, by_name: bool = False) -> tuple[list[Pair], bool]:
    """Which pictures meet, and where each result goes.

    Args:
        given: picture, folder or glob.
        target: picture, folder or glob.
        output: a file for two single pictures, else (or with a slash at its end) a folder.
        by_name: several and several meet by equal stems (frames of one scene) instead of each with each.

    Returns:
        The pairs, and whether ``output`` is a folder.

    Raises:
        UnreadableImageError: nothing there.
        UsageError: stems without a partner.
    """
    from aotface.media.files import list_images, pair_names

    givens, targets = list_images(given), list_images(target)
    place, single = Path(output), Path(given).is_file() and Path(target).is_file()
    if single and not place.is_dir() and not output.endswith(("/", "\\")):
        return [Pair(givens[0], targets[0], place)], False
    names = pair_names(givens, targets)
    if by_name and len(targets) > 1:
        places = _meet_by_stem(givens, targets)
    else:
        places = [(row, column) for column in range(len(targets)) for row in range(len(givens))]
    return [Pair(givens[row], targets[column], place / names[row, column]) for row, column in places], True


def _meet_by_stem(givens: list[Path], targets: list[Path]) -> list[tuple[int, int]]:
    rows = {path.stem: number for number, path in enumerate(givens)}
    columns = {path.stem: number for number, path in enumerate(targets)}
    alone = sorted(rows.keys() ^ columns.keys())
    if alone or len(rows) < len(givens) or len(columns) < len(targets):
        raise UsageError(
            f"{len(givens)} swapped pictures and {len(targets)} targets meet by file name, "
            f"but these have no partner: {', '.join(alone[:5]) or 'two of one name'}"
        )
    return [(rows[stem], columns[stem]) for stem in columns]


def side_outputs(output: Path, mask: bool, reenacted: bool) -> list[Path]:
    """The pictures that are written beside an output when they are asked for."""
    wanted = (("mask", mask), ("reenacted", reenacted))
    return [output.with_name(f"{output.stem}.{word}.png") for word, asked in wanted if asked]


def run_log_of(command: Writing, folder: bool) -> Path:
    """Where the record goes: ``--run-log``, else ``OUTPUT.run.json`` or ``FOLDER/run.json``, numbered."""
    from aotface.media.runlog import free_name

    if command.run_log is not None:
        return command.run_log
    output = Path(command.output)
    log = output / "run.json" if folder else output.with_name(f"{output.stem}.run.json")
    return log if command.overwrite else free_name(log)
