"""Camera match: the new face gets the grain, fine texture and chroma noise that the target's camera gave the old one [ours].

Both are compared at the frame's own pixels, octave by octave, on skin without eyes, brows and lips. An octave's energy is
texture that varies from place to place, and grain, which the plainest blocks have too. Texture is scaled, grain is added:

    g^2 = (D_t - P_t) / (D_y - P_y),    n = P_t - g^2 P_y

with D the mean energy of an octave and P that of grain, of target (t) and new face (y). Grain is what the plainest blocks
have, of skin and of what lies around the face: pores are not grain. A source of less resolution than the target has no
finest detail that could be scaled. There the target's own finest octaves of skin stand in, bounded, as far as texture is
missing: pores that fit the light and the camera, of nobody's face.
"""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.compose.eyes import EyePoints
from aotface.compose.grain import draw
from aotface.compose.skin_texture import (
    LEAST_BLOCKS,
    Pixels,
    Plane,
    Seen,
    TextureArray,
    measure_texture,
    skin_of,
    spread_energy,
    trimmed_energy,
)
from aotface.face.texture import BLURS, alike_along, block_means, line_ways, octaves
from aotface.types import Mask

SOFTER, SHARPER = 0.2, np.array([1.8, 1.6, 1.25])
"""Least factor of an octave's texture, and the greatest of each: widest, where blotches would come out."""

WIDENING = 2.5, 1.0
"""How much more energy the second and the third octave of grain may have than the finer one."""

STEEP = 2.2, 1.6
"""How much more energy the second and the third octave of skin may have for it to be texture: in a soft picture it is
shading."""

MOST_SHARE, FAINT = (1.6, 1.2), (1.0, 4.0)
"""Greatest share of the target's octaves that stands in, and the energies between which it falls: more of them makes plain
skin sandy, where it is strong enough to be seen."""

ROUNDED = np.array([0.04, 0.01, 0.0])
"""Energy, by octave, that rounding to 8 bits adds to a face; the target has its own already."""

STRONG = 2.5
"""Multiple of the texture's strength from which on a detail counts as an edge, which is not made stronger."""

CORRECTIONS = 2
"""How many times what was reached is looked at: octaves overlap, and textures may agree by chance. In videos once."""

BOUND = 3.0
"""Multiple of the target's texture at which its octaves are cut where they stand in."""

LINES, BESIDE = 3.0, 2.0
"""Multiple of its energy from which on a place of the target is a line (a wrinkle, a nostril), and stands in the less the
stronger it is; and standard deviation, in pixels, of such a place."""

FOLDS, WAY = 9.0, 4.0
"""Length in pixels over which a fold of the target is alike: that does not stand in however faint it is; and standard
deviation of the neighbourhood that tells its direction."""

SANDY = 1.2
"""Multiple of the target's own energy in its plainest blocks of skin from which on a face gets less detail instead."""

WIDE = (1.4, 2.8, 5.6)
"""Blurs, at half the frame's pixels, between which blotches lie: wider than texture, narrower than shading."""

CALMEST, ALLOWED = 0.35, 1.2
"""Least factor of blotches, and how much stronger than the target's they may be."""

BEYOND, NEAR = 1.3, 1.0
"""How many times the target's energy nearby a line of a harder lamp may have, and how far around that is, in its widths."""

SPARED = 4
"""Pixels of which one is worked out where it is decided how much of a line stays."""

BACK = np.array([[0.0, 1.402], [-0.344, -0.714], [1.772, 0.0]], np.float32)
"""What Cb and Cr add to red, green and blue."""


@dataclass(frozen=True)
class Camera:
    """What is laid on one face.

    ``features``: 0..1 in the face's crop at 256 px: eyes, brows and lips, which keep their own strength. ``seed``: of the
    grain: run, frame, face. ``texture``: the target's, where it is known from several frames; None: it is measured.
    ``given``: it is another tool's swap: its texture does not become weaker, and the target's does not stand in.
    ``blur``: by which the face is made as soft as the target, standard deviation in pixels of the frame. ``eyes``: whose
    contrast is matched, in pixels of the face's crop; None: they stay. ``kept``: like ``features``: what is the target's own
    already, and gets nothing of all this; None: nothing is. ``hard``: like ``features``: how far edges of shadows of the
    source's harder light are taken out; None: it was no harder. ``brows``: like ``features``: brows in which nothing is
    brighter than the skin around, but for what the target's show, and which get hairs in pictures (``texture`` is None);
    None: they are left as they are.
    """

    features: Mask
    seed: tuple[int, ...]
    texture: TextureArray | None = None
    given: bool = False
    blur: float = 0.0
    eyes: EyePoints | None = None
    kept: Mask | None = None
    hard: Mask | None = None
    brows: Mask | None = None


