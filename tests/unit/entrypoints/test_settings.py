"""Settings: defaults, layers, all faults at once, secrets never shown."""

from datetime import time
from pathlib import Path

import pytest

from registratura.domain.telemedicine import Platform
from registratura.entrypoints.settings import Settings, WrongSettings, load_settings


def test_nothing_has_to_be_set(tmp_path: Path) -> None:
    settings = load_settings({}, tmp_path)
    assert settings == Settings()
    assert str(settings.database.url) == "sqlite:///var/registratura.db"
    assert str(settings.max.url) == "https://platform-api2.max.ru"
    assert settings.api.token is None
    assert settings.bot.page_size == 10
    assert settings.rules.platform is Platform.MAX


@pytest.mark.req("TMK-60")
def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "registratura.toml").write_text(
        "[tmk.checks]\ndistrict = false\nsex_age = false\n"
        "[tmk.schedule]\ntomorrow_cutoff = 18:00:00\n"
        "[bot]\npage_size = 7\n"
    )
    settings = load_settings({"REGISTRATURA_TMK_CHECKS_SEX_AGE": "on", "REGISTRATURA_BOT_PAGE_SIZE": "8"}, tmp_path)
    assert not settings.rules.checks.district
    assert settings.rules.checks.sex_age
    assert settings.rules.days.tomorrow_closes_at == time(18)
    assert settings.bot.page_size == 8


