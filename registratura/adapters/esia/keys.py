"""Public keys with which tokens are checked: from files for ESIA, from a key set for a gateway."""

import base64
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import attrs
import orjson
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

RSA_BITS = range(2048, 8193)
"""Shorter keys can be broken; longer ones keep the processor busy for whoever names them."""
ALGORITHMS = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC"}
"""Each with the type of its keys."""

_PEM_BLOCK = re.compile(rb"-----BEGIN ([A-Z ]+)-----.+?-----END \1-----", re.DOTALL)
_PUBLIC_PARTS = ("kty", "use", "kid", "alg", "n", "e", "crv", "x", "y")


@attrs.frozen(kw_only=True)
class TokenKey:
    """A key that may have signed a token; `kid` and `algorithm` are None where the key does not bind itself."""

    key: RSAKey | ECKey = attrs.field(repr=False)
    kid: str | None = None
    algorithm: str | None = None
    certificate: x509.Certificate | None = attrs.field(default=None, repr=False)

    def fits(self, algorithm: str, kid: str | None) -> bool:
        """Whether a token with this head can be of this key."""
        return (
            ALGORITHMS.get(algorithm) == self.key.key_type
            and self.algorithm in {None, algorithm}
            and (kid is None or self.kid is None or kid == self.kid)
        )


def read_token_keys(files: Iterable[Path]) -> tuple[TokenKey, ...]:
    """The keys in *files*: certificates or public keys (PEM, several in a file; or DER), or a JSON key set.

    Raises ValueError naming the file in which there is no RSA key, or one of a length nobody should trust.
    """
    return tuple(key for file in files for key in _keys_in(file))


def key_set(body: object) -> tuple[TokenKey, ...]:
    """The usable keys of a JSON Web Key Set (RFC 7517); others are passed over."""
    listed = body.get("keys") if isinstance(body, Mapping) else None
    found = (_of_set(item) for item in (listed if isinstance(listed, list) else []))
    return tuple(key for key in found if key is not None)


def _keys_in(file: Path) -> list[TokenKey]:
    content = file.read_bytes()
    try:
        keys = _of_file(content)
    except (ValueError, UnsupportedAlgorithm):
        keys = []
    if not keys:
        raise ValueError(f"{file}: certificate or public key with RSA of 2048 to 8192 bits expected")
    return keys


def _of_file(content: bytes) -> list[TokenKey]:
    if content.lstrip().startswith(b"{"):
        return list(key_set(orjson.loads(content)))
    blocks = [(match.group(1), match.group()) for match in _PEM_BLOCK.finditer(content)]
    if not blocks:
        return [_of_certificate(x509.load_der_x509_certificate(content))]
    return [
        _of_certificate(x509.load_pem_x509_certificate(block))
        if kind == b"CERTIFICATE"
        else TokenKey(key=_rsa(serialization.load_pem_public_key(block)))
        for kind, block in blocks
    ]


def _of_certificate(certificate: x509.Certificate) -> TokenKey:
    return TokenKey(key=_rsa(certificate.public_key()), certificate=certificate)


def _rsa(key: object) -> RSAKey:
    if not isinstance(key, RSAPublicKey) or key.key_size not in RSA_BITS:
        raise ValueError("RSA expected")
    return RSAKey.import_key(key)


def _of_set(item: object) -> TokenKey | None:
    raw = item if isinstance(item, dict) else {}
    # Only what makes the key: a set may hold anything else, once even the private part.
    told = {name: raw[name] for name in _PUBLIC_PARTS if name in raw}
    if not all(isinstance(part, str) for part in told.values()) or told.get("use", "sig") != "sig":
        return None
    try:
        key = _rsa(_of_numbers(told["n"], told["e"])) if told["kty"] == "RSA" else _curve(told)
    except (KeyError, JoseError, ValueError, UnsupportedAlgorithm):
        return None
    return TokenKey(key=key, kid=told.get("kid"), algorithm=told.get("alg"))


def _of_numbers(modulus: str, exponent: str) -> RSAPublicKey:
    """Not by joserfc, which warns of short keys that are refused here anyway."""
    read, power = (int.from_bytes(base64.urlsafe_b64decode(f"{part}==")) for part in (modulus, exponent))
    return RSAPublicNumbers(power, read).public_key()


def _curve(told: Mapping[str, str]) -> ECKey:
    return ECKey.import_key({name: told[name] for name in ("kty", "crv", "x", "y")})
