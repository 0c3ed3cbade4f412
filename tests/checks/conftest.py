"""The small field in a folder whose name has a space and a letter beyond ASCII."""

import pytest

from .fields import Field


@pytest.fixture
def field(tmp_path) -> Field:
    return Field(tmp_path / "my field é")
