"""The rule `regrid`: from tables of downloads to one image of a band, and a reason for every file that is left out."""

import json

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from skies import pixels_of, positions, stars, tan, write
from spherex.fetched import checksums
from swath.config.grid import Grid
from swath.config.images import Load
from swath.config.inputs import Image, Keywords
from swath.config.mapping import ArchiveImages
from swath.config.noise import Noise
from swath.errors import RunError
from swath.frames.header import image_facts
from swath.frames.load import load_band
from swath.regrid.band import Settings, regrid_band

SHAPE, FLUX = (120, 120), 1e5
RA_DEC = positions(24, 4)


class Archive:
    """A tile's folder with downloaded files, and what the rule makes of them."""

    def __init__(self, folder):
        self.folder, self.rows = folder, []

    def add(self, name, wcs, zero_point=27.0, sky=0.0, sigma=5.0, gain=2.0, band="", seed=1, pixels=None, **cards):
        """An image of the same stars at another zero point."""
        if pixels is None:
            light = stars(wcs, SHAPE, *RA_DEC, 4.0, FLUX * 10 ** (0.4 * (zero_point - 27)))
            noise = np.random.default_rng(seed).normal(size=SHAPE) * np.sqrt(sigma**2 + light / gain)
            pixels = light + noise + sky
        cards = {"ZP_AUTO": zero_point, "SKYSIG": sigma, "EGAIN": gain} | cards
        write(self.folder / "data" / name, pixels, wcs, **cards)
        self.row(name, f"data/{name}", band)

    def row(self, exposure, file, band, status="ok", reason="", **told):
        self.rows.append(
            {"exposure": exposure, "file": file, "band": band, "status": status, "file_reason": reason, **told}
        )

    def fetched(self, row):
        path = self.folder / row["file"]
        return checksums(path) if path.is_file() else {"size": 0, "sha256": ""}

    def regrid(self, band="r", grid=None, header=None, **archive):
        """Run it; image (HDUs), facts, listing."""
        tables = []
        for number in range(2):
            tables.append(self.folder / f"b{number:03d}.parquet")
            columns = ["exposure", "file", "band", "status", "file_reason", "size", "sha256"]
            rows = [self.fetched(row) | row for row in self.rows[number::2]]
            pd.DataFrame(rows, columns=columns).to_parquet(tables[-1])
        given = {"bands": {"r": ["r", "R.9"], "g": None}, "header": {"sky_sigma": "SKYSIG"} | (header or {})} | archive
        grid = grid or Grid(ra=150, dec=2, width=100, pixel_scale_arcsec=1)
        settings = Settings(ArchiveImages(**given), grid, Load(), Keywords(), Noise())
        paths = [str(self.folder / f"{band}.{ending}") for ending in ("fits", "json", "csv")]
        regrid_band(tables, self.folder, band, settings, *paths)
        return fits.open(paths[0]), json.loads(open(paths[1]).read()), pd.read_csv(paths[2]).set_index("exposure")


@pytest.fixture
def archive(tmp_path):
    return Archive(tmp_path)


def apertures(hdus):
    """Fluxes of the stars that lie well within, each over FLUX."""
    from astropy.wcs import WCS

    y, x = np.mgrid[:100, :100]
    places = zip(*pixels_of(WCS(hdus[0].header), *RA_DEC), strict=True)
    disks = [np.hypot(x - cx, y - cy) < 9 for cx, cy in places]
    return np.array([hdus[0].data[disk].sum() / FLUX for disk in disks if not hdus["MASK"].data[disk].any()])


def test_images_of_other_scales_zero_points_and_skies_become_one(archive):
    archive.add("a.fits", tan(SHAPE, 1.0, 20, (0.3, 0.2)), 27.0, sky=300, seed=1)
    archive.add("b.fits", tan(SHAPE, 1.1, -70), 28.0, sky=-20, seed=2)
    archive.add("c.fits", tan(SHAPE), 27.5, seed=3)  # the grid's own pixels, but for their number
    hdus, facts, rows = archive.regrid()
    fluxes = apertures(hdus)
    # Sky and photons of three images: 0.2 % of a star; 9 to 16 stars. An image without its zero point is off by 50 %.
    assert len(fluxes) >= 9
    assert fluxes.mean() == pytest.approx(1.0, abs=0.002)
    assert list(rows.status) == ["resampled", "resampled", "copied"]
    assert list(rows.factor) == pytest.approx([1, 10**-0.4, 10**-0.2])
    assert list(rows.sky.round()) == [300, -20, 0]
    assert (facts["used"], facts["copied"], facts["most_images"], facts["resampling"]) == (3, 1, 3, "exact")
    assert facts["noise_factor"] > 1.1
    assert hdus[0].header["NOISECOR"] == facts["noise_factor"]
    empty = (hdus["MASK"].data == 0) & (hdus[0].data < np.percentile(hdus[0].data, 30))
    assert facts["sky_sigma"] == pytest.approx(hdus["WEIGHT"].data[empty].mean() ** -0.5, rel=0.05)


