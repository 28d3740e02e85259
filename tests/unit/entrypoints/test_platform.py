"""The setting of the platform decides where a consultation that is booked from now on is held."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import attrs
import httpx
import pytest

from registratura.application.accounts import Details, Saved
from registratura.application.records import SlotRecord
from registratura.domain.accounts import Role
from registratura.domain.people import Patient
from registratura.entrypoints.composition import compose, migrate
from registratura.entrypoints.http.app import build
from registratura.entrypoints.settings import load_settings
from registratura.testing.contracts.storage.region import (
    COLLEAGUES_SLOTS,
    CONTROL,
    MOTHER,
    NOW,
    REGION,
    SLOTS,
    STRANGER,
    TOMORROW,
    load,
)
from registratura.testing.time import MovableClock
from tests.harness.pages import csrf, words

pytestmark = pytest.mark.anyio
API = {"Authorization": "Bearer token"}
VERA = {"login": "vera", "password": "correct horse battery"}


@attrs.frozen
class Region:
    """One database and its clock; the product over it is started anew with each setting."""

    folder: Path
    clock: MovableClock

    @asynccontextmanager
    async def held_on(self, platform: str) -> AsyncIterator[httpx.AsyncClient]:
        """The product as it runs with *platform*, and a browser that nobody has signed in with."""
        settings = load_settings(
            {
                "REGISTRATURA_DATABASE_URL": f"sqlite:///{self.folder}/registry.db",
                "REGISTRATURA_API_TOKEN": "token",
                "REGISTRATURA_TMK_PLATFORM": platform,
                "REGISTRATURA_TMK_EXTERNAL_ROOM_URL": "https://rooms.example/tmk/{id}/door",
            },
            self.folder,
        )
        migrate(settings)
        async with compose(settings, clock=self.clock) as product:
            await load(product.storage, *REGION)
            details = Details(name="Вера", email=None, role=Role.CITIZEN, **VERA)
            assert await product.people.manage.save(None, details, "boss") in {Saved.DONE, Saved.TAKEN}
            transport = httpx.ASGITransport(build(product))
            headers = {"Accept": "text/html"}
            async with httpx.AsyncClient(
                transport=transport, base_url="http://registry.example", headers=headers
            ) as browser:
                yield browser


@pytest.fixture
def region(tmp_path: Path) -> Region:
    return Region(tmp_path, MovableClock(NOW))


async def book(browser: httpx.AsyncClient, person: Patient, at: SlotRecord) -> str:
    """A consultation; the address of its door."""
    body = {"patient_id": person.id, "slot_id": at.id, "kind": "ONLINE_CONSULTING"}
    asked = body | {"purpose_id": CONTROL.id, "consent_version": "1"}
    booked = await browser.post("/api/v1/bookings", json=asked, headers=API)
    assert booked.status_code == 201, booked.text
    return f"/consultations/{booked.json()['id']}"


async def sign_in(browser: httpx.AsyncClient, next_page: str = "/") -> httpx.Response:
    """By a password."""
    form = await browser.get("/login")
    return await browser.post("/login", data={**VERA, "csrf": csrf(form), "next": next_page})


def room_of(door: str) -> str:
    return f"https://rooms.example/tmk/{door.rsplit('/', 1)[1]}/door"


async def leads_to(browser: httpx.AsyncClient, door: str) -> tuple[int, str | None]:
    """What is answered at *door*, and where to."""
    answer = await browser.get(door)
    return answer.status_code, answer.headers.get("location")


@pytest.mark.req("CONS-11", "TMK-101")
@pytest.mark.parametrize("platform", ["other", "external"])
async def test_the_link_leads_to_the_room_after_an_ordinary_sign_in(region: Region, platform: str) -> None:
    async with region.held_on(platform) as browser:
        door = await book(browser, MOTHER, SLOTS[0])
        region.clock.move(TOMORROW - timedelta(minutes=10) - NOW)
        assert await leads_to(browser, door) == (303, f"/login?next={door}")
        back = await sign_in(browser, door)
        assert (back.status_code, back.headers["location"]) == (303, door)
        assert await leads_to(browser, door) == (303, room_of(door))


@pytest.mark.req("CONS-01", "CONS-02")
async def test_a_booking_stays_where_it_was_booked_and_a_new_one_follows_the_setting(region: Region) -> None:
    async with region.held_on("external") as browser:
        before = await book(browser, MOTHER, SLOTS[0])
    async with region.held_on("max") as browser:
        after = await book(browser, STRANGER, COLLEAGUES_SLOTS[1])
        region.clock.move(TOMORROW - NOW)
        await sign_in(browser)
        assert await leads_to(browser, before) == (303, room_of(before))
        refused = await browser.get(after)
        assert (refused.status_code, "нужен вход через Госуслуги" in words(refused)) == (403, True)
        assert f'href="/login/esia?next={after}"' in refused.text
    async with region.held_on("external") as browser:
        await sign_in(browser)
        assert await leads_to(browser, before) == (303, room_of(before))
        assert await leads_to(browser, after) == (403, None)
