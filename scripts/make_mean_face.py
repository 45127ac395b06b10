"""Make the vertices of ``src/aotface/face/mean_face.npz`` anew from a folder of portraits.

Vertices: generalised Procrustes mean of our own landmarks, made symmetric. The triangles stay: they are the 3-cliques of the
tessellation of Google's face mesh, with eyes and mouth closed by strips (the script of commit 8aa1b3e made them).
Only averages leave this script, no picture.

    python scripts/make_mean_face.py FOLDER
"""

import sys
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment

from aotface.face.detect import detect
from aotface.face.mesh import TRIANGLES
from aotface.face.pose import fit_pose
from aotface.media.files import list_images
from aotface.media.image import read_image


def mean_shape(all_landmarks: list[np.ndarray]) -> np.ndarray:
    mean = all_landmarks[0] - all_landmarks[0].mean(axis=0)
    for _ in range(10):
        aligned = np.mean([fit_pose(mean, points).undo(points) for points in all_landmarks], axis=0)
        mean = (aligned - aligned.mean(axis=0)) / np.sqrt(
            ((aligned - aligned.mean(axis=0)) ** 2).sum(1).mean()
        )
    return mean


def face_the_camera(mean: np.ndarray, mirror: np.ndarray) -> np.ndarray:
    """Turn the mean so that its plane of symmetry is x = 0 and its front is -z."""
    for _ in range(5):
        reflected = mean[mirror] * np.array([-1.0, 1.0, 1.0])
        mean = (mean + fit_pose(reflected, mean).apply(reflected)) / 2
        across = (mean - mean[mirror])[np.arange(468) != mirror]
        axis = (across * np.sign(across[:, :1])).mean(axis=0)
        angle = np.arctan2(axis[2], axis[0])
        turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
        roll = np.arctan2(axis[1], axis[0])
        roll_turn = np.array([[np.cos(roll), np.sin(roll), 0], [-np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
        mean = (mean - mean.mean(axis=0)) @ turn.T @ roll_turn.T
    return (mean + mean[mirror] * np.array([-1.0, 1.0, 1.0])) / 2


def mirror_pairs(mean: np.ndarray) -> np.ndarray:
    """For every vertex the index of its mirror image: nearest after reflection, started from a few known pairs."""
    left = [33, 133, 61, 234, 10, 152, 1, 70, 172]
    right = [263, 362, 291, 454, 10, 152, 1, 300, 397]
    reflected = mean * np.array([-1.0, 1.0, 1.0])
    moved = fit_pose(reflected[left + right], mean[right + left]).apply(reflected)
    for _ in range(10):
        distances = np.linalg.norm(moved[:, None] - mean[None], axis=2)
        mirror = linear_sum_assignment(distances)[1]
        moved = fit_pose(reflected, mean[mirror]).apply(reflected)
    if not (mirror[mirror] == np.arange(len(mean))).all():
        raise SystemExit(
            "the mirror map is not an involution: are the landmarks those of the 468-point mesh?"
        )
    return mirror.astype(np.int32)


def main(folder: str) -> None:
    landmarks = []
    for path in list_images(folder):
        faces = detect(read_image(path).frame)
        if len(faces) == 1:
            landmarks.append(faces[0].landmarks.astype(np.float64))
    save(landmarks)


def save(landmarks: list[np.ndarray]) -> None:
    mean = mean_shape(landmarks)
    mirror = mirror_pairs(mean)
    mean = face_the_camera(mean, mirror)
    out = Path(__file__).parent.parent / "src/aotface/face/mean_face.npz"
    np.savez(out, vertices=mean.astype(np.float32), triangles=TRIANGLES, mirror=mirror)
    print(f"{out}: {len(landmarks)} faces, {len(TRIANGLES)} triangles")


if __name__ == "__main__":
    main(sys.argv[1])