def test_load_takes_what_regrid_makes(archive, tmp_path):
    archive.add("a.fits", tan(SHAPE, 1.0, 20), SEEING=4.0)
    _, facts, _ = archive.regrid()
    made = str(tmp_path / "r.fits")
    image = Image(path=made, hdu=0, band="r", weight=made, weight_hdu="WEIGHT", mask=made, mask_hdu="MASK")
    known = image_facts(image, Keywords())
    assert (known.zero_point, known.gain, known.fwhm_pix) == pytest.approx((27.0, facts["gain"], 4.0))
    load_band(image, tmp_path / "frame.fits", tmp_path / "frame.json", Keywords(), Load(sky={"model": "off"}), "sky")
    with fits.open(tmp_path / "frame.fits") as frame:
        sigma = frame["SIGMA"].data
        assert np.nanmedian(sigma) == pytest.approx(facts["sky_sigma"] * 10 ** (-0.4 * 2), rel=0.01)


def test_pixels_of_the_grid_pass_to_the_last_bit(archive, tmp_path):
    wcs, rng = tan(SHAPE, 0.4, 11), np.random.default_rng(4)
    pixels = rng.normal(100, 5, SHAPE).astype("f4")
    pixels[5, 7], pixels[50, 60] = np.nan, 6e4
    archive.add("a.fits", wcs, pixels=pixels)
    like = Grid(like=str(tmp_path / "data/a.fits"))
    hdus, facts, rows = archive.regrid(grid=like)
    assert hdus[0].data.astype("f4").tobytes() == pixels.tobytes()
    assert (facts["noise_factor"], facts["resampling"], facts["gain"], facts["zero_point"]) == (1.0, "none", 2.0, 27.0)
    assert np.unique(hdus["WEIGHT"].data[hdus["MASK"].data == 0]) == np.float32(1 / 25)
    assert np.argwhere(hdus["MASK"].data).tolist() == [[5, 7]]
    assert rows.status["a.fits"] == "copied"
    assert hdus[0].header["MJD-OBS"] == 51075.0


def test_cutouts_of_one_image_are_put_together_bit_by_bit(archive, tmp_path):
    """Neighbours that share a strip, as archives cut them, without a sky to match."""
    wcs = tan(SHAPE, 0.4, 11)
    pixels = np.random.default_rng(5).normal(0, 5, SHAPE).astype("f4")
    write(tmp_path / "whole.fits", pixels, wcs)
    archive.add("left.fits", wcs[:, :60], pixels=pixels[:, :60])
    archive.add("right.fits", wcs[:, 50:], pixels=pixels[:, 50:])
    hdus, facts, _ = archive.regrid(grid=Grid(like=str(tmp_path / "whole.fits")), match_sky=False)
    apart = np.r_[0:50, 60:120]
    assert hdus[0].data.astype("f4")[:, apart].tobytes() == pixels[:, apart].tobytes()
    assert hdus[0].data == pytest.approx(pixels, rel=1e-6)
    assert facts["covered"] == 1


