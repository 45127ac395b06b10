"""Sums of real lamps: light adds up, the answer is the same sum, nobody who is judged is trained on."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import save

from aotface.commands.prepare import Prepare
from aotface.datasets import portraits
from aotface.datasets.lamps import TEST_PEOPLE, TRAIN_PEOPLE
from aotface.datasets.portraits import Seen
from aotface.errors import InputError, Interrupted, OutputExistsError, UsageError
from aotface.face.align import align
from aotface.face.mesh import MEAN
from aotface.media.files import write_bytes
from aotface.media.image import read_image, write_image
from aotface.training import lamp_shards
from aotface.training.atlas import fill_atlas, with_mirrors
from aotface.training.config import TrainConfig
from aotface.training.data import Batches, Shards
from aotface.training.lamp_data import NAMES, Stacks, load_stacks
from aotface.training.lamp_pairs import LampBatches, MixedBatches, _exposure, _summed, draw_lights
from aotface.training.lamp_shards import FOLDER, LampConfig, file_of, prepare_lamps
from aotface.training.loop import go_on, train
from aotface.training.ranges import LampMix, LightingConfig
from aotface.training.tone import luminance, srgb_to_linear
from aotface.training.trainer import Trainer, batches_of
from aotface.transfer.aot.atlas import LampAtlas
from aotface.transfer.aot.generator import Options
from aotface.types import Face

SIDE, PICTURE = 64, 128
ANGLES = ((0, 0), (10, 0), (20, 0), (35, 0), (50, 0), (60, 20), (70, 0), (-20, 0), (-35, 0), (-60, 0))
CLEAN = dataclasses.replace(
    LightingConfig(camera=False), noise_probability=0.0, blur_probability=0.0, jpeg_probability=0.0, grey_probability=0.0,
    tinted_probability=0.0, source_grey_probability=0.0,
)  # fmt: skip


def made_stacks(people: int = 3, lamps: int = 10) -> Stacks:
    """Noise for people: nothing in it is symmetric. Everybody is warped by doing nothing."""
    rng = np.random.default_rng(0)
    own = 0.1 + 0.3 * rng.random((people, lamps, SIDE, SIDE))
    parts = []
    for person in range(people):
        others = [k for k in range(people) if k != person]
        box = np.zeros((SIDE, SIDE), np.uint8)
        box[8:-8, 8:-8] = 255
        normals = np.zeros((3, SIDE, SIDE), np.int8)
        normals[2] = 127
        pncc = np.full((3, SIDE, SIDE), 99, np.uint8)
        part = {
            "stack": own[person].astype(np.float16), "present": np.ones(lamps, np.uint8), "mask": box,
            "normals": normals, "pncc": pncc, "warped": own[others].astype(np.float16),
            "warped_mask": np.stack([box] * len(others)), "inside": np.stack([box] * len(others)),
            "gains": np.full((len(others), 2), 0.5, np.float32),
            "own_normals": np.stack([normals] * len(others)), "own_pncc": np.stack([pncc] * len(others)),
        }  # fmt: skip
        parts.append({name: torch.from_numpy(values) for name, values in part.items()})
    others = [[(k, row) for row, k in enumerate(k for k in range(people) if k != p)] for p in range(people)]
    angles = torch.linspace(0, 80, lamps)
    return Stacks(parts, others, angles, SIDE, "made-up")


@pytest.fixture(scope="module")
def stacks() -> Stacks:
    return made_stacks()


@pytest.fixture
def lamp_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three people under ten lamps; a picture is a smooth texture times the cosine of its lamp."""
    data = tmp_path / "data"
    data.mkdir()
    lines = ["file,person,azimuth_degrees,elevation_degrees"]
    zoom = 0.6 * PICTURE / (MEAN[:, 1].max() - MEAN[:, 1].min())
    landmarks = (MEAN * zoom + np.array([PICTURE / 2, PICTURE * 0.55, 0])).astype(np.float32)
    face = Face(0, (0.0, 0.0, float(PICTURE), float(PICTURE)), 1.0, landmarks)
    y, x = np.mgrid[0:PICTURE, 0:PICTURE] / PICTURE
    for number, person in enumerate(("yaleB01", "yaleB02", "yaleB03")):
        albedo = (0.5 + 0.2 * np.sin(9 * x + number) * np.cos(7 * y)) / (1 + 0.5 * number)
        for azimuth, elevation in ANGLES:
            level = albedo * np.cos(np.radians(azimuth)) * np.cos(np.radians(elevation))
            name = f"{person}_{azimuth}_{elevation}.png"
            frame = np.repeat(np.rint(255 * level).astype(np.uint8)[..., None], 3, axis=2)
            write_image(data / name, frame)
            lines.append(f"{name},{person},{azimuth},{elevation}")
    (data / "index.csv").write_text("\n".join(lines))

    def look(path: Path) -> Seen:
        frame = read_image(path).frame
        one = Seen(frame, align(frame, face))
        vars(one)["visible"] = np.ones((256, 256), np.float32)
        return one

    monkeypatch.setattr(portraits, "look", look)
    return data