@dataclass(frozen=True)
class Match:
    """What is done to a face, by octave.

    ``gains``: of its texture. ``grain``, ``cb``, ``cr``: added, standard deviations in levels of 255. ``stand_in``: share of
    the target's octaves. ``texture``: the target's. ``strength``: of the face's own. ``calm``: blotches become weaker.
    """

    gains: Float32[np.ndarray, " octaves"]
    grain: Float32[np.ndarray, " octaves"]
    cb: Float32[np.ndarray, " octaves"]
    cr: Float32[np.ndarray, " octaves"]
    stand_in: Float32[np.ndarray, " octaves"]
    texture: TextureArray
    strength: Float32[np.ndarray, " octaves"]
    calm: bool = True


@dataclass(frozen=True)
class View:
    """A face and its target at the same pixels of the frame. ``weight``: of the face, 0..1. ``features``, ``kept``,
    ``hard``: see `Camera`."""

    face: Seen
    target: Seen
    weight: Mask
    features: Mask
    kept: Mask | None = None
    hard: Mask | None = None

    @cached_property
    def pores(self) -> list[Plane]:
        """Octaves of the target without its folds."""
        luma, bands = self.target.luma, self.target.octaves
        ways = line_ways(bands[1] + bands[2], WAY)
        return octaves(luma - alike_along(bands[0] + bands[1], ways, FOLDS))

    @property
    def own_weight(self) -> Mask:
        """Of the face, without what is the target's own."""
        return self.weight if self.kept is None else self.weight * (1 - self.kept)

    @cached_property
    def skin(self) -> Mask:
        """1 on the face without its features."""
        return skin_of(self.weight, self.features)


def find_match(
    own: TextureArray, wanted: TextureArray, given: bool = False, asked: TextureArray | None = None
) -> Match:
    """What carries a face's texture to the target's.

    Args:
        own: of the new face.
        wanted: of the target.
        given: see `Camera`.
        asked: in its place, where what is asked for is not reached otherwise.
    """
    least, asked = 1.0 if given else SOFTER, wanted if asked is None else asked
    (detail, plain), (detail_y, plain_y) = asked[:2], own[:2]
    plain, plain_y = (_grain_only(np.minimum(*rows)) for rows in ((plain, detail), (plain_y, detail_y)))
    squared = np.maximum(detail - plain, 0) / np.maximum(detail_y - plain_y, 0.05 * detail_y + 0.01)
    noisy = squared * plain_y > plain  # it has more grain than the target: all of it is scaled
    squared = np.where(noisy, (detail + 0.01) / (detail_y + 0.01), squared)
    texture = _texture_share(
        wanted[0]
    )  # what is to become stronger; wider shading of a soft target is no texture
    raised = np.maximum(np.sqrt(squared * texture), 1)
    uneven = np.clip(
        1 - plain_y / np.maximum(detail_y, 1e-6), 0, 1
    )  # what is as even as grain is not made stronger
    uneven = np.maximum(uneven, np.interp(wanted[0], FAINT, (1, 0)))  # unless it is too faint to be seen
    most = np.sqrt(1 + uneven * (SHARPER**2 - 1))
    raised = np.where(
        raised > most, np.maximum(most * np.sqrt(most / raised), 1), raised
    )  # most of it will stand in
    gains = np.maximum(np.where(squared > 1, raised, np.sqrt(squared)), least)
    grain = np.maximum(plain - gains**2 * plain_y, 0)
    missing = np.maximum(texture * detail - gains**2 * detail_y - grain, 0)
    stand_in = 0 * missing if given else missing / np.maximum(wanted[0], 0.01)
    stand_in = np.minimum(stand_in, np.interp(wanted[0], FAINT, MOST_SHARE) ** 2)
    stand_in[-1] = 0  # the widest octave of the target's skin shows its wrinkles
    made = [np.sqrt(one).astype(np.float32) for one in (grain, *wanted[2:4], stand_in, detail_y)]
    return Match(gains.astype(np.float32), made[0], made[1], made[2], made[3], wanted, made[4], not given)


def _grain_only(plain: Float32[np.ndarray, " octaves"]) -> Float32[np.ndarray, " octaves"]:
    """Energy by octave, in each at most `WIDENING` times that of the finer one: what has more is blotches, not grain."""
    found = plain.copy()
    for octave, times in enumerate(WIDENING, 1):
        found[octave] = min(found[octave], times * found[octave - 1])
    return found


