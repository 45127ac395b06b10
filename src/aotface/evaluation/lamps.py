"""Lamps of the relit suite: area lights of several shapes, coloured surroundings, a camera's exposure.

Nothing here is shared with the lights that networks are trained under: other shapes, other colours, other
seeds. Directions: x right, y down, z towards the camera; lengths in pixels of the 256-pixel crop.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from aotface.colour_space import RGB_TO_XYZ

Vector = Float64[np.ndarray, " 3"]

HARD_DEGREES = (20.0, 80.0)
"""Angle of a hard lamp from the camera's axis."""

_PANES = {
    # name: half width, half height, rows, columns of sample points, as shares of the distance
    "softbox": (0.35, 0.35, 5, 5),
    "window": (0.45, 0.7, 6, 5),
    "strip": (0.06, 0.6, 9, 1),
    "bulb": (0.03, 0.03, 2, 2),
    "ceiling": (0.8, 0.25, 3, 6),
}


@dataclass(frozen=True)
class Panel:
    """An area light as points of equal share: ``places``, its normal ``facing``, ``colour`` in linear RGB."""

    places: Float64[np.ndarray, "points 3"]
    facing: Vector
    colour: Vector


@dataclass(frozen=True)
class Scene:
    """All the light on a face, and how the camera takes it.

    ``around``: colours of the surroundings at the two ends of ``axis``. ``roughness`` and ``sheen`` of the
    skin's highlight. ``stops``: exposure against a metered one. ``adaptation``: share of the light's colour
    that white balance takes away. ``angle_degrees``: of the main lamp from the camera's axis.
    """

    panels: tuple[Panel, ...]
    axis: Vector
    around: Float64[np.ndarray, "2 3"]
    roughness: float
    sheen: float
    stops: float
    adaptation: float
    angle_degrees: float


def draw_scene(rng: np.random.Generator, largest_angle_degrees: float = 85.0) -> Scene:
    """Draw one scene: a main lamp, often a second one, surroundings.

    Args:
        rng: the only source of chance.
        largest_angle_degrees: of the main lamp from the camera's axis.

    Source: [ours].
    """
    angle = largest_angle_degrees * rng.uniform()
    turn = rng.uniform(0, 2 * math.pi)
    if math.sin(turn) > 0.35 and rng.uniform() < 0.8:  # lamps below the face are rare
        turn = -turn
    key_kelvin = math.exp(rng.uniform(math.log(2000), math.log(12000)))
    panels = [_panel(rng, _direction(angle, turn), key_kelvin, 1.0)]
    if rng.uniform() < 0.5:
        opposite = _direction(rng.uniform(20, 100), turn + math.pi + rng.normal(0, 0.6))
        kelvin = math.exp(rng.uniform(math.log(2000), math.log(12000)))
        panels.append(_panel(rng, opposite, kelvin, rng.uniform(0.1, 0.8)))
    share = math.exp(rng.uniform(math.log(0.03), math.log(0.5)))
    ends = np.stack([share * rng.uniform(0.3, 1.0) * _tint(rng) for _ in range(2)])
    stops = rng.uniform(*((-3.0, -1.5), (-1.5, 0.0), (-1.5, 0.0), (0.0, 1.0))[rng.integers(4)])
    return Scene(
        tuple(panels),
        _direction(90.0, rng.uniform(0, 2 * math.pi)),
        ends,
        roughness=rng.uniform(0.3, 0.55),
        sheen=rng.uniform(0.0, 1.0) ** 2,
        stops=stops,
        adaptation=rng.uniform(0.2, 1.0),
        angle_degrees=angle,
    )


def draw_hard_scene(rng: np.random.Generator) -> Scene:
    """Draw a scene of hard light: one small lamp well aside, and dim surroundings.

    Args:
        rng: the only source of chance.

    Source: [ours].
    """
    angle, turn = rng.uniform(*HARD_DEGREES), rng.uniform(0, 2 * math.pi)
    if math.sin(turn) > 0.35 and rng.uniform() < 0.8:  # lamps below the face are rare
        turn = -turn
    kelvin = math.exp(rng.uniform(math.log(2000), math.log(12000)))
    panel = _panel(rng, _direction(angle, turn), kelvin, 1.0, shape="bulb")
    share = math.exp(rng.uniform(math.log(0.02), math.log(0.15)))
    ends = np.stack([share * rng.uniform(0.3, 1.0) * _tint(rng) for _ in range(2)])
    return Scene(
        (panel,),
        _direction(90.0, rng.uniform(0, 2 * math.pi)),
        ends,
        roughness=rng.uniform(0.3, 0.55),
        sheen=rng.uniform(0.0, 1.0) ** 2,
        stops=rng.uniform(-1.5, 0.5),
        adaptation=rng.uniform(0.2, 1.0),
        angle_degrees=angle,
    )


