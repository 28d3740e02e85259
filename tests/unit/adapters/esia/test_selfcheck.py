"""The self-check finds what makes ESIA say «client secret wrong», one thing at a time."""

import hashlib
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from registratura.adapters.esia import texts
from registratura.adapters.esia.direct import DirectSettings, connect_direct
from registratura.adapters.esia.selfcheck import Finding, Material, self_check
from registratura.adapters.esia.signing import FakeSigner, Signer
from registratura.application.ports.failures import Unavailable
from registratura.testing.contracts.identity import RETURN_TO
from registratura.testing.time import FixedClock, SequentialIds
from tests.integration.esia.stage import Asked, Instead, Plays, hangs_up, on_stage, rsa_key
from tests.unit.adapters.esia.test_keys import certificate

pytestmark = pytest.mark.anyio

GOST = Path(__file__).parents[3] / "data" / "esia" / "registry.crt"
HASH = "0880D8C636B774BA573581B2292C4617AB55776BBF845428CD9CB25FEDF97186"
"""Of that certificate, as OpenSSL with GOST computes it."""
DER = x509.load_pem_x509_certificate(GOST.read_bytes()).public_bytes(Encoding.DER)
EXPIRES = x509.load_pem_x509_certificate(GOST.read_bytes()).not_valid_after_utc
BEGINS = x509.load_pem_x509_certificate(GOST.read_bytes()).not_valid_before_utc
COMPUTES = "import sys; sys.stdin.buffer.read(); sys.stdout.buffer.write(bytes.fromhex(sys.argv[1]))"
DAY = timedelta(days=1)


