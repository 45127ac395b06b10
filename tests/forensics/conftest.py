"""A small store in which fakes can be told: discs of another pattern, two methods, three splits."""

from pathlib import Path

import pytest
from forge.made_store import made_input, write_made_store

from aotface.forge.plan import Gap, Method, Pair, Plan


def small_plan(first: int = 0, counts: tuple[int, ...] = (12, 4, 6)) -> Plan:
    """People in train, val and test; two of three pairs have a large gap."""
    splits = [s for s, n in zip(("train", "val", "test"), counts, strict=True) for _ in range(n)]
    inputs = tuple(made_input(first + n, split, clips=False) for n, split in enumerate(splits))
    gap = Gap(light_degrees=10.0, exposure=3.0, colour=2.0, total=0.4)
    pairs = tuple(
        Pair(a=inputs[n].id, b=inputs[n + 1].id, stratum="small" if n % 3 == 0 else "large", gap=gap)
        for n in range(0, len(inputs), 2)
    )
    methods = [Method(name=name, transfer="mean") for name in ("mkl", "aot", "poisson")]
    own = Method(name="self", transfer="none", source="own", control=True)
    return Plan(name="made set", inputs=inputs, pairs=pairs, methods=(*methods, own), bounds=(0.5, 0.8))


@pytest.fixture(autouse=True, scope="session")
def _home(tmp_path_factory: pytest.TempPathFactory) -> None:
    pytest.MonkeyPatch().setenv("AOTFACE_HOME", str(tmp_path_factory.getbasetemp() / "aotface-home"))


@pytest.fixture(scope="session")
def made_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Do not write there."""
    return write_made_store(tmp_path_factory.mktemp("forensics") / "set", small_plan())
