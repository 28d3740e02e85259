"""Refusals in VK's form: a number, a text for the developer, and the call as it was understood."""

from collections.abc import Mapping

import attrs

UNKNOWN = 1
UNKNOWN_METHOD = 3
AUTHORISATION = 5
TOO_MANY = 6
BAD_PARAMETER = 100

CATALOGUE: Mapping[int, str] = {
    UNKNOWN: "Unknown error occurred",
    UNKNOWN_METHOD: "Unknown method passed",
    AUTHORISATION: "User authorization failed: invalid access_token (4).",
    TOO_MANY: "Too many requests per second",
    7: "Permission to perform this action is denied",
    8: "Invalid request",
    9: "Flood control",
    10: "Internal server error",
    14: "Captcha needed",
    15: "Access denied",
    29: "Rate limit reached",
    BAD_PARAMETER: "One of the parameters specified was missing or invalid",
}
SECRET = "access_token"  # noqa: S105 - the name of a field


@attrs.frozen
class ApiError(Exception):
    """A refusal with VK's number."""

    code: int
    detail: str = ""

    def body(self, name: str, fields: Mapping[str, str]) -> dict[str, object]:
        """The answer to the call of *name*: VK repeats everything it was given but the token."""
        given = {"method": name} | {key: value for key, value in fields.items() if key != SECRET}
        text = CATALOGUE[self.code] + (f": {self.detail}" if self.detail else "")
        params = [{"key": key, "value": value} for key, value in given.items()]
        return {"error": {"error_code": self.code, "error_msg": text, "request_params": params}}


def bad_parameter(detail: str) -> ApiError:
    """A parameter is missing or makes no sense."""
    return ApiError(BAD_PARAMETER, detail)
