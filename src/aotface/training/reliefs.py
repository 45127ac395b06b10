"""Reliefs of modelled heads: what a landmark model's mesh leaves out of noses, brows, eye sockets and lips.

The mesh has 468 points and is smooth and flat; under a hard lamp its shadows are none that a face throws. The reliefs in
``reliefs.npz`` are depth that heads of the MakeHuman project (CC0) have beyond the mesh that the landmark model sees on
them, laid out over the mean face (`scripts/make_reliefs.py`). One of them, chosen by chance, goes onto every face.
"""

from functools import lru_cache
from importlib import resources

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from aotface.training.draw import uniform
from aotface.training.ranges import LightingConfig

FILE = "reliefs.npz"


@lru_cache(maxsize=4)
def load_reliefs(device: torch.device) -> Float[Tensor, "heads 1 rows columns"]:
    """All reliefs, in crop sides towards the camera, over the first two coordinates of the PNCC; of mean 0.

    What the modelled heads have in common beyond the mesh is not what people have: under real lamps of known direction
    shading follows the landmark model's mean better without it (docs/adr/0012). Their variety is what is wanted.
    """
    path = resources.files("aotface.training") / FILE
    with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        heads = torch.from_numpy(arrays["residual"].astype(np.float32))[:, None].to(device)
    return heads - heads.mean(0)


def draw_reliefs(
    places: Float[Tensor, "n 2 h w"], rng: torch.Generator, config: LightingConfig
) -> Float[Tensor, "n 1 h w"]:
    """A head's relief for every face, in pixels towards the camera.

    Args:
        places: the first two coordinates of the PNCC, 0..1, smooth.
        rng: the only source of chance.
        config: ``head_relief``, the range of the reliefs' strength.
    """
    heads = load_reliefs(rng.device)
    n = len(places)
    chosen = torch.randint(len(heads), (n,), generator=rng, device=rng.device)
    strength = uniform(rng, n, *config.head_relief)[:, None, None, None]
    grid = 2 * places.permute(0, 2, 3, 1) - 1
    read = F.grid_sample(heads[chosen], grid, mode="bilinear", padding_mode="border", align_corners=False)
    return read * strength * places.shape[-1]
