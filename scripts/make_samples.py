"""Make the sample faces in ``src/aotface/samples``: faces of nobody, each the mean of eight or more people.

    python scripts/make_samples.py FOLDER

FOLDER holds the Face Research Lab London Set (DeBruine & Jones 2017, CC BY 4.0): ``london_neutral_front``
and ``london_smiling_front`` with files named ``london-012__neutral.jpg``. Each portrait is warped to its
group's mean shape (which is then moved by chance), brought to the group's tone, and averaged band by band;
the bands get back the energy that averaging takes, so that skin stays crisp. Hair comes from one or few
whose hair is alike; ears, neck and clothes come from one. The lit targets are such faces under lamps drawn
on a relief of head and shoulders.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image
from sample_faces import composite, skin, soft, tensor, tone, unmixed
from sample_people import SIDE, Composite

from aotface.colour_space import linear_to_srgb
from aotface.face.render import render
from aotface.training.shading import Lamps, Surface, extend, shade

PLACES = Path(__file__).parent.parent / "src" / "aotface" / "samples"


@dataclass(frozen=True)
class Light:
    """A place to be photographed in.

    ``key`` and ``fill`` point from the face to the lamp (x right, y down, z to the camera) and carry linear
    colour; ``wall`` and ``cloth`` are linear colours; ``grey`` makes a black-and-white picture; ``noise`` in
    display units.
    """

    key: tuple[float, float, float]
    key_colour: tuple[float, float, float]
    fill: tuple[float, float, float] = (0.3, -0.3, 0.9)
    fill_colour: tuple[float, float, float] = (0.0, 0.0, 0.0)
    ambient: tuple[float, float, float] = (0.06, 0.06, 0.06)
    wall: tuple[float, float, float] = (0.3, 0.3, 0.3)
    cloth: tuple[float, float, float] = (1.0, 1.0, 1.0)
    wrap: float = 0.15
    sheen: float = 0.05
    grey: bool = False
    noise: float = 0.006


LIGHTS = {
    "warm_side": Light(
        (-0.9, -0.25, 0.36),
        (2.3, 1.5, 0.82),
        ambient=(0.05, 0.045, 0.045),
        wall=(0.10, 0.065, 0.04),
        cloth=(0.16, 0.18, 0.22),
    ),
    "dim": Light(
        (0.35, -0.6, 0.7),
        (0.15, 0.125, 0.1),
        ambient=(0.02, 0.021, 0.024),
        wall=(0.028, 0.027, 0.027),
        cloth=(0.4, 0.4, 0.42),
        noise=0.016,
    ),
    "blue": Light(
        (0.6, -0.25, 0.75),
        (0.25, 0.75, 3.4),
        (-0.8, -0.1, 0.5),
        (0.5, 0.1, 0.7),
        ambient=(0.06, 0.12, 0.4),
        wall=(0.008, 0.02, 0.1),
        cloth=(0.3, 0.3, 0.3),
        sheen=0.08,
    ),
    "yellow": Light(
        (-0.45, -0.65, 0.6),
        (1.45, 1.0, 0.3),
        (0.8, 0.0, 0.6),
        (0.16, 0.2, 0.3),
        ambient=(0.13, 0.11, 0.07),
        wall=(0.55, 0.38, 0.14),
        cloth=(0.55, 0.55, 0.5),
    ),
    "grey": Light(
        (0.75, -0.45, 0.48),
        (1.25, 1.25, 1.25),
        (-0.7, 0.0, 0.7),
        (0.1, 0.1, 0.1),
        ambient=(0.1, 0.1, 0.1),
        wall=(0.12, 0.12, 0.12),
        cloth=(0.3, 0.3, 0.3),
        grey=True,
        noise=0.014,
    ),
    "cool_window": Light(
        (0.9, -0.25, 0.42),
        (2.3, 2.8, 3.5),
        (-0.6, -0.2, 0.75),
        (0.08, 0.08, 0.08),
        ambient=(0.14, 0.15, 0.17),
        wall=(0.2, 0.23, 0.27),
        cloth=(0.2, 0.2, 0.22),
    ),
}


def relief(face: Composite) -> Surface:
    """Normals and depth of head and shoulders: the mesh, carried smoothly to an outline that turns away.

    Source: Johnston, "Lumo: illumination for cel animation", 2002, for normals grown from an outline.
    """
    geometry = render(face.landmarks, SIDE)
    alpha = soft(face.alpha, 2)
    mesh = cv2.erode(geometry.mask, np.ones((13, 13)))
    slope = np.stack([-cv2.Sobel(soft(alpha, 3), -1, *d, ksize=5) for d in ((1, 0), (0, 1))], axis=2)
    slope /= np.linalg.norm(slope, axis=2, keepdims=True) + 1e-6
    turned = np.concatenate([0.94 * slope, np.full((SIDE, SIDE, 1), 0.34)], axis=2)
    inside = cv2.distanceTransform((alpha > 0.5).astype(np.uint8), cv2.DIST_L2, 5)
    rim = ((inside > 0) & (inside < 7) & (mesh == 0)).astype(np.float32)
    y = np.mgrid[:SIDE, :SIDE][0]
    chin = face.landmarks[152, 1]
    neck = ((y > chin + 26) & (inside > 30)).astype(np.float32)
    flat = np.array([0.0, -0.12, 0.99])
    known = mesh + rim + 0.15 * neck
    normals = (
        geometry.normals * mesh[..., None] + turned * rim[..., None] + 0.15 * flat * neck[..., None]
    ) / np.maximum(known, 1e-6)[..., None]
    back = float(-face.landmarks[:, 2].max())
    depths = (geometry.depth * mesh + (back - 30) * rim + 0.15 * (back + 10) * neck) / np.maximum(known, 1e-6)
    weight = tensor(np.minimum(known, 1)[..., None])
    person = tensor((alpha > 0.5)[..., None].astype(np.float32))
    whole = extend(tensor(normals), weight)
    whole = whole / whole.norm(dim=1, keepdim=True).clamp_min(1e-3)
    depth = torch.nn.functional.avg_pool2d(extend(tensor(depths[..., None]), weight), 9, 1, 4)
    return Surface(whole * person, depth * person, person)


def lit(face: Composite, light: Light, seed: int) -> np.ndarray:
    """Photograph the face in a light; display values 0..1."""
    lamps = Lamps(
        direction=torch.nn.functional.normalize(torch.tensor([[light.key, light.fill]]), dim=2),
        colour=torch.tensor([[light.key_colour, light.fill_colour]]),
        distance=torch.zeros(1, 2),
        wrap=torch.full((1, 2), light.wrap),
        penumbra=torch.full((1, 2), 0.06),
        sky=torch.tensor([light.ambient]),
        ground=0.6 * torch.tensor([light.ambient]),
        up=torch.tensor([[0.0, -1.0, 0.0]]),
        exponent=torch.tensor([16.0]),
    )
    reached, shine = shade(relief(face), lamps, torch.ones(1, 1, SIDE, SIDE))
    arriving, gloss = (t[0].permute(1, 2, 0).numpy() for t in (reached, shine))
    arriving = cv2.GaussianBlur(arriving, (0, 0), 1.5)
    x, y = np.meshgrid(np.linspace(-1, 1, SIDE), np.linspace(-1, 1, SIDE))
    fall = np.exp(0.35 * (x * light.key[0] + y * light.key[1]))[..., None]
    sheen = light.sheen * gloss * skin(face.linear, face.landmarks)[..., None]
    seen = unmixed(face) * cloth(face, light) * arriving + sheen
    behind = face.wall * np.array(light.wall) / 0.6 * fall
    linear = seen * face.alpha[..., None] + (1 - face.alpha[..., None]) * behind
    if light.grey:
        linear = np.repeat(linear @ np.array([[0.3], [0.59], [0.11]]), 3, axis=2)
    shoulder = np.where(linear > 0.7, 0.7 + 0.3 * np.tanh((linear - 0.7) / 0.3), linear)
    shown = linear_to_srgb(np.clip(shoulder, 0, 1).astype(np.float32))
    grain = np.random.default_rng(seed).normal(0, light.noise, (SIDE, SIDE, 1 if light.grey else 3))
    return np.clip(shown + soft_grain(grain), 0, 1)


def soft_grain(grain: np.ndarray) -> np.ndarray:
    """Noise as it survives a camera's demosaicing: not quite white."""
    blurred = cv2.GaussianBlur(grain, (0, 0), 0.6)
    return blurred.reshape(grain.shape)


