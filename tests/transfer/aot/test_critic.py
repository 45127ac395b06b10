import torch

from aotface.transfer.aot.critic import LatentCritic


def test_one_potential_per_vector_whatever_stands_beside_it() -> None:
    critic, vectors = LatentCritic(16, 32), torch.randn(2, 10, 16)
    potential = critic(vectors)
    assert potential.shape == (2, 10)
    assert torch.allclose(critic(vectors[:, 3:4]), potential[:, 3:4], atol=1e-6)


def test_the_condition_is_read() -> None:
    critic, vectors = LatentCritic(16, 32, condition=4), torch.randn(5, 16)
    assert not torch.equal(critic(vectors, torch.zeros(5, 4)), critic(vectors, torch.ones(5, 4)))


def test_it_can_be_differentiated_twice() -> None:
    critic, vectors = LatentCritic(4, 8), torch.randn(5, 4, requires_grad=True)
    (slope,) = torch.autograd.grad(critic(vectors).sum(), vectors, create_graph=True)
    slope.square().sum().backward()
    assert critic.enter.weight.grad is not None and critic.enter.weight.grad.abs().sum() > 0
