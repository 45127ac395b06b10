"""What a set says loudly of itself: datasheet, licence file, and a signature over the manifest."""

import base64
import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from aotface.errors import ProvenanceError
from aotface.forge.plan import SPLITS, STRATA, Plan
from aotface.forge.store import SIGNATURE, Sample
from aotface.provenance.authority import own_signer

UNMARKED = (
    "**THE FILES OF THIS SET CARRY NO MARK.** Nothing in a picture or video says that its face is swapped: a mark in all "
    "fakes and no real would be what a detector learns. So this file, `LICENCE.txt` and the signed `manifest.jsonl` say it. "
    "Keep them with every copy. To show any of it to people, build it again with `--mark`."
)
MARKED = "Every fake carries an invisible watermark. This set is for showing, not for training detectors."


def about(plan: Plan, lines: Sequence[Sample]) -> str:
    """The datasheet (after Gebru et al., "Datasheets for datasets", 2021) as Markdown."""
    fakes = [line for line in lines if line.label == "fake"]
    parts = [
        f"# {plan.name}: MANIPULATED FACES",
        "**Faces in this set were swapped by software. No fake shows what a person did or said.**",
        MARKED if plan.purpose == "show" else UNMARKED,
        "## Motivation\n\n" + (plan.motivation or "Not said by whoever made the plan."),
        "## Composition\n\n" + _composition(plan, lines, fakes),
        "## How it was made\n\n" + _made(plan),
        "## Consent and licences\n\n" + _consent(plan),
        "## Known biases\n\n" + _biases(plan),
        "## Uses that are refused\n\n" + plan.refused_uses,
        "## Checks\n\n`aotface forge verify FOLDER` checks every hash, the splits, the masks, the marks, and audits "
        "shortcuts. The signature proves that the manifest did not change; it does not prove who made it.",
    ]
    return "\n\n".join(parts) + "\n"


def _composition(plan: Plan, lines: Sequence[Sample], fakes: Sequence[Sample]) -> str:
    rows = ["| split | people | reals | fakes | frames |", "|---|---|---|---|---|"]
    for split in SPLITS:
        mine = [line for line in lines if line.split == split]
        people = {one.person for one in plan.inputs if one.split == split}
        real = sum(line.label == "real" for line in mine)
        frames = sum(line.frames_count for line in mine)
        rows.append(f"| {split} | {len(people)} | {real} | {len(mine) - real} | {frames} |")
    methods = Counter(line.method for line in fakes)
    strata = Counter(line.stratum for line in fakes if line.stratum)
    said = ", ".join(f"{name} {count}" for name, count in sorted(methods.items(), key=str))
    gaps = ", ".join(f"{name} {strata[name]}" for name in STRATA)
    return (
        "\n".join(rows) + f"\n\nFakes by method: {said}.\n\nFakes by appearance gap: {gaps}; "
        f"bounds of the gap {plan.bounds[0]} and {plan.bounds[1]}. No person is in two splits, as source or as target."
    )


def _made(plan: Plan) -> str:
    rows = []
    for method in plan.methods:
        kind = "control" if method.control else "method"
        rows.append(f"- `{method.name}` ({kind}): reenactor {method.reenact}, transfer {method.transfer}")
    return (
        "\n".join(rows)
        + f"\n\nEvery real went the same way as the fakes of it: decoded, cut ({plan.region}, at most "
        f"{plan.side} px), stored without loss. Outside the mask a fake is its real, bit for bit. Seed {plan.seed}."
    )


def _consent(plan: Plan) -> str:
    words: Counter[str] = Counter()
    for one in plan.inputs:
        words[f"licence: {one.licence or 'NOT SAID'}; consent: {one.consent or 'NOT SAID'}"] += 1
    return "\n".join(f"- {count} inputs, {said}" for said, count in sorted(words.items()))


def _biases(plan: Plan) -> str:
    tones = Counter(one.tone for one in plan.inputs)
    bins = Counter(light_bin(one.light) for one in plan.inputs)
    share = ", ".join(f"{name} {count}" for name, count in sorted(tones.items()))
    lights = ", ".join(f"{name} {count}" for name, count in sorted(bins.items()))
    return (
        f"Inputs by measured skin tone (individual typology angle): {share}. By main light: {lights}. Both are estimates "
        "from one picture. Report results by group; a group with few people says little."
    )


def light_bin(light: Sequence[float]) -> str:
    """Where the main light comes from, in the picture: left, right, above, below, front or none."""
    x, y, z = light
    if not any(light):
        return "none"
    if z > 0.8:
        return "front"
    if abs(x) >= abs(y):
        return "left" if x < 0 else "right"
    return "above" if y < 0 else "below"


def licence(plan: Plan) -> str:
    """The licence file."""
    inputs = sorted({one.licence or "NOT SAID" for one in plan.inputs})
    own = plan.licence or "Not said. Without a licence, nobody but its maker may use or pass on this set."
    return (
        f"{plan.name}: a set of MANIPULATED faces\n\n{own}\n\nIt contains works under: {'; '.join(inputs)}.\n"
        f"Their terms hold as well, and so does the consent of the people shown (see ABOUT.md).\n\n"
        f"Refused: {plan.refused_uses}\n"
    )


def sign_manifest(folder: Path, manifest: bytes) -> bytes:
    """The signature of this computer's authority over the manifest, as JSON; the same manifest keeps its signature.

    Raises:
        ProvenanceError: the authority cannot be made or read.
    """
    signer = own_signer()
    key = serialization.load_pem_private_key(signer.key, None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ProvenanceError("expected an elliptic-curve key in this computer's signing authority")
    signature = key.sign(manifest, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
    table = {
        "says": "The faces of this set are manipulated. This signs manifest.jsonl, which has the hash of every file.",
        "algorithm": "ECDSA-SHA256",
        "manifest_sha256": hashlib.sha256(manifest).hexdigest(),
        "signature": base64.b64encode(signature).decode(),
        "certificates": signer.certificates.decode(),
    }
    return (json.dumps(table, indent=1) + "\n").encode()


def check_signature(folder: Path, manifest: bytes) -> str | None:
    """What is wrong with the signature of a store; None where it holds."""
    try:
        table = json.loads((folder / SIGNATURE).read_bytes())
        chain = x509.load_pem_x509_certificates(table["certificates"].encode())
        key, signature = chain[0].public_key(), base64.b64decode(table["signature"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        return f"{SIGNATURE} cannot be read ({type(error).__name__})"
    if not isinstance(key, ec.EllipticCurvePublicKey):
        return f"{SIGNATURE}: expected an elliptic-curve certificate"
    try:
        key.verify(signature, manifest, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return "the manifest is not the one that was signed"
    return None
