"""Make ``src/aotface/face/mean_face.npz`` (mean vertices, triangles, mirror) from a folder of portraits.

Vertices: generalised Procrustes mean of our own landmarks, made symmetric. Triangles: the 3-cliques of the landmark
library's tessellation, with eyes and mouth closed by strips. Only averages leave this script, no picture.

    python scripts/make_mean_face.py FOLDER
"""

import sys
from collections import Counter
from pathlib import Path

import numpy as np
from mediapipe.python.solutions.face_mesh_connections import FACEMESH_TESSELATION
from scipy.optimize import linear_sum_assignment

from aotface.face.detect import detect
from aotface.face.pose import fit_pose
from aotface.media.files import list_images
from aotface.media.image import read_image

LEFT_EYE = [263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466]
RIGHT_EYE = [33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246]
INNER_LIPS = [78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191]


def tessellation() -> np.ndarray:
    neighbours: dict[int, set[int]] = {}
    for a, b in FACEMESH_TESSELATION:
        neighbours.setdefault(a, set()).add(b)
        neighbours.setdefault(b, set()).add(a)
    found = {
        tuple(sorted((a, b, c)))
        for a in neighbours
        for b in neighbours[a]
        for c in neighbours[a] & neighbours[b]
    }
    for ring in (LEFT_EYE, RIGHT_EYE, INNER_LIPS):
        found |= {tuple(sorted(t)) for t in strip(ring)}
    return np.array(sorted(found), np.int32)


def strip(ring: list[int]) -> list[tuple[int, int, int]]:
    """Triangles between the lower and the upper edge of a ring that starts at one corner."""
    low, high = 0, len(ring) - 1
    triangles = []
    while high - low > 1:
        triangles.append((ring[low], ring[low + 1], ring[high]))
        low += 1
        if high - low > 1:
            triangles.append((ring[low], ring[high - 1], ring[high]))
            high -= 1
    return triangles


def edges(triangle: np.ndarray) -> list[tuple[int, int]]:
    a, b, c = (int(v) for v in triangle)
    return [(a, b), (b, c), (c, a)]


def manifold(triangles: np.ndarray) -> np.ndarray:
    """Drop the 3-cliques that are not faces: every edge of theirs already has its two triangles."""
    count = Counter(tuple(sorted(e)) for t in triangles for e in edges(t))
    keep = [not all(count[tuple(sorted(e))] > 2 for e in edges(t)) for t in triangles]
    return triangles[keep]


def orient(triangles: np.ndarray, vertices: np.ndarray) -> np.ndarray:
    """Give every triangle its neighbours' sense, and the nose a normal that points at the camera (-z)."""
    by_edge: dict[tuple[int, ...], list[int]] = {}
    for i, t in enumerate(triangles):
        for e in edges(t):
            by_edge.setdefault(tuple(sorted(e)), []).append(i)
    turned = triangles.copy()
    queue, seen = [0], {0}
    while queue:
        i = queue.pop()
        for a, b in edges(turned[i]):
            for j in by_edge[tuple(sorted((a, b)))]:
                if j not in seen:
                    if (a, b) in edges(turned[j]):  # neighbours run through a shared edge in opposite senses
                        turned[j] = turned[j][::-1]
                    seen.add(j)
                    queue.append(j)
    a, b, c = (vertices[turned[:, k]] for k in range(3))
    faces_away = np.cross(b - a, c - a)[:, 2].sum() > 0
    return turned[:, ::-1].copy() if faces_away else turned


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
    triangles = orient(manifold(tessellation()), mean)
    out = Path(__file__).parent.parent / "src/aotface/face/mean_face.npz"
    np.savez(out, vertices=mean.astype(np.float32), triangles=triangles, mirror=mirror)
    print(f"{out}: {len(landmarks)} faces, {len(triangles)} triangles")


if __name__ == "__main__":
    main(sys.argv[1])
