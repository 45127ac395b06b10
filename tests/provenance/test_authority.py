import datetime as dt
import os
import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from aotface.errors import ProvenanceError
from aotface.provenance.authority import load_signer, own_root, own_signer
from aotface.provenance.credentials import Record, sign
from aotface.settings import settings_folder

PEM = serialization.Encoding.PEM
UNUSED = (
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "encipher_only",
    "decipher_only",
)


def pem(key, password: bytes | None = None) -> bytes:
    lock = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, lock)


def certify(
    key, issuer_key, name="leaf", issuer="root", ca=False, days=30, purposes=None, usage=True
) -> bytes:
    """A certificate with one thing wrong, where asked for."""

    def called(text: str) -> x509.Name:
        return x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Test"),
                x509.NameAttribute(NameOID.COMMON_NAME, text),
            ]
        )

    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder(called(issuer), called(name), key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=60))
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca, None), True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), False)
        .add_extension(
            x509.KeyUsage(
                digital_signature=usage, key_cert_sign=ca, crl_sign=ca, **dict.fromkeys(UNUSED, False)
            ),
            True,
        )
    )
    purposes = [ExtendedKeyUsageOID.EMAIL_PROTECTION] if purposes is None else purposes
    if purposes:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), False)
    return builder.sign(issuer_key, hashes.SHA256()).public_bytes(PEM)


@pytest.fixture(scope="module")
def root_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture(scope="module")
def leaf_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture(scope="module")
def root(root_key) -> bytes:
    return certify(root_key, root_key, "root", ca=True, purposes=())


def test_own_authority_is_made_once_and_kept() -> None:
    assert own_root() is None and not settings_folder().exists()  # asking makes nothing
    first = own_signer()
    assert own_signer() == first and first.algorithm == "es256"
    chain = x509.load_pem_x509_certificates(first.certificates)
    assert len(chain) == 2 and own_root() == chain[1].public_bytes(PEM)
    chain[0].verify_directly_issued_by(chain[1])


def test_own_certificate_names_nobody_and_follows_the_profile() -> None:
    leaf = x509.load_pem_x509_certificates(own_signer().certificates)[0]
    assert leaf.version is x509.Version.v3
    assert leaf.extensions.get_extension_for_class(x509.KeyUsage).value.digital_signature
    assert (
        ExtendedKeyUsageOID.EMAIL_PROTECTION
        in leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    )
    assert [part.value for name in (leaf.subject, leaf.issuer) for part in name] == [
        "aotface test authority",
        "aotface signer, not verified by anyone",
        "aotface test authority",
        "aotface root, not verified by anyone",
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_key_is_for_the_user_alone() -> None:
    own_signer()
    folder = settings_folder() / "authority"
    assert stat.S_IMODE((folder / "key.pem").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert sorted(os.listdir(folder)) == ["certificates.pem", "key.pem"]  # no key of the root


def test_many_at_once_agree_on_one_authority() -> None:
    with ThreadPoolExecutor(8) as pool:
        signers = list(pool.map(lambda _: own_signer(), range(8)))
    assert len(set(signers)) == 1
    assert os.listdir(settings_folder()) == ["authority"]  # no drafts left


def test_key_is_not_in_the_representation() -> None:
    assert "PRIVATE" not in repr(own_signer())


def test_broken_authority_says_what_to_remove() -> None:
    own_signer()
    (settings_folder() / "authority" / "key.pem").write_bytes(b"nothing")
    with pytest.raises(ProvenanceError, match="remove the folder"):
        own_signer()


def test_unwritable_home_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("AOTFACE_HOME", str(tmp_path / "file"))
    with pytest.raises(ProvenanceError, match="AOTFACE_HOME"):
        own_signer()


def test_home_follows_the_platform(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AOTFACE_HOME")
    monkeypatch.setenv("XDG_CONFIG_HOME", "/settings")
    monkeypatch.setattr(sys, "platform", "linux")
    assert settings_folder() == Path("/settings/aotface")
    monkeypatch.delenv("XDG_CONFIG_HOME")
    assert settings_folder() == Path.home() / ".config" / "aotface"


def test_own_chain_signs_from_bytes_and_from_paths(root_key, leaf_key, root, tmp_path, picture) -> None:
    chain = certify(leaf_key, root_key) + root
    (tmp_path / "chain.pem").write_bytes(chain)
    (tmp_path / "key.pem").write_bytes(pem(leaf_key))
    signer = load_signer(tmp_path / "chain.pem", tmp_path / "key.pem")
    assert signer == load_signer(chain, pem(leaf_key))
    target = picture("target.png")
    assert sign(target.read_bytes(), Record("mkl", "mesh"), target, signer=signer).sidecar is None


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: ec.generate_private_key(ec.SECP384R1()), "es384"),
        (lambda: ed25519.Ed25519PrivateKey.generate(), "ed25519"),
        (lambda: rsa.generate_private_key(65537, 2048), "ps256"),
    ],
)
def test_other_kinds_of_key_sign(make, name: str, root_key, root, picture) -> None:
    key = make()
    signer = load_signer(certify(key, root_key) + root, pem(key))
    assert signer.algorithm == name
    target = picture("target.png")
    assert sign(target.read_bytes(), Record("mkl", "mesh"), target, signer=signer).data


def test_bad_certificates_are_refused_with_the_reason(root_key, leaf_key, root) -> None:
    good, key = certify(leaf_key, root_key), pem(leaf_key)
    other = ec.generate_private_key(ec.SECP256R1())
    weak = rsa.generate_private_key(65537, 1024)
    cases = {
        "no valid PEM certificate": (b"nothing", key),
        "no valid PEM private key": (good, b"nothing"),
        "is encrypted": (good, pem(leaf_key, b"secret")),
        "does not belong": (good, pem(root_key)),
        "order them leaf first": (root + good, key),
        "self-signed": (certify(leaf_key, leaf_key, "leaf", "leaf"), key),
        "not today": (certify(leaf_key, root_key, days=-1), key),
        "key usage digitalSignature": (certify(leaf_key, root_key, usage=False), key),
        "an authority's": (certify(leaf_key, root_key, ca=True), key),
        "extended key usage": (certify(leaf_key, root_key, purposes=[ExtendedKeyUsageOID.SERVER_AUTH]), key),
        "chain is broken": (good + certify(other, other, "root", ca=True), key),
        "RSA from 2048": (certify(weak, root_key), pem(weak)),
    }
    for reason, (chain, private) in cases.items():
        with pytest.raises(ProvenanceError, match=reason):
            load_signer(chain, private)
    assert load_signer(good, key).algorithm == "es256"  # the twin: nothing wrong, nothing refused


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProvenanceError, match="absent.pem"):
        load_signer(tmp_path / "absent.pem", tmp_path / "absent.key")
