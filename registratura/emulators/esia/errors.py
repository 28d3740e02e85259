"""Refusals of ESIA as its clients see them, and of the OpenID Connect face."""

from typing import Final

import attrs


@attrs.frozen
class Refusal:
    """The machine-readable `error`, ESIA's own code (the gateway has none) and a text for the developer."""

    error: str
    code: str | None
    text: str

    @property
    def description(self) -> str:
        """The form of `error_description`."""
        return f"{self.code}: {self.text}" if self.code else self.text


@attrs.frozen
class Refused(Exception):
    """The request ends with this refusal."""

    refusal: Refusal


@attrs.frozen
class RestRefused(Exception):
    """A refusal of the REST services: status, code and the name of the reason."""

    status: int
    code: str
    message: str


MALFORMED: Final = Refusal(
    "invalid_request", "ESIA-007003", "The request has a missing, wrong or repeated mandatory parameter"
)
DENIED: Final = Refusal(
    "access_denied", "ESIA-007004", "The resource owner or authorization server denied the request."
)
FOREIGN_CLIENT: Final = Refusal(
    "unauthorized_client",
    "ESIA-007005",
    "The client is not authorized to request an access token using this method.",
)
WRONG_SCOPE: Final = Refusal("invalid_scope", "ESIA-007006", "The requested scope is invalid, unknown, or malformed")
UNEXPECTED: Final = Refusal("server_error", "ESIA-007007", "The server encountered an unexpected condition")
WRONG_RESPONSE_TYPE: Final = Refusal("unsupported_response_type", "ESIA-007009", "The response type is not supported")
WRONG_CODE: Final = Refusal(
    "invalid_grant",
    "ESIA-007011",
    "The code is invalid, expired, revoked, does not match the redirection URI, or was issued to another client",
)
WRONG_GRANT_TYPE: Final = Refusal("unsupported_grant_type", "ESIA-007012", "The grant type is not supported")
NO_SCOPE: Final = Refusal("invalid_scope", "ESIA-007013", "The request does not contain the scope")
WRONG_TIME: Final = Refusal("invalid_request", "ESIA-007015", "The time of the request is wrong")
FOREIGN_REDIRECT: Final = Refusal("invalid_request", "ESIA-007023", "The redirect_uri is not among the permitted ones")
WRONG_SECRET: Final = Refusal("invalid_request", "ESIA-007053", "OAuthErrorEnum.clientSecretWrong")


def missing(name: str) -> Refused:
    """A mandatory parameter is not there."""
    text = f"The request does not contain the mandatory parameter {name}"
    return Refused(Refusal("invalid_request", "ESIA-007014", text))


def invalid_token() -> RestRefused:
    """There is no access token, or nobody issued it."""
    return RestRefused(401, "ESIA-005011", "SecurityErrorEnum.invalidToken")


def expired_token() -> RestRefused:
    """The access token has had its time."""
    return RestRefused(401, "ESIA-005013", "SecurityErrorEnum.expiredToken")


def no_grants() -> RestRefused:
    """The token was not issued for this person or this part of the data."""
    return RestRefused(403, "FORBIDDEN", "noGrants")


def not_there() -> RestRefused:
    """The person has no such element."""
    return RestRefused(404, "NOT_FOUND", "notFound")


def malformed_query() -> RestRefused:
    """The query asks for something these services do not have."""
    return RestRefused(400, "BAD_REQUEST", "badRequest")
