"""Who signs: a test authority of this computer's own, made on first use, or a certificate the user names.

C2PA refuses a plain self-signed certificate, so the authority has two levels: a root that signs one leaf, and
the leaf that signs pictures. The root's private key is never stored: nothing else can be signed under it.

A test authority proves that a picture has not changed since it was written. It does not prove by whom:
anybody can make one. For that, name a certificate from an authority that others know.
"""

import os
import secrets
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from aotface.errors import ProvenanceError, UsageError
from aotface.settings import settings_folder

PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey

NAME = "aotface test authority"
"""Organisation in the certificates of every test authority."""

YEARS = 20
"""How long a test authority lasts: signatures without a time stamp end with it."""

C2PA_SIGNING = x509.ObjectIdentifier("1.3.6.1.4.1.62558.2.1")
PURPOSES = (
    ExtendedKeyUsageOID.EMAIL_PROTECTION,
    x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36"),  # document signing
    C2PA_SIGNING,
)
"""Extended key usages that C2PA takes for signing."""

Extension = TypeVar("Extension", bound=x509.ExtensionType)

_CURVES = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}


@dataclass(frozen=True)
class Signer:
    """What signs: certificates (PEM, leaf first), the leaf's private key (PEM), C2PA's name of its kind.

    ``timestamp_url``: of an authority (RFC 3161) that is asked for the time of every signature; None = nobody is asked.
    """

    certificates: bytes
    key: bytes
    algorithm: str
    timestamp_url: str | None = None

    def __repr__(self) -> str:
        return f"Signer({self.algorithm}, key hidden)"


def own_signer() -> Signer:
    """The test authority of this computer; made on first use, whoever comes first.

    Returns:
        Leaf and root certificate, the leaf's key.

    Raises:
        ProvenanceError: the folder cannot be written, or what is in it is broken.

    Source: [ours]
    """
    folder = settings_folder() / "authority"
    try:
        if not folder.is_dir():
            _make(folder)
        chain, key = (folder / "certificates.pem").read_bytes(), (folder / "key.pem").read_bytes()
    except OSError as fault:
        raise ProvenanceError(
            f"cannot make or read the signing authority in {folder}: {fault.strerror or fault}; "
            "set AOTFACE_HOME to a folder that can be written, or name --certificate and --key"
        ) from fault
    try:
        return load_signer(chain, key)
    except ProvenanceError as fault:
        raise ProvenanceError(
            f"the signing authority in {folder} is broken ({fault}); remove the folder to get a new one"
        ) from fault


def own_root() -> bytes | None:
    """The root certificate (PEM) of this computer's test authority; None where none was made."""
    try:
        chain = (settings_folder() / "authority" / "certificates.pem").read_bytes()
        return x509.load_pem_x509_certificates(chain)[-1].public_bytes(serialization.Encoding.PEM)
    except (OSError, ValueError, UsageError):
        return None


def load_signer(certificates: bytes | Path, key: bytes | Path) -> Signer:
    """A signer from a certificate chain and its key, checked against what C2PA asks for.

    Args:
        certificates: PEM, leaf first, or its path.
        key: PEM, not encrypted, or its path.

    Returns:
        The signer.

    Raises:
        ProvenanceError: says which rule is broken.

    Source: C2PA 2.x specification, certificate profile.
    """
    chain = _certificates(_bytes(certificates))
    private = _private_key(_bytes(key))
    leaf = chain[0]
    if private.public_key() != leaf.public_key():
        raise ProvenanceError(
            f"the key does not belong to the first certificate ({_name(leaf)}): order them leaf first"
        )
    _check_leaf(leaf)
    _check_order(chain)
    return Signer(
        b"".join(certificate.public_bytes(serialization.Encoding.PEM) for certificate in chain),
        _pem(private),
        _algorithm(private),
    )


# --- making ---------------------------------------------------------------------------------------


def _make(folder: Path) -> None:
    """Write a new authority whole or not at all; if another process was first, its authority stays."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    root_key, leaf_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root_name, leaf_name = _subject("root"), _subject("signer")
    root = _certify(root_name, root_key, root_name, root_key, authority=True)
    leaf = _certify(leaf_name, leaf_key, root_name, root_key, authority=False)
    chain = b"".join(one.public_bytes(serialization.Encoding.PEM) for one in (leaf, root))
    draft = folder.with_name(f".authority-{secrets.token_hex(8)}")
    draft.mkdir(mode=0o700)
    try:
        for name, data in (("certificates.pem", chain), ("key.pem", _pem(leaf_key))):
            mode = os.O_WRONLY | os.O_CREAT | os.O_EXCL
            with os.fdopen(os.open(draft / name, mode, 0o600), "wb") as file:
                file.write(data)
        os.rename(draft, folder)  # fails where a filled folder of that name exists already
    except OSError:
        if not (folder / "key.pem").is_file():
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _subject(role: str) -> x509.Name:
    """Names the tool; no user, no computer."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, NAME),
            x509.NameAttribute(NameOID.COMMON_NAME, f"aotface {role}, not verified by anyone"),
        ]
    )


