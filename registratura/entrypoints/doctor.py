"""Looks at each dependency and says what to do about those that do not work."""

import attrs

from registratura.application.ports.failures import Unavailable
from registratura.entrypoints.composition import Registratura, compose
from registratura.entrypoints.settings import MaxMode, Settings


@attrs.frozen(kw_only=True)
class Finding:
    """One dependency: whether it works, in Russian words that say what to do."""

    name: str
    works: bool
    words: str


async def examine(settings: Settings) -> list[Finding]:
    """Look at everything *settings* name."""
    async with compose(settings) as product:
        return [await _database(product), await _max(product), _api(settings)]


async def _database(product: Registratura) -> Finding:
    name = "база данных"
    try:
        await product.storage.ping()
    except Unavailable as reason:
        words = f"{reason}. Проверьте database.url; новую схему создаёт команда registratura migrate"
        return Finding(name=name, works=False, words=words)
    return Finding(name=name, works=True, words="отвечает, схема новейшая")


async def _max(product: Registratura) -> Finding:
    name, settings = "MAX", product.settings.max
    if product.max_line is None:
        return Finding(name=name, works=False, words="не настроен: задайте max.token (REGISTRATURA_MAX_TOKEN)")
    if settings.mode is MaxMode.WEBHOOK and settings.webhook_secret is None:
        words = "вебхук не примет ни одного события: задайте max.webhook_secret"
        return Finding(name=name, works=False, words=words)
    try:
        bot = await product.max_line.who()
    except Unavailable as reason:
        words = (
            f"{settings.url} не отвечает как надо ({reason}). Проверьте max.url, max.token и сертификат (max.ca_file)"
        )
        return Finding(name=name, works=False, words=words)
    return Finding(name=name, works=True, words=f"отвечает, бот {bot}")


def _api(settings: Settings) -> Finding:
    if settings.api.token is None:
        return Finding(name="API для МИС", works=True, words="закрыт: ключ api.token не задан, ответ всем 401")
    return Finding(name="API для МИС", works=True, words="открыт по ключу")
