"""FITS and Parquet products that say what made them."""

import json

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from swath.images import write_fits
from swath.provenance.cards import stamped
from swath.tables import write_parquet

CARDS = [("RULE", "load", "the rule"), ("RECORD", f"records/load/{'long' * 30}.json", "its record")]


def hdus() -> list:
    return [
        fits.PrimaryHDU(header=fits.Header({"PATCH": "r00_c00_pr00_pc00"})),
        fits.ImageHDU(np.arange(6.0).reshape(2, 3), name="IMAGE"),
    ]


@pytest.mark.filterwarnings("error::astropy.utils.exceptions.AstropyUserWarning")
def test_fits_products_carry_the_cards_of_the_job_in_their_first_header(tmp_path):
    with stamped(CARDS):
        write_fits(tmp_path / "in.fits", hdus())
    write_fits(tmp_path / "out.fits", hdus())
    with fits.open(tmp_path / "in.fits", checksum=True) as inside, fits.open(tmp_path / "out.fits") as outside:
        assert {key: inside[0].header[key] for key in ("RULE", "RECORD")} == {key: value for key, value, _ in CARDS}
        assert "RULE" not in inside[1].header
        assert "RULE" not in outside[0].header
        assert (inside[1].data == outside[1].data).all()


@pytest.mark.filterwarnings("error::astropy.utils.exceptions.AstropyUserWarning")
def test_a_flipped_card_fails_the_fits_checksum(tmp_path):
    with stamped(CARDS):
        write_fits(tmp_path / "a.fits", hdus())
    content = (tmp_path / "a.fits").read_bytes().replace(b"'load    '", b"'lord    '")
    (tmp_path / "a.fits").write_bytes(content)
    with pytest.raises(Warning, match="Checksum verification failed"), fits.open(tmp_path / "a.fits", checksum=True):
        pass


def test_parquet_products_carry_them_as_metadata(tmp_path):
    table = pd.DataFrame({"ID": ["a"], "x": [1.0]})
    with stamped(CARDS):
        write_parquet(tmp_path / "in.parquet", table)
    write_parquet(tmp_path / "out.parquet", table)
    about = pq.read_schema(tmp_path / "in.parquet").metadata[b"provenance"]
    assert json.loads(about)["RULE"] == "load"
    assert b"provenance" not in pq.read_schema(tmp_path / "out.parquet").metadata
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "in.parquet"), table)
