"""Keys that sign tokens, and what is published of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final

import attrs
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

ALGORITHM: Final = "RS256"
BITS: Final = 2048
_NAME = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "ESIA emulator")])
_VALID = timedelta(days=3650)


@attrs.frozen
class SigningKey:
    """A key pair; making one takes a noticeable part of a second."""

    private: rsa.RSAPrivateKey = attrs.field(factory=lambda: rsa.generate_private_key(65_537, BITS), repr=False)

    @cached_property
    def jwk(self) -> RSAKey:
        """The pair as a JSON Web Key; its id is the thumbprint."""
        key = RSAKey.import_key(self.private, {"use": "sig", "alg": ALGORITHM})
        key.ensure_kid()
        return key

    def certificate(self, now: datetime) -> str:
        """The public key in a self-signed certificate, PEM."""
        unsigned = x509.CertificateBuilder(
            issuer_name=_NAME,
            subject_name=_NAME,
            public_key=self.private.public_key(),
            serial_number=x509.random_serial_number(),
            not_valid_before=now - _VALID,
            not_valid_after=now + _VALID,
        )
        return unsigned.sign(self.private, SHA256()).public_bytes(Encoding.PEM).decode()


@attrs.define
class KeyRing:
    """The keys a client may meet: the first one signs, all are published."""

    _published: Sequence[SigningKey] = attrs.field(factory=lambda: [SigningKey()])

    @cached_property
    def _foreign(self) -> SigningKey:
        """A key nobody publishes, made when the first forgery needs it."""
        return SigningKey()

    @property
    def kid(self) -> str | None:
        """The id of the key that signs."""
        return self._published[0].jwk.kid

    def rotate(self, fresh: SigningKey, *, keep_old: bool) -> None:
        """Sign with *fresh* from now on; the old keys stay published or go."""
        self._published = [fresh, *(self._published if keep_old else ())]

    def sign(self, claims: Mapping[str, Any], *, forged: bool = False) -> str:
        """A JWT; a *forged* one names the usual key and is signed by another."""
        header = {"alg": ALGORITHM, "typ": "JWT", "kid": self.kid}
        signer = self._foreign if forged else self._published[0]
        return jwt.encode(header, dict(claims), signer.jwk)

    def jwks(self) -> Mapping[str, Any]:
        """The published keys as a JSON Web Key Set."""
        return KeySet([key.jwk for key in self._published]).as_dict(private=False)

    def certificates(self, now: datetime) -> str:
        """The published keys as certificates in PEM, the one that signs first."""
        return "".join(key.certificate(now) for key in self._published)
