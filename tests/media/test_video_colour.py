from fractions import Fraction

import av
import numpy as np
import pytest

from aotface import errors
from aotface.media.video import colour, layout
from aotface.media.video.colour import Colour, from_rgb, from_tags, lightened, to_rgb, unrounded
from aotface.media.video.layout import Layout, Planes

NAMES = list(colour.WEIGHTS)
LAYOUTS = [Layout(depth, *steps) for depth in (8, 10) for steps in ((2, 2), (2, 1), (1, 1))]


def colours(name: str, full: bool) -> Colour:
    return Colour("bt709", "bt709", name, full)


def exact_rgb(y: float, u: float, v: float, name: str, full: bool) -> list[float]:
    """R'G'B' 0..1 from 8-bit Y'CbCr, written out channel by channel."""
    kr, kb = colour.WEIGHTS[name]
    luma = y / 255 if full else (y - 16) / 219
    blue, red = ((u - 128) / 255, (v - 128) / 255) if full else ((u - 128) / 224, (v - 128) / 224)
    r, b = luma + 2 * (1 - kr) * red, luma + 2 * (1 - kb) * blue
    return [r, (luma - kr * r - kb * b) / (1 - kr - kb), b]


def planes(layout: Layout, seed: int = 0, height: int = 24, width: int = 32, narrow: bool = True) -> Planes:
    """Random planes; ``narrow``: mild colours, which exist in RGB in every matrix."""
    rng = np.random.default_rng(seed)
    step = 1 << (layout.depth - 8)
    small = (height // layout.step_y, width // layout.step_x)
    y = rng.integers(80 * step, 176 * step, (height, width))
    reach = 16 if narrow else 112
    u, v = (rng.integers((128 - reach) * step, (128 + reach) * step, small) for _ in range(2))
    return Planes(*(plane.astype(layout.dtype) for plane in (y, u, v)))


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_known_colours(name: str, full: bool) -> None:
    rgb = np.array([[[255, 255, 255], [0, 0, 0], [255, 0, 0], [0, 0, 255]]], np.uint8)
    y, u, v = from_rgb(rgb, Layout(8, 1, 1), colours(name, full))
    kr, kb = colour.WEIGHTS[name]
    black, white = (0, 255) if full else (16, 235)
    assert y[0, :2].tolist() == [white, black] and u[0, :2].tolist() == v[0, :2].tolist() == [128, 128]
    assert y[0, 2] == round(black + kr * (white - black)) and y[0, 3] == round(black + kb * (white - black))
    assert v[0, 2] == u[0, 3] == (255 if full else 240)


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@pytest.mark.parametrize("name", ["bt709", colour.PLAIN])
def test_planes_get_lighter_as_pixels_do(name: str, layout: Layout, full: bool) -> None:
    how, stored = colours(name, full), planes(layout)
    change = np.random.default_rng(2).uniform(-3, 3, stored.y.shape).astype(np.float32)
    if name == colour.PLAIN:
        layout = Layout(8 if layout.depth == 8 else 16, 1, 1)
        stored = Planes(*[stored.y if layout.depth == 8 else stored.y * 60] * 3)
    rgb = to_rgb(stored, layout, how)
    deep = rgb.astype(np.float32) * (257 if layout.depth == 8 else 1) + 257 * change[..., None]
    wanted = unrounded(np.rint(deep).astype(np.uint16), layout, how)
    found = lightened(stored, change, layout, how)
    for before, after, plane in zip(stored, found, wanted, strict=True):
        assert after.dtype == layout.dtype and np.abs(after - plane).max() <= (
            1.1 if layout.depth == 8 else 0.6
        )
        changed = name == colour.PLAIN or before is stored.y
        assert np.array_equal(before, after) != changed


def test_what_gets_lighter_stays_in_its_depth() -> None:
    layout, white = Layout(10, 1, 1), np.full((4, 4), 1023, np.uint16)
    much = np.full((4, 4), 40, np.float32)
    found = lightened(Planes(white, white, white), much, layout, colours("bt709", True))
    assert found.y.tolist() == white.tolist()
    assert lightened(Planes(*[white - 500] * 3), much, layout, colours("bt709", True)).y.max() == 683


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_against_the_formula(name: str, full: bool) -> None:
    stored = planes(Layout(8, 1, 1), 1)
    rgb = to_rgb(stored, Layout(8, 1, 1), colours(name, full))
    for place in [(0, 0), (3, 9), (20, 30)]:
        wanted = exact_rgb(*(float(plane[place]) for plane in stored), name, full)
        assert np.abs(rgb[place] - 255 * np.array(wanted)).max() <= 0.5 + 1e-3


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_there_and_back(layout: Layout, name: str, full: bool) -> None:
    """The stated error: none, except 8-bit full-range chroma, which is off by one step at most."""
    stored = planes(layout, 2)
    back = from_rgb(to_rgb(stored, layout, colours(name, full)), layout, colours(name, full))
    for place, (a, b) in enumerate(zip(stored, back, strict=True)):
        error = np.abs(a.astype(int) - b.astype(int)).max()
        assert error <= (1 if full and layout.depth == 8 else 0), f"plane {place}: {error}"


@pytest.mark.parametrize("depth", [8, 10])
def test_rgb_there_and_back(depth: int) -> None:
    """Without shared chroma: two steps of 8-bit RGB at most, in limited range; 1.7 thousandths at 10 bits."""
    rng = np.random.default_rng(3)
    top = 255 if depth == 8 else 65535
    rgb = rng.integers(0, top + 1, (40, 40, 3)).astype(np.uint8 if depth == 8 else np.uint16)
    layout = Layout(depth, 1, 1)
    back = to_rgb(from_rgb(rgb, layout, colours("bt709", False)), layout, colours("bt709", False))
    error = np.abs(back.astype(float) - rgb) / top
    assert error.max() <= (2 / 255 if depth == 8 else 0.0017) and error.mean() < (
        0.0025 if depth == 8 else 0.0006
    )


def test_the_wrong_matrix_is_seen() -> None:
    """The failing twin: BT.601 read as BT.709 is off by up to a dozen steps, limited read as full by more."""
    stored = planes(Layout(8, 1, 1), 4, narrow=False)
    right = to_rgb(stored, Layout(8, 1, 1), colours("smpte170m", False)).astype(int)
    assert np.abs(to_rgb(stored, Layout(8, 1, 1), colours("bt709", False)).astype(int) - right).max() > 12
    assert np.abs(to_rgb(stored, Layout(8, 1, 1), colours("smpte170m", True)).astype(int) - right).mean() > 4


def test_shared_chroma_is_the_mean_of_its_pixels() -> None:
    rgb = np.zeros((2, 2, 3), np.uint8)
    rgb[0, 0] = 255, 0, 0
    y, u, v = from_rgb(rgb, Layout(8, 2, 2), colours("bt709", True))
    assert v.shape == (1, 1) and v[0, 0] == round(128 + 127.5 / 4)


def test_against_the_library_that_players_use() -> None:
    """swscale rounds a little differently; a wrong matrix or range would be far off."""
    stored = planes(Layout(8, 1, 1), 5, 48, 64)
    frame = layout.to_frame(stored, Layout(8, 1, 1))
    for tags, name in ((1, "ITU709"), (5, "ITU601")):
        other = frame.reformat(format="rgb24", src_colorspace=name, dst_colorspace=name, src_color_range="MPEG",
                               dst_color_range="JPEG").to_ndarray().astype(int)  # fmt: skip
        ours = to_rgb(stored, Layout(8, 1, 1), from_tags((tags, tags, tags, 1), 48, 64, False, False))
        assert np.abs(ours - other).max() <= 2


def test_a_matrix_that_is_not_handled() -> None:
    with pytest.raises(errors.UnsupportedError, match="found ycgco"):
        to_rgb(planes(Layout(8, 1, 1)), Layout(8, 1, 1), colours("ycgco", False))


def test_deep_pictures_and_shallow_ones_mix() -> None:
    rgb = np.random.default_rng(6).integers(0, 256, (8, 8, 3)).astype(np.uint8)
    for made in (Layout(8, 1, 1), Layout(10, 1, 1)):
        a = from_rgb(rgb, made, colours("bt709", False))
        b = from_rgb(rgb.astype(np.uint16) * 257, made, colours("bt709", False))
        assert all(np.abs(x.astype(int) - y).max() <= 1 for x, y in zip(a, b, strict=True))


# --- formats


@pytest.mark.parametrize(
    ("name", "size", "wanted"),
    [
        ("yuv420p", (48, 64), Layout(8, 2, 2)), ("yuvj420p", (48, 64), Layout(8, 2, 2)),
        ("nv12", (48, 64), Layout(8, 2, 2)), ("p010le", (48, 64), Layout(10, 2, 2)),
        ("yuv422p10le", (48, 64), Layout(10, 2, 1)), ("yuv444p", (48, 64), Layout(8, 1, 1)),
        ("yuv444p12le", (48, 64), Layout(10, 1, 1)), ("yuv440p", (48, 64), Layout(8, 1, 1)),
        ("yuv411p", (48, 64), Layout(8, 2, 1)), ("yuv410p", (48, 64), Layout(8, 2, 2)),
        ("yuyv422", (48, 64), Layout(8, 2, 1)), ("gray", (48, 64), Layout(8, 2, 2)),
        ("gray10le", (48, 64), Layout(10, 2, 2)), ("rgb24", (48, 64), Layout(8, 1, 1)),
        ("gbrp10le", (48, 64), Layout(10, 1, 1)), ("pal8", (48, 64), Layout(8, 1, 1)),
        ("yuva420p", (48, 64), Layout(8, 2, 2)), ("yuv420p", (48, 65), Layout(8, 1, 1)),
        ("yuv420p", (49, 64), Layout(8, 2, 1)), ("yuv422p", (49, 64), Layout(8, 2, 1)),
    ],
)  # fmt: skip
def test_layouts(name: str, size: tuple[int, int], wanted: Layout) -> None:
    assert layout.layout_for(av.VideoFormat(name, size[1], size[0]), *size) == wanted


@pytest.mark.parametrize(
    "name",
    ["yuv420p", "nv12", "yuv422p", "yuyv422", "yuv444p", "yuv440p", "yuva420p", "yuv411p", "yuv420p10le", "p010le",
     "yuv422p10le", "yuv444p10le", "yuvj420p", "yuvj440p"],
)  # fmt: skip
def test_pixels_come_out_of_every_format(name: str) -> None:
    """Arranged differently, the same values; the range is never touched."""
    depth = 10 if "10" in name else 8
    step = 1 << (depth - 8)
    kind = av.VideoFormat(name, 64, 48)
    wanted = layout.layout_for(kind, 48, 64)
    frame = av.VideoFrame(64, 48, name)
    if name in ("nv12", "yuyv422", "p010le"):
        plain = {"nv12": Layout(8, 2, 2), "yuyv422": Layout(8, 2, 1), "p010le": Layout(10, 2, 2)}[name]
        source = planes(plain, 7, 48, 64)
        frame = layout.to_frame(source, plain).reformat(format=name)
    else:
        rng = np.random.default_rng(7)
        dtype = np.uint8 if depth == 8 else np.uint16
        source = []
        for plane in frame.planes[:3]:
            values = rng.integers(5 * step, 250 * step, (plane.height, plane.width)).astype(dtype)
            rows = np.zeros((plane.height, plane.line_size // values.itemsize), dtype)
            rows[:, : plane.width] = values
            plane.update(rows.tobytes())
            source.append(values)
    found = layout.from_frame(frame, wanted)
    assert found.y.dtype == wanted.dtype and np.array_equal(found.y, source[0])
    for mine, theirs in zip(found[1:], source[1:], strict=True):
        up, across = mine.shape[0] // theirs.shape[0], mine.shape[1] // theirs.shape[1]
        assert np.array_equal(mine, np.repeat(np.repeat(theirs, up, 0), across, 1))


def test_planes_go_into_frames_and_back() -> None:
    for made in LAYOUTS:
        stored = planes(made, 8, 10, 38)  # rows that are padded inside the library
        back = layout.from_frame(layout.to_frame(stored, made), made)
        assert all(np.array_equal(a, b) for a, b in zip(stored, back, strict=True))


def test_rows_stored_bottom_up_are_refused() -> None:
    graph = av.filter.Graph()
    source = graph.add_buffer(width=64, height=48, format="yuv420p", time_base=Fraction(1, 25))
    flip, sink = graph.add("vflip"), graph.add("buffersink")
    source.link_to(flip)
    flip.link_to(sink)
    graph.configure()
    frame = layout.to_frame(planes(Layout(), 9, 48, 64), Layout())
    frame.pts = 0
    graph.push(frame)
    turned = graph.pull()
    assert turned.planes[0].line_size < 0
    with pytest.raises(errors.UnsupportedError, match="bottom up"):
        layout.from_frame(turned, Layout())
