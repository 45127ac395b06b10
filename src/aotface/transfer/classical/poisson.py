"""Poisson blending: the reenacted face's gradients, the target's colours on the rim of the mask.

With f the result, r the reenacted and t the target face: f = r + m, where m is the harmonic membrane, zero
Laplacian inside and m = t - r on the rim. The rim belongs to the mask: its outermost pixels (towards mask <
0.5, mask 0 or the edge of the crop) and the faint ones (mask < 0.5). So the result joins the target without a
seam, and nothing outside the mask is read. What the rim carries (hair, shadow, a hand) bleeds inwards: that
is the method, not a fault of the solver.

Source: Perez, Gangnet, Blake, "Poisson image editing", 2003; sparse direct solution.
"""

import numpy as np
from jaxtyping import Bool, Float64

from aotface.transfer.classical.masked import check_shapes
from aotface.types import Crop, Mask

Inside = Bool[np.ndarray, "side side"]


def _core(mask: Mask) -> Inside:
    """Unknown pixels: mask at least 0.5 there and at the four neighbours."""
    solid = np.pad(mask >= 0.5, 1)
    return solid[1:-1, 1:-1] & solid[:-2, 1:-1] & solid[2:, 1:-1] & solid[1:-1, :-2] & solid[1:-1, 2:]


def membrane(rim: Float64[np.ndarray, "side side 3"], core: Inside) -> Float64[np.ndarray, "side side 3"]:
    """Fill the core with the harmonic function that takes the given values around it.

    Args:
        rim: values; those in the core are ignored.
        core: pixels to fill; none of them on the edge of the crop.

    Returns:
        The values, with the core filled.
    """
    from scipy.sparse import csc_matrix
    from scipy.sparse.linalg import splu

    count = int(core.sum())
    number = np.full(core.shape, -1)
    number[core] = np.arange(count)
    known = np.where(core[..., None], 0.0, rim)
    rows, columns, load = [np.arange(count)], [np.arange(count)], np.zeros((count, 3))
    for axis, step in ((0, 1), (0, -1), (1, 1), (1, -1)):
        neighbour = np.roll(number, step, axis)[core]
        linked = neighbour >= 0
        rows.append(np.flatnonzero(linked))
        columns.append(neighbour[linked])
        load += np.roll(known, step, axis)[core]
    entries = np.concatenate([np.full(count, 4.0), np.full(sum(map(len, rows)) - count, -1.0)])
    laplacian = csc_matrix((entries, (np.concatenate(rows), np.concatenate(columns))), shape=(count, count))
    options = {"SymmetricMode": True}
    solver = splu(laplacian, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options=options)
    filled = known.copy()
    filled[core] = solver.solve(load)
    return filled


def transfer(reenacted: Crop, target: Crop, mask: Mask, *, seed: int = 0) -> Crop:
    """Blend in the gradient domain. Nothing is drawn: the seed does not matter.

    Args:
        reenacted: crop whose gradients are kept, 0..1.
        target: crop whose colours are wanted on the rim, 0..1.
        mask: soft weights 0..1; the rim is where it fades or ends.
        seed: ignored.

    Returns:
        The blended crop, 0..1; where the mask is 0, ``reenacted`` unchanged.
    """
    check_shapes(reenacted, target, mask)
    result = reenacted.astype(np.float32, copy=True)
    core, inside = _core(mask), mask > 0
    difference = target.astype(np.float64) - reenacted
    if core.any():
        difference = membrane(difference, core)
    result[inside] = np.clip(reenacted + difference, 0, 1)[inside]
    return result
