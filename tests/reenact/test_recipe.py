"""Every recipe on a tiny network of the same signature, whose answer is known."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from reenact import tiny_networks as tiny
from skimage.data import astronaut

from aotface.errors import UsageError, WeightsError
from aotface.face.align import align
from aotface.face.detect import detect
from aotface.face.template import TEMPLATES, cut_square, template_matrix
from aotface.media.config import read_toml
from aotface.reenact.base import Reenacted
from aotface.reenact.onnx import OnnxReenactor, OnnxSource
from aotface.reenact.recipe import FOLDER, read_recipe, recipe_names
from aotface.reenact.registry import ReenactorSettings, open_reenactor
from aotface.types import AlignedFace, Face

COUNT = 512
IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
RED = np.array([1.0, 0.0, 0.0])
CENTRED = np.array([1.0, -1.0, -1.0])
"""Red as the embedding network of most recipes gets it."""

TURN = np.roll(np.eye(COUNT, dtype=np.float32), 1, axis=1) * 3
"""What projections and converters do here: one place to the right, three times as long."""


@dataclass(frozen=True)
class Case:
    """What a recipe must make of a red source: the first numbers of its vector, and how much a channel moves by 1."""

    side: int
    vector: tuple[float, ...]
    step: float
    template: str
    names: tuple[str, str] = ("target", "source")
    imagenet: bool = False


THIRD = 3**-0.5
OWN = (RED - IMAGENET[0]) / IMAGENET[1]
VECTORS = {
    "inswapper_128": Case(128, (0, THIRD, -THIRD, -THIRD), 1, "arcface-128"),
    "simswap_224": Case(
        224, (*(OWN / np.linalg.norm(OWN)), 0), 1, "arcface-112-v1", ("x", "latent")
    ),  # names of an export are its maker's
    "simswap_256": Case(256, (0, THIRD, -THIRD, -THIRD), 1, "arcface-112-v1", imagenet=True),
    "simswap_unofficial_512": Case(512, (0, THIRD, -THIRD, -THIRD), 1, "arcface-112-v1"),
    "ghost_256": Case(256, (0, 3, -3, -3), 0.5, "arcface-112-v1"),
    "hyperswap_256": Case(256, (THIRD, -THIRD, -THIRD, 0), 0.5, "arcface-128"),
    "hififace_256": Case(256, (0, THIRD, -THIRD, -THIRD), 0.5, "mtcnn-512", ("target", "vsid")),
}
PICTURES = {"blendswap_256": (112, RED), "uniface_256": (256, RED)}


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return np.ascontiguousarray(astronaut())


@pytest.fixture(scope="module")
def face(photo: np.ndarray) -> Face:
    return detect(photo)[0]


@pytest.fixture(scope="module")
def target(photo: np.ndarray, face: Face) -> AlignedFace:
    return align(photo, face)


@pytest.fixture(scope="module")
def red(photo: np.ndarray) -> np.ndarray:
    colour = np.zeros_like(photo)
    colour[..., 0] = 255
    return colour


def settings(name: str, folder: Path, case: Case) -> ReenactorSettings:
    """The recipe with tiny networks in the place of the weights."""
    mean, std = IMAGENET if case.imagenet else ((0, 0, 0), (1, 1, 1))
    last = TURN if name == "inswapper_128" else None
    swapper = tiny.vector_swapper(
        folder / "swapper.onnx", case.side, COUNT, case.names, gain=std, bias=mean, last=last
    )
    embedding = tiny.mean_colour(folder / "embedding.onnx", 112, COUNT)
    needs_converter = "converter" in read_recipe(name).models
    converter = tiny.converter(folder / "converter.onnx", TURN) if needs_converter else None
    return ReenactorSettings(name, None, swapper, embedding, converter)


def run(
    chosen: ReenactorSettings, red: np.ndarray, face: Face, target: AlignedFace
) -> tuple[OnnxSource, Reenacted]:
    source = open_reenactor(chosen).prepare(red, face)
    assert isinstance(source, OnnxSource)
    return source, source.reenact(target)


def test_every_recipe_has_a_test() -> None:
    assert set(recipe_names()) == set(VECTORS) | set(PICTURES)


@pytest.mark.parametrize("name", VECTORS)
def test_a_recipe_with_an_embedding(
    name: str, tmp_path: Path, red: np.ndarray, face: Face, target: AlignedFace
) -> None:
    case = VECTORS[name]
    source, made = run(settings(name, tmp_path, case), red, face, target)
    assert source.identity.shape == (1, COUNT)
    np.testing.assert_allclose(source.identity[0, :4], case.vector, atol=2e-3)
    expected = np.clip(target.crop + case.step * np.array(case.vector[:3]), 0, 1)
    inside = made.mask > 0.9
    assert inside.sum() > 3000
    assert np.abs(made.crop - expected)[inside].mean() < 0.02
    assert np.abs(made.crop - target.crop)[inside].mean() > 0.1  # the twin: the target's own does not pass
    assert read_toml(FOLDER / f"{name}.toml")["target"]["template"] == case.template


@pytest.mark.parametrize("name", PICTURES)
def test_a_recipe_with_a_picture(
    name: str, tmp_path: Path, red: np.ndarray, face: Face, target: AlignedFace
) -> None:
    side, colour = PICTURES[name]
    swapper = tiny.picture_swapper(tmp_path / "swapper.onnx", 256, side)
    source, made = run(ReenactorSettings(name, model=swapper), red, face, target)
    assert source.identity.shape == (1, 3, side, side)
    expected = (
        (colour + 1) / 2 if name == "uniface_256" else colour
    )  # what is answered is read as -1..1 there
    assert np.abs(made.crop[made.mask > 0.9] - expected).max() < 0.01


def test_the_wrong_recipe_gives_something_else(
    tmp_path: Path, red: np.ndarray, face: Face, target: AlignedFace
) -> None:
    case = VECTORS["hyperswap_256"]
    right = settings("hyperswap_256", tmp_path, case)
    wrong = ReenactorSettings(
        "ghost_256", None, right.model, right.embedding, tiny.converter(tmp_path / "c.onnx", TURN)
    )
    assert np.abs(run(right, red, face, target)[1].crop - run(wrong, red, face, target)[1].crop).max() > 0.2
    small = ReenactorSettings("inswapper_128", None, right.model, right.embedding)
    with pytest.raises(
        WeightsError, match="takes 1 x 3 x 256 x 256, recipe inswapper_128 .target. gives 1 x 3 x 128 x 128"
    ):
        open_reenactor(small)


def test_templates_are_not_each_other(target: AlignedFace) -> None:
    squares = {}
    for name in ("arcface-128", "arcface-112-v1", "ffhq-512", "mtcnn-512"):
        squares[name] = cut_square(target.crop, template_matrix(target.landmarks, TEMPLATES[name], 64), 64)
    names = list(squares)
    for one in names:
        for other in names[names.index(one) + 1 :]:
            assert np.abs(squares[one] - squares[other]).mean() > 0.005


@pytest.mark.parametrize("name", [*VECTORS, *PICTURES])
def test_a_recipe_says_what_it_needs(name: str) -> None:
    recipe = read_recipe(name)
    assert recipe.summary and recipe.licence and recipe.models[0] == "model"
    with pytest.raises(UsageError, match=f"--reenact {name} needs --reenact-model FILE"):
        open_reenactor(ReenactorSettings(name))
    text = recipe.path.read_text()
    assert "# Not verified here" in text and "# [1] " in text


def test_a_recipe_is_hashed_with_its_networks(tmp_path: Path) -> None:
    chosen = settings("ghost_256", tmp_path, VECTORS["ghost_256"])
    reenactor = open_reenactor(chosen)
    assert isinstance(reenactor, OnnxReenactor) and reenactor.name == "ghost_256"
    assert [path.name for path in reenactor.files] == [
        "ghost_256.toml",
        "swapper.onnx",
        "embedding.onnx",
        "converter.onnx",
    ]