def test_another_file_may_be_named(tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text('[public]\nurl = "https://registry.example/"\n')
    settings = load_settings({"REGISTRATURA_CONFIG": str(other)}, Path("/nowhere"))
    assert str(settings.public.url) == "https://registry.example"


def test_all_faults_are_named_at_once_with_their_variables(tmp_path: Path) -> None:
    (tmp_path / "registratura.toml").write_text('[tmk]\nplatfrom = "max"\nhorizon_days = 0\n')
    with pytest.raises(WrongSettings) as wrong:
        load_settings(
            {
                "REGISTRATURA_MAX_MODE": "telepathy",
                "REGISTRATURA_MAX_WEBHOOK_SECRET": "с кириллицей",
                "REGISTRATURA_REGION_TIMEZONE": "Europe/Gondor",
                "REGISTRATURA_PUBLIC_URL": "registry.example",
                "REGISTRATURA_DATABASE_PORT": "5432",
                "REGISTRATURA_DATABASE_URL": "mysql://user:canary@host/base",
                "REGISTRATURA_BOT_ALLOW_CANCEL": "maybe",
                "REGISTRATURA_MAX_TOKEN": "тoken",
                "REGISTRATURA_API_TOKEN_FILE": str(tmp_path / "missing"),
            },
            tmp_path,
        )
    told = "\n".join(wrong.value.faults)
    for expected in (
        "tmk.platfrom: такой настройки нет",
        "tmk.horizon_days (REGISTRATURA_TMK_HORIZON_DAYS): ожидается целое число от 1 до 365",
        "max.mode (REGISTRATURA_MAX_MODE): ожидается одно из значений: webhook, polling",
        "max.webhook_secret (REGISTRATURA_MAX_WEBHOOK_SECRET)",
        "region.timezone (REGISTRATURA_REGION_TIMEZONE)",
        "public.url (REGISTRATURA_PUBLIC_URL)",
        "database.url (REGISTRATURA_DATABASE_URL): ожидается sqlite:///путь",
        "REGISTRATURA_DATABASE_PORT: такой настройки нет",
        "max.token (REGISTRATURA_MAX_TOKEN): ожидается печатные латинские",
        "bot.allow_cancel (REGISTRATURA_BOT_ALLOW_CANCEL): ожидается true или false",
        "REGISTRATURA_API_TOKEN_FILE: файл не читается",
    ):
        assert expected in told
    assert "кириллицей" not in told
    assert "canary" not in told


def faults_of(folder: Path, **settings: str) -> list[str]:
    with pytest.raises(WrongSettings) as wrong:
        load_settings({f"REGISTRATURA_{name}": value for name, value in settings.items()}, folder)
    return wrong.value.faults


GATEWAY = {"ESIA_URL": "https://gateway.example"}
DIRECT = {"ESIA_URL": "https://esia.example", "ESIA_MODE": "direct"}


@pytest.mark.parametrize(
    ("given", "needed"),
    [
        (GATEWAY, {"esia.client_id", "esia.client_secret"}),
        (GATEWAY | {"ESIA_CLIENT_ID": "us", "ESIA_CLIENT_SECRET": "hush", "SFERUM_URL": "https://s"}, {"sferum.token"}),
        (
            DIRECT | {"ESIA_CLIENT_ID": " ", "ESIA_TOKEN_KEY_FILES": " , ", "BOT_PAGE_SIZE": "0"},
            {"esia.client_id", "esia.certificate_hash", "esia.token_key_files", "esia.key_file", "bot.page_size"},
        ),
        (
            DIRECT | {"ESIA_CLIENT_ID": "us", "ESIA_CERTIFICATE_HASH": "F" * 64, "ESIA_SIGNER_URL": "https://signer"},
            {"esia.token_key_files"},
        ),
    ],
    ids=["gateway", "sferum", "direct, beside another fault", "direct with a signer"],
)
def test_what_others_make_needed_is_named_at_once(tmp_path: Path, given: dict[str, str], needed: set[str]) -> None:
    assert {fault.split(" ")[0] for fault in faults_of(tmp_path, **given)} == needed


def test_a_fault_is_told_once(tmp_path: Path) -> None:
    wrong = {
        "ESIA_CLIENT_ID_FILE": str(tmp_path / "missing"),
        "ESIA_CLIENT_SECRET": "секрет",
        "ESIA_CERTIFICATE_HASH": "ab:cd",
    }
    assert [fault.split(" ")[0] for fault in faults_of(tmp_path, **GATEWAY, **wrong)] == [
        "REGISTRATURA_ESIA_CLIENT_ID_FILE:",
        "esia.certificate_hash",
        "esia.client_secret",
    ]
    assert [fault.split(" ")[0] for fault in faults_of(tmp_path, **GATEWAY, ESIA_MODE="pigeon")] == ["esia.mode"]


def test_what_nothing_needs_may_be_left_out(tmp_path: Path) -> None:
    signed = {**DIRECT, "ESIA_CLIENT_ID": "us", "ESIA_CERTIFICATE_HASH": "F" * 64, "ESIA_TOKEN_KEY_FILES": __file__}
    for whole in (
        {**GATEWAY, "ESIA_CLIENT_ID": "us", "ESIA_CLIENT_SECRET": "hush"},
        {**signed, "ESIA_SIGNER_URL": "https://signer.example"},
        {**signed, "ESIA_KEY_FILE": __file__},
        {"ESIA_CLIENT_ID": "us", "SFERUM_TOKEN": "hush"},
    ):
        load_settings({f"REGISTRATURA_{name}": value for name, value in whole.items()}, tmp_path)


def test_every_file_that_cannot_be_opened_is_named_with_its_setting(tmp_path: Path) -> None:
    gone = str(tmp_path / "gone.pem")
    paths = ("MAX_CA_FILE", "ESIA_CA_FILE", "ESIA_KEY_FILE", "ESIA_CERTIFICATE_FILE")
    told = faults_of(tmp_path, **dict.fromkeys(paths, gone), ESIA_TOKEN_KEY_FILES=f"{__file__}, {gone}, {tmp_path}")
    assert [fault.replace(gone, "GONE").replace(str(tmp_path), "FOLDER") for fault in told] == [
        *(
            f"{path} (REGISTRATURA_{path.upper().replace('.', '_')}): файл GONE не читается (No such file or directory)"
            for path in ("esia.ca_file", "esia.certificate_file", "esia.key_file")
        ),
        *(
            f"esia.token_key_files (REGISTRATURA_ESIA_TOKEN_KEY_FILES): файл {words}"
            for words in ("FOLDER не читается (Is a directory)", "GONE не читается (No such file or directory)")
        ),
        "max.ca_file (REGISTRATURA_MAX_CA_FILE): файл GONE не читается (No such file or directory)",
    ]


def test_a_key_given_instead_of_its_file_is_not_shown(tmp_path: Path) -> None:
    (told,) = faults_of(tmp_path, ESIA_KEY_FILE="-----BEGIN PRIVATE KEY-----\ncanary\n")
    assert "esia.key_file" in told
    assert "canary" not in told


def test_files_that_are_no_text_are_named(tmp_path: Path) -> None:
    (tmp_path / "token").write_bytes(b"\xff\xfe")
    assert faults_of(tmp_path, MAX_TOKEN_FILE=str(tmp_path / "token")) == [
        "REGISTRATURA_MAX_TOKEN_FILE: файл не читается (UnicodeDecodeError)"
    ]
    (tmp_path / "registratura.toml").write_bytes(b"\xff\xfe")
    assert "registratura.toml: это не файл TOML" in faults_of(tmp_path)[0]


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "registratura.toml").write_text("this is not TOML")
    with pytest.raises(WrongSettings, match="это не файл TOML"):
        load_settings({}, tmp_path)


def test_a_secret_may_stand_in_a_file_and_is_never_shown(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("canary-token\n")
    settings = load_settings({"REGISTRATURA_MAX_TOKEN_FILE": str(tmp_path / "token")}, tmp_path)
    assert settings.max.token is not None
    assert settings.max.token.reveal == "canary-token"
    assert "canary" not in repr(settings)


def test_variables_of_tests_are_none_of_ours(tmp_path: Path) -> None:
    assert load_settings({"REGISTRATURA_TEST_POSTGRES_URL": "x"}, tmp_path) == Settings()
