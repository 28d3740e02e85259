"""`registratura doctor` where requests to ESIA are signed here: each thing a signature needs, by its line."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from tests.harness.product import settings_of
from tests.harness.programs import run
from tests.integration.esia.stage import Asked, Instead, on_stage
from tests.unit.adapters.esia.test_keys import certificate
from tests.unit.adapters.esia.test_selfcheck import GOST, HASH

SECRET = "canary-of-the-key"
OPENSSL = f"""#!{sys.executable} -I
import sys
sys.stdin.buffer.read()
sys.stdout.buffer.write(bytes(64) if "-sign" in sys.argv else bytes.fromhex("{HASH}"))
"""
"""Stands for OpenSSL with GOST, which this machine need not have."""


class Esia:
    """Answers anything, since only its clock is asked, and signs nothing."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.instead: dict[str, list[Instead]] = {}

    def answer(self, asked: Asked) -> tuple[int, object]:
        return 404, {}


@pytest.fixture
def esia() -> Iterator[str]:
    with on_stage() as (url, playing):
        playing[:] = [Esia()]
        yield url


@pytest.fixture
def direct(esia: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Everything in order."""
    programs, key, verifying = tmp_path / "programs", tmp_path / "our.key", tmp_path / "esia.crt"
    programs.mkdir()
    (programs / "openssl").write_text(OPENSSL)
    (programs / "openssl").chmod(0o755)
    monkeypatch.setenv("PATH", str(programs), prepend=":")
    key.write_text(SECRET)
    key.chmod(0o600)
    verifying.write_bytes(certificate(until=datetime.now(UTC) + timedelta(days=90)).public_bytes(Encoding.PEM))
    settings = {
        **settings_of(f"sqlite:///{tmp_path}/registratura.db", "http://127.0.0.1:9"),
        "REGISTRATURA_PUBLIC_URL": "https://registry.example",
        "REGISTRATURA_ESIA_URL": esia,
        "REGISTRATURA_ESIA_MODE": "direct",
        "REGISTRATURA_ESIA_CLIENT_ID": "REG77",
        "REGISTRATURA_ESIA_KEY_FILE": str(key),
        "REGISTRATURA_ESIA_CERTIFICATE_FILE": str(GOST),
        "REGISTRATURA_ESIA_CERTIFICATE_HASH": HASH,
        "REGISTRATURA_ESIA_TOKEN_KEY_FILES": str(verifying),
    }
    assert run("migrate", settings=settings, folder=tmp_path).returncode == 0
    return settings


def told(settings: dict[str, str], folder: Path) -> str:
    """What the doctor says."""
    done = run("doctor", settings=settings, folder=folder)
    assert SECRET not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


def test_each_thing_a_signature_needs_has_a_line(direct: dict[str, str], tmp_path: Path) -> None:
    words = told(direct, tmp_path)

    for line in (
        "✓ ЕСИА, подпись: client_id: «REG77», символов: 5\n",
        "✓ ЕСИА, подпись: redirect_uri: «https://registry.example/esia/return», символов: 36\n",
        "✓ ЕСИА, хэш сертификата: 64 знака, совпадает с вычисленным по сертификату\n",
        "✓ ЕСИА, файл ключа: читается, посторонним закрыт\n",
        "✓ ЕСИА, подписание: пробная подпись получена",
        "✓ ЕСИА, ключи проверки маркеров: прочитано ключей: 1\n",
        "✓ ЕСИА, часы: ",
        # Not whether it is in force: the one of these tests runs out one day.
        " ЕСИА, наш сертификат: ",
    ):
        assert line in words


def test_what_is_wrong_says_what_to_do(direct: dict[str, str], tmp_path: Path) -> None:
    Path(direct["REGISTRATURA_ESIA_KEY_FILE"]).chmod(0o644)
    (tmp_path / "programs" / "openssl").write_text("#!/bin/sh\nexit 3\n")

    words = told(direct | {"REGISTRATURA_ESIA_URL": "http://127.0.0.1:9"}, tmp_path)

    for line in (
        "✗ ЕСИА, файл ключа: файл открыт всем пользователям машины. Закройте: chmod o= ",
        "✗ ЕСИА, подписание: пробная подпись не получена (program.exit.3)",
        "✗ ЕСИА, хэш сертификата: программа, считающая ГОСТ Р 34.11-2012, не справилась (program.exit.3)",
        "✗ ЕСИА, часы: сервер не ответил (connection.ConnectError), сверить не с чем. Проверьте адрес",
    ):
        assert line in words


def test_where_a_service_signs_nothing_of_it_is_looked_for_here(direct: dict[str, str], tmp_path: Path) -> None:
    signer = {"REGISTRATURA_ESIA_SIGNER_URL": f"{direct['REGISTRATURA_ESIA_URL']}/sign"}

    words = told(direct | signer, tmp_path)

    assert "✗ ЕСИА, подписание: пробная подпись не получена (signing.http.404)" in words
    assert "✓ ЕСИА, хэш сертификата: 64 знака; с сертификатом не сверен" in words
    assert "файл ключа" not in words
