"""The webhook: whether a call is from MAX, and whether MAX still calls us at all (MAX reference, section 9)."""

import asyncio
import hmac
import logging
from enum import Enum
from urllib.parse import urlsplit

import attrs

from registratura.adapters.max.client import CallFailed, MaxMessenger, Subscription
from registratura.adapters.max.wire import NEEDED_TYPES

log = logging.getLogger(__name__)

SECRET_HEADER = "X-Max-Bot-Api-Secret"  # noqa: S105 - the name of a header


def secret_matches(expected: str, given: str | None) -> bool:
    """Whether the header *given* with a call is our secret, in a time that tells nothing about it.

    Without a secret of our own nobody is let in.
    """
    return bool(expected) and hmac.compare_digest(expected.encode(), (given or "").encode())


class Repair(Enum):
    """What one look at the subscriptions led to."""

    NOTHING = "nothing"
    CREATED = "created"
    """There was none: MAX unsubscribes silently after eight hours without success."""
    REPLACED = "replaced"
    """It had other types of updates, stood there twice, or may have had another secret."""
    FAILED = "failed"
    """MAX did not do it; the next look tries again."""


@attrs.frozen(kw_only=True)
class Finding:
    """What the watchdog did; `removed` former addresses of ours, `foreign` addresses left alone."""

    repair: Repair
    removed: int = 0
    foreign: int = 0
    reason: str | None = None


@attrs.define(kw_only=True)
class Watchdog:
    """Keeps one subscription: ours, at `url`, with the types of updates we need.

    The first look subscribes anew in any case, because MAX never shows the secret it has: after a change of ours
    every call would be turned away.
    """

    messenger: MaxMessenger
    url: str
    secret: str = attrs.field(repr=False)
    every: float = 300.0
    _secret_known: bool = attrs.field(default=False, init=False)

    async def run(self) -> None:
        """Look every so many seconds until cancelled."""
        while True:
            await self.check()
            await asyncio.sleep(self.every)

    async def check(self) -> Finding:
        """Look once, repair and log what was done; never raises for what MAX does."""
        try:
            finding = await self._repair(await self.messenger.subscriptions())
        except CallFailed as fault:
            finding = Finding(repair=Repair.FAILED, reason=fault.receipt.reason)
        _tell(finding)
        return finding

    async def _repair(self, subscriptions: tuple[Subscription, ...]) -> Finding:
        mine = [subscription for subscription in subscriptions if subscription.url == self.url]
        repair = await self._renew(mine)
        others = {subscription.url for subscription in subscriptions} - {self.url}
        former = {url for url in others if _same_host(url, self.url)}
        for url in sorted(former):
            await self.messenger.unsubscribe(url)
        return Finding(repair=repair, removed=len(former), foreign=len(others - former))

    async def _renew(self, mine: list[Subscription]) -> Repair:
        right = len(mine) == 1 and mine[0].types == NEEDED_TYPES
        if right and self._secret_known:
            return Repair.NOTHING
        if mine and not right:
            await self.messenger.unsubscribe(self.url)
        await self.messenger.subscribe(self.url, NEEDED_TYPES, self.secret)
        self._secret_known = True
        return Repair.REPLACED if mine else Repair.CREATED


def _same_host(url: str, ours: str) -> bool:
    # Another host may be another installation with the same token: people decide about it, not we.
    return urlsplit(url).netloc == urlsplit(ours).netloc


def _tell(finding: Finding) -> None:
    if finding.repair is not Repair.NOTHING or finding.removed:
        level = logging.ERROR if finding.repair is Repair.FAILED else logging.WARNING
        words = (finding.repair.value, finding.removed, finding.reason)
        log.log(level, "max.subscription repair=%s removed=%d reason=%s", *words)
    if finding.foreign:
        log.warning("max.subscription.foreign count=%d", finding.foreign)
