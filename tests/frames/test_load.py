import json
import logging
import re

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from swath.config.images import Load, Sky
from swath.config.inputs import Image, Keywords
from swath.errors import InputError, RunError
from swath.flags import MASK
from swath.frames.frame import celestial_wcs, read_frame
from swath.frames.load import flag_pixels, load_band, total_sigma

from .synthetic import SIP, header, moffat, write_image

OFF = Sky(model="off")
SCALE = 10 ** (-0.4 * (27.5 - 25.0))  # of the synthetic images' zero point


def load(path, tmp_path, sky=OFF, weight_kind="sky", keywords=None, **options):
    """Frame and facts of an image; `options` that Image knows go there, the others to Load."""
    image = {key: options.pop(key) for key in list(options) if key in Image.model_fields}
    frame, facts = tmp_path / "frame.fits", tmp_path / "facts.json"
    settings = Load(sky=sky, **options)
    load_band(Image(path=str(path), **image), frame, facts, keywords or Keywords(), settings, weight_kind)
    return read_frame(frame), json.loads(facts.read_text())


@pytest.fixture
def raw():
    return np.random.default_rng(5).normal(0, 2, (40, 60)).astype("f4")


def test_pixels_and_noise_are_scaled_to_the_reference_zero_point(tmp_path, raw):
    frame, facts = load(write_image(tmp_path / "r.fits", raw), tmp_path)
    assert np.allclose(frame.image, raw * SCALE, rtol=1e-6)
    assert np.allclose(frame.sigma, 2.0 * SCALE)
    assert not frame.mask.any()
    assert (frame.band, frame.zp_ref, frame.noise) == ("r", 25.0, "sky")
    assert facts["scale"] == pytest.approx(SCALE)
    assert frame.sky_sigma == facts["sky_sigma"] == pytest.approx(2.0 * SCALE)


def test_a_source_keeps_its_magnitude(tmp_path, raw):
    """-2.5 log flux + zero point is the same before and after."""
    for zp_ref in (25.0, 30.0, 23.9):
        frame, _ = load(write_image(tmp_path / f"{zp_ref}.fits", raw), tmp_path, zp_ref=zp_ref)
        bright = np.argmax(raw)
        before = -2.5 * np.log10(raw.flat[bright]) + 27.5
        assert -2.5 * np.log10(frame.image.flat[bright]) + zp_ref == pytest.approx(before, abs=1e-5)


def test_gain_counts_the_same_electrons_before_and_after(tmp_path, raw):
    frame, facts = load(write_image(tmp_path / "r.fits", raw, EGAIN=4.0), tmp_path)
    assert np.allclose(frame.image * frame.gain, raw * 4.0, rtol=1e-5)
    assert facts["gain"] == frame.gain


def test_total_noise_has_the_poisson_noise_of_positive_pixels(tmp_path, raw):
    raw[3, 4] = 900.0
    frame, _ = load(write_image(tmp_path / "r.fits", raw), tmp_path)
    assert frame.total[3, 4] == pytest.approx(np.hypot(2.0, np.sqrt(900 / 4.0)) * SCALE, rel=1e-5)
    negative = raw < 0
    assert np.array_equal(frame.total[negative], frame.sigma[negative])
    assert np.isnan(total_sigma(np.float32([[1]]), np.float32([[np.nan]]), 2.0))


def test_masks(tmp_path, raw):
    raw[0, 0], raw[0, 1], raw[0, 2] = np.nan, np.inf, -np.inf
    raw[5, 5], raw[5, 6], raw[5, 7] = 500.0, 499.9, 5000.0
    user = np.zeros(raw.shape, "i2")
    user[5, 7], user[9, 9] = 4, -1
    mask = write_image(tmp_path / "mask.fits", user)
    frame, facts = load(write_image(tmp_path / "r.fits", raw, SATURATE=1000.0), tmp_path, mask=mask)
    expected = np.zeros(raw.shape, "u1")
    expected[0, [0, 1, 2]] = MASK["NOT_FINITE"]
    expected[0, 1] |= MASK["SATURATED"]
    expected[5, [5, 7]] = MASK["SATURATED"]
    expected[user != 0] |= MASK["USER"]
    assert np.array_equal(frame.mask, expected)
    assert np.array_equal(np.isnan(frame.sigma), expected != 0)
    assert np.array_equal(np.isnan(frame.total), expected != 0)
    assert np.array_equal(frame.image[0, :3], [0, 0, 0])
    assert frame.image[5, 7] == pytest.approx(5000 * SCALE)
    assert (facts["n_masked"], facts["n_saturated"]) == (6, 3)
    assert (frame.header["NMASK"], frame.header["NSATUR"], frame.header["SATUR"]) == (6, 3, 500.0)


@given(limit=st.none() | st.floats(-1e3, 1e5), pixels=hnp.arrays(np.float32, (3, 4)))
def test_flags_of_any_pixels(limit, pixels):
    mask = flag_pixels(pixels, limit)
    assert np.array_equal(mask & MASK["NOT_FINITE"] != 0, ~np.isfinite(pixels))
    saturated = np.zeros((3, 4), bool) if limit is None else pixels >= np.float32(limit)
    assert np.array_equal(mask & MASK["SATURATED"] != 0, saturated)


