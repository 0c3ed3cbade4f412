"""Flags by name: those of the header first, those of the documents where it has none."""

import pytest
from astropy.io import fits
from swath.errors import ConfigError
from swath.spherex.maskbits import DOCUMENTED, mask_of, named_bits, renumbered

from spherex.build import Scene, hdus_of
from spherex.realfiles import flag_bits


def test_cards_of_a_real_header():
    bits = named_bits(hdus_of(Scene(size=(8, 8)), psf=False)[0]["FLAGS"].header)
    assert bits == flag_bits()
    assert len(bits) == 22
    assert all(DOCUMENTED[name] == bit for name, bit in bits.items())


def test_a_header_that_moves_a_bit_is_believed():
    header = fits.Header([("MP_HOT", 3), ("HIERARCH MP_SOURCE", 30)])
    assert named_bits(header) == {"HOT": 3, "SOURCE": 30}
    assert mask_of(["HOT", "SOURCE", "5"], named_bits(header)) == (1 << 3) | (1 << 30) | (1 << 5)


def test_names_of_other_releases_are_no_mistake_and_others_are():
    """CROSSTALK is newer than these headers: pixels cannot have it."""
    assert mask_of(["CROSSTALK", "STREAK"], flag_bits()) == 0
    with pytest.raises(ConfigError, match="'HOTT' is no flag"):
        mask_of(["HOTT"], flag_bits())


def test_flags_have_their_documented_numbers_whatever_a_file_calls_them():
    """The light curve judges rows of all files by one table of bits."""
    file = {"SOURCE": 3, "HOT": 21, "NEW": 10, "STREAK": 30}
    assert renumbered(1 << 3 | 1 << 21, file) == 1 << 21 | 1 << 10
    assert renumbered(1 << 10 | 1 << 30, file) == 1 << 42 | 1 << 30
    everything = sum(1 << bit for bit in flag_bits().values())
    assert renumbered(everything, flag_bits()) == everything
    assert renumbered(0, file) == 0
