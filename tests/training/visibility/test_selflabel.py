import numpy as np

from aotface.face.mesh import MEAN
from aotface.face.visibility.classes import Surface
from aotface.training.visibility.labels import EVERY, bits
from aotface.training.visibility.selflabel import doubt_far_hair

SIDE = 256
HAIR, SKIN = bits(Surface.HAIR), bits(Surface.SKIN)


def test_hair_of_the_head_stays_and_a_flag_or_a_thin_edge_may_be_anything() -> None:
    flat = MEAN * (0.5 * SIDE / np.ptp(MEAN[:, 1]))
    points = (flat + np.array([SIDE / 2, SIDE / 2, 0])).astype(np.float32)
    top, left = int(points[:, 1].min()), int(points[:, 0].min())
    sets = np.full((SIDE, SIDE), SKIN, np.uint16)
    sets[top - 30 : top + 4, left:-left] = HAIR  # of the head
    sets[: SIDE // 2, : left - 40] = HAIR  # a flag
    sets[top + 4 : SIDE - 60, left - 2 : left] = HAIR  # a line along the cheek, down from the head's hair
    doubt_far_hair(sets, points)
    assert (sets[top - 28 : top, left + 4 : -left - 4] == HAIR).all()
    assert (sets[: SIDE // 2, : left - 40] == EVERY).all()
    assert (sets[top + 20 : SIDE - 60, left - 2 : left] == EVERY).all()
    assert (sets[SIDE // 2, left + 10 : -left - 10] == SKIN).all()
