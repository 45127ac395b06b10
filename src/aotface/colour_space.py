"""Colour spaces: display-encoded sRGB, linear light, CIE Lab (D65). Channels last, any leading shape.

Every function keeps float64 as float64 and turns everything else into float32. The curves go on smoothly
outside 0..1 (odd through zero), so a colour that left the gamut comes back unharmed: clipping is the caller's
decision.
"""

import cv2
import numpy as np
from jaxtyping import Float, Float32

Colours = Float[np.ndarray, "*pixels 3"]
"""RGB 0..1, or Lab with L 0..100; float32 or float64."""

LUMINANCE = (0.2126, 0.7152, 0.0722)
"""Shares of linear red, green and blue in luminance (Rec. 709)."""

RGB_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
# Divided by the white of this very matrix: a grey pixel then has a = b = 0, not 0.01.
_RGB_TO_WHITE = RGB_TO_XYZ / RGB_TO_XYZ.sum(axis=1, keepdims=True)
_WHITE_TO_RGB = np.linalg.inv(_RGB_TO_WHITE)
_DELTA = 6.0 / 29.0


def _floating(colours: np.ndarray) -> np.ndarray:
    """Leave float64 alone, make anything else float32."""
    colours = np.asarray(colours)
    return colours if colours.dtype == np.float64 else colours.astype(np.float32)


def _times(colours: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Apply a 3 x 3 matrix to the last axis, in the precision of the colours."""
    return colours @ matrix.T.astype(colours.dtype)


def _power(values: np.ndarray, exponent: float) -> np.ndarray:
    """Powers of positive numbers; of float32 in a sixth of the time that NumPy takes, and to its last digit but one."""
    if values.dtype == np.float64 or not values.size:
        return values**exponent
    logs = cv2.log(values.reshape(1, -1))
    return np.asarray(cv2.exp(np.multiply(logs, np.float32(exponent), out=logs))).reshape(values.shape)


def srgb_to_linear(rgb: Colours) -> Colours:
    """Undo the sRGB transfer curve.

    Args:
        rgb: display-encoded, 0..1 (values outside are continued oddly through zero).

    Returns:
        Linear light, 0..1, same shape.

    Source: IEC 61966-2-1.
    """
    rgb = _floating(rgb)
    size = np.abs(rgb)
    curve = _power((np.maximum(size, 0.04045) + 0.055) / 1.055, 2.4)
    return np.where(size <= 0.04045, rgb / 12.92, np.copysign(curve, rgb)).astype(rgb.dtype, copy=False)


def linear_to_srgb(linear: Colours) -> Colours:
    """Apply the sRGB transfer curve: the inverse of :func:`srgb_to_linear`.

    Source: IEC 61966-2-1.
    """
    linear = _floating(linear)
    size = np.abs(linear)
    curve = 1.055 * _power(np.maximum(size, 0.0031308), 1 / 2.4) - 0.055
    return np.where(size <= 0.0031308, linear * 12.92, np.copysign(curve, linear)).astype(
        linear.dtype, copy=False
    )


def srgb_to_lab(rgb: Colours) -> Colours:
    """Display-encoded sRGB to CIE Lab under D65.

    Args:
        rgb: display-encoded, 0..1.

    Returns:
        L 0..100, a and b about -110..110; grey has a = b = 0.

    Source: CIE 15.
    """
    white = _times(srgb_to_linear(rgb), _RGB_TO_WHITE)
    root = np.where(white > _DELTA**3, np.cbrt(white), white / (3 * _DELTA**2) + 4 / 29).astype(white.dtype)
    x, y, z = root[..., 0], root[..., 1], root[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def lab_to_srgb(lab: Colours) -> Colours:
    """CIE Lab (D65) to display-encoded sRGB, **not** clipped: colours outside the gamut fall outside 0..1.

    Source: CIE 15.
    """
    lab = _floating(lab)
    y = (lab[..., 0] + 16) / 116
    root = np.stack([y + lab[..., 1] / 500, y, y - lab[..., 2] / 200], axis=-1)
    white = np.where(root > _DELTA, root**3, 3 * _DELTA**2 * (root - 4 / 29)).astype(lab.dtype)
    return linear_to_srgb(_times(white, _WHITE_TO_RGB))


def luminance(rgb: Colours) -> Float[np.ndarray, "*pixels"]:
    """Relative luminance of display-encoded sRGB, 0..1 in linear light.

    Source: Rec. 709 weights.
    """
    linear = srgb_to_linear(rgb)
    return linear @ np.array(LUMINANCE, linear.dtype)


def luminance_of_linear(linear: Float32[np.ndarray, "rows columns 3"]) -> Float32[np.ndarray, "rows columns"]:
    """Relative luminance of linear light. Source: Rec. 709 weights."""
    return cv2.transform(linear, np.array([LUMINANCE], np.float32))
