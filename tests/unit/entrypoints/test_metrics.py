"""What Prometheus reads."""

import re

from registratura.application.ports.backlog import Backlog
from registratura.entrypoints.metrics import exposition, meters


def value(page: str, metric: str) -> float:
    found = re.search(rf"^{re.escape(metric)} (\S+)$", page, re.MULTILINE)
    return float(found[1]) if found else 0.0


def shown(**backlogs: Backlog) -> str:
    return exposition.page(backlogs).decode()


def test_what_waits_is_shown_by_queue() -> None:
    page = shown(inbox=Backlog(depth=3, oldest_seconds=12.5), outbox=Backlog(depth=0, oldest_seconds=0.0))

    assert value(page, 'registratura_queue_depth{queue="inbox"}') == 3
    assert value(page, 'registratura_queue_oldest_seconds{queue="inbox"}') == 12.5
    assert 'registratura_queue_depth{queue="outbox"} 0.0' in page


def test_requests_bookings_sends_and_waits_are_counted() -> None:
    metrics = {
        'registratura_http_request_seconds_count{method="GET",route="/x/{id}",status="200"}': 2,
        'registratura_http_request_seconds_bucket{le="0.1",method="GET",route="/x/{id}",status="200"}': 1,
        'registratura_bookings_total{channel="portal",code="11",outcome="SlotTaken"}': 1,
        'registratura_storage_errors_total{kind="Unavailable"}': 1,
        'registratura_max_sends_total{delivery="done",kind="send"}': 1,
        "registratura_max_rate_limit_waits_total": 1,
        "registratura_max_rate_limit_wait_seconds_total": 0.25,
    }
    before = shown()

    for seconds in (0.07, 2.0):
        meters.request("/x/{id}", "GET", 200)(seconds)
    meters.booking("portal", "SlotTaken", 11)
    meters.storage_error("Unavailable")
    meters.sent("send", "done")
    meters.waited(0.25)
    meters.waited(0.0)

    after = shown()
    assert {metric: value(after, metric) - value(before, metric) for metric in metrics} == metrics
