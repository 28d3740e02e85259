"""The counters. Labels have few values each: templates of paths, words of ours, never ids or addresses."""

from collections.abc import Callable
from functools import cache

from prometheus_client import Counter, Histogram, disable_created_metrics

disable_created_metrics()  # type: ignore[no-untyped-call]  # the library has no types here

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

_REQUESTS = Histogram(
    "registratura_http_request_seconds",
    "Requests answered, by template of the path, and how long each took",
    ("route", "method", "status"),
    buckets=SECONDS,
)
_BOOKINGS = Counter(
    "registratura_bookings",
    "Bookings asked for through the API: outcome is «booked» or the refusal, code that of the FER profile",
    ("channel", "outcome", "code"),
)
_STORAGE_ERRORS = Counter(
    "registratura_storage_errors",
    "Work that failed because the database did not answer, or whose commit has an unknown end",
    ("kind",),
)
_SENDS = Counter(
    "registratura_max_sends",
    "Calls to MAX that reach people, by what was sent and how it ended",
    ("kind", "delivery"),
)
_WAITS = Counter(
    "registratura_max_rate_limit_wait_seconds",
    "Seconds that calls waited for their turn within the limits of MAX",
)
_WAITED = Counter(
    "registratura_max_rate_limit_waits",
    "Calls that had to wait for their turn within the limits of MAX",
)


@cache
def request(route: str, method: str, status: int) -> Callable[[float], None]:
    """Where the seconds of such requests are told."""
    return _REQUESTS.labels(route, method, str(status)).observe


@cache
def _booking(channel: str, outcome: str, code: str) -> Callable[[], None]:
    return _BOOKINGS.labels(channel, outcome, code).inc


_CHATS = Counter("registratura_chats_failed", "Chats of consultations that somebody must look at", ("state",))


def chat_failed(state: str) -> None:
    """A chat could not be opened, or nobody knows whether it was."""
    _CHATS.labels(state).inc()


def booking(channel: str, outcome: str, code: int) -> None:
    """A booking asked for ended so."""
    _booking(channel, outcome, str(code))()


def storage_error(kind: str) -> None:
    """The storage failed in this way: the name of a fault, or «late»."""
    _STORAGE_ERRORS.labels(kind).inc()


def sent(kind: str, delivery: str) -> None:
    """A call to MAX ended so."""
    _SENDS.labels(kind, delivery).inc()


def waited(seconds: float) -> None:
    """A call waits so long for its turn."""
    if seconds > 0:
        _WAITED.inc()
        _WAITS.inc(seconds)
