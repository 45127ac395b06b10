"""A time stamp by request: asked of a local authority, run by OpenSSL; nobody is asked otherwise."""

import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from aotface.errors import ProvenanceError
from aotface.jobs.write_output import signer_from
from aotface.provenance.authority import own_signer
from aotface.provenance.credentials import Record, read_credentials, sign_file
from aotface.provenance.verify import verify

CONFIG = """[tsa]
default_tsa = t
[t]
serial = {0}/serial
signer_cert = {0}/tsa.pem
certs = {0}/root.pem
signer_key = {0}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4
digests = sha256, sha384, sha512
ess_cert_id_alg = sha256
"""


def certified(name: str, key: ec.EllipticCurvePrivateKey, by: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    """A root, or a certificate for time stamps that it has signed."""
    now, authority = datetime.now(UTC), key is by
    subject, issuer = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, n)]) for n in (name, "root"))
    usage = dict.fromkeys(
        (
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    builder = (
        x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.BasicConstraints(authority, None), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=not authority, key_cert_sign=authority, crl_sign=authority, **usage
            ),
            critical=True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False)
    )
    if not authority:
        purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        builder = builder.add_extension(purpose, critical=True)
    return builder.sign(by, hashes.SHA256())


def write_authority(folder: Path) -> None:
    root, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    pem = serialization.Encoding.PEM
    (folder / "tsa.pem").write_bytes(certified("time", key, root).public_bytes(pem))
    (folder / "root.pem").write_bytes(certified("root", root, root).public_bytes(pem))
    form, open_key = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "tsa.key").write_bytes(key.private_bytes(pem, form, open_key))
    (folder / "tsa.cnf").write_text(CONFIG.format(folder))


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[tuple[str, list[bytes]]]:
    """Its address, and what it was asked."""
    write_authority(tmp_path)
    asked: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.rfile.read(int(self.headers["Content-Length"])))
            (tmp_path / "q.tsq").write_bytes(asked[-1])
            words = ["openssl", "ts", "-reply", "-config", "tsa.cnf", "-queryfile", "q.tsq"]
            answer = subprocess.run(words, cwd=tmp_path, capture_output=True, check=True).stdout
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the openssl command")
def test_a_time_stamp_is_asked_for_and_read(
    authority: tuple[str, list[bytes]], picture: Callable[..., Path], record: Record, tmp_path: Path
) -> None:
    address, asked = authority
    signer = signer_from(None, None, address)
    out = sign_file(picture("plain.png"), tmp_path / "out.png", record, picture("t.png", 1), signer=signer)
    found = read_credentials(out)
    assert (
        len(asked) == 1
        and found is not None
        and found.state in ("Valid", "Trusted")
        and found.time is not None
    )
    age = datetime.now(UTC) - datetime.fromisoformat(found.time)
    assert timedelta(-1) < age < timedelta(minutes=5)
    assert f"Time stamp: {found.time}" in "\n".join(verify(out).lines())
    assert b"when" in out.read_bytes()
    plain = sign_file(picture("plain.png"), tmp_path / "b.png", record, picture("t.png", 1))  # the twin
    again = read_credentials(plain)
    assert len(asked) == 1 and again is not None and again.time is None and b"when" not in plain.read_bytes()


def test_an_authority_that_does_not_answer_is_named(picture: Callable[..., Path], record: Record) -> None:
    signer = replace(own_signer(), timestamp_url="http://127.0.0.1:9")
    out = picture("plain.png").with_name("out.png")
    with pytest.raises(ProvenanceError, match=r"--timestamp-url http://127.0.0.1:9"):
        sign_file(picture("plain.png"), out, record, picture("t.png", 1), signer=signer)
    assert not out.exists() and signer_from(None, None) is None
