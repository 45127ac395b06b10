"""``aotface forge plan``, ``build``, ``export``, ``perturb`` and ``verify``."""

from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from aotface.errors import UsageError
from aotface.reporter import Reporter


@dataclass(frozen=True, kw_only=True)
class ForgePlan:
    """Look at pictures and clips of people, and write a plan: splits, pairs by appearance gap, methods.

    Nothing is swapped yet. Read the plan, fill in consent and licences, then `aotface forge build` it.
    """

    inputs: Annotated[
        list[Path], Argument(help="Folders (with an index.csv, or a folder for each person) and files.")
    ]
    output: Annotated[Path, Option("--output", "-o", help="Plan to write: .json or .toml.")]
    name: Annotated[str, Option("--name", help="Of the set, for its datasheet.")] = "forged faces"
    methods: Annotated[
        str,
        Option("--methods", help="Transfers with commas, each perhaps as REENACTOR+TRANSFER; plug-ins too."),
    ] = "aot"
    controls: Annotated[
        str, Option("--controls", help="Controls with commas: self (own face), paste (no transfer); or none.")
    ] = "self,paste"
    person: Annotated[
        str,
        Option(
            "--person",
            help="Where names stand: auto, folder, file, ffpp, celebdf, dfdc, grid, cremad, or a regular expression.",
        ),
    ] = "auto"
    manifest: Annotated[
        Path | None,
        Option("--manifest", help="CSV or JSON lines of sha256 and person: takes these files only."),
    ] = None
    splits: Annotated[str, Option("--splits", help="Shares of the people in train, val and test.")] = (
        "0.72,0.14,0.14"
    )
    keep_splits: Annotated[bool, Option("--keep-splits", help="Take the column split of the list.")] = False
    frames: Annotated[int, Option("--frames", min=1, help="Of a clip, at most.")] = 32
    partners: Annotated[int, Option("--partners", min=1, help="Pairs for each input.")] = 1
    most: Annotated[int, Option("--most", min=0, help="Pictures, and clips, at most; 0 = all.")] = 0
    region: Annotated[
        str, Option("--region", help="What is stored: the whole frame, or a square around the face.")
    ] = "frame"
    side: Annotated[int, Option("--side", min=64, max=4096, help="Longest side of a stored frame.")] = 1024
    shrink: Annotated[
        float,
        Option(
            "--shrink",
            min=0.1,
            max=1,
            help="Store frames at this share of their resolution at most: old compression does not give reals away.",
        ),
    ] = 0.8
    seed: Annotated[int, Option("--seed", min=0, help="Same inputs and seed, same plan.")] = 0
    licence: Annotated[str, Option("--licence", help="Of inputs of which the list says none.")] = ""
    consent: Annotated[str, Option("--consent", help="How people agreed, likewise.")] = ""
    set_licence: Annotated[str, Option("--set-licence", help="Of the finished set.")] = ""
    motivation: Annotated[str, Option("--motivation", help="Why the set is made, for its datasheet.")] = ""
    mark: Annotated[
        bool, Option("--mark/--no-mark", help="Keep the watermark: for a set that is shown, not trained on.")
    ] = False
    identity: Annotated[
        Path | None, Option("--identity", help="Face embedding network (ONNX): finds names that are wrong.")
    ] = None
    identity_sha256: Annotated[str, Option("--identity-sha256", help="What --identity must hash to.")] = ""
    overwrite: Annotated[bool, Option("--overwrite", help="Replace an existing plan.")] = False

    def run(self, reporter: Reporter) -> None:
        """Write the plan."""
        if self.region not in ("frame", "face"):
            raise UsageError(f"expected --region frame or face, got {self.region!r}")
        if (self.identity is None) != (not self.identity_sha256):
            raise UsageError("--identity FILE and --identity-sha256 HASH go together")
        from collections import Counter

        from aotface.forge.make_plan import PlanRequest, make_plan
        from aotface.forge.plan import encode_plan
        from aotface.media.files import check_output, show, write_bytes
        from aotface.metrics.identity import IdentityMeter

        check_output(self.output, self.overwrite)
        settings = {
            "name": self.name,
            "region": self.region,
            "side": self.side,
            "shrink": self.shrink,
            "licence": self.set_licence,
        }
        settings |= {"motivation": self.motivation, "purpose": "show" if self.mark else "train"}
        request = PlanRequest(
            places=tuple(self.inputs),
            methods=_names(self.methods),
            controls=() if self.controls == "none" else _names(self.controls),
            person=self.person,
            manifest=self.manifest,
            shares=_shares(self.splits),
            frames=self.frames,
            partners=self.partners,
            most=self.most,
            seed=self.seed,
            licence=self.licence,
            consent=self.consent,
            keep_splits=self.keep_splits,
            meter=None if self.identity is None else IdentityMeter(self.identity, self.identity_sha256),
            settings=settings,
        )
        plan = make_plan(request, reporter)
        write_bytes(self.output, encode_plan(plan, self.output.suffix.lower() == ".toml"), self.overwrite)
        people = {one.person: one.split for one in plan.inputs}
        splits, strata = Counter(people.values()), Counter(pair.stratum for pair in plan.pairs)
        reporter.say(
            f"{show(self.output)}  {len(plan.inputs)} inputs of {len(people)} people "
            f"({', '.join(f'{name} {count}' for name, count in splits.items())}), {len(plan.pairs)} pairs "
            f"({', '.join(f'{name} {count}' for name, count in sorted(strata.items()))})"
        )


