"""Fixtures and rules for every test: services by address, no silent skips, one asynchronous backend."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from uuid import uuid4

import hypothesis
import psycopg
import pytest
import sqlalchemy

from tests.services.programs import AMQP_URL, CHROMIUM_PATH, POSTGRES_URL

MARKERS_BY_FIXTURE = {
    "amqp_url": "services",
    "make_postgres_database": "services",
    "postgres_server": "services",
    "chromium_path": "browser",
}

# The same examples every time, so that what is red here is red for the next person too;
# `--hypothesis-profile=long` looks for new ones.
hypothesis.settings.register_profile("steady", derandomize=True, deadline=None)
hypothesis.settings.register_profile("quick", derandomize=True, deadline=None, max_examples=20)
hypothesis.settings.register_profile("long", max_examples=5_000, deadline=None)
hypothesis.settings.load_profile("steady")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test by the services its fixtures ask for, so that `make test-quick` can leave it out."""
    for item in items:
        for fixture in getattr(item, "fixturenames", ()):
            if fixture in MARKERS_BY_FIXTURE:
                item.add_marker(MARKERS_BY_FIXTURE[fixture])


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A skipped test proves nothing, so it fails the run."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:
        return
    skipped = reporter.stats.get("skipped", [])
    if skipped and session.exitstatus == pytest.ExitCode.OK:
        reporter.write_line(f"\n{len(skipped)} skipped: nothing may skip here", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def postgres_server() -> str:
    """SQLAlchemy URL of a maintenance database on a server where databases may be created."""
    return _given(POSTGRES_URL)


@pytest.fixture(scope="session")
def amqp_url() -> str:
    """The broker all tests share: each names its exchanges and queues uniquely."""
    return _given(AMQP_URL)


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """A Chromium to hand to Playwright as `executable_path`."""
    return _given(CHROMIUM_PATH)


@pytest.fixture(scope="session")
def make_postgres_database(postgres_server: str) -> Iterator[Callable[..., str]]:
    """Make a database and return its URL: `make_postgres_database(template=url)` copies that one; all go at the end."""
    with ExitStack() as made:

        def make(template: str | None = None) -> str:
            return made.enter_context(_database(postgres_server, template))

        yield make


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """SQLAlchemy URL of a fresh, empty database that lives as long as the test."""
    with _database(postgres_server, template=None) as url:
        yield url


@contextmanager
def _database(server: str, template: str | None) -> Iterator[str]:
    address = sqlalchemy.make_url(server)
    name = f"test_{uuid4().hex}"
    source = sqlalchemy.make_url(template).database if template else "template0"
    _execute(address, psycopg.sql.SQL("CREATE DATABASE {} TEMPLATE {}"), name, source)
    try:
        yield address.set(database=name).render_as_string(hide_password=False)
    finally:
        # Forced, because a test that failed half way may leave connections open.
        _execute(address, psycopg.sql.SQL("DROP DATABASE {} WITH (FORCE)"), name)


def _execute(address: sqlalchemy.URL, statement: psycopg.sql.SQL, *names: str | None) -> None:
    plain = address.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(statement.format(*(psycopg.sql.Identifier(str(name)) for name in names)))


def _given(variable: str) -> str:
    value = os.environ.get(variable)
    if not value:
        pytest.fail(f"{variable} is not set; `make test` starts the services and sets it.", pytrace=False)
    return value
