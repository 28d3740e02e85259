"""Refusals of the MAX Bot API as its clients see them."""

from http import HTTPStatus

import attrs


@attrs.frozen
class ApiError(Exception):
    """A refusal: HTTP status, the vendor's ``code`` and a text for the developer."""

    status: int
    code: str
    message: str

    def body(self) -> dict[str, str]:
        """The ``Error`` object of the schema."""
        return {"code": self.code, "message": self.message}


@attrs.frozen
class SoftRefusal(Exception):
    """A refusal of the methods that answer with a simple result: HTTP 200, ``success: false``."""

    message: str


@attrs.frozen
class NotReady(Exception):
    """The media of an attachment is still being processed."""

    kind: str

    @property
    def message(self) -> str:
        """The key the vendor sends, in both of its forms."""
        return f"Key: errors.process.attachment.{self.kind}.not.processed"


def malformed(message: str) -> ApiError:
    """The body or the query does not follow the schema."""
    return ApiError(HTTPStatus.BAD_REQUEST, "proto.payload", message)


def not_found(message: str) -> ApiError:
    """No such message, callback or path."""
    return ApiError(HTTPStatus.NOT_FOUND, "not.found", message)


def chat_not_found(chat_id: int) -> ApiError:
    """No such chat, or the bot never was in it."""
    return ApiError(HTTPStatus.NOT_FOUND, "chat.not.found", f"Chat {chat_id} not found")


def suspended() -> ApiError:
    """The person stopped the bot or never started it."""
    return ApiError(HTTPStatus.FORBIDDEN, "chat.denied", "error.dialog.suspended")


def access_denied(message: str) -> ApiError:
    """The bot has no right for the operation."""
    return ApiError(HTTPStatus.FORBIDDEN, "access.denied", message)


def not_allowed(message: str) -> ApiError:
    """The method cannot be used now."""
    return ApiError(HTTPStatus.METHOD_NOT_ALLOWED, "method.not.allowed", message)


def unauthorised() -> ApiError:
    """The token is absent or wrong."""
    return ApiError(HTTPStatus.UNAUTHORIZED, "verify.token", "Invalid access_token")


def too_many() -> ApiError:
    """A limit of the host, of polling or of the chat is exceeded."""
    return ApiError(HTTPStatus.TOO_MANY_REQUESTS, "too.many.requests", "Too many requests")
