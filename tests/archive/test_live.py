"""What the stand-in for IRSA claims, asked of IRSA itself: SWATH_LIVE=1 python -m pytest tests/archive/test_live.py

Two small queries and three requests for one cutout, one after the other. What changes there shows here first.
"""

import io
import os
from collections.abc import Iterator

import numpy as np
import pytest
import requests
from archive.irsafiles import NAME
from archive.irsatables import SIA_COLUMNS
from astropy.io import fits
from astropy.io.votable import parse
from astropy.wcs import WCS
from swath.archive.adql import Position
from swath.archive.services import search
from swath.archive.session import Session, session
from swath.config.archive import Archive

pytestmark = [
    pytest.mark.live,
    pytest.mark.slow,
    pytest.mark.skipif(not os.environ.get("SWATH_LIVE"), reason="asks IRSA itself: only with SWATH_LIVE=1"),
]
RA, DEC = 213.94272, 11.49538  # the cloverleaf, H1413+117
ARCHIVE = Archive()


@pytest.fixture(scope="module")
def web() -> Iterator[Session]:
    with session(ARCHIVE.http, ["irsa.ipac.caltech.edu"]) as web:
        yield web


@pytest.fixture(scope="module")
def cutout(web) -> tuple[requests.Response, str]:
    found = search(web, ARCHIVE, Position(RA, DEC, 1 / 3600))
    url = found.url[found.band == "D3"].iloc[0]
    return web.get(url, params={"center": f"{RA},{DEC}", "size": "40px"}), url


@pytest.mark.parametrize("service", ["irsa_spherex", "sia2"])
def test_both_services_have_all_detectors_there(web, service):
    found = search(web, ARCHIVE.model_copy(update={"service": service}), Position(RA, DEC, 1 / 3600))
    assert set(found.band) == {f"D{number}" for number in range(1, 7)}
    assert len(found) > 100
    assert NAME.fullmatch(found.url.iloc[0].split("/")[-1])


def test_the_columns_of_sia_are_those_of_the_stand_in(web):
    asked = {"COLLECTION": "spherex_qr2", "POS": f"circle {RA} {DEC} 0.001", "MAXREC": "1", "RESPONSEFORMAT": "VOTABLE"}
    votable = parse(io.BytesIO(web.get(ARCHIVE.sia_url, params=asked).content))
    assert set(SIA_COLUMNS) <= {field.name for field in votable.get_first_table().fields}


def test_cutouts_are_made_as_the_stand_in_makes_them(web, cutout):
    answer, url = cutout
    with fits.open(io.BytesIO(answer.content)) as hdus:
        assert [hdu.name for hdu in hdus][1:5] == ["IMAGE", "FLAGS", "VARIANCE", "ZODI"]
        assert [hdu.name for hdu in hdus][5] in ("PSF", "EPSF")
        assert hdus[6].name == "WCS-WAVE"
        header = hdus["IMAGE"].header
    assert (header["NAXIS1"], header["NAXIS2"]) == (40, 40)
    there = WCS(header).all_world2pix([(RA, DEC)], 0)[0]
    # the box begins at floor(c + 1 - n / 2) of the whole image: the target lies in the middle, to a pixel
    assert np.array_equal(np.floor(there + 1 - 20), [0, 0])
    assert header["CRPIX1A"] == header["CRPIX1W"] == round(header["CRPIX1A"])
    part = web.get(url, params={"center": f"{RA},{DEC}", "size": "40px"}, headers={"Range": "bytes=0-99"})
    assert part.status_code == 200
    assert len(part.content) == len(answer.content)
