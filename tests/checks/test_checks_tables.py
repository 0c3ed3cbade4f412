"""Every kind of bad catalogue and of bad reference stars gets its sentence; what can be lived with gets a note."""

import numpy as np
import pandas as pd
import pytest
from astropy.coordinates import SkyCoord
from swath.sources.positions import equatorial_wcs


def only(sentences, *parts):
    """There is one sentence, and it has these parts."""
    (sentence,) = sentences
    for part in parts:
        assert part in sentence
    return sentence


@pytest.mark.parametrize("name", ["RA", "DEC"])
def test_missing_columns(field, name):
    field.write(**{name: None})
    only(field.errors(), "cat.csv: ", f"no column {name} (found: ID, ")


def test_texts_for_numbers(field):
    field.write(RA=["10:00:12.5", *field.catalog["RA"][1:]])
    only(field.errors(), "cat.csv: column RA: expected plain numbers, found row 1 (10:00:12.5)")


def test_duplicate_ids(field):
    field.write(ID=["a", "b", "a", *range(27)])
    only(field.errors(), "cat.csv: column ID: every ID may appear once; found 'a' in rows 1, 3")


def test_flux_columns_of_other_bands(field):
    field.write(FLUX_g=1.0, FLUX_i=2.0)
    errors = field.errors()
    assert len(errors) == 2
    assert "cat.csv: column FLUX_i: there is no image of band 'i' (there are g, r)" in errors[0]
    assert "cat.csv: no column FLUX_r, though there is an image of band 'r'" in errors[1]


def test_bands_are_not_compared_while_one_is_not_known(field):
    (field.folder / "r.fits").write_text("hello")
    field.write(FLUX_g=1.0, FLUX_r=2.0)
    only(field.errors(), "r.fits: not a readable FITS file")


def test_empty_catalogues(field):
    (field.folder / "cat.csv").write_text("ID,RA,DEC\n")
    only(field.errors(), "cat.csv: the table has no rows")
    (field.folder / "cat.csv").write_bytes(b"")
    only(field.errors(), "cat.csv: not a readable table")


def test_an_unreadable_catalogue(field):
    (field.folder / "cat.csv").write_bytes(b"PAR1 is not all of a Parquet file")
    only(field.errors(), "cat.csv: not a readable table", "expected CSV, ECSV, FITS or Parquet")


def test_no_catalogue_is_fine(field):
    field.inputs["catalog"] = None
    assert field.errors() == []
    assert field.row("catalogue").found == "none: sources are detected"


def test_coordinates_that_are_no_numbers_are_kept_and_noted(field):
    ra = field.catalog["RA"].copy()
    ra[[3, 7]] = np.nan, np.inf
    field.write(RA=ra)
    assert field.errors() == []
    only(field.notes(), "cat.csv: RA or DEC is not a number in rows 4, 8", "BAD_POSITION")
    assert field.row("catalogue").found == "30 sources, 28 in the image"


def test_no_coordinates_at_all(field):
    field.write(RA=np.nan)
    only(field.errors(), "cat.csv: no row has usable RA and DEC")


def test_all_sources_outside(field):
    field.write(DEC=field.catalog["DEC"] + 3)
    sentence = only(field.errors(), "cat.csv: none of 30 sources lies in the image: found RA 149.9")
    assert "expected some near the image's centre at RA 150.0000, DEC 2.2000" in sentence
    assert "catalogue of another field?" in sentence


def test_all_sources_in_the_margin(field):
    x, y = np.linspace(2, 297, 30), np.full(30, 4.0)
    ra, dec = equatorial_wcs(field.header("g")).all_pix2world(x, y, 0)
    field.write(RA=ra, DEC=dec)
    only(field.errors(crop={"margin": 20}), "cat.csv: all 30 sources in the image lie outside the crop box")


def spoilt(catalog, frame):
    sky = SkyCoord(catalog["RA"].to_numpy(), catalog["DEC"].to_numpy(), unit="deg")
    b1950, ecliptic = sky.transform_to("fk4"), sky.transform_to("barycentricmeanecliptic")
    return {
        "hours": (sky.ra.hour, sky.dec.deg),
        "exchanged": (sky.dec.deg, sky.ra.deg),
        "radians": (sky.ra.rad, sky.dec.rad),
        "galactic": (sky.galactic.l.deg, sky.galactic.b.deg),
        "B1950": (b1950.ra.deg, b1950.dec.deg),
        "ecliptic": (ecliptic.lon.deg, ecliptic.lat.deg),
    }[frame]


