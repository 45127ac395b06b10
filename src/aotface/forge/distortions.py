"""Perturbations of frames: the types and levels of DeeperForensics-1.0, true JPEG, the compressions of FaceForensics++, and
chains like those of social media. All frames of a sample get the same one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import cv2
import numpy as np
from jaxtyping import UInt8

from aotface.errors import UsageError
from aotface.media.plain import decoded_jpeg, jpeg_of
from aotface.media.video.rgb import quality_named, reencoded

Frames = Sequence[UInt8[np.ndarray, "_rows _columns 3"]]

LEVELS = 5


@dataclass(frozen=True)
class Distortion:
    """``values``: of the five levels. ``apply``: to all frames, with the level's value, a random source and the rate."""

    summary: str
    values: tuple[int | float, ...]
    apply: Callable[[Frames, int | float, np.random.Generator, Fraction], list[np.ndarray]]


def _each(change: Callable[[np.ndarray, int | float], np.ndarray]) -> Callable[..., list[np.ndarray]]:
    return lambda frames, value, rng, rate: [change(frame, value) for frame in frames]


def _rounded(values: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _saturation(frame: np.ndarray, value: int | float) -> np.ndarray:
    parts = cv2.cvtColor(frame.astype(np.float32) / 255, cv2.COLOR_RGB2YCrCb)
    parts[..., 1:] = 0.5 + (parts[..., 1:] - 0.5) * value
    return _rounded(cv2.cvtColor(parts, cv2.COLOR_YCrCb2RGB) * 255)


def _contrast(frame: np.ndarray, value: int | float) -> np.ndarray:
    return _rounded(frame.astype(np.float32) * value)


def _blockwise(
    frames: Frames, value: int | float, rng: np.random.Generator, rate: Fraction
) -> list[np.ndarray]:
    """Blocks of one colour at random places, anew in each frame."""
    found = []
    for frame in frames:
        changed = frame.copy()
        size = max(2, min(frame.shape[:2]) // 32)
        for _ in range(int(value)):
            y, x = rng.integers(0, frame.shape[0] - size), rng.integers(0, frame.shape[1] - size)
            changed[y : y + size, x : x + size] = rng.integers(0, 256, 3)
        found.append(changed)
    return found


def _noise(frames: Frames, value: int | float, rng: np.random.Generator, rate: Fraction) -> list[np.ndarray]:
    """Gaussian noise of a variance (of values in 0..1), anew in each frame."""
    spread = 255 * float(np.sqrt(value))
    return [_rounded(frame + spread * rng.standard_normal(frame.shape, np.float32)) for frame in frames]


def _blur(frame: np.ndarray, value: int | float) -> np.ndarray:
    return np.asarray(cv2.GaussianBlur(frame, (int(value), int(value)), 0), np.uint8)


def _pixelate(frame: np.ndarray, value: int | float) -> np.ndarray:
    height, width = frame.shape[:2]
    small = cv2.resize(frame, (max(1, int(width / value)), max(1, int(height / value))))
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST), np.uint8)


def _jpeg(frame: np.ndarray, value: int | float) -> np.ndarray:
    return decoded_jpeg(jpeg_of(frame, int(value)))


def _video(frames: Frames, value: int | float, rng: np.random.Generator, rate: Fraction) -> list[np.ndarray]:
    return reencoded(frames, rate, quality_named(f"c{int(value)}"))


def _resize(frame: np.ndarray, value: int | float) -> np.ndarray:
    height, width = frame.shape[:2]
    small = (max(2, round(width * value)), max(2, round(height * value)))
    down = cv2.resize(frame, small, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(down, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def _social(frames: Frames, value: int | float, rng: np.random.Generator, rate: Fraction) -> list[np.ndarray]:
    """As posted, seen and posted again: smaller, sharpened a little, compressed; once for each level."""
    done = list(frames)
    for turn in range(int(value)):
        small = [_resize(frame, 0.85) for frame in done]
        sharp = [cv2.addWeighted(f, 1.3, cv2.GaussianBlur(f, (0, 0), 1.0), -0.3, 0) for f in small]
        if len(done) == 1:
            done = [_jpeg(frame, 82 - 4 * turn) for frame in sharp]
        else:
            done = reencoded(sharp, rate, quality_named(f"c{26 + 2 * turn}"))
    return done


DISTORTIONS: dict[str, Distortion] = {
    "CS": Distortion("colour saturation", (0.4, 0.3, 0.2, 0.1, 0.0), _each(_saturation)),
    "CC": Distortion("colour contrast", (0.85, 0.725, 0.6, 0.475, 0.35), _each(_contrast)),
    "BW": Distortion("block-wise", (16, 32, 48, 64, 80), _blockwise),
    "GNC": Distortion("white Gaussian noise", (0.001, 0.002, 0.005, 0.01, 0.05), _noise),
    "GB": Distortion("Gaussian blur", (7, 9, 13, 17, 21), _each(_blur)),
    "PX": Distortion("pixelation, which DeeperForensics calls JPEG", (2, 3, 4, 5, 6), _each(_pixelate)),
    "VC": Distortion("H.264", (30, 32, 35, 38, 40), _video),
    "JPG": Distortion("true JPEG", (90, 75, 60, 45, 30), _each(_jpeg)),
    "C23": Distortion("FaceForensics++ c23 at every level", (23,) * 5, _video),
    "C40": Distortion("FaceForensics++ c40 at every level", (40,) * 5, _video),
    "RS": Distortion("made smaller and larger again", (0.8, 0.65, 0.5, 0.35, 0.25), _each(_resize)),
    "SM": Distortion("chain of posts", (1, 2, 3, 4, 5), _social),
}
"""By code. Source of the first seven: Jiang et al., "DeeperForensics-1.0", CVPR 2020, types and levels only."""

ALIASES = {"JPEG-DF1": "PX"}


def parse(line: str) -> list[tuple[str, int]]:
    """``CS:3 GB:2`` as codes and levels.

    Raises:
        UsageError: an unknown code, or a level that is not 1 to 5.
    """
    found = []
    for word in line.split():
        code, _, level = word.partition(":")
        code = ALIASES.get(code, code)
        if code not in DISTORTIONS:
            raise UsageError(f"expected a perturbation out of {', '.join(DISTORTIONS)}, got {code!r}")
        if level not in tuple("12345"):
            raise UsageError(f"expected a level from 1 to {LEVELS} as {code}:3, got {word!r}")
        found.append((code, int(level)))
    if not found:
        raise UsageError("expected perturbations such as 'CS:3 GB:2', got none")
    return found


def distort(frames: Frames, line: str, seed: int, rate: Fraction) -> list[np.ndarray]:
    """Perturb all frames of a sample, one after the other in the order of the line.

    Args:
        frames: RGB, all of one size.
        line: see `parse`.
        seed: of random numbers.
        rate: frames per second.
    """
    rng = np.random.default_rng(seed)
    done: list[np.ndarray] = list(frames)
    for code, level in parse(line):
        one = DISTORTIONS[code]
        done = one.apply(done, one.values[level - 1], rng, rate)
    return done