def black_body(kelvin: float) -> Vector:
    """Linear sRGB of a glowing body, luminance 1; colours outside the gamut are clipped to a little.

    Args:
        kelvin: its temperature, 1,000 to 40,000.

    Source: Planck's law through the fitted matching functions of Wyman, Sloan and Shirley, "Simple analytic
        approximations to the CIE XYZ colour matching functions", 2013.
    """
    nanometres = np.arange(380.0, 781.0, 5.0)
    metres = nanometres * 1e-9
    power = metres**-5 / np.expm1(0.014387769 / (metres * kelvin))
    matching = np.stack(
        [
            _bell(nanometres, 1.056, 599.8, 37.9, 31.0)
            + _bell(nanometres, 0.362, 442.0, 16.0, 26.7)
            - _bell(nanometres, 0.065, 501.1, 20.4, 26.2),
            _bell(nanometres, 0.821, 568.8, 46.9, 40.5) + _bell(nanometres, 0.286, 530.9, 16.3, 31.1),
            _bell(nanometres, 1.217, 437.0, 11.8, 36.0) + _bell(nanometres, 0.681, 459.0, 26.0, 13.8),
        ]
    )
    xyz = matching @ power
    rgb = np.linalg.solve(RGB_TO_XYZ, xyz / xyz[1])
    rgb = np.maximum(rgb, 0.01)
    return rgb / (rgb @ RGB_TO_XYZ[1])


def _bell(x: np.ndarray, height: float, centre: float, left: float, right: float) -> np.ndarray:
    """A Gaussian whose two halves differ in width."""
    return height * np.exp(-0.5 * ((x - centre) / np.where(x < centre, left, right)) ** 2)


def _direction(angle_degrees: float, turn: float) -> Vector:
    """Unit vector at an angle from the camera's axis, turned around it from the right downwards."""
    angle = math.radians(angle_degrees)
    return np.array([math.sin(angle) * math.cos(turn), math.sin(angle) * math.sin(turn), math.cos(angle)])


def _panel(
    rng: np.random.Generator, direction: Vector, kelvin: float, strength: float, shape: str = ""
) -> Panel:
    """A lamp that looks at the face, its points on a grid, of equal share; a random shape where none is given."""
    shape = shape or tuple(_PANES)[rng.integers(len(_PANES))]
    half_width, half_height, rows, columns = _PANES[shape]
    distance = math.exp(rng.uniform(math.log(260), math.log(1600)))
    side = np.cross(direction, np.array([0.0, 1.0, 0.0]))
    side = side / np.linalg.norm(side) if np.linalg.norm(side) > 1e-3 else np.array([1.0, 0.0, 0.0])
    up = np.cross(side, direction)
    roll = rng.uniform(-0.4, 0.4)
    side, up = side * math.cos(roll) + up * math.sin(roll), up * math.cos(roll) - side * math.sin(roll)
    u, v = np.meshgrid(_spread(columns) * half_width, _spread(rows) * half_height)
    if shape == "window":  # the bars: the middle column is dark
        u, v = u[:, [0, 1, 3, 4]], v[:, [0, 1, 3, 4]]
    offsets = u.reshape(-1, 1) * side + v.reshape(-1, 1) * up
    return Panel(distance * (direction + offsets), -direction, strength * black_body(kelvin))


def _spread(count: int) -> np.ndarray:
    """Middles of equal parts of -1..1."""
    return (np.arange(count) + 0.5) / count * 2 - 1


def _tint(rng: np.random.Generator) -> Vector:
    """Colour of a wall or a sky: moderate, of luminance about 1."""
    colour = np.exp(rng.normal(0, 0.25, 3))
    return colour / (colour @ RGB_TO_XYZ[1])
