"""Which files jobs read: those of rules that only some configs have a use for."""

from types import SimpleNamespace

import pytest
from swath.errors import ConfigError
from swath.run.tiles import Tiles

PATCH = SimpleNamespace(tile="t", patch="r00_c00_pr00_pc00")


def reads(added):
    """The PSFs that a job of `payload_added` reads."""
    run = SimpleNamespace(plan=lambda wildcards: SimpleNamespace(added=added))
    return Tiles.only_added(run, lambda wildcards: f"epsf_added/{wildcards.patch}.fits")(PATCH)


def test_a_job_for_added_bands_reads_its_files():
    assert reads(("z",)) == "epsf_added/r00_c00_pr00_pc00.fits"


def test_without_added_bands_its_products_are_refused_in_a_sentence():
    """It used to begin, and to end in an empty sequence that has no greatest value."""
    with pytest.raises(ConfigError, match=r"inputs\.added_images: .* for added bands alone, and the config adds none"):
        reads(())
