"""A person with the MAX app: sees messages, presses buttons, waits for what comes next."""

from collections.abc import Sequence
from typing import Any

import attrs
import httpx

from tests.harness.waiting import PATIENCE, until


@attrs.frozen
class Bubble:
    """One message as the person sees it; `buttons` are labels with what they carry."""

    mid: str
    text: str
    buttons: tuple[tuple[str, str], ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    by_bot: bool = True

    @property
    def labels(self) -> list[str]:
        """The buttons by their words."""
        return [label for label, _ in self.buttons]

    @property
    def choices(self) -> list[str]:
        """The buttons that choose something, without those that lead about."""
        about = {"Назад", "В начало", "← Раньше", "Дальше →", "Повторить", "Другой врач"}
        return [label for label in self.labels if label not in about]

    def payload(self, label: str) -> str:
        """What the button with this label, or the first one that begins so, carries."""
        for exact in (True, False):
            for text, payload in self.buttons:
                if text == label or (not exact and text.startswith(label)):
                    return payload
        raise AssertionError(f"no button «{label}» among {self.labels} under: {self.text}")


@attrs.define
class Chat:
    """The dialogue of MAX user *user*; *max* is a client to the emulator's side for people."""

    max: httpx.Client
    user: int
    patience: float = PATIENCE

    def hand(self, deed: str, **body: Any) -> dict[str, Any]:
        """Do something as the person."""
        answer = self.max.post(f"_people/{self.user}/{deed}", json=body)
        assert answer.status_code == httpx.codes.OK, f"{deed}: {answer.text}"
        return dict(answer.json())

    def bubbles(self) -> Sequence[Bubble]:
        """Everything on the screen, the oldest first."""
        seen = self.max.get(f"_people/{self.user}/messages").json()["messages"]
        return [_bubble(message) for message in seen]

    def said(self) -> list[str]:
        """What the bot has said."""
        return [bubble.text for bubble in self.bubbles() if bubble.by_bot]

    def now(self) -> Bubble:
        """The last message, which must be from the bot and have buttons."""
        return until(self._last, f"the bot's screen for {self.user}", self.patience)

    def _last(self) -> Bubble | None:
        bubbles = self.bubbles()
        return bubbles[-1] if bubbles and bubbles[-1].by_bot and bubbles[-1].buttons else None

    def after(self, before: Bubble | None, deed: str) -> Bubble:
        """The screen that follows *before*: each one carries other payloads than the one before."""

        def look() -> Bubble | None:
            last = self._last()
            return last if last and (before is None or last.buttons != before.buttons) else None

        return until(look, f"an answer to «{deed}» for {self.user}; before it: {before}", self.patience)

    def start(self) -> Bubble:
        """Start the bot."""
        before = self._last()
        self.hand("start")
        return self.after(before, "start")

    def say(self, text: str) -> Bubble:
        """Type something."""
        before = self._last()
        self.hand("messages", text=text)
        return self.after(before, text)

    def tap(self, label: str, at: Bubble | None = None) -> str:
        """Press a button without waiting for what comes; gives the callback."""
        shown = at or self.now()
        pressed = self.hand("press", payload=shown.payload(label), message_id=shown.mid)
        return str(pressed["callback_id"])

    def press(self, label: str) -> Bubble:
        """Press a button of the last screen and wait for the next one."""
        shown = self.now()
        self.tap(label, shown)
        return self.after(shown, label)

    def walk(self, *labels: str) -> Bubble:
        """Press one button after another."""
        for label in labels:
            self.press(label)
        return self.now()

    def toast(self, callback: str) -> str:
        """The note that answered a press."""

        def look() -> str | None:
            pressed = self.max.get(f"_people/{self.user}/callbacks/{callback}").json()
            return str(pressed["notification"] or "-") if pressed["answered"] else None

        return until(look, "an answer to the press", self.patience)


def _bubble(message: dict[str, Any]) -> Bubble:
    body = message["body"]
    keyboards = [item for item in body.get("attachments") or [] if item["type"] == "inline_keyboard"]
    keys = [key for keyboard in keyboards for row in keyboard["payload"]["buttons"] for key in row]
    return Bubble(
        mid=body["mid"],
        text=body["text"],
        buttons=tuple((key["text"], key["payload"]) for key in keys if key["type"] == "callback"),
        links=tuple((key["text"], key["url"]) for key in keys if key["type"] == "link"),
        by_bot=bool(message["sender"]["is_bot"]),
    )