def test_the_two_lists_of_people_part_the_27() -> None:
    assert len(TEST_PEOPLE) == 10 and len(TRAIN_PEOPLE) == 17 and not TEST_PEOPLE & TRAIN_PEOPLE
    assert sorted(TEST_PEOPLE) == [f"yaleB{k:02d}" for k in (3, 5, 8, 10, 13, 16, 19, 21, 24, 26)]


def test_prepared_stacks_hold_linear_light_and_warps_add_up(lamp_folder: Path, tmp_path: Path) -> None:
    index = prepare_lamps(lamp_folder, tmp_path / "shards", LampConfig(SIDE))
    assert [entry["split"] for entry in index["people"]] == ["train", "train", "test"]
    with pytest.raises(UsageError, match="two people or more"):
        _of_one_person(tmp_path / "shards")
    everybody = load_stacks(tmp_path / "shards", "all")
    train = load_stacks(tmp_path / "shards")
    assert len(everybody) == 3 and len(train) == 2 and train.others == [[(1, 0)], [(0, 0)]]
    part = everybody.parts[0]
    assert set(part) == NAMES and bool((part["present"] == 1).all())
    cosines = np.cos(np.radians([a for a, _ in index["lamps_degrees"]])) * np.cos(
        np.radians([e for _, e in index["lamps_degrees"]])
    )
    inside = part["warped_mask"][0] > 200
    assert int(inside.sum()) > 300
    frontal = int(np.argmax(cosines))
    for name in ("stack", "warped"):
        values = part[name].float() if name == "stack" else part[name][0].float()
        ratio = values[:, inside] / values[frontal, inside]
        np.testing.assert_allclose(ratio.mean(1), cosines, atol=0.01)
    # The source is darker (its albedo is the target's over 1.5): its gain brings it there; both kinds agree.
    np.testing.assert_allclose(part["gains"][0, 1], 1.5, rtol=0.05)


def _of_one_person(folder: Path) -> Stacks:
    """Stacks of one training person."""
    path = folder / FOLDER / "index.json"
    whole = path.read_text()
    index = json.loads(whole)
    index["people"][0]["split"] = "test"
    path.write_text(json.dumps(index))
    try:
        return load_stacks(folder)
    finally:
        path.write_text(whole)


