from collections.abc import Callable
from dataclasses import fields, replace

import pytest
import torch

from aotface.transfer.aot.generator import SIZES
from aotface.transfer.aot.objective import (
    Batch,
    Discriminators,
    Weights,
    discriminators_loss,
    generator_loss,
    photograph_loss,
)

OFF = Weights(**{f.name: 0.0 for f in fields(Weights) if f.name not in ("samples", "cost_power", "penalty")})
TERMS = {
    "pixel",
    "fidelity",
    "plan",
    "light",
    "low_frequency",
    "reconstruction",
    "edges",
    "transport",
    "cost",
    "mix",
    "smooth",
    "taken",
}


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def scene(faces: Callable, tiny: Callable) -> tuple:
    sample = faces()
    torch.manual_seed(1)
    generator, discriminators = tiny(wake=True), Discriminators(SIZES["tiny"])
    batch = Batch(*sample, answer=sample.x_t.flip(0))
    swapped = generator(*sample)
    return generator, discriminators, batch, swapped, generator.reconstruct(*sample[1:], swapped.features_t)


def test_all_terms_are_there_and_add_up(scene: tuple) -> None:
    generator, discriminators, batch, swapped, rebuilt = scene
    loss = generator_loss(generator, discriminators, batch, Weights(), seeded(), swapped, rebuilt)
    assert set(loss.terms) == TERMS
    assert loss.total.item() == pytest.approx(sum(loss.terms.values()), rel=1e-4)
    against = discriminators_loss(generator, discriminators, Weights(), seeded(), swapped, rebuilt)
    assert set(against.terms) == {f"{n}_{k}" for n in ("critic", "w1") for k in (1, 2, 3)} | {"segment"}


@pytest.mark.parametrize("name", ["leak", "variation"])
def test_terms_that_are_off_are_there_when_asked_for(scene: tuple, name: str) -> None:
    generator, opponents, batch, swapped, rebuilt = scene
    terms = [
        generator_loss(
            generator, opponents, batch, replace(Weights(), **{name: w}), seeded(), swapped, rebuilt
        ).terms
        for w in (1.0, 2.0)
    ]
    assert set(terms[0]) == TERMS | {name} and terms[0][name] > 0
    assert terms[1][name] == pytest.approx(2 * terms[0][name])


def test_photographs_have_two_terms_and_need_no_answer(scene: tuple) -> None:
    _, _, batch, swapped, _ = scene
    terms = photograph_loss(
        replace(batch, answer=None), replace(OFF, variation=1.0, follow=2.0), swapped
    ).terms
    assert set(terms) == {"variation_photographs", "follow_photographs"} and terms["follow_photographs"] > 0
    assert photograph_loss(batch, OFF, swapped).total.item() == 0


@pytest.mark.parametrize("name", sorted(TERMS))
def test_weight_zero_removes_a_term_and_only_that(scene: tuple, name: str) -> None:
    generator, discriminators, batch, swapped, rebuilt = scene
    weights = replace(Weights(), **{name: 0.0})
    terms = generator_loss(generator, discriminators, batch, weights, seeded(), swapped, rebuilt).terms
    assert {n for n in TERMS if not terms.get(n)} == {name}


def test_everything_off_is_zero(scene: tuple) -> None:
    generator, discriminators, batch, swapped, rebuilt = scene
    assert (
        generator_loss(generator, discriminators, batch, OFF, seeded(), swapped, rebuilt).total.item() == 0.0
    )
    assert discriminators_loss(generator, discriminators, OFF, seeded(), swapped, rebuilt).total.item() == 0.0


def test_weights_scale_their_terms(scene: tuple) -> None:
    generator, discriminators, batch, swapped, rebuilt = scene
    one, three = (
        generator_loss(
            generator, discriminators, batch, replace(OFF, pixel=w), seeded(), swapped
        ).total.item()
        for w in (1.0, 3.0)
    )
    assert three == pytest.approx(3 * one, rel=1e-5)


def test_unknown_answers_do_not_count(scene: tuple) -> None:
    generator, discriminators, batch, swapped, _ = scene
    weights = replace(OFF, pixel=1.0)
    assert batch.answer is not None
    spoiled = torch.cat([batch.answer[:1], batch.answer[1:] * 0 + 1])

    def total(answer: torch.Tensor, known: list[float] | None) -> float:
        flags = None if known is None else torch.tensor(known)
        changed = replace(batch, answer=answer, known=flags)
        return generator_loss(generator, discriminators, changed, weights, seeded(), swapped).total.item()

    assert total(batch.answer, [1.0, 0.0]) == total(spoiled, [1.0, 0.0])
    assert total(batch.answer, None) != total(spoiled, None)
    assert total(batch.answer, [0.0, 0.0]) == 0.0


def test_transport_terms_train_the_plan_and_leave_the_encoder(scene: tuple) -> None:
    generator, discriminators, batch, swapped, _ = scene
    weights = replace(OFF, transport=1.0, cost=1.0)
    generator_loss(generator, discriminators, batch, weights, seeded(), swapped).total.backward()
    trained = {n.split(".")[0] for n, p in generator.named_parameters() if p.grad is not None}
    assert trained == {"notpe"}


def test_discriminators_loss_reaches_all_discriminators_and_no_generator(scene: tuple) -> None:
    generator, discriminators, _, swapped, rebuilt = scene
    discriminators_loss(generator, discriminators, Weights(), seeded(), swapped, rebuilt).total.backward()
    assert all(p.grad is None for p in generator.parameters())
    # A constant added to a potential changes no distance. The face critic plays on photographs only, see test_game.
    named = [(n, p) for n, p in discriminators.named_parameters() if not n.startswith("face.")]
    silent = [n for n, p in named if p.grad is None or not p.grad.abs().sum() > 0]
    assert set(silent) <= {f"critics.{k}.leave.bias" for k in range(3)}


def test_same_seed_same_loss(scene: tuple) -> None:
    generator, discriminators, batch, swapped, rebuilt = scene
    first, again, other = (
        generator_loss(generator, discriminators, batch, Weights(), seeded(s), swapped, rebuilt).total.item()
        for s in (3, 3, 4)
    )
    assert first == again != other


def test_outside_scores_are_called_only_when_weighted(scene: tuple) -> None:
    generator, discriminators, batch, swapped, _ = scene
    calls = []

    def score(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        calls.append(1)
        return (a - b).square().mean()

    arguments = (generator, discriminators, batch)
    generator_loss(*arguments, OFF, seeded(), swapped, None, score, score)
    assert calls == []
    weights = replace(OFF, identity=1.0, perceptual=1.0)
    terms = generator_loss(*arguments, weights, seeded(), swapped, None, score, score).terms
    assert set(terms) == {"identity", "perceptual"} and len(calls) == 2


def test_a_known_answer_is_learned(faces: Callable, tiny: Callable) -> None:
    """A light that the smooth matching cannot guess, because the answer looks like X_r and not like X_t."""
    sample, generator = faces(batch=2), tiny()
    discriminators, answer = Discriminators(SIZES["tiny"]), (sample.x_r * 0.8 + 0.1)
    batch, weights = Batch(*sample, answer=answer), replace(OFF, pixel=1.0, light=0.2, low_frequency=1.0)
    optimiser = torch.optim.Adam(generator.parameters(), lr=1e-3)
    history = []
    for _ in range(30):
        loss = generator_loss(generator, discriminators, batch, weights, seeded(), generator(*sample))
        optimiser.zero_grad()
        loss.total.backward()
        optimiser.step()
        history.append(loss.total.item())
    assert history[-1] < 0.5 * history[0]
