"""The command line: what each command answers, by its exit code and its words."""

import gzip
import re
from pathlib import Path

import pytest

from tests.harness.product import settings_of
from tests.harness.programs import free_port, run
from tests.harness.village import Village, ndjson

DONE, FAILED, USAGE, PARTLY = 0, 1, 2, 3
BAD = {"kind": "patient", "id": "half", "lastname": "Половинкин"}


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, str]:
    return settings_of(f"sqlite:///{tmp_path}/registratura.db", "http://127.0.0.1:9")


@pytest.fixture
def migrated(settings: dict[str, str], tmp_path: Path) -> dict[str, str]:
    assert run("migrate", settings=settings, folder=tmp_path).returncode == DONE
    return settings


def test_the_command_explains_itself_in_russian(tmp_path: Path) -> None:
    every, one = (run(*asked, settings={}, folder=tmp_path) for asked in (["--help"], ["load", "--help"]))

    assert (every.returncode, one.returncode) == (DONE, DONE)
    for command in ("serve", "work", "migrate", "load", "doctor", "sandbox"):
        assert f" {command} " in every.stdout
    assert "Повтор того же файла ничего не меняет" in one.stdout


def test_a_load_twice_changes_nothing(migrated: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "village.ndjson.gz"
    file.write_bytes(gzip.compress(ndjson(Village.invent().records())))

    first = run("load", file, settings=migrated, folder=tmp_path)
    second = run("load", file, settings=migrated, folder=tmp_path)

    assert (first.returncode, second.returncode) == (DONE, DONE)
    assert "slot: новых 54, изменено 0, без изменений 0, отказано 0" in first.stdout
    assert "slot: новых 0, изменено 0, без изменений 54, отказано 0" in second.stdout


def test_a_load_in_part_names_the_refused_line_and_nothing_of_the_person(
    migrated: dict[str, str], tmp_path: Path
) -> None:
    data = ndjson([*Village.invent().records(), BAD])
    lines = data.count(b"\n")

    partly = run("load", "-", settings=migrated, folder=tmp_path, data=data)

    assert partly.returncode == PARTLY
    assert f"-:{lines} patient half R-310 " in partly.stderr
    assert "Половинкин" not in partly.stderr + partly.stdout


def test_a_load_of_which_nothing_is_left_has_failed(migrated: dict[str, str], tmp_path: Path) -> None:
    assert run("load", "-", settings=migrated, folder=tmp_path, data=ndjson([BAD])).returncode == FAILED


def test_a_load_of_a_missing_file_is_wrong_usage(migrated: dict[str, str], tmp_path: Path) -> None:
    missing = run("load", "not-here.ndjson", settings=migrated, folder=tmp_path)

    assert missing.returncode == USAGE
    assert "Нет такого файла: not-here.ndjson" in missing.stderr


@pytest.mark.parametrize("arguments", [["serve", "--port", "0"], ["brew"]])
def test_wrong_usage_is_two(arguments: list[str], tmp_path: Path) -> None:
    assert run(*arguments, settings={}, folder=tmp_path).returncode == USAGE


@pytest.mark.parametrize("command", [["serve", "--port", str(free_port())], ["work"]])
def test_nothing_starts_on_an_old_schema_and_says_what_to_do(
    settings: dict[str, str], tmp_path: Path, command: list[str]
) -> None:
    refused = run(*command, settings=settings, folder=tmp_path, data=b"")

    assert refused.returncode == FAILED
    assert "registratura migrate" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_migrating_twice_is_harmless(migrated: dict[str, str], tmp_path: Path) -> None:
    again = run("migrate", settings=migrated, folder=tmp_path)

    assert again.returncode == DONE
    assert "Схема базы данных новейшая." in again.stdout


@pytest.mark.parametrize("command", [["serve"], ["migrate"]])
def test_wrong_settings_are_named_all_at_once_and_no_secret_is_shown(tmp_path: Path, command: list[str]) -> None:
    wrong = {
        "REGISTRATURA_DATABASE_POOL_SIZE": "many",
        "REGISTRATURA_MAX_MODE": "pigeon",
        "REGISTRATURA_MAX_WEBHOOK_SECRET": "се-крет",
        "REGISTRATURA_REGION_TIMEZONE": "Europe/Nowhere",
        "REGISTRATURA_TMK_SCHEDULE_TOMORROW_CUTOFF": "25:99",
        "REGISTRATURA_API_TOKEN_FILE": "/no/such/file",
        "REGISTRATURA_TEAPOT": "1",
    }

    refused = run(*command, settings=wrong, folder=tmp_path)

    assert refused.returncode == USAGE
    for name in wrong:
        assert name in refused.stderr, f"{name} is not named"
    assert "се-крет" not in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize("command", [["serve", "--port", str(free_port())], ["work"], ["doctor"], ["load", "-"]])
def test_files_without_certificates_are_named_with_their_settings(
    migrated: dict[str, str], tmp_path: Path, command: list[str]
) -> None:
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("no certificate")
    more = {
        "REGISTRATURA_MAX_CA_FILE": str(wrong),
        "REGISTRATURA_ESIA_CA_FILE": str(wrong),
        "REGISTRATURA_ESIA_URL": "https://esia.example",
        "REGISTRATURA_ESIA_MODE": "direct",
        "REGISTRATURA_ESIA_CLIENT_ID": "REG77",
        "REGISTRATURA_ESIA_CERTIFICATE_HASH": "F" * 64,
        "REGISTRATURA_ESIA_SIGNER_URL": "https://signer.example",
        "REGISTRATURA_ESIA_TOKEN_KEY_FILES": str(wrong),
    }

    refused = run(*command, settings=migrated | more, folder=tmp_path, data=b"")

    assert refused.returncode == USAGE
    for name in ("max.ca_file", "esia.ca_file", "esia.token_key_files"):
        assert re.search(rf"{name} .*{wrong}", refused.stderr), f"{name} is not named with its file"
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize("command", [["serve"], ["work"], ["doctor"], ["migrate"]])
def test_half_of_a_counterpart_stops_the_start(tmp_path: Path, command: list[str]) -> None:
    half = {
        "REGISTRATURA_ESIA_URL": "https://gateway.example",
        "REGISTRATURA_SFERUM_URL": "https://sferum.example",
        "REGISTRATURA_MAX_CA_FILE": str(tmp_path / "gone.pem"),
    }

    refused = run(*command, settings=half, folder=tmp_path, data=b"")

    assert refused.returncode == USAGE
    for name in ("esia.client_id", "esia.client_secret", "sferum.token", "gone.pem"):
        assert name in refused.stderr, f"{name} is not named"
    assert "Traceback" not in refused.stderr


def test_an_unreachable_database_is_said_in_words(tmp_path: Path) -> None:
    nowhere = settings_of(f"postgresql://somebody:canary-password@127.0.0.1:{free_port()}/x", "http://127.0.0.1:9")

    for command in (["serve"], ["migrate"]):
        refused = run(*command, settings=nowhere, folder=tmp_path, data=b"")
        assert refused.returncode == FAILED, command
        assert "База данных не" in refused.stderr, command
        assert "canary-password" not in refused.stderr
        assert "Traceback" not in refused.stderr, command


def test_the_doctor_says_of_each_dependency_whether_it_works(migrated: dict[str, str], tmp_path: Path) -> None:
    found = run("doctor", settings=migrated, folder=tmp_path)

    assert found.returncode == FAILED
    assert "✓ база данных" in found.stdout
    assert "✗ MAX" in found.stdout
    assert "✓ API для МИС" in found.stdout
