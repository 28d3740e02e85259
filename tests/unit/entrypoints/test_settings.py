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