def test_every_file_has_its_row_and_those_left_out_a_reason(archive, tmp_path):
    archive.add("good.fits", tan(SHAPE, 1.0, 5))
    archive.add("far.fits", tan(SHAPE, ra=200.0))
    archive.add("nozp.fits", tan(SHAPE), ZP_AUTO=None)
    archive.add("badgain.fits", tan(SHAPE), EGAIN="high")
    archive.add("nowcs.fits", tan(SHAPE))
    with fits.open(tmp_path / "data/nowcs.fits", mode="update") as hdus:
        del hdus[0].header["CTYPE1"]
    archive.add("blank.fits", tan(SHAPE), pixels=np.full(SHAPE, np.nan))
    archive.add("nofilter.fits", tan(SHAPE), FILTER=None)
    archive.add("other.fits", tan(SHAPE), FILTER="g")
    archive.add("named.fits", tan(SHAPE), FILTER="g", band="R.9")  # what the archive says goes before the header
    (tmp_path / "data/junk.fits").write_text("<html>")
    archive.row("junk.fits", "data/junk.fits", "r")
    archive.row("lost.fits", "", "r", "failed", "404 Not Found")
    archive.row("gone.fits", "data/gone.fits", "r")
    archive.add("flipped.fits", tan(SHAPE))
    archive.rows[-1] |= checksums(tmp_path / "data/flipped.fits") | {"sha256": "another"}
    hdus, facts, rows = archive.regrid()
    reasons = {
        "far": "does not overlap", "nozp": "zero_point: ZP_AUTO is missing", "badgain": "gain: EGAIN = 'high'",
        "nowcs": "no celestial WCS: CTYPE1 missing", "blank": "every pixel", "nofilter": "no FILTER",
        "junk": "not a readable FITS", "lost": "404 Not Found", "gone": "no such file",
        "flipped": "its SHA-256 is not the one of the file that was fetched",
    }  # fmt: skip
    for name, words in reasons.items():
        row = rows.loc[f"{name}.fits"]
        assert row.status == ("failed" if name == "lost" else "rejected"), name
        assert words in row.reason, name
        assert str(tmp_path) not in row.reason
    assert "other.fits" not in rows.index
    assert rows.status["named.fits"] == "copied"
    assert (facts["files"], facts["used"]) == (12, 2)


def test_a_band_without_any_usable_image_ends_with_the_reasons(archive):
    archive.add("far.fits", tan(SHAPE, ra=200.0))
    with pytest.raises(RunError, match=r"r: none of 1 file can be used.*far\.fits: it does not overlap the grid"):
        archive.regrid()
    with pytest.raises(RunError, match="g: among the downloaded files none is of filter g"):
        archive.regrid("g")


def test_expressions_numbers_and_measurements_stand_in_for_keywords(archive):
    archive.add(
        "a.fits", tan(SHAPE, 1.0, 20), 27.0, ZP_AUTO=None, EGAIN=None, NMGY=10 ** (0.4 * (22.5 - 27.0)), SKYSIG=None
    )
    header = {"zero_point": "22.5 - 2.5 * log10(NMGY)", "gain": 1.5, "sky_sigma": "measure", "saturation": None}
    _, facts, rows = archive.regrid(header=header)
    assert facts["zero_point"] == pytest.approx(27.0, abs=1e-9)
    assert rows.gain["a.fits"] == 1.5
    assert rows.sky_sigma["a.fits"] == pytest.approx(5.0, rel=0.03)
    assert facts["saturation"] is None


def test_noise_and_mask_of_the_file_count(archive, tmp_path):
    """Half of the image four times as deep, by each way of saying so."""
    sigma = np.where(np.arange(120) < 60, 5.0, 10.0) * np.ones(SHAPE)
    wcs = tan(SHAPE)
    archive.add("a.fits", wcs, pixels=np.random.default_rng(1).normal(size=SHAPE) * sigma)
    mask = np.zeros(SHAPE, "u1")
    mask[40:45] = 3
    path = tmp_path / "data/a.fits"
    for kind, plane in (("sigma", sigma), ("variance", sigma**2), ("inverse_variance", sigma**-2)):
        with fits.open(path) as hdus:
            image = fits.PrimaryHDU(hdus[0].data, hdus[0].header)
        fits.HDUList([image, fits.ImageHDU(plane, name="N"), fits.ImageHDU(mask, name="M")]).writeto(
            path, overwrite=True
        )
        given = {"weight_hdu": "N", "weight_is": kind, "mask_hdu": "M"}
        hdus, _, _ = archive.regrid(header={"sky_sigma": "NONE"}, **given)
        weight = hdus["WEIGHT"].data
        assert weight[60, 20] == pytest.approx(1 / 25)
        assert weight[60, 80] == pytest.approx(1 / 100)
        assert hdus["MASK"].data[30:35].all()
        assert not hdus["MASK"].data[36:].any()


def test_the_same_files_give_the_same_bytes(archive, tmp_path):
    archive.add("a.fits", tan(SHAPE, 1.0, 20))
    archive.add("b.fits", tan(SHAPE, 1.0, 40), seed=2)
    archive.regrid()
    first = [(tmp_path / f"r.{ending}").read_bytes() for ending in ("fits", "json", "csv")]
    archive.rows.reverse()
    archive.regrid()
    assert [(tmp_path / f"r.{ending}").read_bytes() for ending in ("fits", "json", "csv")] == first
