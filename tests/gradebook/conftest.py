"""A real PostgreSQL server, with a database for each file of tests in this room."""

import pytest
import servers


@pytest.fixture(scope="session")
def server():
    """A function that makes an empty database and returns its address."""
    with servers.postgres() as new_database:
        yield new_database


@pytest.fixture(scope="module")
def database(server):
    """The address of an empty database."""
    return server()
