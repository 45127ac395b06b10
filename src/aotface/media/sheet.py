"""Labelled pictures in rows: one sheet to look at. Pure: frames in, frame out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageDraw, ImageFont

INK, PAPER, FAINT = (32, 32, 36), (250, 250, 248), (120, 120, 126)
GAP = 8
LINE = 22

Picture8 = UInt8[np.ndarray, "rows columns 3"]


@dataclass(frozen=True)
class Panel:
    """One picture of a sheet, uint8 RGB of any size, with the words under it."""

    picture: np.ndarray
    label: str = ""


def sheet(rows: Sequence[Sequence[Panel]], height: int | Sequence[int] = 256, title: str = "") -> Picture8:
    """Draw panels in rows, each labelled, all pictures of a row scaled to one height.

    Args:
        rows: panels, left to right and top to bottom; rows may differ in length.
        height: of the pictures in pixels; one for all rows, or one for each.
        title: a line above everything.

    Returns:
        The sheet, uint8 RGB.
    """
    heights = [height] * len(rows) if isinstance(height, int) else list(height)
    drawn = [[_scaled(panel, h) for panel in row] for row, h in zip(rows, heights, strict=True)]
    width = max(sum(p.width + GAP for p, _ in row) for row in drawn) + GAP
    y = GAP + (LINE + GAP if title else 0)
    whole = Image.new("RGB", (width, y + sum(h + LINE + GAP for h in heights)), PAPER)
    draw = ImageDraw.Draw(whole)
    if title:
        draw.text((GAP, GAP), title, fill=INK, font=ImageFont.load_default(18))
    font = ImageFont.load_default(14)
    for row, row_height in zip(drawn, heights, strict=True):
        left = GAP
        for picture, label in row:
            whole.paste(picture, (left, y))
            draw.text((left, y + row_height + 2), _fitted(label, font, picture.width), fill=FAINT, font=font)
            left += picture.width + GAP
        y += row_height + LINE + GAP
    return np.asarray(whole).copy()


def annotated(picture: Picture8, marks: Sequence[tuple[float, float, str]], size: int = 16) -> Picture8:
    """Write short words on a picture, dark with a light rim so that they show on anything.

    Args:
        picture: uint8 RGB.
        marks: ``(x, y, words)``, the top left corner of the words in pixels.
        size: of the letters in pixels.
    """
    image = Image.fromarray(picture)
    draw = ImageDraw.Draw(image)
    for x, y, words in marks:
        font = ImageFont.load_default(size)
        draw.text(
            (x, y), words, fill=INK, font=font, stroke_width=max(1, size // 8), stroke_fill=(255, 235, 90)
        )
    return np.asarray(image).copy()


def _scaled(panel: Panel, height: int) -> tuple[Image.Image, str]:
    picture = Image.fromarray(np.ascontiguousarray(panel.picture))
    width = max(1, round(picture.width * height / picture.height))
    method = Image.Resampling.LANCZOS if picture.height > height else Image.Resampling.BICUBIC
    return picture.resize((width, height), method), panel.label


def _fitted(label: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> str:
    """The label, shortened until it fits under its picture."""
    if font.getlength(label) <= width:
        return label
    while label and font.getlength(label + "...") > width:
        label = label[:-1]
    return label + "..." if label else ""
