"""How a face looks: the same under another light, another in another face."""

import cv2
import numpy as np
import pytest

from aotface.face.detect import detect
from aotface.face.render import render
from aotface.media.image import read_image
from aotface.samples import sample
from aotface.tracking.descriptor import Descriptor, descriptor_of, mix, similarities, similarity
from aotface.types import Face, Frame


def small(name: str) -> Frame:
    frame = read_image(sample(name)).frame
    return cv2.resize(frame, (360, 360 * len(frame) // frame.shape[1]), interpolation=cv2.INTER_AREA)


@pytest.fixture(scope="module")
def faces() -> list[tuple[Frame, Face]]:
    frames = [small(name) for name in ("source_light_man", "source_medium_woman", "source_smiling_woman")]
    return [(frame, detect(frame)[0]) for frame in frames]


def lit(frame: Frame, face: Face) -> Frame:
    """Under one lamp from the right and a little ambient light."""
    normals = cv2.GaussianBlur(render(face.landmarks, frame.shape[1]).normals, (0, 0), 2)[: len(frame)]
    gain = 0.4 + 0.8 * np.maximum(normals @ np.float32([0.8, 0, 0.6]), 0)
    gain = np.pad(gain, ((0, len(frame) - len(gain)), (0, 0)), mode="edge")[..., None]
    return (np.clip((frame / 255) ** 2.2 * gain, 0, 1) ** (1 / 2.2) * 255).astype(np.uint8)


def test_a_face_is_like_itself_under_another_light(faces: list[tuple[Frame, Face]]) -> None:
    for frame, face in faces:
        assert similarity(descriptor_of(frame, face), descriptor_of(frame, face)) == pytest.approx(1)
        assert similarity(descriptor_of(frame, face), descriptor_of(lit(frame, face), face)) > 0.85


def test_raw_brightness_is_not(faces: list[tuple[Frame, Face]]) -> None:
    """The twin: without taking the light out, the lamp would speak louder than the face."""
    frame, face = faces[0]
    x0, y0, x1, y1 = (round(edge) for edge in face.box)
    plain, side = (picture[y0:y1, x0:x1].mean(axis=2).ravel() for picture in (frame, lit(frame, face)))
    assert np.corrcoef(plain, side)[0, 1] < 0.82


def test_other_faces_are_less_alike(faces: list[tuple[Frame, Face]]) -> None:
    descriptor_count = [descriptor_of(frame, face) for frame, face in faces]
    table = similarities(descriptor_count, descriptor_count)
    np.testing.assert_allclose(np.diag(table), 1, atol=1e-6)
    assert (table[~np.eye(3, dtype=bool)] < 0.75).all()  # composites share some of their people
    np.testing.assert_allclose(table, table.T, atol=1e-6)
    assert table[0, 1] == pytest.approx(similarity(descriptor_count[0], descriptor_count[1]))


def test_the_mean_of_a_look_with_itself_is_that_look() -> None:
    rng = np.random.default_rng(0)
    descriptor = Descriptor(*(rng.random(n).astype(np.float32) + 0.1 for n in (898, 898, 2)))
    for name, values in vars(mix(descriptor, descriptor, 0.3)).items():
        np.testing.assert_allclose(values, getattr(descriptor, name), rtol=1e-5)


def test_what_was_not_seen_takes_the_other_s_value() -> None:
    rng = np.random.default_rng(0)
    a, b = (Descriptor(*(rng.random(n).astype(np.float32) for n in (898, 898, 2))) for _ in range(2))
    a.weight[:100] = 0
    np.testing.assert_allclose(mix(a, b, 0.5).texture[:100], b.texture[:100], rtol=1e-5)
