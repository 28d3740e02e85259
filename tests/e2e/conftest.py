"""The product as a region runs it: a small installation on SQLite and a large one on PostgreSQL, shared by all tests.

Each test settles a village of its own, so that none of them sees another.
"""

from collections.abc import Callable, Iterator

import pytest

from tests.harness.product import Product, running


@pytest.fixture(scope="package")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """One `serve` and one `work` on SQLite."""
    folder = tmp_path_factory.mktemp("small")
    with running(folder, f"sqlite:///{folder}/registratura.db") as product:
        yield product


@pytest.fixture(scope="package")
def large(tmp_path_factory: pytest.TempPathFactory, make_postgres_database: Callable[..., str]) -> Iterator[Product]:
    """Two `serve` and two `work` on PostgreSQL; webhooks and requests go to both servers in turn."""
    with running(tmp_path_factory.mktemp("large"), make_postgres_database(), serves=2, works=2) as product:
        yield product


@pytest.fixture(params=["small", pytest.param("large", marks=pytest.mark.services)])
def product(request: pytest.FixtureRequest) -> Product:
    """Each of the two."""
    made: Product = request.getfixturevalue(request.param)
    return made
