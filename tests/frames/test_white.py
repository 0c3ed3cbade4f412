import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from swath.config.images import Load, Sky
from swath.config.inputs import Image, Keywords
from swath.errors import InputError
from swath.frames.load import load_band
from swath.frames.white import block_average, make_white, stack

from .synthetic import SIP, write_image

SIGMAS = {"g": 1.0, "r": 2.0, "i": 0.5}


@pytest.fixture
def frames(tmp_path):
    """Three bands of a constant 10 with unequal noise, a hole in one band and one in all."""
    return [make_frame(tmp_path, band, sigma) for band, sigma in SIGMAS.items()]


def make_frame(tmp_path, band, sigma, shape=(40, 60)):
    pixels = np.random.default_rng(ord(band)).normal(10, sigma, shape).astype("f4")
    pixels[5, 5] = np.nan
    if band == "i":
        pixels[20, 30:33] = np.nan
    path = write_image(tmp_path / f"{band}.fits", pixels, FILTER=band, SKYSIG=sigma, ZP_AUTO=25.0, **SIP)
    frame = tmp_path / "frames" / f"{band}.fits"
    settings = Load(sky=Sky(model="off"))
    load_band(Image(path=path), frame, frame.with_suffix(".json"), Keywords(), settings, "sky")
    return frame


def images(frames):
    return np.array([fits.getdata(frame, "IMAGE").astype(float) for frame in frames])


def test_inverse_variance_mean_and_noise(frames):
    white, noise = stack(frames, 512)
    weight = np.array([sigma**-2.0 for sigma in SIGMAS.values()])
    assert np.allclose(white[0], (weight @ images(frames)[:, 0]) / weight.sum(), rtol=1e-6)
    assert np.allclose(noise[0], weight.sum() ** -0.5)
    two = weight[:2]
    assert np.allclose(white[20, 30], (two @ images(frames)[:2, 20, 30]) / two.sum(), rtol=1e-6)
    assert noise[20, 30] == pytest.approx(two.sum() ** -0.5)
    assert np.isnan(white[5, 5])
    assert np.isnan(noise[5, 5])
    assert np.isnan(white).sum() == 1


def test_noise_is_that_of_the_stack(frames):
    """Scatter of the stacked pixels against the noise map; 5 sigma of a standard deviation of 2399 values is 7 %."""
    white, noise = stack(frames, 512)
    assert np.nanstd((white - 10) / noise) == pytest.approx(1, abs=0.07)


@pytest.mark.parametrize("rows", [1, 7, 39, 40, 1000])
def test_chunks_change_no_bit(frames, rows):
    for one, other in zip(stack(frames, 512), stack(frames, rows), strict=True):
        assert one.tobytes() == other.tobytes()


def test_product_is_cropped_and_keeps_the_sky(tmp_path, frames):
    box = (10, 50, 15, 35)
    make_white(frames, tmp_path / "white.fits", box, 16, 4)
    white, noise = stack(frames, 512)
    with fits.open(tmp_path / "white.fits") as hdus:
        assert np.array_equal(hdus["WHITE"].data, white[15:35, 10:50])
        assert np.array_equal(hdus["NOISE"].data, noise[15:35, 10:50])
        header = hdus["WHITE"].header
        assert [header[key] for key in ("CROPX0", "CROPX1", "CROPY0", "CROPY1")] == list(box)
        assert [header["NBANDS"], header["BAND1"], header["BAND3"], header["ZPREF"]] == [3, "g", "i", 25.0]
        cropped = WCS(header)
    full = WCS(fits.getheader(frames[0], "IMAGE"))
    x, y = np.array([12.25, 49.0, 30.5]), np.array([15.0, 34.5, 20.0])
    separation = full.pixel_to_world(x, y).separation(cropped.pixel_to_world(x - 10, y - 15)).deg
    assert separation.max() < 1e-9


def test_preview_is_of_the_whole_frame(tmp_path, frames):
    make_white(frames, tmp_path / "white.fits", (10, 50, 15, 35), 16, 7)
    with fits.open(tmp_path / "white.fits") as hdus:
        assert np.array_equal(hdus["PREVIEW"].data, block_average(stack(frames, 512)[0], 7))
        assert hdus["PREVIEW"].data.shape == (6, 9)
        assert hdus["PREVIEW"].header["DOWNSAMP"] == 7


@pytest.mark.parametrize("side", [1, 2, 3, 7, 100])
def test_block_average(side):
    image = np.random.default_rng(1).normal(size=(23, 17)).astype("f4")
    image[:4, :4] = np.nan
    image[9, 9] = np.inf
    expected = [
        [finite_mean(image[y : y + side, x : x + side]) for x in range(0, 17, side)] for y in range(0, 23, side)
    ]
    assert np.allclose(block_average(image, side), expected, rtol=1e-5, atol=1e-6, equal_nan=True)


def finite_mean(block):
    finite = block[np.isfinite(block)]
    return finite.mean() if finite.size else np.nan


def test_frames_of_unequal_shape_are_all_named(tmp_path, frames):
    odd = [make_frame(tmp_path, band, 1.0, shape) for band, shape in {"z": (41, 60), "y": (40, 61)}.items()]
    with pytest.raises(InputError) as caught:
        make_white([*frames, *odd], tmp_path / "white.fits", (0, 60, 0, 40), 512, 4)
    assert "60 x 41 pix, expected 60 x 40 pix as g has" in str(caught.value)
    assert "y.fits: 61 x 40" in str(caught.value)


def test_same_bytes_each_time(tmp_path, frames):
    for name in ("a.fits", "b.fits"):
        make_white(frames, tmp_path / name, (0, 60, 0, 40), 512, 4)
    assert (tmp_path / "a.fits").read_bytes() == (tmp_path / "b.fits").read_bytes()
