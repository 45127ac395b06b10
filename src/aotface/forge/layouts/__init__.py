"""Layouts that loaders of other people read; one file each. Imports nothing heavy.

A new layout is one file with ``write(export)`` and one line of `LAYOUTS`.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Layout:
    """``module``: in this package. ``videos``: it is made of videos."""

    module: str
    summary: str
    videos: bool = False


LAYOUTS: dict[str, Layout] = {
    "ffpp": Layout("ffpp", "FaceForensics++ tree", True),
    "deepfakebench": Layout(
        "deepfakebench", "aligned crops, masks, landmarks, JSON and LMDB of DeepfakeBench"
    ),
    "celebdf": Layout("celebdf", "Celeb-DF v2 folders and its list of test videos", True),
    "dfdc": Layout("dfdc", "DFDC folders with metadata.json and labels.csv", True),
    "webdataset": Layout("webdataset", "tar shards of frames"),
    "imagefolder": Layout("imagefolder", "Hugging Face imagefolder with masks"),
    "videofolder": Layout("videofolder", "Hugging Face videofolder", True),
    "croissant": Layout("croissant", "frames, metadata.csv and Croissant 1.1"),
}
"""By name."""