def cloth(face: Composite, light: Light) -> np.ndarray:
    """What dyes the white shirt: the cloth's colour on it, 1 elsewhere."""
    y = np.mgrid[:SIDE, :SIDE][0]
    shown = linear_to_srgb(face.linear)
    dark = 1.15 * float(linear_to_srgb(tone(face.linear, face.landmarks)).min())
    share = np.clip((shown.min(axis=2) - dark) / (0.88 - dark), 0, 1)  # pixels at its edge are dyed by halves
    solid = ((share > 0.7) & (np.ptp(shown, axis=2) < 0.1) & (y > face.landmarks[152, 1] + 10)).astype(
        np.uint8
    )
    solid = cv2.dilate(cv2.morphologyEx(solid, cv2.MORPH_OPEN, np.ones((13, 13))), np.ones((7, 7)))
    white = share * soft(solid, 1.5)
    return 1 + white[..., None] * (np.array(light.cloth) - 1)


TARGETS = (
    ("medium_man", "warm_side"),
    ("light_woman", "dim"),
    ("deep_man", "blue"),
    ("light_man", "yellow"),
    ("deep_woman", "cool_window"),
    ("medium_woman", "grey"),
)
SOURCES = ("light_man", "medium_woman", "deep_woman", "smiling_woman")


def save(name: str, shown: np.ndarray) -> None:
    pixels = np.rint(shown * 255).astype(np.uint8)
    Image.fromarray(pixels).save(PLACES / f"{name}.jpg", quality=91, subsampling=0, optimize=True)


def main(folder: Path) -> None:
    for name in SOURCES:
        save(f"source_{name}", linear_to_srgb(composite(name, folder).linear))
    for number, (name, light) in enumerate(TARGETS):
        save(f"target_{name}_{light}", lit(composite(name, folder), LIGHTS[light], number))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
