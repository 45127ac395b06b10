"""The visible label: whole, legible on everything, off the faces, and at the right times."""

import numpy as np
import pytest

from aotface.compose.label import Badge, check_label, place_label, shows_label
from aotface.errors import InputError, UsageError
from aotface.options import Options

NOBODY = np.zeros((0, 4), np.float32)
SIZES = [(40, 40), (64, 64), (128, 96), (360, 640), (1920, 1080), (2160, 3840), (300, 3000)]


def placed(height: int, width: int, faces: np.ndarray = NOBODY, label: str = "ai-modified", **more) -> Badge:
    badge = place_label(Options(label=label, **more), height, width, faces)
    assert badge is not None
    return badge


def corner(badge: Badge, height: int, width: int) -> str:
    rows, columns = badge.grey.shape
    down = "top" if 2 * badge.top < height - rows else "bottom"
    return f"{down}-{'left' if 2 * badge.left < width - columns else 'right'}"


@pytest.mark.parametrize(("height", "width"), SIZES)
@pytest.mark.parametrize("level", [0, 128, 255])
def test_it_is_whole_and_its_letters_stand_out(height: int, width: int, level: int) -> None:
    frame = np.full((height, width, 3), level, np.uint8)
    badge = placed(height, width)
    labelled = badge.draw(frame)
    rows, columns = badge.grey.shape
    assert badge.top >= 0 and badge.left >= 0 and badge.top + rows <= height and badge.left + columns <= width
    inside = labelled[badge.top : badge.top + rows, badge.left : badge.left + columns, 0]
    outside = labelled.copy()
    outside[badge.top : badge.top + rows, badge.left : badge.left + columns] = level
    assert (outside == level).all() and (frame == level).all()
    inner = inside[3:-3, 3:-3]  # within the rim: dark plate, light letters
    assert np.median(inner) < 40 and inner.max() > 150 and (inner > 128).mean() > 0.03
    border = inside[rows // 2, :2].max()
    assert border > 200  # the rim shows on black


def test_sixteen_bits_are_the_same_label() -> None:
    frame = np.full((90, 160, 3), 130, np.uint8)
    badge = placed(90, 160)
    deep = badge.draw(frame.astype(np.uint16) * 257)
    assert np.abs(deep / 257 - badge.draw(frame)).max() <= 0.51


@pytest.mark.parametrize("place", ["top-left", "top-right", "bottom-left", "bottom-right"])
def test_it_stands_where_it_was_asked_for(place: str) -> None:
    assert corner(placed(360, 640, label_place=place), 360, 640) == place


def test_it_keeps_off_faces() -> None:
    left = np.array([[0, 0, 300, 360]], np.float32)
    assert corner(placed(360, 640), 360, 640) == "top-left"
    assert corner(placed(360, 640, left), 360, 640) == "top-right"
    assert corner(placed(360, 640, left, label_place="bottom-left"), 360, 640) == "top-right"
    several = np.array([[0, 0, 640, 100], [0, 260, 200, 360]], np.float32)
    assert corner(placed(360, 640, several), 360, 640) == "bottom-right"
    everywhere = np.array([[-50, -50, 900, 900]], np.float32)
    assert placed(360, 640, everywhere).grey.shape < placed(360, 640).grey.shape  # smaller rather than absent
    between = np.array([[0, 30, 640, 360]], np.float32)  # room for small letters only
    assert placed(360, 640, between).grey.shape[0] < placed(360, 640).grey.shape[0]


def test_pixels_that_are_not_square_show_it_as_square_ones_do() -> None:
    right = np.array([[320, 0, 640, 360]], np.float32)
    seen, stored = placed(360, 640, right), place_label(Options(label="ai-modified"), 360, 320, right, 2.0)
    assert stored is not None and (stored.top, stored.left) == (seen.top, seen.left // 2)
    assert stored.grey.shape == (seen.grey.shape[0], seen.grey.shape[1] // 2)
    tall = place_label(Options(label="ai-modified"), 180, 640, right, 0.5)
    assert tall is not None and tall.grey.shape == (seen.grey.shape[0] // 2, seen.grey.shape[1])


def test_size_is_a_share_of_the_shorter_side() -> None:
    rows = [placed(*size).grey.shape[0] for size in ((1080, 1920), (1920, 1080), (2160, 3840))]
    assert rows[0] == rows[1] and abs(rows[2] / rows[0] - 2) < 0.1
    assert abs(placed(1080, 1920, label_size=8.0).grey.shape[0] / rows[0] - 2) < 0.1


def test_long_texts_take_more_lines_and_none_is_cut() -> None:
    text = "A face in this picture was exchanged for research on the light of composites"
    one, wide = (placed(600, width, label=text).grey.shape for width in (600, 2400))
    assert one[0] > wide[0] and one[1] < wide[1]
    with pytest.raises(InputError, match="no room"):
        placed(30, 30, label=text)
    with pytest.raises(InputError, match="no room"):
        placed(3, 3000)


def test_transparent_pictures_become_opaque_under_it() -> None:
    badge, alpha = placed(90, 160), np.zeros((90, 160), np.uint16)
    solid = badge.opaque(alpha)
    middle = badge.top + badge.grey.shape[0] // 2, badge.left + badge.grey.shape[1] // 2
    assert solid[middle] == 65535 and solid[-1, -1] == 0 and not alpha.any()


def test_videos_show_it_at_the_start_and_again() -> None:
    shown = [second for second in range(90) if shows_label(float(second))]
    assert shown == [*range(5), *range(30, 35), *range(60, 65)]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"label": " "}, "one line"),
        ({"label": "a\nb"}, "one line"),
        ({"label": "a" * 81}, "80 letters"),
        ({"label": "verändert"}, "'ä'"),
        ({"label": "ai", "label_place": "middle"}, "top-left"),
        ({"label": "ai", "label_size": 0.5}, "1 to 20"),
    ],
)
def test_what_cannot_be_drawn_is_refused_at_once(options: dict, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        check_label(Options(**options))
    check_label(Options(label="Swapped by AI (2026)"))  # the twins
    assert place_label(Options(), 90, 160, NOBODY) is None
