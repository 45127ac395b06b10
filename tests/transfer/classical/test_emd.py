from itertools import permutations

import numpy as np

from aotface.transfer.classical import emd


def test_tiny_sets_get_the_best_assignment():
    random = np.random.default_rng(0)
    source, target = random.random((6, 3)), random.random((6, 3))
    moved = emd.match(source, target, random)
    best = min(permutations(range(6)), key=lambda order: ((source - target[list(order)]) ** 2).sum())
    np.testing.assert_allclose(moved, target[list(best)], atol=1e-12)


def test_permuted_and_shifted_colours_are_found_again():
    random = np.random.default_rng(1)
    source = random.random((200, 3))
    shift = np.array([0.3, -0.2, 0.1])
    moved = emd.match(source, source[random.permutation(200)] + shift, random)
    np.testing.assert_allclose(moved, source + shift, atol=1e-12)