def _texture_share(detail: Float32[np.ndarray, " octaves"]) -> Float32[np.ndarray, " octaves"]:
    """Share of an octave's energy that is texture: at most `STEEP` times that of the finer one."""
    found = detail.copy()
    for octave, times in enumerate(STEEP, 1):
        found[octave] = min(found[octave], times * found[octave - 1] + 0.05)
    return found / np.maximum(detail, 1e-6)


def match_view(view: View, camera: Camera) -> Match | None:
    """What carries a face to the texture of its target; None where too little of it shows.

    Args:
        view: of the face.
        camera: see there.
    """
    wanted, own = camera.texture, measure_texture(view.face, view.skin)
    if wanted is None:
        wanted = measure_texture(view.target, view.skin, around_of(view.weight))
    if own is None or wanted is None:
        return None
    inner = spread_energy(view.target.octaves, view.skin)[1] if camera.texture is None else None
    wanted = wanted.copy()
    wanted[:2] = np.maximum(wanted[:2] - ROUNDED, 0)
    found, asked = find_match(own, wanted, camera.given), wanted
    for _ in range(CORRECTIONS if camera.texture is None else 1):
        reached = spread_energy(octaves(view.face.luma + change_of(view, found, camera.seed)), view.skin)
        asked = asked.copy()
        asked[:2] *= np.clip((wanted[:2] + 0.01) / (reached + 0.01), 0.5, 2)
        if (
            inner is not None and wanted[0, 0] > FAINT[0] and not found.grain[0]
        ):  # rather less detail than sand
            asked[0, 0] *= np.clip(SANDY * inner[0] / max(reached[1, 0], 1e-6), 0.87, 1)
        asked[1] = np.minimum(asked[1], asked[0])
        found = find_match(own, wanted, camera.given, asked)
    return found


def around_of(weight: Mask) -> Mask:
    """1 where the face does not show."""
    return (weight == 0).astype(np.float32)


def change_of(view: View, match: Match, seed: tuple[int, ...]) -> Plane:
    """What is added to the luma of a face, in levels of 255.

    Args:
        view: of the face.
        match: see there.
        seed: of the grain.
    """
    change = scaled(view.face, match)
    if match.stand_in.any():
        bands = zip(view.pores, view.target.octaves, match.stand_in, match.texture[0], strict=True)
        for pores, band, share, detail in bands:
            change += share * _without_lines(pores, band, float(detail)) if share else 0
    change *= 1 - view.features
    if match.grain.any():
        tones, levels = match.texture[4:]
        at = np.interp(np.arange(256), tones, np.sqrt(levels)).astype(np.float32)
        grain = draw(match.grain, change.shape, seed)
        grain *= at[np.clip(view.face.luma, 0, 255).astype(np.uint8)]
        grain *= _made_up(view)
        change += grain
    return change


def scaled(face: Seen, match: Match) -> Plane:
    """What is added to the luma of a face so that its own texture is as strong as it should be, in levels of 255.

    Args:
        face: see there.
        match: see there.
    """
    change = np.zeros_like(face.luma)
    for band, gain, strength in zip(face.octaves, match.gains, match.strength, strict=True):
        if gain < 1:
            change += np.float32(gain - 1) * band
        elif gain > 1:
            change += (
                np.float32(gain - 1) * band / (1 + (band * np.float32(1 / (STRONG * strength + 0.1))) ** 2)
            )
    return change


def _without_lines(pores: Plane, band: Plane, detail: float) -> Plane:
    """An octave of the target that may stand in: ``pores``, of all of it. ``detail``: its energy on skin."""
    energy = cv2.GaussianBlur(band * band, (0, 0), BESIDE)
    bound = np.float32(BOUND * np.sqrt(detail))
    kept = np.minimum(np.float32(LINES * detail) / np.maximum(energy, np.float32(1e-3)), 1)
    return np.clip(pores * kept, -bound, bound)


