"""One object that holds what swapping needs: options, networks, device, reenactor. Many threads get the bytes of one."""

import threading
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from aotface.errors import InputError, UsageError
from aotface.options import Options
from aotface.reporter import Callbacks, Progress
from aotface.threads import one_thread_each, set_thread_policy

if TYPE_CHECKING:
    from aotface.compose.pipeline import Swapped
    from aotface.compose.recolour import RecolouredPicture
    from aotface.inspection import Inspection
    from aotface.jobs.context import Cancel, JobContext
    from aotface.jobs.frames import MadeFrame
    from aotface.jobs.spec import JobSpec
    from aotface.provenance.verify import Verification
    from aotface.provenance.watermark import Watermark
    from aotface.reenact.base import PreparedSource, Reenactor
    from aotface.types import Face

Rate = int | float | Fraction
"""Frames per second."""


class Swapper:
    """Swaps and refines faces in pictures and videos.

    Pictures in memory are RGB. **OpenCV reads BGR, which no program can tell from RGB: pass ``picture[..., ::-1]``.**
    Also taken: grey, RGBA, floats 0..1, PIL pictures, torch tensors; see `aotface.media.array_input.as_frame`.

    Networks are loaded once, at the first call that needs them. All methods may be called from many threads at once, in a
    forked process and in a spawned one. While one runs, torch works with one thread per calling thread.

        with aotface.Swapper(transfer="mkl") as swapper:
            person = swapper.prepare(source)
            for target in targets:
                done = swapper.swap(person, target)
    """

    def __init__(
        self,
        *,
        transfer: str = Options.transfer,
        face: str | int = Options.face,
        source_face: str | int = Options.source_face,
        seed: int = Options.seed,
        weights: str = Options.weights,
        device: str = "auto",
        backend: str = Options.backend,
        reenact: "str | Reenactor" = "mesh",
        mark: bool = True,
        **more: Any,
    ):
        """Check the options; nothing is loaded yet.

        Args:
            transfer: name of the appearance transfer.
            face: ``"largest"``, ``"all"`` or the number of the target's face.
            source_face: ``"largest"`` or the number of the source's face.
            seed: same input and seed, same bytes.
            weights: of a transfer with a network: packaged name, or a file.
            device: ``"cpu"``, ``"cuda"``, or ``"auto"``.
            backend: what computes the network: ``"torch"``, ``"onnx"`` or ``"openvino"``.
            reenact: name of the reenactor, or a `Reenactor` of your own (for pictures in memory only).
            mark: watermark, and in files content credentials.
            more: further fields of `aotface.jobs.spec.JobSpec`: ``label``, ``certificate``, ``key``, ``reenact_model``.

        Raises:
            UsageError: options that do not fit together.
        """
        set_thread_policy()
        self._own = None if isinstance(reenact, str) else reenact
        self._settings: dict[str, Any] = {
            "transfer": transfer,
            "face": str(face),
            "source_face": str(source_face),
            "seed": seed,
            "weights": weights,
            "device": device,
            "backend": backend,
            "reenact": reenact if isinstance(reenact, str) else "mesh",
            "mark": mark,
            **{name: str(value) if isinstance(value, Path) else value for name, value in more.items()},
        }
        self._one_opens = threading.Lock()
        self._context: JobContext | None = None
        self._closed = False
        self._job("swap", source="-", target="-", output="-").check()

    def prepare(self, source: Any, face: str | int | None = None) -> "PreparedSource":
        """Look at a source once; any number of targets, in any thread, may then use it.

        Args:
            source: a picture of the person.
            face: which of its faces; that of the constructor when left out.

        Raises:
            NoFaceError, FaceIndexError: the picture does not show that face.
        """
        which = self._settings["source_face"] if face is None else str(face)
        with one_thread_each():
            options = self._job("swap", source="-", target="-", output="-").options()
            return self._prepared(source, which, options)

    def swap(self, source: Any, target: Any, face: str | int | None = None) -> "Swapped":
        """Put a source's face into a picture, in the picture's light and tone.

        Args:
            source: a picture, or what `prepare` gave.
            target: the picture to edit.
            face: of the target; that of the constructor when left out.

        Returns:
            ``frame`` (uint8 or uint16, RGB), ``mask`` (0..1), and every face before and after the transfer.

        Raises:
            InputError: not a picture. NoFaceError, FaceIndexError: the face asked for is not there.
        """
        from aotface.compose.pipeline import choose, swap_faces
        from aotface.face.detect import detect
        from aotface.media.array_input import as_frame
        from aotface.reenact.base import PreparedSource

        prepared = source if isinstance(source, PreparedSource) else self.prepare(source)
        with one_thread_each():
            options, frame = self._options(face), as_frame(target, "target")
            found = detect(frame)
            faces = choose(found, options.face, "target")
            return swap_faces(frame, faces, prepared, options, self._settings["mark"], found)

    def refine(self, swapped: Any, target: Any, face: str | int | None = None, mask: Any = None) -> "Swapped":
        """Move a face that another tool has swapped into the light and tone of its target.

        Args:
            swapped: the whole picture after the swap, of the target's size, or an aligned square crop of the face.
            target: the original picture.
            face: as for `swap`.
            mask: of a whole picture, a picture that is white where the swap shows; found from the difference when left out.
        """
        from aotface.compose.changed import as_mask
        from aotface.compose.pipeline import refine
        from aotface.media.array_input import as_frame

        with one_thread_each():
            frames = as_frame(swapped, "swapped"), as_frame(target, "target")
            shown = None if mask is None else as_mask(as_frame(mask, "mask"))
            return refine(*frames, self._options(face), self._settings["mark"], shown)

    def recolour(self, picture: Any, target: Any, mask: Any = None, **more: Any) -> "RecolouredPicture":
        """The transfer alone: faces of a picture in the light of a target's; see `aotface.compose.recolour.recolour`.

        Args:
            picture: with the faces in their places.
            target: of the same size.
            mask: a picture, white where a face shall be moved.
            more: fields of `JobSpec` for this call: ``transfer``, ``face``, ``strength``, ``mark``, ...
        """
        from aotface.compose.changed import as_mask
        from aotface.compose.recolour import recolour
        from aotface.media.array_input import as_frame

        job = self._job("refine", swapped="-", target="-", output="-", **more)
        job.check()
        with one_thread_each():
            frames = as_frame(picture, "picture"), as_frame(target, "target")
            shown = None if mask is None else as_mask(as_frame(mask, "mask"))
            return recolour(*frames, self._settled(job), shown, job.mark)

    def read_watermark(self, picture: Any) -> "Watermark":
        """The invisible watermark of a picture in memory."""
        from aotface.media.array_input import as_frame
        from aotface.provenance.watermark import detect

        with one_thread_each():
            return detect(as_frame(picture))

    def detect(self, picture: Any) -> "list[Face]":
        """The faces of a picture, largest first."""
        from aotface.face.detect import detect
        from aotface.media.array_input import as_frame

        with one_thread_each():
            return detect(as_frame(picture))

    def inspect(self, picture: Any) -> "Inspection":
        """What is seen in a picture: faces, mesh, visible skin, light; and a sheet to look at."""
        from aotface.inspection import inspect
        from aotface.media.array_input import as_frame

        with one_thread_each():
            return inspect(as_frame(picture))

    def verify(self, path: str | Path) -> "Verification":
        """Which marks a picture or video file carries."""
        from aotface.provenance.verify import verify

        return verify(Path(path))

    def swap_file(
        self,
        source: str | Path,
        target: str | Path,
        output: str | Path,
        progress: Progress | None = None,
        cancel: "Cancel | None" = None,
        **more: Any,
    ) -> list[Path]:
        """Swap into picture or video files, signed and recorded as the command line does it.

        Args:
            source: picture, folder or pattern.
            target: picture or video, folder or pattern.
            output: file, or folder for several.
            progress: see `Progress`.
            cancel: a function that says whether to stop, or a `threading.Event`; a cancelled video resumes when asked again.
            more: fields of `JobSpec` for this call: ``layers``, ``crf``, ``overwrite``, ``trim_end``, ...

        Returns:
            The outputs written.

        Raises:
            AotfaceError: see `aotface.errors`. Interrupted: it was cancelled.
        """
        return self._run(
            self._job("swap", source=source, target=target, output=output, **more), progress, cancel
        )

    def refine_file(
        self,
        swapped: str | Path,
        target: str | Path,
        output: str | Path,
        progress: Progress | None = None,
        cancel: "Cancel | None" = None,
        **more: Any,
    ) -> list[Path]:
        """Refine picture or video files; see `swap_file`."""
        return self._run(
            self._job("refine", swapped=swapped, target=target, output=output, **more), progress, cancel
        )

    def swap_frames(
        self, source: Any, target: Sequence[Any], fps: Rate = 25, steady: bool = True, **more: Any
    ) -> "Iterator[MadeFrame]":
        """Swap into frames in memory, as into a video file: faces are followed, and their light is steadied.

        Args:
            source: a picture.
            target: frames of one size, each as for `swap`; a batch of a torch tensor (frames x height x width x 3), too.
            fps: frames per second.
            steady: they are frames of one video; else each is a picture of its own.
            more: ``progress`` and ``cancel`` as for `swap_file`, ``warn`` (told what the user should notice), ``chroma``
                (see `aotface.video.in_memory`), and fields of `JobSpec` for this call: ``transfer``, ``strength``, ...

        Yields:
            Each with ``frame``, ``mask``, ``reenacted`` and ``faces``; the last two layers are made when asked for.

        Raises:
            See `swap`, and `aotface.errors`. Interrupted: it was cancelled.
        """
        return self._frames("swap", source, target, None, None, fps, steady, **more)

    def refine_frames(
        self,
        swapped: Sequence[Any],
        target: Sequence[Any],
        masks: Sequence[Any] | None = None,
        fps: Rate = 25,
        steady: bool = True,
        **more: Any,
    ) -> "Iterator[MadeFrame]":
        """Refine frames in memory, as `aotface refine` does a video; see `swap_frames` and `refine`."""
        return self._frames("refine", None, target, swapped, masks, fps, steady, **more)

    def close(self) -> None:
        """Let go of what was loaded; the object cannot be used afterwards."""
        self._closed, self._context = True, None

    def __enter__(self) -> "Swapper":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _job(self, kind: str, **more: Any) -> "JobSpec":
        from aotface.jobs.spec import JobSpec

        values = {name: str(value) if isinstance(value, Path) else value for name, value in more.items()}
        try:
            return JobSpec(**{**self._settings, "kind": kind, **values})
        except TypeError as error:
            raise UsageError(f"expected fields of a job: {error}") from None

    def _run(self, job: "JobSpec", progress: Progress | None, cancel: "Cancel | None") -> list[Path]:
        from aotface.jobs.run import run_job

        self._refuse_when_closed()
        if self._own is not None:
            raise UsageError("a reenactor of your own works on pictures in memory: name one for files")
        with one_thread_each():
            return run_job(job, Callbacks(progress), cancel)

    def _frames(
        self,
        kind: str,
        source: Any,
        target: Sequence[Any],
        swapped: Sequence[Any] | None,
        masks: Sequence[Any] | None,
        fps: Rate,
        steady: bool,
        progress: Progress | None = None,
        cancel: "Cancel | None" = None,
        warn: Callable[[str], None] | None = None,
        chroma: str = "full",
        **more: Any,
    ) -> "Iterator[MadeFrame]":
        from dataclasses import replace

        from aotface.jobs.context import asked
        from aotface.jobs.frames import inputs_from, make_frames

        given: dict[str, Any] = {"source": "-"} if kind == "swap" else {"swapped": "-"}
        job = self._job(kind, target="-", output="-", **given, **more)
        job.check()
        with one_thread_each():
            options = self._settled(job)
            reporter, stop = Callbacks(progress, warn), asked(cancel)
            context = replace(self._opened(), spec=job, options=options, reporter=reporter, cancelled=stop)
            person = None if kind == "refine" else self._prepared(source, job.source_face, options)
            inputs = inputs_from(target, swapped, masks, person, fps, chroma)
            yield from make_frames(context, job, inputs, steady)

    def _prepared(self, source: Any, face: str, options: Options) -> "PreparedSource":
        from aotface.compose.pipeline import choose, prepare_source
        from aotface.face.detect import detect
        from aotface.media.array_input import as_frame

        if face == "all":
            raise UsageError("the source gives one face: expected largest or a number")
        frame = as_frame(source, "source")
        chosen = choose(detect(frame), face, "source")[0]
        return prepare_source(frame, chosen, options, self._own or self._opened().reenactor)

    def _opened(self) -> "JobContext":
        """Networks and device, settled once, whichever thread asks first."""
        from aotface.jobs.context import open_context
        from aotface.reporter import Silent

        self._refuse_when_closed()
        with self._one_opens:
            if self._context is None:
                self._context = open_context(self._job("swap", source="-", target="-", output="-"), Silent())
            return self._context

    def _settled(self, job: "JobSpec") -> Options:
        """The options of one call, on the device of this object."""
        from dataclasses import replace

        return replace(job.options(), device=self._opened().options.device)

    def _options(self, face: str | int | None) -> Options:
        from dataclasses import replace

        options = self._opened().options
        return options if face is None else replace(options, face=str(face))

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise InputError("this Swapper is closed: make another one")