@pytest.mark.parametrize(("fraction", "count"), [(0.5, 3), (0.8, 2), (1.0, 1)])
def test_saturation_fraction(tmp_path, raw, fraction, count):
    """At the limit counts as saturated."""
    raw[1, 1:4] = 500, 800, 1000
    path = write_image(tmp_path / "r.fits", raw, SATURATE=1000.0)
    assert load(path, tmp_path, saturation_fraction=fraction)[1]["n_saturated"] == count


def test_image_without_saturation_level(tmp_path, raw):
    raw[1, 1] = 1e30
    frame, facts = load(write_image(tmp_path / "r.fits", raw), tmp_path)
    assert facts["n_saturated"] == 0
    assert "SATUR" not in frame.header


def test_weights_are_inverse_variances_in_image_units(tmp_path, raw):
    weight = np.full(raw.shape, 0.25, "f4")
    weight[7] = 0.01
    weight[8, :4] = 0, -1, np.nan, np.inf
    path = write_image(tmp_path / "w.fits", weight)
    frame, facts = load(write_image(tmp_path / "r.fits", raw, SKYSIG=None), tmp_path, weight=path)
    assert frame.sigma[0, 0] == pytest.approx(2.0 * SCALE)
    assert frame.sigma[7, 3] == pytest.approx(10.0 * SCALE)
    assert np.all(frame.mask[8, :4] == MASK["NO_WEIGHT"])
    assert np.isnan(frame.sigma[8, :4]).all()
    assert facts["n_masked"] == 4
    assert frame.sky_sigma == pytest.approx(2.0 * SCALE)


def test_weights_next_to_nothing_are_none_and_large_ones_fit(tmp_path, raw):
    weight = np.full(raw.shape, 4e42, "f8")
    weight[5] = 1e30
    path = write_image(tmp_path / "w.fits", weight)
    frame, facts = load(write_image(tmp_path / "r.fits", raw, SKYSIG=None), tmp_path, weight=path)
    assert np.all(frame.mask[5] == MASK["NO_WEIGHT"])
    assert facts["n_masked"] == raw.shape[1]
    assert frame.sigma[0, 0] == pytest.approx(0.5e-21 * SCALE)


def test_total_weights_are_not_given_poisson_noise_again(tmp_path, raw):
    weight = write_image(tmp_path / "w.fits", np.full(raw.shape, 0.25, "f4"))
    path = write_image(tmp_path / "r.fits", raw + 100)
    frame, _ = load(path, tmp_path, weight=weight, weight_kind="total")
    assert frame.noise == "total"
    assert np.array_equal(frame.total, frame.sigma)
    frame, _ = load(path, tmp_path, weight=weight)
    assert frame.noise == "sky"
    assert np.all(frame.total > frame.sigma)
    assert load(path, tmp_path, weight_kind="total")[0].noise == "sky"  # SKYSIG is the sky's, whatever maps would be


def test_companion_images_may_be_in_any_hdu(tmp_path, raw):
    planes = [fits.ImageHDU(raw, name="SCI"), fits.ImageHDU(np.ones_like(raw), name="VAR")]
    planes.append(fits.ImageHDU((raw > 4).astype("u1"), name="DQ"))
    path = str(tmp_path / "all.fits")
    fits.HDUList([fits.PrimaryHDU(header=header(SKYSIG=None)), *planes]).writeto(path)
    where = {"hdu": "SCI", "weight": path, "weight_hdu": "VAR", "mask": path, "mask_hdu": 3}
    frame, _ = load(path, tmp_path, **where)
    assert np.array_equal(frame.mask == MASK["USER"], raw > 4)
    assert np.allclose(frame.sigma[frame.mask == 0], SCALE)


def test_wrong_shape_of_a_companion(tmp_path, raw):
    small = write_image(tmp_path / "mask.fits", raw[:, :-1])
    with pytest.raises(InputError, match="59 x 40 pix, expected 60 x 40"):
        load(write_image(tmp_path / "r.fits", raw), tmp_path, mask=small)


@pytest.mark.parametrize("name", ["r.fits", "r.fits.gz", "r.fits.bz2"])
@pytest.mark.parametrize("dtype", [">f4", "<f8", ">f8"])
def test_same_frame_from_any_byte_order_and_packing(tmp_path, raw, dtype, name):
    reference, _ = load(write_image(tmp_path / "reference.fits", raw), tmp_path)
    frame, _ = load(write_image(tmp_path / name, raw.astype(dtype)), tmp_path)
    assert np.array_equal(frame.image, reference.image)
    assert frame.header["CRVAL1"] == reference.header["CRVAL1"]


def test_unsigned_integers(tmp_path):
    """BZERO = 32768 with int16 below, as cameras write."""
    raw = np.random.default_rng(2).integers(0, 65536, (40, 60), dtype=np.uint16)
    path = write_image(tmp_path / "r.fits", raw, SATURATE=60000.0)
    frame, facts = load(path, tmp_path, saturation_fraction=1.0)
    assert np.allclose(frame.image, raw * SCALE, rtol=1e-6)
    assert facts["n_saturated"] == np.count_nonzero(raw >= 60000)