def test_a_stopped_preparation_continues_and_another_request_is_refused(
    lamp_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, real, made = tmp_path / "shards", lamp_shards._arrays, list[str]()

    def once(target: Any, *rest: Any) -> dict[str, np.ndarray]:
        if made:
            raise KeyboardInterrupt
        made.append(target.name)
        return real(target, *rest)

    monkeypatch.setattr(lamp_shards, "_arrays", once)
    with pytest.raises(KeyboardInterrupt):
        prepare_lamps(lamp_folder, out, LampConfig(SIDE))
    first = (out / FOLDER / file_of("yaleB01")).read_bytes()
    monkeypatch.setattr(lamp_shards, "_arrays", real)
    prepare_lamps(lamp_folder, out, LampConfig(SIDE))
    assert (out / FOLDER / file_of("yaleB01")).read_bytes() == first
    said: list[str] = []
    prepare_lamps(lamp_folder, out, LampConfig(SIDE), said.append)
    assert "all there already" in said[-1]
    with pytest.raises(OutputExistsError, match="--overwrite"):
        prepare_lamps(lamp_folder, out, LampConfig(32))
    prepare_lamps(lamp_folder, out, LampConfig(32), overwrite=True)
    assert load_stacks(out).side == 32
    (out / FOLDER / file_of("yaleB02")).write_bytes(b"no")
    with pytest.raises(InputError, match="expected a shard"):
        load_stacks(out)


def test_wrong_requests_get_a_line(lamp_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="that 16 divides"):
        prepare_lamps(lamp_folder, tmp_path / "s", LampConfig(100))
    with pytest.raises(UsageError, match="prepare --lamps"):
        load_stacks(tmp_path)


def test_a_sum_is_the_weighted_sum() -> None:
    stack = torch.rand(2, 5, 4, 4)
    weights = torch.zeros(2, 5, 3)
    weights[0, 1, 0], weights[0, 3, 0], weights[1, 2] = 0.5, 2.0, torch.tensor([1.0, 2.0, 3.0])
    found = _summed(stack, weights)
    torch.testing.assert_close(found[0, 0], 0.5 * stack[0, 1] + 2 * stack[0, 3])
    torch.testing.assert_close(found[1, 2], 3 * stack[1, 2])
    assert float(found[0, 1].abs().max()) == 0


def test_lights_have_their_shares_and_fall_only_on_lamps_that_were_photographed() -> None:
    n, lamps = 4000, 10
    present = torch.ones(n, lamps, dtype=torch.bool)
    present[:, 4] = False
    angles = torch.linspace(0, 80, lamps)
    lights = draw_lights(present, angles, torch.Generator().manual_seed(0), LampMix())
    for weights in (lights.source, lights.target):
        assert float(weights[:, 4].abs().max()) == 0 and bool((weights.sum((1, 2)) > 0).all())
    plain = lights.plain
    assert float(plain.float().mean()) == pytest.approx(0.4, abs=0.03)
    count = (lights.target.sum(2) > 0).sum(1)
    assert bool((count[plain] == 1).all())
    assert bool((lights.target[plain].sum(1) == 1).all())  # values as they stand: white, strength 1
    hard = (lights.source[plain][:, angles >= 20].sum((1, 2)) > 0).float().mean()
    assert float(hard) == pytest.approx(0.33, abs=0.04)
    assert int(count[~plain].max()) == 9 and int(count[~plain].min()) >= 1
    few = torch.zeros(50, lamps, dtype=torch.bool)
    few[:, 4] = True  # nothing in front, nothing else: what is there is taken
    lone = draw_lights(few, angles, torch.Generator().manual_seed(0), LampMix())
    assert float(lone.source[:, 5:].abs().max()) == float(lone.source[:, :4].abs().max()) == 0
    reversed_share = (
        (lights.source[plain][:, 3:].sum((1, 2)) > 0) & (lights.target[plain][:, :2].sum((1, 2)) > 0)
    ).float()
    assert float(reversed_share.mean()) > 0.1


def test_the_answer_is_the_source_under_the_sum_of_the_target(stacks: Stacks) -> None:
    """Plain values: X_t, X_r and the answer are read back, lamp by lamp, from the stacks that they come from."""
    batches = LampBatches(stacks, 8, LampMix(single=1.0, hard_source=0.0), CLEAN, 3)
    rng = torch.Generator().manual_seed(1)
    people, rows, sources = batches._who(rng)
    assert all(person != source for person, source in zip(people, sources, strict=True))
    present = torch.ones(8, 10, dtype=torch.bool)
    lights = draw_lights(present, stacks.angles, rng, batches.mix)
    mask = stacks.take("warped_mask", people, rows)[:, None]
    x_r, x_t, answer = batches._pictures(people, rows, lights, mask, rng)
    for k in range(8):
        lamp = int(lights.target[k, :, 0].argmax())
        own, other = (stacks.parts[who]["stack"][lamp].float() for who in (people[k], sources[k]))
        torch.testing.assert_close(x_t[k, 1], own, atol=1e-3, rtol=0)
        torch.testing.assert_close(
            srgb_to_linear(answer[k, 1]), 0.5 * srgb_to_linear(other), atol=2e-3, rtol=0
        )
        assert float((x_t[k, 1] - other).abs().max()) > 0.1  # the twin: people do differ


def test_sums_of_the_same_lamps_have_the_same_colour_of_light(stacks: Stacks) -> None:
    """One person twice, no skin of its own: X_t and the answer are then the same picture."""
    same = dataclasses.replace(
        stacks,
        parts=[part | {"warped": stacks.parts[0]["stack"].expand(2, -1, -1, -1), "stack": stacks.parts[0]["stack"],
                       "gains": torch.ones(2, 2)} for part in stacks.parts],
    )  # fmt: skip
    batches = LampBatches(same, 8, LampMix(single=0.0), CLEAN, 3)
    rng = torch.Generator().manual_seed(1)
    people, rows, _ = batches._who(rng)
    lights = draw_lights(torch.ones(8, 10, dtype=torch.bool), same.angles, rng, batches.mix)
    mask = same.take("warped_mask", people, rows)[:, None]
    x_r, x_t, answer = batches._pictures(people, rows, lights, mask, rng)
    torch.testing.assert_close(x_t, answer, atol=1e-4, rtol=0)
    assert float((x_r - answer).abs().mean()) > 0.02


def test_exposure_brings_the_bright_parts_where_they_are_wanted() -> None:
    light = (
        torch.rand(3, 1, 32, 32).expand(-1, 3, -1, -1) * torch.tensor([0.01, 1.0, 50.0])[:, None, None, None]
    )
    mix = LampMix(brightness=(0.5, 0.5))
    gain = _exposure(light, torch.ones(3, 1, 32, 32), torch.Generator().manual_seed(0), mix)
    levels = torch.quantile(luminance(light * gain).flatten(1), 0.9, dim=1)
    torch.testing.assert_close(levels, srgb_to_linear(torch.full((3,), 0.5)), rtol=0.02, atol=0)


def test_the_same_step_gives_the_same_batch_and_another_does_not(stacks: Stacks) -> None:
    batches = LampBatches(stacks, 4, LampMix(), LightingConfig(), 0)
    one, two, other = batches.draw(5), batches.draw(5), batches.draw(6)
    for field in dataclasses.fields(one):
        first, second = getattr(one, field.name), getattr(two, field.name)
        assert torch.equal(first, second) and bool(torch.isfinite(first).all())
    assert not torch.equal(one.x_t, other.x_t) and not torch.equal(one.x_t, batches.draw(5, rank=1).x_t)
    assert float(one.x_t.abs().max()) <= 1 and one.geometry.shape == (4, 6, SIDE, SIDE)


def test_a_mirrored_face_has_mirrored_normals(stacks: Stacks) -> None:
    part = stacks.parts[0]
    tilted = part["normals"].clone()
    tilted[0] = 60
    lit = dataclasses.replace(stacks, parts=[p | {"normals": tilted} for p in stacks.parts])
    batch = LampBatches(lit, 16, LampMix(), LightingConfig(), 0).draw(0)
    signs = batch.geometry[:, 0].mean((1, 2)).sign()
    assert {-1.0, 1.0} == set(signs.tolist())


def test_synthetic_pairs_stay_what_they_are(
    stacks: Stacks, shards: Shards, tiny: Callable[..., TrainConfig]
) -> None:
    config = tiny(lamp_share=0.5)
    mixed = batches_of(config, shards, stacks)
    assert isinstance(mixed, MixedBatches) and config.lamp_faces == 2
    alone = Batches(shards, 2, config.unpaired, config.lighting, config.seed).draw(3)
    both = mixed.draw(3)
    assert torch.equal(both.x_r[:2], alone.x_r) and len(both.x_r) == 4
    assert both.known is not None and bool((both.known[2:] == 1).all())
    only = batches_of(tiny(lamp_share=1.0), shards, stacks).draw(3)
    assert len(only.x_r) == 4
    assert isinstance(batches_of(tiny(), shards, None), Batches)
    with pytest.raises(UsageError, match="expected people under lamps"):
        batches_of(config, shards, None)


def test_stopped_and_resumed_with_lamps_equals_uninterrupted(
    tiny: Callable[..., TrainConfig], shards: Shards, stacks: Stacks, fabric: Any, tmp_path: Path
) -> None:
    config = tiny(lamp_share=0.5)
    (tmp_path / "one").mkdir(), (tmp_path / "two").mkdir()
    whole = train(config, shards, tmp_path / "one", fabric, lamps=stacks)
    begun = Trainer(config, shards, tmp_path / "two", fabric, lamps=stacks)
    calls: list[int] = []
    with pytest.raises(Interrupted, match="step 3 of 6"):
        go_on(begun, stop=lambda: calls.append(1) or len(calls) >= 3)  # type: ignore[func-returns-value]
    train(config, shards, tmp_path / "two", fabric, lamps=stacks)
    files = [(tmp_path / name / "checkpoint.safetensors").read_bytes() for name in ("one", "two")]
    assert files[0] == files[1] and whole.step == 6
    (tmp_path / "three").mkdir()
    train(tiny(), shards, tmp_path / "three", fabric)
    assert (tmp_path / "three" / "checkpoint.safetensors").read_bytes() != files[
        0
    ]  # the twin: lamps do matter


def test_smaller_stacks_are_means_and_keep_only_who_may_be_drawn(stacks: Stacks) -> None:
    some = dataclasses.replace(stacks, parts=stacks.parts[:2], others=[[(1, 0)], [(0, 0)]])
    small = some.at_side(32)
    assert small.side == 32 and small.parts[0]["warped"].shape == (1, 10, 32, 32)
    wanted = stacks.parts[1]["stack"].float().reshape(10, 32, 2, 32, 2).mean((2, 4))
    torch.testing.assert_close(small.take("warped", [0], [0])[0], wanted, atol=1e-3, rtol=0)
    assert small.at_side(32) is small and small.bytes() < some.bytes() / 3
    with pytest.raises(UsageError, match="not a part of it"):
        some.at_side(48)


def test_another_array_in_a_file_is_refused(lamp_folder: Path, tmp_path: Path) -> None:
    prepare_lamps(lamp_folder, tmp_path, LampConfig(SIDE))
    path = tmp_path / FOLDER / file_of("yaleB01")
    write_bytes(path, save({"other": np.zeros(3, np.float32)}), overwrite=True)
    with pytest.raises(InputError, match="expected the arrays"):
        load_stacks(tmp_path)


class Heard:
    """A voice that is written down."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)

    def warn(self, line: str) -> None:
        self.lines.append(line)

    def progress(self, work: str, done: int, total: int) -> None:
        pass


def test_the_command_wants_portraits_or_lamps(lamp_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="got neither"):
        Prepare(output=tmp_path / "out").run(Heard())
    heard = Heard()
    Prepare(output=tmp_path / "out", lamps=lamp_folder, side=32).run(heard)
    assert "2 people to train on, 1 that are only judged on" in heard.lines[-1]
    assert load_stacks(tmp_path / "out", "all").side == 32


def test_a_run_fills_its_atlas_and_ships_it(
    tiny: Callable[..., TrainConfig], shards: Shards, stacks: Stacks, fabric: Any, tmp_path: Path
) -> None:
    along = torch.linspace(0, 255, SIDE).to(torch.uint8)
    pncc = torch.stack(
        [along.expand(SIDE, SIDE), along[:, None].expand(SIDE, SIDE), along.expand(SIDE, SIDE)]
    )
    known = dataclasses.replace(
        stacks,
        lamps=tuple((float(a), float(e)) for a, e in ANGLES),
        parts=[part | {"pncc": pncc} for part in stacks.parts],
    )
    count = len(with_mirrors(known.lamps))
    config = tiny(lamp_share=0.5, options=Options(lamps=count))
    trainer = Trainer(config, shards, tmp_path, fabric, lamps=known)
    filled = LampAtlas(count)
    fill_atlas(filled, known)
    assert trainer.generator.atlas is not None
    assert torch.equal(trainer.generator.atlas.lamps, filled.lamps) and float(filled.lamps.std()) > 0.01
    assert torch.equal(trainer.average["atlas.lamps"], filled.lamps)
    before = trainer.generator.atlas.lamps.clone()
    go_on(trainer)
    assert torch.equal(trainer.generator.atlas.lamps, before)  # nothing of it is learnt
    with pytest.raises(UsageError, match="set options.lamps to that"):
        Trainer(tiny(lamp_share=0.5, options=Options(lamps=3)), shards, tmp_path / "b", fabric, lamps=known)
    with pytest.raises(UsageError, match="needs people under lamps"):
        Trainer(tiny(options=Options(lamps=3)), shards, tmp_path / "c", fabric)
