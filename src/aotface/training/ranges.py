"""How far the synthetic light, tone and camera may wander: one frozen dataclass, each default once."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class LightingConfig:
    """Ranges and probabilities of the pairs with ground truth; all probabilities are per sample.

    A strength 0..1 is drawn first (mild 0..0.2, medium 0.2..0.7, extreme 0.7..1); angles, colours, exposure
    and camera effects grow with it. ``*_mix`` are the shares of mild, medium and extreme, which sum to 1.

    Source: [ours]; ranges from photographic practice.
    """

    target_mix: tuple[float, float, float] = (0.15, 0.60, 0.25)
    source_mix: tuple[float, float, float] = (0.68, 0.25, 0.07)
    exposure_stops: tuple[float, float] = (-3.0, 1.0)
    temperature_kelvin: tuple[float, float] = (2000.0, 12000.0)
    stage_probability: float = 0.15
    point_probability: float = 0.20
    gobo_probability: float = 0.22
    strobe_probability: float = 0.15
    """One hard lamp in a black room, mostly on grey film; the source is then under such a lamp in front."""
    strobe_ambient: tuple[float, float] = (0.0, 0.08)
    strobe_degrees: float = 85.0
    self_shadow: bool = True
    penumbra: tuple[float, float] = (0.006, 0.09)
    """Softness of self-shadow edges, in height, as a share of the crop's side."""
    highlight_exponent: tuple[float, float] = (8.0, 60.0)
    oiliness: tuple[float, float] = (0.0, 1.2)
    relief: tuple[float, float] = (0.9, 1.7)
    """Factor on the mesh's depth: the mesh of a landmark model is flatter than faces are."""
    relief_difference: float = 0.12
    """By how much (log) the relief of X_r's own shape may differ from the target's."""
    bumps: float = 0.008
    """How far (deviation, in crop sides) either shape strays from its mesh, each in its own way: landmarks do not
    tell a sharp nose from a blunt one, but shadows do."""
    tone_probability: float = 0.6
    tone_luminance: tuple[float, float] = (0.035, 0.42)
    """Linear green reflectance of skin that the pigment axis may reach, darkest and lightest."""
    spare_neutral: bool = True
    """The tone rule leaves eye whites, teeth and black hair alone; off: one gain for every pixel."""
    grey_probability: float = 0.10
    tinted_probability: float = 0.02
    source_grey_probability: float = 0.05
    leftover: float = 1.0
    """Share of the smooth shading that the even pictures still have which counts as light: the answer takes B's for A's."""
    camera: bool = True
    """Tone curve, saturation and haze; exposure and white balance belong to the light."""
    noise_probability: float = 0.6
    noise_level: float = 0.03
    blur_probability: float = 0.3
    jpeg_probability: float = 0.5
    jpeg_quality: tuple[int, int] = (35, 95)
    half_shading: bool = True
    """Compute light at half the crop's size (the mesh has no finer detail): three times faster."""


@dataclass(frozen=True)
class LampMix:
    """Which sums of real lamps are drawn; all shares are per face. Source: [ours].

    ``single``: one lamp on X_t, the values as they stand. ``few``: two to nine coloured lamps; the rest is one lamp and
    coloured fill from all. ``hard_source``: share of the faces whose X_r is under a hard lamp; ``even_target``: share
    of those whose X_t is then evenly lit.
    """

    single: float = 0.4
    few: float = 0.3
    hard_source: float = 0.33
    even_target: float = 0.35
    fewest_lamps: int = 2
    most_lamps: int = 9
    hard_degrees: float = 20.0
    """Angle from the camera's axis from which on a lamp counts as hard."""
    even_degrees: float = 60.0
    """Even light is the sum of the lamps nearer to the camera's axis than this."""
    brightness: tuple[float, float] = (0.12, 0.95)
    """Display value of the face's 90th percentile, but for values as they stand."""
    fill: tuple[float, float] = (0.02, 0.6)
    """Light of all lamps together, as a share of that of the one lamp."""
    temperature_kelvin: tuple[float, float] = (2000.0, 12000.0)
    stage: float = 0.15
    """Share of the sums whose lamps have gels."""
    melanin: tuple[float, float] = (-0.3, 1.6)
    haemoglobin: tuple[float, float] = (-0.15, 0.25)
    """Optical density in green that is added to `aotface.training.lamp_light.SKIN`."""


@dataclass(frozen=True)
class Game:
    """How the games are played on photographs without ground truth.

    ``faces``: pairs of photographs a step; 0 plays on the batch itself and against Y_{t,t}, as published. ``side``: of the
    pictures that the mix-and-segment discriminator sees, against X_t itself. ``optimiser``, ``rate``, ``pace`` (steps for
    each of the generator's), ``head_start`` (steps before its first): of all discriminators. ``goal``: what the
    generator wants to be told, see `game.fooling`. ``blur``: sigma of a Gaussian over both pictures, in parts of the
    side; 0: none. ``whole``: share of the faces that are not mixed. Every ``judged_every`` steps it is
    judged on ``judged_faces`` pairs of other people; below ``least`` it gets ``catch_up`` steps of its own, and
    after them the run stops.
    """

    faces: int = 0
    side: int = 128
    optimiser: Literal["adam", "rmsprop"] = "adam"
    rate: float = 1e-3
    pace: int = 2
    head_start: int = 400
    goal: Literal["undecided", "real"] = "undecided"
    blur: float = 0.0
    whole: float = 0.0
    judged_every: int = 50
    judged_faces: int = 32
    least: float = 0.53
    catch_up: int = 100
