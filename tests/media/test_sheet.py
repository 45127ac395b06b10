"""Labelled sheets."""

import numpy as np

from aotface.media.sheet import GAP, LINE, PAPER, Panel, annotated, sheet


def flat(height: int, width: int, value: int) -> np.ndarray:
    return np.full((height, width, 3), value, np.uint8)


def test_panels_stand_in_rows_at_one_height() -> None:
    rows = [[Panel(flat(10, 20, 200), "a"), Panel(flat(40, 40, 100), "b")], [Panel(flat(5, 5, 50))]]
    drawn = sheet(rows, 40)
    assert drawn.shape == (GAP + 2 * (40 + LINE + GAP), GAP + 80 + GAP + 40 + GAP, 3)
    assert (drawn[GAP : GAP + 40, GAP : GAP + 80] == 200).all()
    assert (drawn[GAP : GAP + 40, 2 * GAP + 80 : 2 * GAP + 120] == 100).all()
    second = GAP + 40 + LINE + GAP
    assert (drawn[second : second + 40, GAP : GAP + 40] == 50).all()
    assert (drawn[second : second + 40, GAP + 41 :] == PAPER).all()


def test_labels_and_title_are_there_and_fit() -> None:
    bare = sheet([[Panel(flat(40, 40, 9))]], 40)
    labelled = sheet([[Panel(flat(40, 40, 9), "a label much longer than its picture")]], 40)
    under = np.s_[GAP + 40 : GAP + 40 + LINE]
    assert (bare[under] == PAPER).all() and (labelled[under] != PAPER).any()
    assert (labelled[under][:, GAP + 42 :] == PAPER).all()
    assert sheet([[Panel(flat(40, 40, 9))]], 40, "title").shape[0] == bare.shape[0] + LINE + GAP


def test_rows_may_have_heights_of_their_own() -> None:
    drawn = sheet([[Panel(flat(10, 10, 1))], [Panel(flat(10, 10, 2))]], [60, 20])
    assert (drawn == 1).all(axis=2).sum() == 60 * 60 and (drawn == 2).all(axis=2).sum() == 20 * 20


def test_words_on_a_picture() -> None:
    picture = flat(60, 60, 128)
    marked = annotated(picture, [(5.0, 5.0, "7")], size=30)
    assert (picture == 128).all() and (marked != 128).any()
    assert (marked[:, 45:] == 128).all()
