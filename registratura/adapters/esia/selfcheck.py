"""Why ESIA says «client secret wrong»: every input of the signature is looked at here, and no secret is shown."""

import contextlib
import hashlib
import re
import stat
from collections.abc import Sequence
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import attrs
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from registratura.adapters.esia import texts
from registratura.adapters.esia.direct import DirectEsia
from registratura.adapters.esia.keys import TokenKey
from registratura.adapters.esia.programs import run
from registratura.adapters.esia.request import SignedRequest, stamped
from registratura.adapters.esia.signing import Signer
from registratura.adapters.esia.web import Broken
from registratura.application.ports.failures import Unavailable

LARGEST_SKEW = timedelta(seconds=30)
"""Half of what tokens may be off: nobody is turned away yet."""
SOON = timedelta(days=30)
"""How long a new certificate takes to be issued and registered."""
GOST_256 = "1.2.643.7.1.1.1.1"
"""The identifier of keys of GOST R 34.10-2012 with 256 bits (RFC 9215)."""
DIGEST_SECONDS = 10.0

SEVERAL_WORDS = frozenset({"scope", "timestamp"})

_HASH = re.compile(r"[0-9A-F]{64}")


@attrs.frozen(kw_only=True)
class Finding:
    """One thing looked at: whether it is as it must be, in Russian words that say what to do."""

    name: str
    works: bool
    words: str


@attrs.frozen(kw_only=True)
class Material:
    """What we sign with; what is None is not looked at.

    `digest` is a command that prints the GOST digest of its standard input, in bytes (`openssl_digest`).
    """

    certificate: Path | None = None
    key: Path | None = None
    digest: tuple[str, ...] | None = None


async def self_check(esia: DirectEsia, material: Material, *, return_to: str) -> list[Finding]:
    """Look at everything a signed request of *esia* needs; never raises for what it finds."""
    now = esia.clock.now()
    request = SignedRequest(
        client_id=esia.settings.client_id,
        scope=esia.settings.scope,
        timestamp=stamped(now),
        state=esia.ids.new(),
        redirect_uri=return_to,
    )
    der = _der(material.certificate)
    return [
        *(_input(name, value) for name, value in request.parts),
        *([_certificate(der, now)] if material.certificate is not None else []),
        await _hash(esia.signer.certificate_hash, der, material.digest),
        *([_key(material.key)] if material.key is not None else []),
        await _signing(esia.signer, request),
        _verifying(esia.keys, now),
        await _clocks(esia),
    ]


def _input(name: str, value: str) -> Finding:
    wrong = _wrong_input(name, value)
    # The state will not be used, but a page of states is not for a journal.
    right = texts.INPUT_STATE if name == "state" else texts.INPUT_VALUE
    words = (wrong or right).format(value=value, length=len(value))
    return Finding(name=texts.INPUT.format(name=name), works=wrong is None, words=words)


def _wrong_input(name: str, value: str) -> str | None:
    if value != " ".join(value.split()) or (name not in SEVERAL_WORDS and " " in value):
        return texts.INPUT_BLANK
    if name == "scope" and "openid" not in value.split():
        return texts.SCOPE_WITHOUT_OPENID
    if name == "redirect_uri" and not value.startswith("https://"):
        return texts.RETURN_NOT_HTTPS
    return None


def _der(file: Path | None) -> x509.Certificate | None:
    """The certificate in PEM or DER; None when there is none to read."""
    if file is None:
        return None
    with contextlib.suppress(OSError, ValueError):
        content = file.read_bytes()
        pem = content.lstrip().startswith(b"-----BEGIN")
        return x509.load_pem_x509_certificate(content) if pem else x509.load_der_x509_certificate(content)
    return None


def _certificate(certificate: x509.Certificate | None, now: datetime) -> Finding:
    if certificate is None:
        return Finding(name=texts.CERTIFICATE, works=False, words=texts.CERTIFICATE_UNREADABLE)
    since, until = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    wrong = None
    if certificate.public_key_algorithm_oid.dotted_string != GOST_256:
        wrong = texts.CERTIFICATE_KEY
    elif now < since:
        wrong = texts.CERTIFICATE_EARLY
    elif now > until:
        wrong = texts.CERTIFICATE_OVER
    elif now + SOON > until:
        wrong = texts.CERTIFICATE_SOON
    words = (wrong or texts.CERTIFICATE_FITS).format(since=f"{since:%d.%m.%Y}", until=f"{until:%d.%m.%Y}")
    return Finding(name=texts.CERTIFICATE, works=wrong is None, words=words)


