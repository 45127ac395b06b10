import threading
from pathlib import Path

import numpy as np
import pytest
import torch

from aotface.errors import WeightsError
from aotface.face.visibility.classes import LENS, OUTPUTS, Surface
from aotface.face.visibility.network import Visibility, VisibilityNetwork, shuffled
from aotface.training.visibility.export import to_onnx
from aotface.training.visibility.net import Probabilities, Size, VisibilityNet
from aotface.types import AlignedFace, Face, Frame

TINY = Size(widths=(4, 4, 4, 4, 4), blocks=(0, 1, 1, 1, 1), last=4)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny network that knows nothing."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("visibility") / "tiny.onnx"
    path.write_bytes(to_onnx(Probabilities(VisibilityNet(TINY)).eval()))
    return path


def test_quarters_are_put_as_torch_puts_them() -> None:
    values = torch.rand(1, 3 * 4, 6, 6, generator=torch.Generator().manual_seed(0))
    wanted = torch.nn.functional.pixel_shuffle(values, 2)[0].numpy()
    given = values[0].reshape(3, 4, 6, 6).numpy()
    assert np.array_equal(shuffled(given), wanted)
    assert not np.array_equal(shuffled(given[:, ::-1].copy()), wanted)


def test_probabilities_of_surfaces_sum_to_one(file: Path, portrait: Frame, face: Face) -> None:
    seen = VisibilityNetwork(file).see(portrait, face)
    assert seen.planes.shape == (OUTPUTS, 256, 256)
    assert np.allclose(seen.planes[:LENS].sum(axis=0), 1, atol=1e-4)
    assert seen.planes[LENS].min() >= 0 and seen.planes[LENS].max() <= 1


def test_crop_and_frame_agree(file: Path, portrait: Frame, face: Face, aligned: AlignedFace) -> None:
    network = VisibilityNetwork(file)
    in_frame, in_crop = network.see(portrait, face), network.see_crop(aligned.crop, aligned.landmarks)
    assert np.abs(in_frame.planes - in_crop.planes).mean() < 0.02


def test_a_plane_finds_its_way_back_to_the_frame(file: Path, portrait: Frame, face: Face) -> None:
    seen = VisibilityNetwork(file).see(portrait, face)
    spot = np.zeros((256, 256), np.float32)
    x, y = np.round(face.landmarks[1, :2] @ seen.matrix[:, :2].T + seen.matrix[:, 2]).astype(int)
    spot[y - 2 : y + 3, x - 2 : x + 3] = 1
    back = seen.in_frame(spot, portrait.shape[:2])
    rows, columns = np.nonzero(back > 0.5)
    assert np.hypot(columns.mean() - face.landmarks[1, 0], rows.mean() - face.landmarks[1, 1]) < 1
    outside = Visibility(seen.planes, seen.matrix).in_frame(spot, portrait.shape[:2], beyond=1.0)
    assert outside[0, 0] == 1 and back[0, 0] == 0


def test_a_doubtful_edge_of_a_cover_counts_beside_a_likely_part() -> None:
    planes = np.zeros((OUTPUTS, 256, 256), np.float32)
    planes[Surface.COVER, 100:160, 100:160] = 0.15  # too little, alone
    assert Visibility(planes, np.eye(2, 3)).things.max() == 0
    planes[Surface.HAND, 120:125, 120:125] = 0.6
    assert Visibility(planes, np.eye(2, 3)).things[110:130, 130].max() == 0  # a speck is no patch
    planes[Surface.HAND, 120:132, 120:132] = 0.6
    front = Visibility(planes, np.eye(2, 3)).things
    assert front[126, 138] > 0.3 and front[126, 126] == 1 and front[126, 150] == 0 and front[50, 50] == 0


def test_many_threads_get_the_same_bytes(file: Path, aligned: AlignedFace) -> None:
    network = VisibilityNetwork(file)
    answers: list[np.ndarray] = []
    threads = [
        threading.Thread(
            target=lambda: answers.append(network.see_crop(aligned.crop, aligned.landmarks).planes)
        )
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 4 and all(np.array_equal(answers[0], other) for other in answers)


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"no such weights file"):
        VisibilityNetwork(tmp_path / "none.onnx")


def test_a_brow_and_the_skin_along_a_frame_are_not_in_front_of_the_face() -> None:
    planes = np.zeros((OUTPUTS, 256, 256), np.float32)
    planes[Surface.FRAME, 100:104, 40:220], planes[Surface.FRAME, 104:107, 40:220] = 0.9, 0.15
    planes[Surface.FRAME, 80:98, 60:110], planes[Surface.BROW, 80:98, 60:110] = 0.15, 0.75
    planes[Surface.FRAME, 80:98, 150:200] = 0.15
    seen = Visibility(planes, np.eye(2, 3))
    front = seen.frames
    assert front[100:104, 40:220].min() == 1
    assert front[104:107, 40:220].max() < 0.1 < 0.2 < seen.spectacles[104:107, 40:220].min()
    assert front[82:92, 62:108].max() < 0.1
    assert front[82:92, 152:198].min() > 0.3  # the twin: as likely a frame, and no brow


def test_creases_below_one_eye_are_no_spectacles() -> None:
    planes = np.zeros((OUTPUTS, 256, 256), np.float32)
    planes[Surface.FRAME, 100:106, 160:220] = 0.9
    assert Visibility(planes, np.eye(2, 3)).spectacles.max() == 0
    for plane, rows, columns in ((Surface.FRAME, 6, 30), (Surface.COVER, 12, 12)):
        worn = planes.copy()  # the twins: a rim on the other side, too; and an eye patch
        worn[plane, 110 : 110 + rows, 60 : 60 + columns] = 0.9
        assert Visibility(worn, np.eye(2, 3)).spectacles[100:106, 160:220].min() == 1
