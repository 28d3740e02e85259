"""What each answer of MAX means for a delivery (MAX reference, section 3)."""

from typing import Any

import pytest

from registratura.adapters.max.outcomes import Broken, Reply, receipt_of
from registratura.application.ports.messenger import Delivery, Receipt

DONE, LATER, UNKNOWN = Delivery.DONE, Delivery.LATER, Delivery.UNKNOWN
REFUSED, UNREACHABLE, FORBIDDEN = Delivery.REFUSED, Delivery.UNREACHABLE, Delivery.FORBIDDEN


def error(code: str, message: str = "Something went wrong") -> dict[str, Any]:
    return {"code": code, "message": message}


SOFT = {"success": False}
ANSWERS: list[tuple[int, dict[str, Any] | None, Delivery, Delivery, str | None]] = [
    # status, body, a new message, an edit or an answer to a press, reason
    (200, {"message": {"body": {"mid": "mid.1"}}}, DONE, DONE, None),
    (200, {"success": True}, DONE, DONE, None),
    (200, None, UNKNOWN, LATER, "http.200"),
    (200, SOFT, REFUSED, REFUSED, "http.200"),
    (200, SOFT | {"message": "error.edit.message.too.old"}, REFUSED, REFUSED, "error.edit.message.too.old"),
    (200, SOFT | {"message": "Message not found"}, REFUSED, REFUSED, "http.200"),
    (
        *(200, SOFT | {"message": "Key: errors.process.attachment.file.not.processed"}, LATER, LATER),
        "errors.process.attachment.file.not.processed",
    ),
    (200, SOFT | {"message": "error.dialog.suspended"}, UNREACHABLE, UNREACHABLE, "error.dialog.suspended"),
    (200, SOFT | {"message": "too.many.requests"}, LATER, LATER, "too.many.requests"),
    (400, error("proto.payload", "text: size must be between 0 and 4000"), REFUSED, REFUSED, "proto.payload"),
    (400, error("attachment.not.ready", "Key: errors.x"), LATER, LATER, "attachment.not.ready"),
    (
        *(400, error("proto.payload", "Key: errors.process.attachment.video.not.processed"), LATER, LATER),
        "proto.payload",
    ),
    (400, None, REFUSED, REFUSED, "http.400"),
    (401, error("verify.token", "Invalid access_token"), FORBIDDEN, FORBIDDEN, "verify.token"),
    (401, None, FORBIDDEN, FORBIDDEN, "http.401"),
    (403, error("verify.token", "Invalid access_token"), FORBIDDEN, FORBIDDEN, "verify.token"),
    (403, error("chat.denied", "error.dialog.suspended"), UNREACHABLE, UNREACHABLE, "chat.denied"),
    (403, error("error.dialog.notfound"), UNREACHABLE, UNREACHABLE, "error.dialog.notfound"),
    (403, error("access.denied"), REFUSED, REFUSED, "access.denied"),
    (404, error("not.found"), REFUSED, REFUSED, "not.found"),
    (405, error("method.not.allowed"), REFUSED, REFUSED, "method.not.allowed"),
    (413, None, REFUSED, REFUSED, "http.413"),
    (302, None, REFUSED, REFUSED, "http.302"),
    (429, error("too.many.requests"), LATER, LATER, "too.many.requests"),
    (500, error("internal.error", "Internal error, incident 7"), UNKNOWN, LATER, "internal.error"),
    (502, None, LATER, LATER, "http.502"),
    (503, error("service.unavailable"), LATER, LATER, "service.unavailable"),
    (504, None, UNKNOWN, LATER, "http.504"),
    (599, None, UNKNOWN, LATER, "http.599"),
]


@pytest.mark.parametrize(("status", "fields", "new", "again", "reason"), ANSWERS)
def test_an_answer_means(
    status: int, fields: dict[str, Any] | None, new: Delivery, again: Delivery, reason: str | None
) -> None:
    reply = Reply(status=status, fields=fields)
    assert receipt_of(reply, repeatable=False) == Receipt(delivery=new, reason=reason)
    assert receipt_of(reply, repeatable=True) == Receipt(delivery=again, reason=reason)


@pytest.mark.parametrize(("left", "new", "again"), [(False, LATER, LATER), (True, UNKNOWN, LATER)])
def test_no_answer_means(left: bool, new: Delivery, again: Delivery) -> None:
    broken = Broken(left=left, reason="connection.ReadTimeout")
    assert receipt_of(broken, repeatable=False) == Receipt(delivery=new, reason="connection.ReadTimeout")
    assert receipt_of(broken, repeatable=True) == Receipt(delivery=again, reason="connection.ReadTimeout")


@pytest.mark.parametrize(
    "text",
    ["Осенняя Анна", "79170000001", "No dialog with 1001", "a.b" * 40, "user.79170000001", "Anna", "anna@example.org"],
)
@pytest.mark.parametrize("name", ["code", "message"])
def test_a_reason_is_never_a_text_that_may_tell_of_somebody(name: str, text: str) -> None:
    for status in (200, 400, 403, 500):
        receipt = receipt_of(Reply(status=status, fields={"success": False, name: text}), repeatable=False)
        assert receipt.reason == f"http.{status}"


def test_an_answer_with_odd_types_is_still_understood() -> None:
    reply = Reply(status=403, fields={"code": 17, "message": None, "error": ["x"]})
    assert receipt_of(reply, repeatable=False) == Receipt(delivery=REFUSED, reason="http.403")