async def _hash(told: str, certificate: x509.Certificate | None, digest: tuple[str, ...] | None) -> Finding:
    der = certificate.public_bytes(Encoding.DER) if certificate is not None else b""
    wrong = _sha(told, der) or ("" if _HASH.fullmatch(told) else texts.HASH_SHAPE.format(length=len(told)))
    if wrong:
        return Finding(name=texts.HASH, works=False, words=wrong)
    if not der or digest is None:
        return Finding(name=texts.HASH, works=True, words=texts.HASH_LOOKS_FIT)
    try:
        computed = (await run(digest, der, DIGEST_SECONDS)).hex().upper()
    except Unavailable as reason:
        return Finding(name=texts.HASH, works=False, words=texts.HASH_NOT_COMPUTED.format(reason=reason))
    works = computed == told
    return Finding(name=texts.HASH, works=works, words=texts.HASH_FITS if works else texts.HASH_OTHER)


def _sha(told: str, der: bytes) -> str:
    """The usual mistake: the fingerprint that every program shows, which is of another function."""
    for name in ("sha1", "sha256"):
        # What is compared is public; nothing is protected by it.
        if told.replace(":", "").lower() == hashlib.new(name, der, usedforsecurity=False).hexdigest():
            return texts.HASH_SHA.format(algorithm=name.upper())
    return ""


def _key(file: Path) -> Finding:
    try:
        with file.open("rb"):
            mode = file.stat().st_mode
    except OSError as failure:
        words = texts.KEY_UNREADABLE.format(reason=type(failure).__name__)
        return Finding(name=texts.KEY, works=False, words=words)
    closed = not mode & stat.S_IRWXO
    return Finding(name=texts.KEY, works=closed, words=texts.KEY_FITS if closed else texts.KEY_OPEN.format(path=file))


async def _signing(signer: Signer, request: SignedRequest) -> Finding:
    try:
        await signer.sign(request.message)
    except Unavailable as reason:
        return Finding(name=texts.SIGNING, works=False, words=texts.SIGNING_FAILS.format(reason=reason))
    return Finding(name=texts.SIGNING, works=True, words=texts.SIGNING_WORKS)


def _verifying(keys: Sequence[TokenKey], now: datetime) -> Finding:
    fit = [key for key in keys if key.certificate is None or key.certificate.not_valid_after_utc >= now]
    if not fit:
        return Finding(name=texts.VERIFYING, works=False, words=texts.VERIFYING_OVER)
    return Finding(name=texts.VERIFYING, works=True, words=texts.VERIFYING_FIT.format(count=len(fit)))


async def _clocks(esia: DirectEsia) -> Finding:
    asked = esia.clock.now()
    outcome = await esia.web.exchange("GET", esia.settings.address("/"), {})
    # Somewhere between asking and getting the answer the server looked at its clock.
    ours = asked + (esia.clock.now() - asked) / 2
    if isinstance(outcome, Broken):
        return Finding(name=texts.CLOCKS, works=False, words=texts.CLOCKS_UNKNOWN.format(reason=outcome.reason))
    theirs = _date(outcome.headers.get("Date", ""))
    if theirs is None:
        return Finding(name=texts.CLOCKS, works=False, words=texts.CLOCKS_UNTOLD)
    skew = abs(theirs - ours)
    works = skew <= LARGEST_SKEW
    words = texts.CLOCKS_TOGETHER if works else texts.CLOCKS_APART
    return Finding(name=texts.CLOCKS, works=works, words=words.format(seconds=round(skew.total_seconds())))


def _date(header: str) -> datetime | None:
    try:
        told = parsedate_to_datetime(header)
    except ValueError:
        return None
    return told if told.tzinfo is not None else None