@pytest.mark.parametrize("frame", ["hours", "exchanged", "radians", "galactic", "B1950", "ecliptic"])
@pytest.mark.parametrize("strays", [0, 2])
def test_other_frames_are_recognised(field, frame, strays):
    """astropy makes the wrong coordinates; rows without any and rows that happen to lie inside change nothing."""
    ra, dec = (np.array(values) for values in spoilt(field.catalog, frame))
    ra[28:], dec[28:] = (field.catalog["RA"][28:], field.catalog["DEC"][28:]) if strays else (np.nan, np.nan)
    field.write(RA=ra, DEC=dec)
    text = "\n".join(field.errors())
    assert frame in text
    assert "28 of " in text
    others = {"hours", "exchanged", "radians", "galactic", "B1950", "ecliptic"} - {frame}
    assert not any(f"{other}:" in text or f"like {other}" in text for other in others)


def test_a_catalogue_of_the_whole_sky_is_fine(field):
    rng = np.random.default_rng(2)
    wide = pd.DataFrame({"ID": [f"w{i}" for i in range(2000)], "RA": rng.uniform(0, 360, 2000)})
    wide["DEC"] = np.degrees(np.arcsin(rng.uniform(-1, 1, 2000)))
    field.catalog = pd.concat([field.catalog, wide])
    field.write()
    assert field.errors() == []
    assert "30 in the image" in field.row("catalogue").found


def test_impossible_shapes_are_noted_with_what_becomes_of_them(field):
    re, ell = field.catalog["Re"].to_numpy().copy(), field.catalog["ELL"].to_numpy().copy()
    re[[2, 10, 11, 12]] = -1, 0, -3, 1e9  # row 3 is a star's: no matter
    ell[[13, 14]] = -0.2, 1.0
    field.write(Re=re, ELL=ell)
    assert field.errors() == []
    first, second = field.notes()
    assert "cat.csv: column ELL: 2 impossible values of galaxies, rows 14 (-0.2), 15 (1.0); expected 1 - b/a" in first
    assert "cat.csv: column Re: 3 impossible values of galaxies, rows 11 (0.0), 12 (-3.0), 13 (" in second
    assert "0 to 500 pix; they start from the fallback and are flagged SHAPE_ASSUMED" in second


def test_a_column_of_another_quantity_is_said_to_be_one(field):
    field.write(ELL=field.catalog["ELL"] * 100 + 1, Re=-99)
    assert all("most of the column: is it another quantity?" in note for note in field.notes())


def test_sizes_in_degrees_stop_the_run_and_in_arcsec_are_noted(field):
    field.write(Re=field.catalog["Re"] * 0.4 / 3600)
    only(field.errors(), "cat.csv: column Re: half of the galaxies are smaller than", "if in deg, by 0.0001111")
    field.write(Re=field.catalog["Re"] * 0.15)
    only(field.notes(), "column Re: half", "expected pixels; if it is in arcsec, divide by 0.4;")


def test_axis_ratios_are_recognised(field):
    field.write(ELL=1 - field.catalog["ELL"])
    only(
        field.notes(), "cat.csv: column ELL: hardly any galaxy", "if the column holds the axis ratio b/a, write 1 - b/a"
    )


def test_unknown_types(field):
    field.write(TYPE=["PSF", "GAL", "", "star", *["exp"] * 26])
    only(field.notes(), "column TYPE: 1 row with words that are not known (PSF)", "fitted as exp", "TYPE_ASSUMED")


def test_reference_stars_without_their_columns(field):
    field.stars = field.stars.drop(columns=["ra", "mag_g", "mag_r"]).assign(mag_z=14.0)
    field.write()
    errors = field.errors()
    assert len(errors) == 2
    assert "stars.csv: no column ra (found: source_id, dec, " in errors[0]
    assert "stars.csv: no column mag_<band> of any band (g, r)" in errors[1]


def test_reference_stars_of_some_bands(field):
    field.stars = field.stars.drop(columns="mag_r")
    field.write()
    assert field.errors() == []
    only(field.notes(), "stars.csv: the reference stars have no magnitudes of r")


def test_reference_stars_elsewhere_or_too_faint(field):
    field.stars["phot_g_mean_mag"] = 20.0
    field.write()
    only(field.notes(), "stars.csv: 6 stars lie in the field and none of them has phot_g_mean_mag 8 to 18")
    field.stars["ra"] /= 15
    field.write()
    only(field.notes(), "stars.csv: no star lies in the field: there will be no zero point", "RA looks like hours")
    assert field.errors() == []


def test_reference_stars_twice(field):
    field.stars["source_id"] = 7
    field.write()
    only(field.errors(), "stars.csv: column source_id: every star may appear once; repeated in rows 2 (7), 3 (7)")


def test_reference_stars_that_are_not_used_are_not_read(field):
    (field.folder / "stars.csv").write_text("nonsense\n")
    assert field.errors(gaia={"enabled": False}) == []