def blotches_of(view: View) -> Plane:
    """What is added to the luma of a face so that its skin is no blotchier than the target's, in levels of 255.

    A gain that lifts a source's skin lifts its blotches as well. Lines are stronger than blotches, and are kept.

    Args:
        view: of the face.
    """
    rows, columns = view.face.luma.shape
    size = max(1, columns // 2), max(1, rows // 2)
    own, theirs, skin, features = (
        cv2.resize(plane, size, interpolation=cv2.INTER_AREA)
        for plane in (view.face.luma, view.target.luma, view.skin, view.features)
    )
    stages = [[cv2.GaussianBlur(plane, (0, 0), sigma) for sigma in WIDE] for plane in (own, theirs)]
    whole, change = (skin == 1).astype(np.float32), np.zeros_like(own)
    for level in range(len(WIDE) - 1):
        bands = [one[level] - one[level + 1] for one in stages]
        energies = [block_means(band * band, whole) for band in bands]
        if len(energies[0]) < LEAST_BLOCKS:
            break
        mine, target = (trimmed_energy([energy])[0] for energy in energies)
        gain = np.sqrt(np.clip(ALLOWED**2 * target / max(mine, 1e-3), CALMEST**2, 1))
        bound = np.float32(STRONG * np.sqrt(mine) + 0.1)
        change += np.float32(gain - 1) * bands[0] / (1 + (bands[0] / bound) ** 2)
    return cv2.resize(change * (1 - features), (columns, rows), interpolation=cv2.INTER_LINEAR)


def lines_of(view: View, gains: Float32[np.ndarray, " octaves"]) -> Plane:
    """What is added to the luma of a face so that no line of it is stronger than the target's nearby, in levels of 255.

    Where the source stood in harder light than the target, edges of its shadows are left, finer than any map of light.

    Args:
        view: of the face.
        gains: by which its octaves become stronger.
    """
    rows, columns = view.face.luma.shape
    size = max(1, columns // 2), max(1, rows // 2)
    whole, change = (view.skin == 1).astype(np.float32), np.zeros_like(view.face.luma)
    for own, theirs, gain, width in zip(view.face.octaves, view.target.octaves, gains, BLURS, strict=True):
        change += _held(own * gain, theirs, whole, width)
    halves = (cv2.resize(one.luma, size, interpolation=cv2.INTER_AREA) for one in (view.face, view.target))
    stages = [[cv2.GaussianBlur(plane, (0, 0), sigma) for sigma in WIDE] for plane in halves]
    small, wide = cv2.resize(whole, size, interpolation=cv2.INTER_AREA), np.zeros(size[::-1], np.float32)
    for level, width in enumerate(WIDE[1:]):
        own, theirs = (one[level] - one[level + 1] for one in stages)
        wide += _held(own, theirs, (small == 1).astype(np.float32), width)
    change += cv2.resize(wide, (columns, rows), interpolation=cv2.INTER_LINEAR)
    return change * (1 - view.features)


def _held(own: Plane, theirs: Plane, skin: Mask, width: float) -> Plane:
    """What is taken off an octave where it has more energy than the target's has nearby, and than its skin has anywhere."""
    rows, columns = own.shape
    small = max(1, columns // SPARED), max(1, rows // SPARED)
    usual = block_means(theirs * theirs, skin)
    if len(usual) < LEAST_BLOCKS:
        return np.zeros_like(own)
    energies = (cv2.resize(one * one, small, interpolation=cv2.INTER_AREA) for one in (own, theirs))
    mine, near = (cv2.GaussianBlur(one, (0, 0), max(width / SPARED, 0.5)) for one in energies)
    reach = 2 * max(1, round(NEAR * width / SPARED)) + 1
    most = np.maximum(cv2.dilate(near, np.ones((reach, reach), np.uint8)), trimmed_energy([usual])[0])
    kept = np.minimum(np.sqrt(np.float32(BEYOND) * most / np.maximum(mine, np.float32(1e-3))), 1)
    return (cv2.resize(kept, (columns, rows), interpolation=cv2.INTER_LINEAR) - 1) * own


def lay(view: View, match: Match, seed: tuple[int, ...]) -> Pixels:
    """The face with the target's texture and grain.

    Args:
        view: of the face, which is changed in place.
        match: see there.
        seed: of the grain.
    """
    face = view.face.picture
    change = change_of(view, match, seed)
    if match.calm:
        change += blotches_of(view)
    if view.hard is not None:
        change += view.hard * lines_of(view, match.gains)
    change *= np.float32(1 / 255)
    if match.cb.any() or match.cr.any():
        planes = [draw(s, change.shape, seed, n) for n, s in ((1, match.cb), (2, match.cr))]
        more = _made_up(view) * np.float32(1 / 255)
        face += cv2.transform(cv2.merge([plane * more for plane in planes]), BACK)
    face += cv2.merge([change] * 3)
    return face


def _made_up(view: View) -> Plane:
    """By how much grain must be stronger where the target shows through, with grain of its own; 0 where it is the target."""
    more = np.sqrt((2 - view.weight) / np.maximum(view.weight, np.float32(0.1)))
    return more if view.kept is None else more * (1 - view.kept)
