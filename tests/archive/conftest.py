"""Archives for the tests of this folder."""

import os
from collections.abc import Iterator

import pytest
from archive.dachs.server import Dachs, missing


@pytest.fixture(scope="session")
def dachs() -> Iterator[Dachs]:
    """One archive for all tests of a worker."""
    if reason := missing():
        (pytest.fail if os.environ.get("SWATH_REQUIRE_SERVICES") else pytest.skip)(reason)
    with Dachs() as archive:
        yield archive
