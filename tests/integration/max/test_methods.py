"""By which methods of MAX a person is written to, as MAX itself recorded them."""

import pytest

from registratura.adapters.max.client import MaxMessenger
from registratura.application.ports.messenger import Button, Delivery, Edit, LinkButton, Message, Send
from registratura.testing.messenger import Shown
from tests.integration.max.emulated import TOKEN, EmulatedPerson

pytestmark = pytest.mark.anyio

DOCTORS = Message("Выберите врача", ((Button("Осенний А. Б.", "v1:doctor:1"),),))
TIMES = Message("Выберите время", ((Button("09:15", "v1:slot:81"),),))


@pytest.mark.req("TMK-03")
async def test_a_message_is_posted_to_the_person_with_its_keyboard(
    messenger: MaxMessenger, anna: EmulatedPerson
) -> None:
    assert (await messenger.deliver(Send(user=anna.user, message=DOCTORS))).delivery is Delivery.DONE
    [asked] = await anna.requests("POST", "/messages")
    assert asked["query"] == {"user_id": anna.user}
    assert asked["body"]["text"] == "Выберите врача"
    button = {"type": "callback", "text": "Осенний А. Б.", "payload": "v1:doctor:1"}
    assert asked["body"]["attachments"] == [{"type": "inline_keyboard", "payload": {"buttons": [[button]]}}]
    assert [shown.message for shown in await anna.screen()] == [DOCTORS]


@pytest.mark.req("TMK-04")
async def test_the_next_step_changes_the_message_instead_of_adding_one(
    messenger: MaxMessenger, anna: EmulatedPerson
) -> None:
    await messenger.deliver(Send(user=anna.user, message=DOCTORS))
    [shown] = await anna.screen()
    await anna.press("v1:doctor:1")
    await messenger.deliver(Edit(user=anna.user, mid=shown.mid, message=TIMES))
    [asked] = await anna.requests("PUT", "/messages")
    assert asked["query"] == {"message_id": shown.mid}
    assert len(await anna.requests("POST", "/messages")) == 1
    assert await anna.screen() == [Shown(shown.mid, TIMES)]


@pytest.mark.req("TMK-14")
@pytest.mark.parametrize("status", [429, 503])
async def test_a_message_refused_twice_is_delivered_by_the_third_try_and_seen_once(
    messenger: MaxMessenger, anna: EmulatedPerson, status: int
) -> None:
    await anna.faults(status=status, times=2, routes=["POST /messages"])
    send = Send(user=anna.user, message=DOCTORS)
    tries = [(await messenger.deliver(send)).delivery for _ in range(3)]
    assert tries == [Delivery.LATER, Delivery.LATER, Delivery.DONE]
    assert [shown.message for shown in await anna.screen()] == [DOCTORS]


async def test_a_page_behind_a_personal_link_is_not_previewed(messenger: MaxMessenger, anna: EmulatedPerson) -> None:
    link = Message(
        "Ссылка: https://registry.example/join/k7Q", ((LinkButton("Войти", "https://registry.example/join/k7Q"),),)
    )
    await messenger.deliver(Send(user=anna.user, message=link))
    [seen] = (await anna.world.get(f"/_people/{anna.user}/messages")).json()["messages"]
    assert "preview_url" not in seen


async def test_the_token_goes_in_the_header_alone(messenger: MaxMessenger, anna: EmulatedPerson) -> None:
    assert (await messenger.me()).username == "registratura_bot"
    [asked] = await anna.requests("GET", "/me")
    assert TOKEN not in str(asked["query"])
