"""A real PostgreSQL server, which the tests of this room share."""

import pytest
import servers


@pytest.fixture(scope="session")
def server():
    """The address of an empty database on a server of its own."""
    with servers.postgres() as address:
        yield address
