"""Headers of archives by the mapping of the config: numbers, keys, expressions, silence and nonsense."""

import pytest
from astropy.io import fits
from skies import tan
from swath.config.mapping import ArchiveHeader
from swath.regrid.header import filter_of, known_of


def header(**cards):
    made = tan((50, 50)).to_header()
    known = {"ZP_AUTO": 27.0, "SKYSIG": 5.0, "EGAIN": 2.0, "SATURATE": 6e4} | cards
    for name, value in known.items():
        if value is not None:
            made[name] = value
    return made


def test_a_header_that_has_what_the_defaults_name():
    known, problems = known_of(header(SEEING=1.3, **{"MJD-OBS": 58000.5}), ArchiveHeader(), weighted=False)
    assert problems == []
    assert known == (27.0, None, 2.0, 6e4, 1.3, 58000.5)


def test_expressions_and_numbers():
    mapping = ArchiveHeader(
        zero_point="22.5 - 2.5 * log10(NMGY)", sky_sigma="(SKY / EGAIN + 1.5) ** 0.5", gain=3, saturation="EGAIN * 1e4"
    )
    known, problems = known_of(header(NMGY=0.01, SKY=200.0), mapping, weighted=False)
    assert problems == []
    assert known[:4] == pytest.approx((27.5, 101.5**0.5, 3.0, 2e4))


def test_what_may_be_missing_is_missing_and_what_must_not_is_told_all_at_once():
    known, problems = known_of(header(SATURATE=None), ArchiveHeader(), weighted=False)
    assert problems == []
    assert (known.saturation, known.fwhm_arcsec) == (None, None)
    _, problems = known_of(header(ZP_AUTO=None, EGAIN="x"), ArchiveHeader(sky_sigma="NOISE"), weighted=False)
    assert [text.split(":")[0] for text in problems] == ["zero_point", "sky_sigma", "gain"]


@pytest.mark.parametrize("value", [0.0, -2.0, True, "high", fits.card.Undefined()])
def test_gains_that_are_none(value):
    known, problems = known_of(header(EGAIN=value), ArchiveHeader(), weighted=False)
    assert known is None
    assert problems[0].startswith("gain: EGAIN")


def test_a_saturation_that_is_no_number_is_no_silence():
    _, problems = known_of(header(SATURATE="full"), ArchiveHeader(), weighted=False)
    assert problems == ["saturation: SATURATE = 'full', expected a number"]


def test_with_a_weight_nothing_is_asked_of_the_sky():
    known, problems = known_of(header(), ArchiveHeader(sky_sigma="NOSUCH"), weighted=True)
    assert problems == []
    assert known.sky_sigma is None


def test_an_unusable_wcs_is_told_with_the_rest():
    bad = header(EGAIN=None)
    del bad["CTYPE1"]
    _, problems = known_of(bad, ArchiveHeader(), weighted=False)
    assert len(problems) == 2
    assert "CTYPE1" in problems[0]


def test_names_of_filters():
    assert filter_of(header(FILTER="r "), "FILTER") == "r"
    assert filter_of(header(FILTER=None), "FILTER") == ""
    assert filter_of(header(FILTER=2), "FILTER") == "2"