def _certify(
    subject: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
    authority: bool,
) -> x509.Certificate:
    """A certificate for ``key``, signed by ``issuer_key``."""
    now = datetime.now(UTC)
    usage = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False
    ) | dict.fromkeys(("encipher_only", "decipher_only"), False)
    builder = (
        x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))  # another computer's clock may be behind
        .not_valid_after(now + timedelta(days=365 * YEARS))
        .add_extension(x509.BasicConstraints(authority, 0 if authority else None), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=not authority, key_cert_sign=authority, crl_sign=authority, **usage
            ),
            critical=True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False
        )
    )
    if not authority:
        builder = builder.add_extension(x509.ExtendedKeyUsage(PURPOSES[:1]), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


# --- checking -------------------------------------------------------------------------------------


def _bytes(data: bytes | Path) -> bytes:
    if isinstance(data, bytes):
        return data
    try:
        return data.read_bytes()
    except OSError as fault:
        raise ProvenanceError(
            f"cannot read {data}: {fault.strerror or fault}; check --certificate and --key"
        ) from fault


def _certificates(data: bytes) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(data)
    except ValueError as fault:
        raise ProvenanceError(
            "the certificate file holds no valid PEM certificate chain, leaf first"
        ) from fault


def _private_key(data: bytes) -> PrivateKey:
    try:
        key = serialization.load_pem_private_key(data, None)
    except TypeError as fault:
        raise ProvenanceError("the private key is encrypted: give one without a passphrase") from fault
    except ValueError as fault:
        raise ProvenanceError("the key file holds no valid PEM private key") from fault
    _algorithm(key)
    return key  # type: ignore[return-value]


def _algorithm(key: object) -> str:
    """C2PA's name of the signature that a key makes."""
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in _CURVES:
        return _CURVES[key.curve.name]
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= 2048:
        return "ps256"
    raise ProvenanceError("expected a private key on P-256, P-384, P-521 or Ed25519, or RSA from 2048 bits")


def _check_leaf(leaf: x509.Certificate) -> None:
    """Refuse a certificate that C2PA would refuse, and say why."""
    now = datetime.now(UTC)
    if not leaf.not_valid_before_utc <= now <= leaf.not_valid_after_utc:
        raise ProvenanceError(
            f"the certificate of {_name(leaf)} is valid from {leaf.not_valid_before_utc:%Y-%m-%d} "
            f"to {leaf.not_valid_after_utc:%Y-%m-%d}, not today: get a new one"
        )
    if leaf.issuer == leaf.subject:
        raise ProvenanceError(
            f"the certificate of {_name(leaf)} is self-signed, which C2PA refuses: "
            "use one that an authority signed"
        )
    usage = _extension(leaf, x509.KeyUsage)
    if usage is None or not usage.digital_signature:
        raise ProvenanceError(f"the certificate of {_name(leaf)} lacks the key usage digitalSignature")
    constraints = _extension(leaf, x509.BasicConstraints)
    if constraints is not None and constraints.ca:
        raise ProvenanceError(f"the certificate of {_name(leaf)} is an authority's: give the leaf's first")
    purposes = _extension(leaf, x509.ExtendedKeyUsage)
    if purposes is None or not set(purposes) & set(PURPOSES):
        raise ProvenanceError(
            f"the certificate of {_name(leaf)} lacks an extended key usage that C2PA takes: "
            "emailProtection, documentSigning or C2PA claim signing"
        )
    if _extension(leaf, x509.AuthorityKeyIdentifier) is None:
        raise ProvenanceError(f"the certificate of {_name(leaf)} lacks the authority key identifier")


def _check_order(chain: list[x509.Certificate]) -> None:
    """Each certificate must be signed by the next."""
    for below, above in zip(chain, chain[1:], strict=False):
        try:
            below.verify_directly_issued_by(above)
        except (ValueError, TypeError, InvalidSignature) as fault:
            raise ProvenanceError(
                f"the chain is broken: {_name(below)} is not signed by {_name(above)}; order it leaf first"
            ) from fault


def _extension(certificate: x509.Certificate, kind: type[Extension]) -> Extension | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
    except ValueError as fault:
        raise ProvenanceError(f"the certificate of {_name(certificate)} has a malformed extension") from fault


def _pem(key: PrivateKey) -> bytes:
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(encoding, form, serialization.NoEncryption())


def _name(certificate: x509.Certificate) -> str:
    return certificate.subject.rfc4514_string() or "(no name)"
