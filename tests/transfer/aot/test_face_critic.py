"""The face critic: its statistics say what they claim, and it learns paleness from them."""

import math

import torch

from aotface.transfer.aot.colour_map import to_linear
from aotface.transfer.aot.face_critic import STATISTICS, WIDTHS, FaceCritic, face_statistics

SIDE, OCTAVES = 32, len(WIDTHS) + 1
MASK = torch.zeros(1, 1, SIDE, SIDE)
MASK[..., 4:28, 4:28] = 1


def display(light: torch.Tensor) -> torch.Tensor:
    """Linear light as -1..1."""
    return torch.where(light <= 0.0031308, 12.92 * light, 1.055 * light.pow(1 / 2.4) - 0.055) * 2 - 1


def noise(seed: int, count: int = 1) -> torch.Tensor:
    """Bright noise in colour."""
    return 0.2 + 0.3 * torch.rand(count, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(seed))


def pale(light: torch.Tensor, share: float) -> torch.Tensor:
    """Colours moved towards grey: their logarithms relative to luminance, scaled."""
    luminance = (light * torch.tensor([0.2126, 0.7152, 0.0722]).view(1, 3, 1, 1)).sum(1, keepdim=True)
    return luminance * (light / luminance).pow(share)


def test_a_gain_changes_no_statistic() -> None:
    light = noise(0)
    plain, brighter = (face_statistics(display(values), MASK) for values in (light, 1.7 * light))
    assert plain.shape == (1, STATISTICS)
    torch.testing.assert_close(plain, brighter, atol=1e-3, rtol=0)
    # The twin: a gain of one colour alone moves that colour's mean, by its logarithm less that of luminance, and no octave.
    redder = face_statistics(display(light * torch.tensor([1.5, 1.0, 1.0]).view(1, 3, 1, 1)), MASK)
    assert 0.2 < float((redder - plain)[0, -2]) < math.log(1.5)


def test_pale_colours_have_less_in_every_octave_and_brightness_keeps_its_own() -> None:
    light = noise(1)
    plain, less = (face_statistics(display(values), MASK)[0, :-2] for values in (light, pale(light, 0.6)))
    change = (less - plain).view(OCTAVES, 3)
    assert (change[1:, 1:] < 1.4 * math.log(0.6)).all()
    assert (change[1:, 0].abs() < 0.25).all()


def test_what_lies_around_the_face_does_not_count() -> None:
    light, other = noise(2), noise(3)
    mixed = torch.where(MASK > 0, light, other)
    torch.testing.assert_close(
        face_statistics(display(light), MASK), face_statistics(display(mixed), MASK), atol=2e-2, rtol=0
    )


def test_it_learns_paleness_and_nothing_where_there_is_none() -> None:
    right = {}
    for share in (0.7, 1.0):
        critic, mask = FaceCritic(), MASK.expand(24, -1, -1, -1)
        real, swapped = (face_statistics(display(v), mask) for v in (noise(4, 24), pale(noise(5, 24), share)))
        critic.adopt(real)
        adam = torch.optim.Adam(critic.parameters(), lr=0.05)
        for _ in range(60):
            loss = (
                torch.nn.functional.softplus(-critic(swapped)).mean()
                + torch.nn.functional.softplus(critic(real)).mean()
            )
            adam.zero_grad()
            loss.backward()
            adam.step()
        new = (face_statistics(display(v), mask) for v in (pale(noise(6, 24), share), noise(7, 24)))
        told = [critic(values) for values in new]
        right[share] = float(torch.cat([told[0] > 0, told[1] < 0]).float().mean())
    assert right[0.7] > 0.9 and right[1.0] < 0.75


def test_display_of_the_test_is_that_of_the_package() -> None:
    light = noise(8)
    torch.testing.assert_close(to_linear(display(light)), light, atol=1e-4, rtol=1e-3)
