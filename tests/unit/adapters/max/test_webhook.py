"""Whether a call is from MAX, and whether MAX still calls us."""

import asyncio
import logging

import httpx
import pytest

from registratura.adapters.max.webhook import Finding, Repair, Watchdog, secret_matches
from registratura.adapters.max.wire import NEEDED_TYPES
from tests.unit.adapters.max.scripted import answer, messenger

OURS = "https://registry.example/max/webhook"
RIGHT = {"url": OURS, "time": 1, "update_types": sorted(NEEDED_TYPES)}


@pytest.mark.parametrize(
    ("given", "let_in"),
    [
        ("s3cret-of-ours", True),
        ("s3cret-of-theirs", False),
        ("s3cret", False),
        ("", False),
        (None, False),
        ("é", False),
    ],
)
def test_only_our_secret_lets_in(given: str | None, let_in: bool) -> None:
    assert secret_matches("s3cret-of-ours", given) is let_in


@pytest.mark.parametrize("given", ["", None, "anything"])
def test_without_a_secret_nobody_is_let_in(given: str | None) -> None:
    assert secret_matches("", given) is False


def max_with(*subscriptions: dict[str, object]) -> list[httpx.Response]:
    return [answer(subscriptions=list(subscriptions)), *(answer(success=True) for _ in range(3))]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("found", "calls"),
    [
        ([], ["GET", "POST"]),
        ([RIGHT], ["GET", "POST"]),
        ([RIGHT, RIGHT], ["GET", "DELETE", "POST"]),
        ([RIGHT | {"update_types": None}], ["GET", "DELETE", "POST"]),
    ],
)
async def test_the_first_look_subscribes_anew_and_clears_only_what_is_wrong(
    found: list[dict[str, object]], calls: list[str]
) -> None:
    max_, script = messenger(max_with(*found))
    await Watchdog(messenger=max_, url=OURS, secret="s3cret-of-ours").check()
    assert [asked[0] for asked in script.asked] == calls


@pytest.mark.anyio
async def test_the_log_says_what_was_done_without_addresses_and_secrets(caplog: pytest.LogCaptureFixture) -> None:
    former, foreign = RIGHT | {"url": "https://registry.example/old"}, RIGHT | {"url": "https://neighbour.example/"}
    max_, _ = messenger(max_with(former, foreign))
    dog = Watchdog(messenger=max_, url=OURS, secret="s3cret-of-ours")
    assert await dog.check() == Finding(repair=Repair.CREATED, removed=1, foreign=1)
    with caplog.at_level(logging.WARNING):
        max_, _ = messenger([answer(503)])
        await Watchdog(messenger=max_, url=OURS, secret="s3cret-of-ours").check()
    told = [record.message for record in caplog.records if record.name.startswith("registratura")]
    assert told == [
        "max.subscription repair=created removed=1 reason=None",
        "max.subscription.foreign count=1",
        "max.subscription repair=failed removed=0 reason=http.503",
    ]


@pytest.mark.anyio
async def test_it_looks_again_and_again_until_it_is_cancelled() -> None:
    looked = asyncio.Event()
    looks: list[str] = []

    def answered(request: httpx.Request) -> httpx.Response:
        looks.append(request.method)
        if looks.count("GET") == 3:
            looked.set()
        return answer(subscriptions=[RIGHT])

    max_, _ = messenger(answered)
    task = asyncio.create_task(Watchdog(messenger=max_, url=OURS, secret="s3cret-of-ours", every=0.001).run())
    async with asyncio.timeout(10):
        await looked.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert looks[:4] == ["GET", "POST", "GET", "GET"]
