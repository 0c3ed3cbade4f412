"""A browser, and a tile with its page that tests may look at."""

import sys
from pathlib import Path

import pytest
from browser import chromium  # noqa: F401
from fake_explore import Tile, build

sys.path.append(str(Path(__file__).parents[1] / "plots"))


@pytest.fixture(scope="session")
def tile(tmp_path_factory) -> Tile:
    """60 sources in five bands, in a folder whose name has a space and a letter beyond ASCII; its page is made."""
    made = build(tmp_path_factory.mktemp("explore") / "tile é #1")
    made.make()
    return made