@dataclass(frozen=True, kw_only=True)
class ForgeBuild:
    """Build the set of PLAN into a canonical store. Stopped at any moment, the same command resumes."""

    plan: Annotated[Path, Argument(help="Of `aotface forge plan`, edited or not.")]
    output: Annotated[Path, Option("--output", "-o", help="Folder of the store.")]
    workers: Annotated[int, Option("--workers", min=1, help="Processes side by side.")] = 1
    ray: Annotated[
        str | None, Option("--ray", help="Distribute with Ray: address of a cluster, or local.")
    ] = None
    device: Annotated[str, Option("--device", help="Where networks run: cpu, cuda or auto.")] = "auto"
    files: Annotated[
        Path | None, Option("--files", help="Folder in which inputs are found again by their hashes.")
    ] = None
    allow_unsaid: Annotated[
        bool, Option("--allow-unsaid", help="Build although a licence or consent is not said.")
    ] = False
    replace: Annotated[
        bool, Option("--replace", help="Take over the store of another plan; samples of both stay.")
    ] = False

    def run(self, reporter: Reporter) -> None:
        """Build what is missing."""
        from aotface.forge.build import BuildOptions, build
        from aotface.forge.plan import read_plan
        from aotface.media.files import show

        files = () if self.files is None else (self.files,)
        options = BuildOptions(self.workers, self.ray, self.device, files, self.allow_unsaid, self.replace)
        store = build(read_plan(self.plan), self.output, options, reporter)
        reporter.say(f"{show(self.output)}  {len(store.lines)} samples; check them: aotface forge verify")


@dataclass(frozen=True, kw_only=True)
class ForgeExport:
    """Write a set in layouts that loaders read, several at once."""

    store: Annotated[Path, Argument(help="Folder of the store.")]
    output: Annotated[Path, Option("--output", "-o", help="Folder; each layout gets a folder in it.")]
    layouts: Annotated[
        str,
        Option(
            "--layouts",
            help="With commas: ffpp, deepfakebench, celebdf, dfdc, webdataset, imagefolder, videofolder, croissant.",
        ),
    ]
    quality: Annotated[
        str, Option("--quality", help="Of videos, with commas: raw, c23, c40, or any c0 to c51.")
    ] = "c23"
    copy: Annotated[bool, Option("--copy", help="Copies instead of links into the store.")] = False
    controls: Annotated[bool, Option("--controls", help="Export the controls, too.")] = False
    name: Annotated[str, Option("--name", help="What loaders shall call the set.")] = "AOT"

    def run(self, reporter: Reporter) -> None:
        """Write the layouts."""
        from aotface.forge.export import export_store
        from aotface.forge.store import open_store

        names, qualities = _names(self.layouts), _names(self.quality)
        if not names or not qualities:
            raise UsageError("expected --layouts and --quality with at least one name each")
        whole = open_store(self.store)
        export_store(whole, self.output, names, qualities, reporter, self.copy, self.controls, self.name)


