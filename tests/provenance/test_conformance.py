"""What we sign passes the points of the C2PA conformance programme; and each check can fail."""

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import c2pa
import pytest
from media.made_faces import plain_frame, write_frames
from provenance.conformance import CHECKS, Json, actions, assertions, faults, ingredients

from aotface.provenance.authority import own_root
from aotface.provenance.credentials import Record, sign_file, sign_video
from aotface.provenance.manifest import MIME_TYPES, OFFLINE

Picture = Callable[..., Path]
MIMES = {"jpg": "JPEG", "png": "PNG", "webp": "WEBP", "tif": "TIFF", "mp4": "MP4 or QuickTime"}


def manifest_of(path: Path) -> Json:
    """The active manifest of a file as the conformance programme reads it."""
    root = own_root()
    assert root is not None
    settings = OFFLINE | {"trust": {"user_anchors": root.decode()}}
    mime = MIME_TYPES[MIMES[path.suffix[1:]]]
    with (
        path.open("rb") as file,
        c2pa.Context.from_dict(settings) as context,
        c2pa.Reader(mime, file, context=context) as reader,
    ):
        return json.loads(reader.crjson())["manifests"][0]


@pytest.fixture
def full(record: Record) -> Record:
    """With everything that can be said."""
    return replace(record, label="AI", trimmed=True, training_mining="notAllowed")


@pytest.mark.parametrize("suffix", MIMES)
def test_every_format_passes(suffix: str, picture: Picture, full: Record, tmp_path: Path) -> None:
    out, parent, source = tmp_path / f"out.{suffix}", picture("t.jpg", 1), picture("s.png", 2)
    if suffix == "mp4":
        raw = write_frames(tmp_path / "raw.mp4", [plain_frame(index, 64) for index in range(2)])
        sign_video(raw, out, full, raw, {"source": source})
    else:
        sign_file(picture(f"plain.{suffix}"), out, full, parent, {"source": source})
    manifest = manifest_of(out)
    assert faults(manifest) == {}
    assert manifest["validationResults"]["failure"] == []


def test_a_target_with_credentials_passes_too(picture: Picture, full: Record, tmp_path: Path) -> None:
    first = sign_file(picture("plain.jpg"), tmp_path / "first.jpg", full, picture("t.jpg", 1))
    again = sign_file(picture("plain.png"), tmp_path / "again.png", full, first, {"source": first})
    manifest = manifest_of(again)
    assert faults(manifest) == {} and any("activeManifest" in one for one in ingredients(manifest))


def test_all_that_was_done_is_declared(picture: Picture, full: Record, tmp_path: Path) -> None:
    manifest = manifest_of(sign_file(picture("a.png"), tmp_path / "out.png", full, picture("t.png", 1)))
    names = " ".join(one["action"].removeprefix("c2pa.") for one in actions(manifest))
    assert names == "opened edited addedText trimmed watermarked.unbound edited.metadata transcoded"
    plain = replace(full, label=None, trimmed=False, watermark=False, training_mining=None)
    manifest = manifest_of(sign_file(picture("a.png"), tmp_path / "b.png", plain, picture("t.png", 1)))
    names = " ".join(one["action"].removeprefix("c2pa.") for one in actions(manifest))
    assert names == "opened edited edited.metadata transcoded"
    assert "cawg.training-mining" not in assertions(manifest)


@pytest.mark.parametrize("choice", ["allowed", "notAllowed", "constrained"])
def test_what_a_person_says_of_training_is_gathered(
    choice: str, picture: Picture, record: Record, tmp_path: Path
) -> None:
    record = replace(record, training_mining=choice)
    manifest = manifest_of(sign_file(picture("a.png"), tmp_path / "out.png", record, picture("t.png", 1)))
    uses = assertions(manifest)["cawg.training-mining"]["entries"]
    assert len(uses) == 4 and {use["use"] for use in uses.values()} == {choice}
    gathered = [one["url"] for one in manifest["claim.v2"]["gathered_assertions"]]
    assert [url.rpartition("/")[2] for url in gathered] == ["cawg.training-mining"]


def change(manifest: Json, *path: object, to: object = None) -> None:
    """Put a value into a manifest; None takes it out."""
    *way, last = path
    place: Json = manifest
    for step in way:
        place = place[step]  # type: ignore[index]
    if to is None:
        place.pop(last)  # type: ignore[call-overload]
    else:
        place[last] = to  # type: ignore[index]


DONE = ("assertions", "c2pa.actions.v2", "actions")
TWINS: list[tuple[str, list[tuple]]] = [
    ("well formed", [("validationResults", "failure", [{"code": "claim.malformed"}])]),
    ("valid", [("validationResults", "failure", [{"code": "assertion.dataHash.mismatch"}])]),
    ("source_types", [(*DONE, 2, "digitalSourceType", None)]),
    ("source_types", [(*DONE, 0, "digitalSourceType", "x")]),
    ("spec_version", [("claim.v2", "claim_generator_info", "specVersion", None)]),
    ("spec_version", [("claim.v2", "claim_generator_info", "specVersion", "2.3.0")]),
    ("all_actions_included", [("assertions", "c2pa.actions.v2", "allActionsIncluded", None)]),
    ("inception", [("claim.v2", "created_assertions", [])]),
    ("opened_once", [(*DONE, 0, "parameters", {})]),
    ("assertion_labels", [("assertions", "c2pa.ingredient.v2", {})]),
    ("assertion_labels", [("assertions", "c2pa.new", {})]),
    ("assertion_labels", [("assertions", "mine", {})]),
    ("action_names", [(*DONE, 1, "action", "c2pa.saved")]),
    ("action_names", [(*DONE, 1, "action", "swapped")]),
    ("action_parameters", [(*DONE, 1, "parameters", {"mine": 1})]),
    ("action_parameters", [(*DONE, 1, "parameters", {"description": "x"})]),
    ("ingredient_fields", [("assertions", "c2pa.ingredient.v3", "relationship", "childOf")]),
    ("ingredient_fields", [("assertions", "c2pa.ingredient.v3", "activeManifest", {})]),
    ("claim_fields", [("claim.v2", "specVersion", "2.4.0")]),
    ("claim_fields", [("label", "urn:uuid:1")]),
    ("hashes", [("assertions", "c2pa.hash.data", "url", "x")]),
    ("other_assertions", [("assertions", "a.b", {"label": "c2pa.hash.data", "url": "x"})]),
    (
        "other_assertions",
        [("assertions", "a.b", {"dataSource": {"type": "humanEntry.anonymous"}, "reviewRatings": []})],
    ),
    ("other_assertions", [("assertions", "a.b", {"type": "exif.originalPreservationImage"})]),
]


def test_every_check_can_fail(picture: Picture, full: Record, tmp_path: Path) -> None:
    out = sign_file(
        picture("a.jpg"), tmp_path / "out.jpg", full, picture("t.jpg", 1), {"source": picture("s.png", 2)}
    )
    good = manifest_of(out)
    for name, changes in TWINS:
        broken = copy.deepcopy(good)
        for *path, value in changes:
            change(broken, *path, to=value)
        assert name in faults(broken), (name, changes)
    assert {name for name, _ in TWINS} == set(CHECKS) and faults(good) == {}
