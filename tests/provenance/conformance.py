"""Our own check of what the public rubric of the C2PA conformance programme (0.2, specification 2.4) asks of a manifest.

The points are those of ``asset-rubric-conformance0.2-spec2.4`` in c2pa-org/conformance-public; the code is ours.
Each function gets the active manifest in the library's JSON for conformance (crJSON), and says what is wrong.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

Json = dict[str, Any]
Check = Callable[[Json], Iterable[str]]


def _labels(text: str) -> set[str]:
    return {f"c2pa.{name}" for name in text.split()}


INCEPTION = _labels("created opened")
NO_SOURCE_TYPE = INCEPTION | _labels(
    "placed converted published repackaged transcoded resized.proportional enhanced edited.metadata watermarked "
    "watermarked.bound watermarked.unbound redacted"
)
OLD_ACTIONS = _labels(
    "copied formatted version_updated printed managed produced saved color_adjustments watermarked"
)
ACTIONS = NO_SOURCE_TYPE | _labels(
    "addedText adjustedColor changedSpeed cropped deleted drawing dubbed edited filtered mastered mixed orientation remixed "
    "removed resized translated trimmed unknown"
)
OLD_ASSERTIONS = _labels("claim hash.bmff.v2 asset-type ingredient ingredient.v2 actions")
ASSERTIONS = _labels(
    "hash.data hash.data.part actions.v2 ingredient.v3 hash.boxes hash.bmff.v3 hash.collection.data soft-binding cloud-data "
    "embedded-data metadata certificate-status asset-ref asset-type.v2 hash.multi-asset thumbnail.claim "
    "thumbnail.ingredient depthmap.GDepth icon alternative-content-representation external-reference session-keys "
    "environmental-sustainability repository-receipt ai-disclosure assertion.metadata time-stamp"
)
PARAMETERS = {
    "redacted", "ingredients", "ingredient", "description", "relatedAssertions", "sourceLanguage", "targetLanguage",
    "multipleInstances", "ranges", "weight", "width", "italic", "slant", "optical-size",
}  # fmt: skip
MALFORMED = (
    "malformed",
    "missing",
    "multiple",
    "invalid",
    "inaccessible",
    "wrongParents",
    "unknownBox",
    "Reference",
)
MISMATCHED = ("mismatch", "Mismatch", "redacted")


def assertions(manifest: Json) -> dict[str, Json]:
    return manifest["assertions"]


def action_assertions(manifest: Json) -> list[Json]:
    return [one for one in assertions(manifest).values() if "actions" in one]


def actions(manifest: Json) -> list[Json]:
    return [action for one in action_assertions(manifest) for action in one["actions"]]


def ingredients(manifest: Json) -> list[Json]:
    return [one for one in assertions(manifest).values() if "relationship" in one]


def custom(names: Iterable[str]) -> Iterator[str]:
    """Names of others without a dot."""
    return (name for name in names if not name.startswith("c2pa.") and "." not in name)


def failures(manifest: Json, words: tuple[str, ...]) -> list[str]:
    codes = [one["code"] for one in manifest["validationResults"]["failure"]]
    return [code for code in codes if any(word in code for word in words)]


def source_types(manifest: Json) -> Iterator[str]:
    for one in actions(manifest):
        name, said = one["action"], "digitalSourceType" in one
        if name == "c2pa.opened" and said:
            yield name
        if name == "c2pa.created" and not said:
            yield name
        if name.startswith("c2pa.") and name not in NO_SOURCE_TYPE and not said:
            yield name


def spec_version(manifest: Json) -> Iterator[str]:
    found = manifest["claim.v2"]["claim_generator_info"].get("specVersion")
    if not isinstance(found, str) or found.split(".")[:2] != ["2", "4"]:
        yield str(found)


def all_actions_included(manifest: Json) -> Iterator[str]:
    for one in action_assertions(manifest):
        if one.get("allActionsIncluded") is None:
            yield "missing"
        if len(one["actions"]) == 1 and not one.get("allActionsIncluded"):
            yield "opened and saved again"


def inception(manifest: Json) -> Iterator[str]:
    created = [one["url"] for one in manifest["claim.v2"]["created_assertions"]]
    first = next((url for url in created if "c2pa.actions" in url), "")
    if not first.endswith("c2pa.actions.v2"):
        yield "no actions among the created assertions"
    if actions(manifest)[0]["action"] not in INCEPTION:
        yield "another action comes first"


def opened_once(manifest: Json) -> Iterator[str]:
    for one in actions(manifest):
        if one["action"] == "c2pa.opened" and len(one.get("parameters", {}).get("ingredients", ())) != 1:
            yield "c2pa.opened names no single ingredient"


def assertion_labels(manifest: Json) -> Iterator[str]:
    for label in assertions(manifest):
        base = label.split("__")[0]
        unknown = base.startswith("c2pa.") and base not in ASSERTIONS
        if unknown or label.startswith("stds.") or base in OLD_ASSERTIONS:
            yield label
    yield from custom(assertions(manifest))


def action_names(manifest: Json) -> Iterator[str]:
    names = [one["action"] for one in actions(manifest)]
    yield from (
        name for name in names if name in OLD_ACTIONS or name.startswith("c2pa.") and name not in ACTIONS
    )
    yield from custom(names)


def action_parameters(manifest: Json) -> Iterator[str]:
    for one in actions(manifest):
        parameters = one.get("parameters", {})
        yield from (name for name in parameters if name not in PARAMETERS and "." not in name)
        yield from (name for name in ("description", "ingredient") if name in parameters)


def ingredient_fields(manifest: Json) -> Iterator[str]:
    for one in ingredients(manifest):
        if one["relationship"] not in ("parentOf", "inputTo", "componentOf"):
            yield one["relationship"]
        if ("activeManifest" in one) != ("validationResults" in one):
            yield "activeManifest and validationResults go together"
        if "activeManifest" in one and "digitalSourceType" in one:
            yield "activeManifest and digitalSourceType exclude each other"


def claim_fields(manifest: Json) -> Iterator[str]:
    if "specVersion" in manifest["claim.v2"]:
        yield "specVersion in the claim"
    if not manifest["label"].startswith("urn:c2pa:"):
        yield manifest["label"]


def hashes(manifest: Json) -> Iterator[str]:
    found = assertions(manifest)
    for label in ("c2pa.hash.data", "c2pa.hash.bmff.v3"):
        if "url" in found.get(label, {}):
            yield label
    format = found.get("c2pa.asset-type.v2", {}).get("dc:format")
    if "c2pa.hash.boxes" in found and format in ("image/tiff", "image/x-adobe-dng"):
        yield "c2pa.hash.boxes of a TIFF"


def other_assertions(manifest: Json) -> Iterator[str]:
    """Ratings, preserved originals, and references to what may not be referred to."""
    for one in assertions(manifest).values():
        human = str(one.get("dataSource", {}).get("type", "")).startswith("humanEntry")
        if human and "reviewRatings" in one:
            yield "reviewRatings of a human entry"
        inner = one.get("parameters", {})
        places = [name in inner for name in ("multiAssetPartIndex", "embeddedOriginalPreservationImage")]
        if "exif.originalPreservationImage" in (one.get("type"), inner.get("type")) and sum(places) != 1:
            yield "one place of the original"
        label = one.get("label", "")
        if "url" in one and str(label).startswith(
            ("c2pa.actions", "c2pa.cloud-data", "c2pa.hash", "c2pa.ingredient")
        ):
            yield str(label)


CHECKS: dict[str, Check] = {
    "well formed": lambda manifest: failures(manifest, MALFORMED),
    "valid": lambda manifest: failures(manifest, MISMATCHED),
    **{
        check.__name__: check
        for check in (
            source_types, spec_version, all_actions_included, inception, opened_once, assertion_labels, action_names,
            action_parameters, ingredient_fields, claim_fields, hashes, other_assertions,
        )
    },
}  # fmt: skip


def faults(manifest: Json) -> dict[str, list[str]]:
    """What each check that fails has found."""
    found = {name: list(check(manifest)) for name, check in CHECKS.items()}
    return {name: wrong for name, wrong in found.items() if wrong}