@dataclass(frozen=True, kw_only=True)
class ForgePerturb:
    """Write a perturbed copy of a set; reals and fakes of a target get the same, and seeds are recorded.

    Codes: CS, CC, BW, GNC, GB, PX, VC as in DeeperForensics (PX is what it calls JPEG), JPG (true JPEG), C23, C40, RS
    (resized), SM (chain of posts). Levels: 1 to 5.
    """

    store: Annotated[Path, Argument(help="Folder of the store.")]
    output: Annotated[Path, Option("--output", "-o", help="Folder of the perturbed store.")]
    apply: Annotated[
        list[str] | None,
        Option("--apply", help="As 'CS:3 GB:2'; given several times, each target gets one of them."),
    ] = None
    mix: Annotated[
        int, Option("--mix", min=0, help="In place of --apply: so many types at random levels.")
    ] = 0
    seed: Annotated[int, Option("--seed", min=0, help="Same seed, same bytes.")] = 0

    def run(self, reporter: Reporter) -> None:
        """Write the copy."""
        from aotface.forge.perturb import perturb_store
        from aotface.forge.store import open_store
        from aotface.media.files import show

        lines = tuple(self.apply or ())
        made = perturb_store(open_store(self.store), self.output, lines, self.mix, self.seed, reporter)
        reporter.say(f"{show(self.output)}  {len(made.lines)} samples")


@dataclass(frozen=True, kw_only=True)
class ForgeVerify:
    """Check a set, audit it for shortcuts, and write one page to look at. The exit code is 8 where something fails."""

    store: Annotated[Path, Argument(help="Folder of the store.")]
    output: Annotated[
        Path | None,
        Option(
            "--output",
            "-o",
            help="Page to write; by default STORE.html beside the folder, which is replaced.",
        ),
    ] = None
    overwrite: Annotated[bool, Option("--overwrite", help="Replace the file that --output names.")] = False

    def run(self, reporter: Reporter) -> None:
        """Check, write the page, and tell."""
        from aotface.errors import PartialError
        from aotface.forge.page import page_of
        from aotface.forge.store import open_store
        from aotface.forge.verify import report, verify_store
        from aotface.media.files import check_output, show, write_bytes

        whole = open_store(self.store)
        place = self.store.resolve()  # it may be called "."
        page = self.output or place.with_name(f"{place.name}.html")
        replace = self.overwrite or self.output is None
        check_output(page, replace)
        found = verify_store(whole, reporter)
        write_bytes(page, page_of(whole, found).encode(), replace)
        report(found, self.store, page, reporter)
        if not found.passed:
            failed = sum(not check.passed for check in found.checks)
            raise PartialError(
                f"{show(self.store)}: {failed} of {len(found.checks)} checks fail: see the lines above"
            )


def _names(words: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in words.split(",") if word.strip())


def _shares(words: str) -> dict[str, float]:
    """Shares of the people by split.

    Raises:
        UsageError: not one to three numbers.
    """
    try:
        numbers = [float(word) for word in words.split(",")]
    except ValueError:
        numbers = []
    if not 1 <= len(numbers) <= 3 or not all(0 <= one < inf for one in numbers) or sum(numbers) <= 0:
        raise UsageError(
            f"expected --splits as shares of train, val and test such as 0.7,0.15,0.15, got {words!r}"
        )
    return dict(zip(("train", "val", "test"), numbers, strict=False))
