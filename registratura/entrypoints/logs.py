"""The journal: one JSON object a line, UTC; for people when the output is a terminal. Never anything personal.

Faults are told by type and place only: their messages may hold what people sent.
"""

import logging
import sys
import traceback
from collections.abc import Callable, MutableMapping
from contextvars import ContextVar
from types import TracebackType
from typing import Any

import orjson
import structlog

REQUEST_ID: ContextVar[str] = ContextVar("request_id")
"""The request that the code at hand works for; stands in every line it writes."""

Event = MutableMapping[str, Any]
Line = Callable[[Event], None]
_MADE = frozenset({"event", "level", "timestamp"})
"""What the machinery adds to a line by itself."""
_requests = logging.getLogger("registratura.requests")
_QUIET = ("httpx", "httpcore", "alembic", "uvicorn.access", "asyncio")


def _fault(_: Any, __: str, event: Event) -> Event:  # noqa: ANN401  # the signature of structlog
    event.pop("color_message", None)
    info = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    if isinstance(info, BaseException):
        info = (type(info), info, info.__traceback__)
    if isinstance(info, tuple) and info[0] is not None:
        event["fault"] = info[0].__name__
        event["at"] = _places(info[2])
    return event


def _places(trace: TracebackType | None) -> list[str]:
    return [f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(trace)][-8:]


def _request_id(_: Any, __: str, event: Event) -> Event:  # noqa: ANN401  # the signature of structlog
    request_id = REQUEST_ID.get(None)
    if request_id is not None:
        event.setdefault("request_id", request_id)
    return event


def request_lines() -> Line:
    """What writes a line about a request that ended: in the same form as all, but past the machinery, which costs much.

    What people read on a terminal goes the ordinary way.
    """
    return _line_for_people if sys.stderr.isatty() else _line


def _line(event: Event) -> None:
    line = orjson.dumps(event, option=orjson.OPT_UTC_Z).decode()
    try:
        sys.stderr.write(f"{line}\n")
    except OSError:
        return  # nobody reads the journal: the request was served all the same


def _line_for_people(event: Event) -> None:
    _requests.info(event["event"], extra={key: value for key, value in event.items() if key not in _MADE})


def set_up_logging(*, level: int = logging.INFO) -> None:
    """Send everything to standard error in one form."""
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _request_id,
        _fault,
    ]
    for_people = sys.stderr.isatty()
    last = structlog.dev.ConsoleRenderer() if for_people else structlog.processors.JSONRenderer(ensure_ascii=False)
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
