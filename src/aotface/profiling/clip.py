"""A made video of any size: a synthetic face that moves and comes nearer, before a blurred background."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from aotface.media.image import read_image, write_image
from aotface.media.video.encode import Encoding, write_segment
from aotface.media.video.folder import folder_info, frame_from_rgb
from aotface.samples import sample
from aotface.types import Frame

TARGET = "target_medium_man_warm_side"
RATE = Fraction(25)

FACE_SHARE = 0.41
"""Height of the face as a share of the frame's: 300 pixels of 720."""

SAMPLE_FACE = 0.466
"""Height of the face in the sample, as a share of the sample's."""


def frame_size(lines: int) -> tuple[int, int]:
    """Height and width of a 16:9 frame of so many lines; both even, as codecs want them."""
    height = lines // 2 * 2
    return height, round(height * 8 / 9) * 2


def made_frames(height: int, width: int, count: int) -> Iterator[Frame]:
    """The frames of the clip.

    Args:
        height: pixels.
        width: pixels.
        count: how many.

    Yields:
        uint8, height x width x 3; the same numbers give the same pixels.
    """
    face = read_image(sample(TARGET)).frame
    largest = round(1.1 * height * FACE_SHARE / SAMPLE_FACE)
    if largest < len(face):
        face = np.asarray(cv2.resize(face, (largest, largest), interpolation=cv2.INTER_AREA))
    side = len(face)
    background = cv2.GaussianBlur(cv2.resize(face, (64, 36), interpolation=cv2.INTER_AREA), (0, 0), 2)
    background = cv2.resize(background, (width, height), interpolation=cv2.INTER_CUBIC)
    edge = np.clip((0.48 - np.abs((np.arange(side) + 0.5) / side - 0.5)) / 0.06, 0, 1).astype(np.float32)
    cover = np.minimum.outer(edge, edge)
    for number in range(count):
        turn = 2 * np.pi * number / 48
        zoom = height * FACE_SHARE / SAMPLE_FACE / side * (1 + 0.08 * np.sin(turn))
        centre_x, centre_y = width * (0.5 + 0.06 * np.sin(0.7 * turn)), height * (0.5 + 0.02 * np.cos(turn))
        middle = (side - 1) / 2
        matrix = np.array([[zoom, 0, centre_x - zoom * middle], [0, zoom, centre_y - zoom * middle]])
        size = (width, height)
        moved = cv2.warpAffine(face, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        weight = cv2.warpAffine(cover, matrix, size)[..., None]
        yield np.rint(background + weight * (moved.astype(np.float32) - background)).astype(np.uint8)


def write_clip(folder: Path, height: int, width: int, count: int) -> Path:
    """Encode the clip into a folder.

    Args:
        folder: exists, and is empty.
        height: pixels.
        width: pixels.
        count: frames.

    Returns:
        Path of the video: H.264, without sound.
    """
    pictures = folder / "frames"
    pictures.mkdir()
    write_image(pictures / "0.png", next(made_frames(height, width, 1)))
    info = folder_info(pictures, RATE)
    frames = (frame_from_rgb(rgb, k, k, info) for k, rgb in enumerate(made_frames(height, width, count)))
    path = folder / "clip.mp4"
    write_segment(path, info, Encoding(quality=16), frames)
    return path
