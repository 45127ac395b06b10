"""Export a store into the layouts that loaders read: several at once, links or copies."""

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

from aotface.errors import OutputExistsError, UnwritableError, UsageError
from aotface.forge import store
from aotface.forge.layouts import LAYOUTS
from aotface.forge.store import FRAMES, Store, StoredSample
from aotface.media.files import read_bytes, replacing, show
from aotface.media.folder import make_folder
from aotface.media.video.rgb import encode_rgb, quality_named
from aotface.reporter import Reporter

FILES = "videos"
"""Folder beside the layouts with every encoded video, once; layouts link to it or copy from it."""

MASK_QUALITY = "raw"

PART = ".part-"
"""Begins the name of what is being written."""


@dataclass(frozen=True)
class Export:
    """What a layout writes from. ``folder``: its own, empty. ``shared``: of encoded videos. ``name``: of the set."""

    whole: Store
    folder: Path
    shared: Path
    name: str
    qualities: tuple[str, ...] = ("c23",)
    copy: bool = False
    controls: bool = False

    @cached_property
    def samples(self) -> tuple[StoredSample, ...]:
        """Reals and fakes, and controls where they are wanted."""
        return tuple(s for s in self.whole.samples() if self.controls or not s.info.control)

    @property
    def methods(self) -> list[str]:
        """Names of the methods of all fakes, in order."""
        return list(dict.fromkeys(str(s.info.method) for s in self.samples if s.info.label == "fake"))

    def write(self, name: str, data: bytes) -> None:
        """Write a file of the layout."""
        path = self.folder / name
        make_folder(path.parent)
        with replacing(path) as temporary:
            temporary.write_bytes(data)

    def place(self, source: Path, name: str) -> None:
        """Put a file of the store, or an encoded video, into the layout: as a link, or as a copy."""
        path = self.folder / name
        make_folder(path.parent)
        try:
            if self.copy:
                shutil.copyfile(source, path)
            else:
                path.symlink_to(os.path.relpath(source.absolute(), path.parent.absolute()))
        except OSError as error:
            raise UnwritableError(
                f"{show(path)}: cannot be written: {error.strerror or error}; where links are not allowed say --copy"
            ) from None

    def place_video(self, sample: StoredSample, quality: str, name: str, masks: str | None = None) -> None:
        """Put a sample (or its masks: ``masks`` or ``hard``) into the layout as a video."""
        self.place(self.video(sample, quality, masks), name)

    def video(self, sample: StoredSample, quality: str, masks: str | None = None) -> Path:
        """A sample as a video in the shared folder; encoded once."""
        info = sample.info
        # sets share names; a key stands for the frames
        word = hashlib.sha256(f"{info.id} {info.key}".encode()).hexdigest()[:12]
        path = self.shared / (masks or quality) / f"{info.id}-{word}.mp4"
        if not path.exists():
            rate, kind = Fraction(info.rate), masks or FRAMES
            arrays = (sample.array(kind, number) for number in range(info.frames_count))
            coloured = (a if a.ndim == 3 else a[..., None].repeat(3, axis=2) for a in arrays)
            data = encode_rgb(coloured, rate, quality_named(quality))
            make_folder(path.parent)
            with replacing(path) as temporary:
                temporary.write_bytes(data)
        return path

    def frames(self) -> Iterator[tuple[StoredSample, int, str]]:
        """Every frame of every sample with a name that no other has."""
        for sample in self.samples:
            for number in range(sample.info.frames_count):
                yield sample, number, f"{sample.info.id}_{number:06d}"


def row_of(sample: StoredSample, number: int | None = None) -> dict[str, Any]:
    """What every table of a layout says of a sample, or of one of its frames."""
    info = sample.info
    row: dict[str, Any] = {
        "sample": info.id,
        "label": int(info.label == "fake"),
        "method": info.method or "",
        "control": int(info.control),
        "split": info.split,
        "target": info.target,
        "source": info.source or "",
        "stratum": info.stratum or "",
        "gap": (info.gap or {}).get("total"),
        "tone": info.tone,
        "perturbation": info.perturbation or "",
    }
    return row if number is None else {**row, "frame": number}


def export_store(
    whole: Store,
    folder: Path,
    layouts: Sequence[str],
    qualities: Sequence[str],
    reporter: Reporter,
    copy: bool = False,
    controls: bool = False,
    name: str = "AOT",
) -> Mapping[str, Path]:
    """Write layouts, each whole or not at all.

    Args:
        whole: the store.
        folder: where to; each layout gets a folder of its name in it.
        layouts: names out of `LAYOUTS`.
        qualities: of videos: ``raw``, ``c23``, ``c40``.
        reporter: told of each.
        copy: files instead of links into the store.
        controls: export them, too.
        name: what loaders shall call the set.

    Returns:
        The folder of each layout.

    Raises:
        UsageError: unknown names. OutputExistsError: a layout is there already.
    """
    if unknown := [one for one in layouts if one not in LAYOUTS]:
        raise UsageError(f"expected --layouts out of {', '.join(LAYOUTS)}, got {unknown[0]!r}")
    if not name.isidentifier() or "frames" in name:  # a loader replaces that word in its paths
        raise UsageError(f"expected --name of letters, digits and _, without the word frames, got {name!r}")
    for quality in qualities:
        quality_named(quality)
    for layout in layouts:
        if (folder / layout).exists():
            raise OutputExistsError(f"{show(folder / layout)}: is there already; choose another folder")
    shared = folder / (f"{PART}{FILES}" if copy else FILES)  # what was linked to before stays
    try:
        for number, layout in enumerate(layouts, 1):
            part = make_folder(folder) / f"{PART}{layout}"
            shutil.rmtree(part, ignore_errors=True)
            export = Export(whole, make_folder(part), shared, name, tuple(qualities), copy, controls)
            _write_layout(export, layout, folder / layout)
            reporter.say(f"{show(folder / layout)}  {LAYOUTS[layout].summary}: {len(export.samples)} samples")
            reporter.progress("exporting", number, len(layouts))
    finally:
        if copy:
            shutil.rmtree(shared, ignore_errors=True)
    return {layout: folder / layout for layout in layouts}


def _write_layout(export: Export, layout: str, final: Path) -> None:
    """Write one layout: whole or not at all."""
    try:
        for said in (store.ABOUT, store.LICENCE, store.SIGNATURE):
            export.write(said, read_bytes(export.whole.folder / said))
        import_module(f"aotface.forge.layouts.{LAYOUTS[layout].module}").write(export)
        export.folder.rename(final)
    finally:
        shutil.rmtree(export.folder, ignore_errors=True)
