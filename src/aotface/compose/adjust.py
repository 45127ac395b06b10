"""What a person may want otherwise than the transfer found it: its strength, exposure, and colour temperature [ours]."""

import numpy as np
from jaxtyping import Float32

from aotface.colour_space import LUMINANCE, linear_to_srgb, srgb_to_linear
from aotface.errors import UsageError
from aotface.options import Options

WHITE_MIRED = 1e6 / 6504
"""Of sRGB's white, D65: millionth parts of a kelvin's reciprocal, in which equal steps look equal."""

MOST_STOPS, MOST_MIRED = 2.0, 90.0

XYZ_TO_RGB = np.array([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]])

Pixels = Float32[np.ndarray, "rows columns 3"]


def check_adjustments(options: Options) -> None:
    """Refuse values out of range.

    Raises:
        UsageError: see the message.
    """
    if options.camera_match not in ("on", "off"):
        raise UsageError(f"expected --camera-match on or off, got {options.camera_match!r}")
    if options.gaze not in ("source", "target"):
        raise UsageError(f"expected --gaze source or target, got {options.gaze!r}")
    if not 0 <= options.strength <= 1:
        raise UsageError(f"expected --strength from 0 to 1, got {options.strength:g}")
    for name, value, most in (
        ("exposure", options.exposure, MOST_STOPS),
        ("temperature", options.temperature, MOST_MIRED),
    ):
        if not abs(value) <= most:
            raise UsageError(f"expected --{name} from -{most:g} to {most:g}, got {value:g}")


def adjust(reenacted: Pixels, swapped: Pixels, options: Options) -> Pixels:
    """Y as it is wanted.

    Args:
        reenacted: X_r, 0..1.
        swapped: what the transfer made of it.
        options: ``strength`` 1, ``exposure`` 0 and ``temperature`` 0 give back the very same Y.

    Returns:
        X_r + strength (Y - X_r), in linear light times 2^exposure and the change of white.
    """
    made = swapped
    if options.strength != 1:
        made = reenacted + np.float32(options.strength) * (swapped - reenacted)
    if options.exposure == 0 and options.temperature == 0:
        return made
    gains = (2.0**options.exposure * white_gains(options.temperature)).astype(np.float32)
    return np.clip(linear_to_srgb(srgb_to_linear(np.clip(made, 0, 1)) * gains), 0, 1).astype(np.float32)


def white_gains(mired: float) -> np.ndarray:
    """Gains of linear red, green and blue that shift D65 by so many mired, at equal luminance; more is warmer."""
    if mired == 0:
        return np.ones(3)
    shifted, white = (_daylight(1e6 / (WHITE_MIRED + more)) for more in (mired, 0.0))
    gains = shifted / white
    return np.asarray(gains / (np.array(LUMINANCE) @ gains))


def _daylight(kelvin: float) -> np.ndarray:
    """Linear sRGB of daylight, 4,000 to 25,000 K; CIE 015:2018, equations of the daylight locus."""
    t = 1e3 / kelvin
    if kelvin <= 7000:
        x = ((-4.6070 * t + 2.9678) * t + 0.09911) * t + 0.244063
    else:
        x = ((-2.0064 * t + 1.9018) * t + 0.24748) * t + 0.237040
    y = (-3.0 * x + 2.870) * x - 0.275
    return np.asarray(XYZ_TO_RGB @ np.array([x / y, 1.0, (1 - x - y) / y]))
