"""The registry of the catalogue's columns: the peer's names unchanged, no name twice, units that FITS knows."""

import pytest
from astropy import units
from hypothesis import given, settings
from hypothesis import strategies as st
from swath import columns


def split(text: str) -> list[str]:
    return text.split()


# tract7dt 0.6.0, output_catalog.csv as observed, without the input's columns.
PEER = split("""
excluded_crop excluded_saturation excluded_any gaia_source_id excluded_reason
x_pix_white y_pix_white x_pix_patch y_pix_patch patch_tag epsf_tag
psf_min_epsf_nstars_for_use psf_used_epsf_band_count psf_fallback_band_count psf_low_star_band_count
psf_fallback_bands psf_low_star_bands psf_frozen_bands_for_optimizer psf_fallback_reasons_json
opt_niters opt_converged opt_hit_max_iters opt_last_dlnp
x_pix_patch_fit y_pix_patch_fit x_pix_white_fit y_pix_white_fit RA_fit DEC_fit stype_fit
sersic_n_fit re_pix_fit ab_fit phi_deg_fit ELL_fit Re_fit THETA_fit
FLUX_m400_fit FLUXERR_m400_fit FLUX_m425_fit FLUXERR_m425_fit
MAG_m400_fit MAGERR_m400_fit MAG_m425_fit MAGERR_m425_fit
""")
PEER_BAND = split("""
opt_niters_m400 opt_converged_m400 opt_hit_max_iters_m400 opt_last_dlnp_m400
x_pix_patch_m400_fit y_pix_patch_m400_fit x_pix_white_m400_fit y_pix_white_m400_fit RA_m400_fit DEC_m400_fit
sersic_n_m400_fit re_pix_m400_fit ab_m400_fit phi_deg_m400_fit ELL_m400_fit Re_m400_fit THETA_m400_fit
""")
NAMES = st.lists(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,6}", fullmatch=True), min_size=1, max_size=5, unique=True)


def test_the_peers_names_come_first_in_its_order():
    assert list(columns.names(["m400", "m425"], True))[: len(PEER)] == PEER


def test_single_band_mode_has_the_peers_names_per_band():
    names = columns.names(["m400", "m425"], False)
    assert set(PEER_BAND) | {name.replace("m400", "m425") for name in PEER_BAND} <= set(names)
    assert "stype_fit" in names
    assert "FLUX_m400_fit" in names
    assert "RA_fit" not in names


@settings(deadline=None)
@given(bands=NAMES, multi_band=st.booleans())
def test_no_name_twice_and_none_left_open(bands, multi_band):
    names = columns.names(bands, multi_band)
    assert len(set(names)) == len(names)
    assert not any("{" in name for name in names)


@pytest.mark.parametrize("multi_band", [True, False])
def test_units_are_those_of_fits_and_meanings_are_there(multi_band):
    for column in columns.catalogue(["g"], multi_band):
        units.Unit(column.unit, format="fits")
        assert column.meaning
        assert column.kind in columns.EMPTY


def test_the_document_has_a_row_for_every_column():
    table = columns.markdown(["g", "r"], False).splitlines()[2:]
    assert [row.split("`")[1] for row in table] == list(columns.names(["g", "r"], False))
    assert "`CHI2_{band}`" in columns.markdown()
