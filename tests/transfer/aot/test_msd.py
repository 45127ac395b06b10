from collections.abc import Callable

import torch

from aotface.transfer.aot.msd import MixAndSegmentDiscriminator, mix, random_sides


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_mix_is_the_closed_form(faces: Callable) -> None:
    sample = faces()
    y_mix, m = mix(sample.x_r, sample.x_t, sample.mask, seeded(0))
    hard = (sample.mask == 1.0).expand_as(y_mix)
    swapped, rebuilt = (m > 0).expand_as(y_mix) & hard, (m < 0).expand_as(y_mix) & hard
    assert swapped.any() and rebuilt.any()
    assert torch.equal(y_mix[swapped], sample.x_r[swapped])
    assert torch.allclose(y_mix[rebuilt], sample.x_t[rebuilt])
    outside = (sample.mask == 0.0).expand_as(y_mix)
    assert torch.equal(y_mix[outside], sample.x_t[outside])
    assert torch.equal(m.abs(), sample.mask)


def test_soft_edges_are_mixed_in_proportion() -> None:
    ones, mask = torch.ones(1, 3, 16, 16), torch.full((1, 1, 16, 16), 0.25)
    mask[..., 4:12, 4:12] = 1.0
    y_mix, m = mix(ones, -ones, mask, seeded(1))
    assert torch.allclose(y_mix, (2 * m.clamp_min(0) - 1).expand_as(y_mix))


def test_sides_of_the_rectangle_take_turns_and_it_lies_over_the_face() -> None:
    mask = torch.zeros(200, 1, 32, 32)
    mask[..., 8:28, 4:20] = 1.0
    sides = random_sides(mask, seeded(2))
    assert set(sides.unique().tolist()) == {-1.0, 1.0}
    corner = sides[:, 0, 0, 31]
    assert 60 < int((corner > 0).sum()) < 140
    inside = sides * corner.view(-1, 1, 1, 1) < 0
    rows = inside.any(3, keepdim=True)
    # The rectangle is the outer product of its rows and its columns.
    assert torch.equal(inside, rows & inside.any(2, keepdim=True))
    assert bool((inside & (mask > 0)).any(-1).any(-1).all())


def test_same_seed_same_rectangles_and_another_seed_others(faces: Callable) -> None:
    mask = faces(batch=4).mask
    assert torch.equal(random_sides(mask, seeded(5)), random_sides(mask, seeded(5)))
    assert not torch.equal(random_sides(mask, seeded(5)), random_sides(mask, seeded(6)))


def test_an_empty_mask_is_no_error() -> None:
    y_mix, m = mix(torch.ones(1, 3, 16, 16), torch.zeros(1, 3, 16, 16), torch.zeros(1, 1, 16, 16), seeded(0))
    assert not m.any() and not y_mix.any()


def test_discriminator_learns_a_plain_difference_and_not_an_absent_one() -> None:
    mask = torch.ones(8, 1, 32, 32)
    errors = {}
    for name, shift in (("different", 0.5), ("alike", 0.0)):
        torch.manual_seed(0)
        msd, random = MixAndSegmentDiscriminator((16, 16, 32)), seeded(0)
        optimiser = torch.optim.Adam(msd.parameters(), lr=5e-3)
        for _ in range(40):
            base = torch.rand(8, 3, 32, 32, generator=random) * 0.2
            y_mix, m = mix(base + shift, base, mask, random)
            loss = (msd(y_mix) - m).square().mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        errors[name] = loss.item()
    assert errors["different"] < 0.25 and errors["alike"] > 0.8
