"""Databases of their own for tests of what only a real database can show."""

from pathlib import Path

import pytest

from registratura.adapters.sql import migrate


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/registratura.db"


@pytest.fixture
def migrated_sqlite(sqlite_url: str) -> str:
    migrate(sqlite_url)
    return sqlite_url


@pytest.fixture
def migrated_postgres(postgres_url: str) -> str:
    migrate(postgres_url)
    return postgres_url
