"""One default each, the last word counts, and what is misspelt is refused."""

import dataclasses
import json
import re
from importlib import resources
from pathlib import Path

import pytest

from aotface.errors import InputError, UsageError
from aotface.media.config import read_toml
from aotface.training.config import TrainConfig, as_dict, differences, load_config, merge

CONFIGS = Path(str(resources.files("aotface"))) / "training" / "configs"


def test_the_default_file_changes_nothing_and_tells_the_truth(tmp_path: Path) -> None:
    """Every commented line is the default it claims to be: uncommented, nothing changes either."""
    assert load_config(Path("default")) == TrainConfig() == load_config()
    text = (CONFIGS / "default.toml").read_text()
    lines = [line[2:] for line in text.splitlines() if re.match(r"# (\w+ = |\[)", line)]
    said = tmp_path / "said.toml"
    said.write_text("\n".join(lines))
    assert load_config(said) == TrainConfig()
    documented = read_toml(said)
    fields = {field.name for field in dataclasses.fields(TrainConfig)}
    assert documented.keys() | {"games_from"} == fields and "games_from" in text
    # The twin: a changed line shows.
    said.write_text("\n".join(lines).replace("steps = 8000", "steps = 8001"))
    assert load_config(said) != TrainConfig()


def test_the_paper_file_holds_the_papers_facts() -> None:
    paper = load_config(Path("paper"))
    assert (paper.batch, paper.steps, paper.learning_rate) == (16, 200_000, 2e-4)
    assert (paper.betas, paper.weight_decay, paper.discriminators_rate) == ((0.5, 0.999), 2e-4, 2e-4)
    assert paper.options.head == "paint" and not paper.options.base and paper.options.geometry
    assert paper.plan_by_rmsprop and not paper.decoupled_decay and paper.games_start == 0
    w = paper.weights
    assert w.pixel == w.light == w.low_frequency == 0
    assert sorted((w.reconstruction, w.edges, w.transport, w.mix)) == [1, 1, 90, 120]


def test_the_last_word_counts(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("steps = 10\nbatch = 3\nlearning_rate = 1\n[weights]\npixel = 5\n")
    config = load_config(file, {"batch": 4, "size": None})
    assert (config.steps, config.batch, config.size) == (10, 4, "small")
    assert config.learning_rate == 1.0 and isinstance(config.learning_rate, float)
    assert config.weights == dataclasses.replace(TrainConfig().weights, pixel=5.0)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("stesp = 3", "did you mean steps"),
        ("[weights]\npixle = 1.0", "weights.pixle"),
        ("zzz = 1", "known are"),
        ("steps = 1.5", "steps to be int"),
        ("steps = true", "steps to be int"),
        ("clip = '1'", "clip to be float"),
        ("betas = [0.1]", "betas"),
        ("betas = [0.1, 'x']", "betas"),
        ("options = 3", "table"),
        ("[options]\nhead = 'oil'", "head"),
        ("size = 'huge'", "one of tiny, small, base"),
        ("steps = 0", "steps to be at least 1"),
        ("unpaired = 2.0", "between 0 and 1"),
        ("learning_rate = 0.0", "above 0"),
        ("precision = '16-mixed'", "bf16-mixed"),
        ("[weights]\nidentity = 1.0", "network of your own"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(tmp_path: Path, text: str, word: str) -> None:
    file = tmp_path / "bad.toml"
    file.write_text(text)
    with pytest.raises(UsageError, match=re.escape(word)) as caught:
        load_config(file)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere"):
        load_config(tmp_path / "nowhere.toml")


def test_a_run_reads_its_own_configuration_back() -> None:
    config = load_config(Path("paper"))
    assert merge(TrainConfig(), json.loads(json.dumps(as_dict(config))), "config.json") == config


def test_only_what_decides_no_step_may_change() -> None:
    config = TrainConfig()
    assert differences(dataclasses.replace(config, steps=9, sample_every=3), config) == []
    assert differences(dataclasses.replace(config, batch=9, seed=3), config) == ["batch", "seed"]