def test_tile_compressed_image(tmp_path, raw):
    packed = fits.CompImageHDU(raw, header(), compression_type="GZIP_2", quantize_level=0)
    fits.HDUList([fits.PrimaryHDU(), packed]).writeto(tmp_path / "r.fits.fz")
    frame, _ = load(tmp_path / "r.fits.fz", tmp_path)
    assert np.allclose(frame.image, raw * SCALE, rtol=1e-6)


def test_wcs_and_date_come_through_with_distortions(tmp_path, raw):
    extra = {
        "RADESYS": "FK5",
        "EQUINOX": 2000.0,
        "LONPOLE": 180.0,
        "MJD-OBS": 60311.25,
        "DATE-OBS": "2024-01-02T06:00:00",
    }
    path = write_image(tmp_path / "r.fits", raw, **SIP, **extra)
    frame, _ = load(path, tmp_path)
    original = fits.getheader(path)
    for key in [*SIP, *extra, "CRPIX1", "CD1_2", "CRVAL2"]:
        assert frame.header.cards[key].image == original.cards[key].image
    sky, expected = (w.pixel_to_world(51.5, 3.25) for w in (celestial_wcs(frame.header), WCS(original)))
    assert sky.separation(expected).deg < 1e-12


def test_seeing_reaches_the_header(tmp_path, raw):
    assert load(write_image(tmp_path / "a.fits", raw, PEEING=3.5), tmp_path)[0].fwhm_pix == 3.5
    frame, facts = load(write_image(tmp_path / "b.fits", raw), tmp_path)
    assert frame.fwhm_pix is facts["fwhm_pix"] is None


def test_sky_is_subtracted_and_told_in_scaled_units(tmp_path):
    rng = np.random.default_rng(8)
    raw = (500 + rng.normal(0, 2, (200, 200))).astype("f4")
    raw[10, 10] = np.nan
    frame, facts = load(write_image(tmp_path / "r.fits", raw), tmp_path, sky=Sky(model="constant"))
    error = 2.0 / 200 * SCALE
    assert frame.header["SKYC0"] == facts["sky"]["c0"] == pytest.approx(500 * SCALE, abs=5 * error)
    assert frame.image.mean(dtype=float) == pytest.approx(0, abs=5 * error)
    assert frame.image[10, 10] == 0
    assert frame.header["SKYMODEL"] == "constant"
    assert facts["sky"]["noise_ratio"] == pytest.approx(1, abs=0.05)  # 5 sigma of a MAD of 10,000 pixels


@pytest.mark.parametrize("model", ["off", "patch"])
def test_models_without_a_sky_here(tmp_path, raw, model):
    frame, facts = load(write_image(tmp_path / "r.fits", raw + 7), tmp_path, sky=Sky(model=model))
    assert np.allclose(frame.image, (raw + 7) * SCALE, rtol=1e-6)
    assert (facts["sky"]["model"], facts["sky"]["c0"], facts["sky"]["noise_ratio"]) == (model, 0.0, None)


def test_band_without_a_good_pixel_is_kept_with_a_warning(tmp_path, raw, caplog):
    path = write_image(tmp_path / "r.fits", np.full_like(raw, np.nan))
    weight = write_image(tmp_path / "w.fits", np.zeros_like(raw))
    for options in ({}, {"weight": weight}):
        frame, facts = load(path, tmp_path, sky=Sky(), **options)
        assert "r: every pixel is masked" in caplog.text
        assert frame.mask.all()
        assert np.isnan(frame.sigma).all()
        assert not frame.image.any()
        assert facts["sky"]["c0"] == 0
    assert np.isnan(frame.sky_sigma)


def test_wrong_declared_noise_is_warned_of(tmp_path, caplog):
    pixels = np.random.default_rng(3).normal(0, 2, (100, 100)).astype("f4")
    with caplog.at_level(logging.WARNING):
        load(write_image(tmp_path / "a.fits", pixels, SKYSIG=2.0), tmp_path, sky=Sky())
        assert caplog.text == ""
        load(write_image(tmp_path / "b.fits", pixels, SKYSIG=1.0), tmp_path, sky=Sky())
    assert re.search(r"scatter by (1\.9|2\.0)\d times the declared", caplog.text)


def test_no_room_for_the_sky_names_the_band_and_the_ways_out(tmp_path):
    pixels = moffat((60, 60), 30, 30, 1e7)
    with pytest.raises(RunError, match=r"r \(.*r\.fits\).*load\.sky\.grow.*load\.sky\.model"):
        load(write_image(tmp_path / "r.fits", pixels, SKYSIG=1.0), tmp_path, sky=Sky())


def test_products_are_the_same_bytes_each_time(tmp_path, raw):
    path = write_image(tmp_path / "r.fits", raw)
    for name in "ab":
        (tmp_path / name).mkdir()
        load(path, tmp_path / name, sky=Sky())
    for file in ("frame.fits", "facts.json"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()
