"""Keys for checking tokens, from files as operators have them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from registratura.adapters.esia.keys import key_set, read_token_keys
from tests.integration.esia.stage import ec_key, rsa_key

GOST = Path(__file__).parents[3] / "data" / "esia" / "registry.crt"
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def certificate(name: str = "in force", until: datetime = NOW + timedelta(days=365)) -> x509.Certificate:
    """A certificate of an RSA key, signed by itself."""
    pair = rsa_key(name)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "esia.example")])
    builder = x509.CertificateBuilder(subject, subject, pair.public_key, 1, until - timedelta(days=730), until)
    assert pair.private_key is not None
    return builder.sign(pair.private_key, hashes.SHA256())


CERTIFICATE = certificate()
PUBLIC = rsa_key().as_pem(private=False)
READABLE = {
    "a certificate": (CERTIFICATE.public_bytes(Encoding.PEM), 1),
    "a certificate in DER": (CERTIFICATE.public_bytes(Encoding.DER), 1),
    "a public key": (PUBLIC, 1),
    "text around": (b"subject=esia\n" + CERTIFICATE.public_bytes(Encoding.PEM) + b"\nend", 1),
    "several": (CERTIFICATE.public_bytes(Encoding.PEM) + PUBLIC + rsa_key("coming").as_pem(private=False), 3),
    "a key set": (orjson.dumps({"keys": [rsa_key().as_dict(private=False), {"kty": "oct", "k": "eA"}]}), 1),
}


@pytest.mark.parametrize(("content", "count"), READABLE.values(), ids=READABLE)
def test_keys_are_read(tmp_path: Path, content: bytes, count: int) -> None:
    file = tmp_path / "esia"
    file.write_bytes(content)
    keys = read_token_keys([file])
    assert len(keys) == count
    assert keys[0].key.as_dict(private=False)["n"] == rsa_key().as_dict(private=False)["n"]


UNREADABLE = {
    "nothing": b"",
    "text": b"-----BEGIN CERTIFICATE-----\n",
    "damaged": PUBLIC.replace(b"MII", b"MIX"),
    "a key of GOST": GOST.read_bytes(),
    "a key of another kind": ec_key().as_pem(private=False),
    "our own private key": rsa_key().as_pem(private=True),
    "a short key": rsa_key("short", 1024).as_pem(private=False),
    "one of two": PUBLIC + ec_key().as_pem(private=False),
    "a key set without keys": b'{"keys": []}',
    "half a key set": b'{"keys": [',
}


@pytest.mark.parametrize("content", UNREADABLE.values(), ids=UNREADABLE)
def test_a_file_without_a_usable_key_is_named(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "esia"
    file.write_bytes(content)
    with pytest.raises(ValueError, match=f"^{file}: .* expected$"):
        read_token_keys([file])


def test_a_key_set_keeps_names_and_bounds() -> None:
    (key,) = key_set({"keys": [{**rsa_key().as_dict(private=True), "kid": "1", "alg": "RS256", "use": "sig"}]})
    assert (key.kid, key.algorithm, key.key.is_private) == ("1", "RS256", False)
    assert key.fits("RS256", "1")
    assert not key.fits("PS256", "1")
    assert not key.fits("RS256", "2")
