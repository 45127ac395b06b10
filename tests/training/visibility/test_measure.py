import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from aotface.face.visibility.classes import OUTPUTS, Surface
from aotface.training.visibility.hand_labels import labels_of, read_hand_labels
from aotface.training.visibility.labels import EVERY, bits
from aotface.training.visibility.measure import confusion, frame_counts, iou, judge_frames

FILE = Path(__file__).parents[2] / "face/visibility/hand_labels.json"
EVERYWHERE = np.ones((256, 256), bool)
ROUND = [[128 + 30 * float(np.cos(a)), 100 + 30 * float(np.sin(a))] for a in np.linspace(0, 6.2, 40)]
PICTURE = {
    "file": "none.jpg",
    "size": [512, 512],
    "landmark_view": [[0.5, 0, 0], [0, 0.5, 0]],
    "shapes": [
        {"shows": ["skin"], "outline": [[100, 100], [400, 100], [400, 400], [100, 400]]},
        {"shows": ["lips", "inner_mouth"], "outline": [[200, 300], [300, 300], [300, 350], [200, 350]]},
        {
            "shows": ["frame"],
            "part": "rim",
            "width": 6.0,
            "closed": True,
            "line": [[2 * x, 2 * y] for x, y in ROUND],
        },
    ],
}


def drawn(gap: int = 0) -> np.ndarray:
    covered = np.zeros((256, 256), np.uint8)
    points = np.round(np.array(ROUND[gap:] + ROUND[: 1 if not gap else 0])).astype(np.int32)
    cv2.polylines(covered, [points], False, (1,), 3)
    return covered > 0


def test_a_whole_frame_passes_and_a_cut_one_does_not() -> None:
    labels = labels_of(PICTURE)
    good, cut = judge_frames(drawn(), labels, EVERYWHERE), judge_frames(drawn(gap=5), labels, EVERYWHERE)
    assert good.whole and good.kept == 1 and good.false == 0
    assert not cut.whole and cut.gap > 10
    assert not judge_frames(np.zeros((256, 256), bool), labels, EVERYWHERE).whole


def test_frames_are_counted_and_a_lens_is_none() -> None:
    labels = labels_of(PICTURE)
    assert iou([frame_counts(drawn(), labels)]) > 0.9
    assert frame_counts(drawn(gap=5), labels)[1] > 20 and frame_counts(EVERYWHERE, labels)[2] > 60_000
    beside = np.roll(drawn(), 1, axis=0)
    assert iou([frame_counts(beside, labels)]) < 0.8 < iou([frame_counts(beside, labels, 1.0)])
    square = [[100, 100], [300, 100], [300, 200], [100, 200]]
    broad = [{"shows": ["frame"], "part": part, "outline": square} for part in ("area", "hole")]
    broad[1] |= {"outline": [[120, 120], [280, 120], [280, 180], [120, 180]]}
    goggles = labels_of(PICTURE | {"shapes": broad})
    lens = np.zeros((256, 256), bool)
    lens[62:88, 62:138] = True
    right, missed, false = frame_counts(lens, goggles, 1.0)
    assert right == 0 and missed > 1500 and false == lens.sum()


def test_everything_covered_is_whole_but_false() -> None:
    assert judge_frames(EVERYWHERE, labels_of(PICTURE), EVERYWHERE).false > 0.9


def test_labels_lie_in_the_view() -> None:
    sets = labels_of(PICTURE).sets
    assert sets[60, 60] == bits(Surface.SKIN, Surface.BROW, Surface.EYE)
    assert sets[160, 120] == bits(Surface.LIPS, Surface.INNER_MOUTH)
    assert sets[10, 10] == EVERY and sets[100, 158] == EVERY  # not drawn; on the frame


def test_counts_tell_right_from_wrong() -> None:
    planes = np.zeros((OUTPUTS, 256, 256), np.float32)
    planes[Surface.SKIN] = 1
    counts = confusion(planes, labels_of(PICTURE).sets)
    right, missed, false = counts["skin"]
    assert missed == 0 and right > 10_000 and false == counts["mouth"][1] > 500
    assert counts["mouth"][0] == 0
    assert iou([counts["mouth"]]) == 0 and iou([(1, 1, 2)]) == pytest.approx(0.25)
    assert np.isnan(iou([counts["hand"]]))


def test_the_test_set_is_whole() -> None:
    known = json.loads(FILE.read_text())
    pictures = read_hand_labels(FILE)
    assert len(pictures) == len({picture.file for picture in pictures}) >= 60
    for picture in pictures:
        assert picture.strokes or picture.areas or (picture.sets != EVERY).any()
        for stroke in picture.strokes:
            assert stroke.points.min() > -20 and stroke.points.max() < 276
    trained_on = [file for file in (p.file for p in pictures) if "/train/" in file]
    assert set(trained_on) <= set(known["left_out"])
