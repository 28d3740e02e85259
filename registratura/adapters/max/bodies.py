"""Our messages as MAX takes them (`NewMessageBody`, MAX reference, sections 5 and 6)."""

from typing import Any

from registratura.application.ports.messenger import Button, LinkButton, Message


def message_body(message: Message) -> dict[str, Any]:
    """The body of a new or changed message.

    No `format` is named: the text is plain, so that nobody's name can open a tag. The list of attachments always
    stands there, since MAX keeps the old buttons of an edited message unless told that there are none.
    """
    rows = [[_button(button) for button in row] for row in message.keyboard]
    keyboard = [{"type": "inline_keyboard", "payload": {"buttons": rows}}] if rows else []
    return {"text": message.text, "attachments": keyboard}


def opens_link(message: Message) -> bool:
    """Whether a button leads to an address: such a message must not show a preview of a personal page."""
    return any(isinstance(button, LinkButton) for row in message.keyboard for button in row)


def _button(button: Button | LinkButton) -> dict[str, str]:
    match button:
        case Button():
            return {"type": "callback", "text": button.text, "payload": button.payload}
        case LinkButton():
            return {"type": "link", "text": button.text, "url": button.url}