class Esia:
    """Answers anything, since only its clock is asked."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[Asked] = []
        self.instead: dict[str, list[Instead]] = {}

    def answer(self, asked: Asked) -> tuple[int, object]:
        return 404, {}


@pytest.fixture(scope="module")
def place() -> Iterator[tuple[str, list[Plays]]]:
    with on_stage() as place:
        yield place


@attrs.define(kw_only=True)
class Bench:
    """Everything in order; a test spoils one thing."""

    settings: DirectSettings
    material: Material
    signer: Signer
    return_to: str = RETURN_TO
    now: datetime = attrs.field(factory=lambda: datetime.now(UTC))

    async def findings(self) -> list[Finding]:
        clock, ids = FixedClock(self.now), SequentialIds()
        async with connect_direct(self.settings, self.signer, clock, ids) as esia:
            return await self_check(esia, self.material, return_to=self.return_to)

    async def wrong(self) -> dict[str, str]:
        return {finding.name: finding.words for finding in await self.findings() if not finding.works}


@pytest.fixture
def esia(place: tuple[str, list[Plays]]) -> Esia:
    url, playing = place
    playing[:] = [esia := Esia(url)]
    return esia


@pytest.fixture
def bench(esia: Esia, tmp_path: Path) -> Bench:
    key, verifying = tmp_path / "our.key", tmp_path / "esia.crt"
    key.write_text("hush")
    key.chmod(0o640)
    verifying.write_bytes(rsa_key().as_pem(private=False))
    return Bench(
        settings=DirectSettings(client_id="REG77", token_keys=(verifying,), url=esia.url),
        material=Material(certificate=GOST, key=key, digest=digest(HASH)),
        signer=FakeSigner(secret=b"hush", certificate_hash=HASH),
    )


def digest(told: str) -> tuple[str, ...]:
    """A program that says so whatever it is given."""
    return (sys.executable, "-I", "-c", COMPUTES, told)


async def test_when_all_is_well_every_input_is_shown_and_no_secret(bench: Bench) -> None:
    findings = await bench.findings()
    assert [finding.name for finding in findings if not finding.works] == []
    words = "\n".join(f"{finding.name}: {finding.words}" for finding in findings)
    for shown in ("client_id: «REG77»", f"redirect_uri: «{RETURN_TO}»", "timestamp: «", "scope: «openid ", "+0300»"):
        assert shown in words
    assert "hush" not in words
    assert "00000000-0000-4000" not in words
    assert "{" not in words


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("client_id", " REG77", texts.INPUT_BLANK),
        ("client_id", "REG 77", texts.INPUT_BLANK),
        ("scope", "openid  fullname", texts.INPUT_BLANK),
        ("scope", "fullname", texts.SCOPE_WITHOUT_OPENID),
    ],
)
async def test_an_input_that_cannot_be_right_is_named(bench: Bench, name: str, value: str, words: str) -> None:
    changes: dict[str, Any] = {name: value}
    bench.settings = attrs.evolve(bench.settings, **changes)
    assert await bench.wrong() == {texts.INPUT.format(name=name): words.format(value=value)}


async def test_people_return_to_https_only(bench: Bench) -> None:
    bench.return_to = "http://registry.example/back"
    assert list(await bench.wrong()) == [texts.INPUT.format(name="redirect_uri")]


def sha(name: str) -> str:
    return hashlib.new(name, DER).hexdigest()


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (sha("sha1"), texts.HASH_SHA.format(algorithm="SHA1")),
        (sha("sha256").upper(), texts.HASH_SHA.format(algorithm="SHA256")),
        (
            ":".join(sha("sha256")[place : place + 2] for place in range(0, 64, 2)),
            texts.HASH_SHA.format(algorithm="SHA256"),
        ),
        (HASH.lower(), texts.HASH_SHAPE.format(length=64)),
        (HASH[:-1], texts.HASH_SHAPE.format(length=63)),
        ("", texts.HASH_SHAPE.format(length=0)),
        ("F" * 64, texts.HASH_OTHER),
    ],
    ids=["sha1", "sha256", "sha256 with colons", "lower case", "cut", "empty", "of another certificate"],
)
async def test_a_wrong_hash_is_told_from_a_right_one(bench: Bench, told: str, words: str) -> None:
    bench.signer = FakeSigner(secret=b"hush", certificate_hash=told)
    assert await bench.wrong() == {texts.HASH: words}


async def test_a_hash_that_cannot_be_compared_is_said_to_be_so(bench: Bench) -> None:
    bench.material = attrs.evolve(bench.material, digest=None)
    assert (await bench.wrong(), {finding.words for finding in await bench.findings()} & {texts.HASH_LOOKS_FIT}) == (
        {},
        {texts.HASH_LOOKS_FIT},
    )
    bench.material = attrs.evolve(bench.material, digest=("/nowhere/openssl",))
    assert list(await bench.wrong()) == [texts.HASH]


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (BEGINS - DAY, texts.CERTIFICATE_EARLY.format(since=f"{BEGINS:%d.%m.%Y}")),
        (EXPIRES + DAY, texts.CERTIFICATE_OVER.format(until=f"{EXPIRES:%d.%m.%Y}")),
        (EXPIRES - 29 * DAY, texts.CERTIFICATE_SOON.format(until=f"{EXPIRES:%d.%m.%Y}")),
    ],
    ids=["not yet", "over", "soon over"],
)
async def test_the_days_of_the_certificate_are_looked_at(bench: Bench, now: datetime, words: str) -> None:
    bench.now = now
    assert (await bench.wrong())[texts.CERTIFICATE] == words


@pytest.mark.parametrize("content", [None, b"", b"-----BEGIN CERTIFICATE-----", b"\x30\x82"])
async def test_a_certificate_that_cannot_be_read_is_said(bench: Bench, tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "ours.crt"
    if content is not None:
        file.write_bytes(content)
    bench.material = attrs.evolve(bench.material, certificate=file)
    assert await bench.wrong() == {texts.CERTIFICATE: texts.CERTIFICATE_UNREADABLE}


def put(folder: Path, cert: x509.Certificate) -> Path:
    file = folder / "other.crt"
    file.write_bytes(cert.public_bytes(Encoding.DER))
    return file


async def test_a_certificate_that_is_not_of_gost_is_said(bench: Bench, tmp_path: Path) -> None:
    other = put(tmp_path, certificate(until=bench.now + 90 * DAY))
    bench.material = attrs.evolve(bench.material, certificate=other)
    assert await bench.wrong() == {texts.CERTIFICATE: texts.CERTIFICATE_KEY}


@pytest.mark.parametrize(("mode", "closed"), [(0o600, True), (0o640, True), (0o644, False), (0o602, False)])
async def test_a_key_that_everybody_may_read_is_said(bench: Bench, mode: int, closed: bool) -> None:
    assert bench.material.key is not None
    bench.material.key.chmod(mode)
    assert list(await bench.wrong()) == ([] if closed else [texts.KEY])


async def test_a_key_that_is_not_there_is_said(bench: Bench, tmp_path: Path) -> None:
    bench.material = attrs.evolve(bench.material, key=tmp_path / "nothing")
    assert await bench.wrong() == {texts.KEY: texts.KEY_UNREADABLE.format(reason="FileNotFoundError")}


async def test_what_is_not_ours_to_look_at_is_left_out(bench: Bench) -> None:
    bench.material = Material()
    names = {finding.name for finding in await bench.findings()}
    assert names & {texts.KEY, texts.CERTIFICATE} == set()
    assert await bench.wrong() == {}


async def test_a_signer_that_does_not_sign_is_said(bench: Bench) -> None:
    @attrs.frozen
    class Speechless:
        certificate_hash: str = HASH

        async def sign(self, message: bytes) -> bytes:
            raise Unavailable("program.exit.1")

    bench.signer = Speechless()
    assert await bench.wrong() == {texts.SIGNING: texts.SIGNING_FAILS.format(reason="program.exit.1")}


async def test_keys_for_tokens_are_looked_at(bench: Bench, tmp_path: Path) -> None:
    over, good = put(tmp_path, certificate(until=bench.now - DAY)), bench.settings.token_keys[0]
    expected: list[tuple[tuple[Path, ...], Any]] = [
        ((over,), {texts.VERIFYING: texts.VERIFYING_OVER}),
        ((over, good), {}),
    ]
    for files, wrong in expected:
        bench.settings = attrs.evolve(bench.settings, token_keys=files)
        assert await bench.wrong() == wrong


@pytest.mark.parametrize(("seconds", "together"), [(-5, True), (5, True), (60, False), (-60, False)])
async def test_clocks_may_be_apart_by_half_a_minute(bench: Bench, seconds: int, together: bool) -> None:
    bench.now += timedelta(seconds=seconds)
    assert list(await bench.wrong()) == ([] if together else [texts.CLOCKS])


async def test_a_server_that_does_not_answer_has_no_clock(bench: Bench, esia: Esia) -> None:
    esia.instead["/"] = [hangs_up]
    assert list(await bench.wrong()) == [texts.CLOCKS]
