"""Taking shading out: what was baked into a ball comes out again, and what is no shading stays."""

import torch

from aotface.training.delight import delight, fit_shading, harmonics, leftover_gain, own_shading
from aotface.training.tone import linear_to_srgb, luminance, srgb_to_linear, weighted_mean

SIDE = 48


def ball():
    axis = (torch.arange(SIDE) + 0.5) / SIDE - 0.5
    x, y = torch.meshgrid(axis, axis, indexing="xy")
    inside = (x * x + y * y < 0.38**2).float()
    z = (0.4**2 - x * x - y * y).clamp_min(0).sqrt()
    return (torch.stack((x, y, z)) / 0.4 * inside)[None], inside[None, None]


def portrait(slope=0.0):
    """Skin under light whose logarithm rises to the right with ``slope``, with dark brows."""
    normals, mask = ball()
    linear = torch.tensor((0.35, 0.22, 0.15))[None, :, None, None] * torch.exp(slope * normals[:, :1])
    linear[..., 14:16, 12:36] = 0.03
    return linear_to_srgb(linear.clamp(0, 1)), normals, mask


def spread(image, mask):
    log = torch.log(luminance(srgb_to_linear(image)) + 0.005)
    log, mask = log[..., 18:36, 8:40], mask[..., 18:36, 8:40]
    return float(weighted_mean((log - weighted_mean(log, mask)).square(), mask).sqrt())


def test_harmonics_are_orthogonal_over_the_sphere():
    rng = torch.Generator().manual_seed(0)
    points = torch.nn.functional.normalize(torch.randn(1, 3, 200, 200, generator=rng), dim=1)
    values = harmonics(points).reshape(9, -1)
    gram = values @ values.T / values.shape[1]
    assert (gram - torch.diag(gram.diagonal())).abs().max() < 0.01


def test_side_light_is_taken_out():
    image, normals, mask = portrait(1.0)
    flat = delight(image, normals, mask)
    assert spread(image, mask) > 0.4 and spread(flat, mask) < 0.35 * spread(image, mask)


def test_the_fit_ignores_brows_and_twin_without_weights_it_would_not():
    image, normals, mask = portrait(0.8)
    log = torch.log(luminance(srgb_to_linear(image)))
    basis = harmonics(normals)
    fitted = (fit_shading(log, basis, mask)[:, :, None, None] * basis).sum(1)[0, 18:40, 10:38]
    exact = log[0, 0, 18:40, 10:38]
    assert (fitted - exact).abs().mean() < 0.06
    phi = basis.reshape(9, -1)[:, mask.flatten() > 0]
    plain = torch.linalg.lstsq(phi.T, log.flatten()[mask.flatten() > 0, None]).solution
    plain_fit = (plain[:, :, None] * basis[0]).sum(0)[18:40, 10:38]
    assert (plain_fit - exact).abs().mean() > 0.1


def test_even_light_is_left_alone_to_the_last_bit_that_shows():
    image, normals, mask = portrait(0.1)
    assert (delight(image, normals, mask) - image).abs().max() < 0.5 / 255


def test_mean_tone_is_kept():
    image, normals, mask = portrait(1.0)
    means = [
        weighted_mean(torch.log(srgb_to_linear(p) + 0.005), mask)
        for p in (image, delight(image, normals, mask))
    ]
    assert (means[0] - means[1]).abs().max() < 0.05


def test_strength_zero_changes_nothing():
    image, normals, mask = portrait(1.0)
    assert torch.allclose(delight(image, normals, mask, strength=0.0), image, atol=1e-5)


def test_a_beard_is_not_bleached():
    image, normals, mask = portrait()
    bearded = srgb_to_linear(image)
    bearded[..., 32:, :] *= 0.3
    bearded = linear_to_srgb(bearded)
    after = delight(bearded, normals, mask)
    chin = (slice(None), slice(None), slice(34, 40), slice(18, 30))
    assert srgb_to_linear(after)[chin].mean() < 1.35 * srgb_to_linear(bearded)[chin].mean()


def test_grey_stays_grey():
    image, normals, mask = portrait(1.0)
    grey = image.mean(1, keepdim=True).expand(-1, 3, -1, -1).contiguous()
    assert delight(grey, normals, mask).std(1).max() < 1e-3


def test_a_batch_is_its_samples():
    first, second = portrait(1.0), portrait(-0.7)
    both = delight(*(torch.cat(parts) for parts in zip(first, second, strict=True)))
    assert torch.allclose(both[:1], delight(*first), atol=1e-5) and torch.allclose(
        both[1:], delight(*second), atol=1e-5
    )


def test_own_shading_measures_the_light_that_was_put_in():
    even, lit = (float(own_shading(*portrait(slope))) for slope in (0.0, 0.8))
    normals, mask = ball()
    put_in = weighted_mean((0.8 * normals[:, :1]).square(), mask * (normals[:, 2:] > 0.1)).sqrt()
    assert even < 0.05 and abs(lit - float(put_in)) < 0.2 * float(put_in)


def test_what_light_is_left_on_b_takes_the_place_of_as():
    (of_a, normals, mask), (of_b, _, _) = portrait(0.6), portrait(-0.5)
    linear_a, linear_b = srgb_to_linear(of_a), srgb_to_linear(of_b)
    gain = leftover_gain(linear_a, linear_b, normals, normals, mask)
    wanted = -1.1 * normals[:, :1]
    inner = (slice(None), slice(None), slice(18, 36), slice(10, 38))
    assert (gain - wanted)[inner].abs().mean() < 0.1 < wanted[inner].abs().mean()
    assert gain[mask == 0].abs().max() == 0
    # Twins: equal light asks for nothing, and the brows, which both have, are no light.
    assert leftover_gain(linear_a, linear_a, normals, normals, mask).abs().max() < 1e-5


def test_left_light_is_read_on_as_own_shape():
    (image, normals, mask), (lit, _, _) = portrait(0.0), portrait(0.8)
    turned = (
        normals * torch.tensor((-1.0, 1.0, 1.0))[:, None, None]
    )  # a hollow where B has a bump, left to right
    linear, other = srgb_to_linear(image), srgb_to_linear(lit)
    plain = leftover_gain(linear, other, normals, normals, mask)[0, 0, 24, 10:38]
    mirrored = leftover_gain(linear, other, turned, normals, mask)[0, 0, 24, 10:38]
    assert plain[-1] > 0.2 and mirrored[-1] < -0.2
