"""``aotface inspect``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from aotface.reporter import Reporter


@dataclass(frozen=True, kw_only=True)
class Inspect:
    """Draw what is seen in PICTURE: faces and their numbers, mesh, normals, PNCC, visible skin, light.

    Of a video, list the faces: number, how long each is there, how large; and draw a frame with numbers and each face.
    """

    picture: Annotated[Path, Argument(help="Picture to look into, or a video.")]
    output: Annotated[
        Path | None,
        Option("--output", "-o", help="Sheet to write (PNG or JPEG); of a video it may be left out."),
    ] = None
    overwrite: Annotated[bool, Option("--overwrite", help="Replace an existing sheet.")] = False

    def run(self, reporter: Reporter) -> None:
        """Write the sheet, and one line per face."""
        from aotface.errors import UsageError
        from aotface.media.files import check_output, same_file, show
        from aotface.media.kinds import is_animation, is_video

        if is_video(self.picture) or is_animation(self.picture):
            self._video(reporter)
            return
        if self.output is None:
            raise UsageError("say --output: the sheet to write")
        if same_file(self.picture, self.output):
            raise UsageError(f"{show(self.output)} is the picture itself: choose another output")
        check_output(self.output, self.overwrite)
        from aotface.inspection import inspect
        from aotface.media.image import read_image, write_image

        found = inspect(read_image(self.picture).frame)
        write_image(self.output, found.sheet, overwrite=self.overwrite)
        for face in found.faces:
            x0, y0, x1, y1 = face.aligned.face.box
            where = f"{x0:.0f},{y0:.0f} to {x1:.0f},{y1:.0f}"
            reporter.say(f"face {face.aligned.face.index}: {x1 - x0:.0f} x {y1 - y0:.0f} px, {where}")
        reporter.say(show(self.output))

    def _video(self, reporter: Reporter) -> None:
        """List the faces of a video, and draw them."""
        from aotface.errors import NoFaceError
        from aotface.media.files import check_output, show
        from aotface.video.plan import open_clip
        from aotface.video.render import analyse

        if self.output is not None:
            check_output(self.output, self.overwrite)
        clip = open_clip(self.picture)
        tracks = analyse(clip, lambda done: reporter.progress("looking for faces", done, len(clip))).tracks
        if not tracks:
            raise NoFaceError(f"no face found in {show(self.picture)}")
        begin = clip.times.seconds(0)
        for track in tracks:
            first, last = (float(clip.times.seconds(int(track.frames[place])) - begin) for place in (0, -1))
            spans = track.landmarks[..., :2].max(axis=1) - track.landmarks[..., :2].min(axis=1)
            width, height = spans.mean(axis=0)
            there = f"{len(track.frames)} of {len(clip)} frames, {first:.3f} to {last:.3f} s"
            reporter.say(f"face {track.id}: {there}, {width:.0f} x {height:.0f} px on average")
        if self.output is not None:
            from aotface.media.image import write_image
            from aotface.video.who import tracks_sheet

            write_image(self.output, tracks_sheet(clip, tracks), overwrite=self.overwrite)
            reporter.say(show(self.output))
