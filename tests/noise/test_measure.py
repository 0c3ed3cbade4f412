"""The noise of empty sky on fields whose noise is known: white, smoothed with a known kernel, wrongly declared."""

import json
import logging

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from scipy import ndimage
from scipy.signal import fftconvolve
from swath.config.noise import Noise
from swath.frames.load import write_frame
from swath.noise.apertures import disk_weights, psf_weights
from swath.noise.empty import blank_pixels, blocked_pixels
from swath.noise.measure import clipped_sd, measure, measure_noise, summary
from swath.psf import store

SIDE = 800
SETTINGS = Noise(radii_pix=(1.5, 3.0, 5.0))
KERNEL = np.outer([0.25, 0.5, 0.25], [0.2, 0.6, 0.2])


def gaussian(sd: float = 1.5, side: int = 41) -> np.ndarray:
    axis = np.arange(side) - side // 2
    psf = np.exp(-0.5 * (axis**2 + axis[:, None] ** 2) / sd**2)
    return psf / psf.sum()


def expected(weights: np.ndarray, kernel: np.ndarray) -> float:
    """Analytic: white unit noise smoothed with a kernel, summed with weights, over independent unit pixels."""
    return float(np.sqrt((fftconvolve(weights, kernel[::-1, ::-1]) ** 2).sum() / (weights**2).sum()))


def noise(seed: int, kernel: np.ndarray | None = None) -> np.ndarray:
    white = np.random.default_rng(seed).normal(size=(SIDE, SIDE))
    return (white if kernel is None else ndimage.convolve(white, kernel, mode="wrap")).astype("f4")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_white_noise_has_the_factor_1(seed):
    rows = measure(noise(seed), np.zeros((SIDE, SIDE), bool), gaussian(), SETTINGS, "r")
    for row in rows:
        # 4 standard errors: 15 numbers in these three fields.
        assert row.factor == pytest.approx(1, abs=4 * row.error), row
        assert row.error == pytest.approx(1 / np.sqrt(2 * row.places), rel=0.1)
    assert summary(rows)["correlation"] == pytest.approx(1, abs=0.06)


def test_smoothed_noise_has_the_analytic_factor_at_every_size():
    """A factor per pixel instead of per aperture, or a variance for a standard deviation, would be far off."""
    rows = measure(noise(5, KERNEL), np.zeros((SIDE, SIDE), bool), gaussian(), SETTINGS, "r")
    shapes = [np.ones((1, 1)), *map(disk_weights, SETTINGS.radii_pix), psf_weights(gaussian())]
    wanted = [expected(weights, KERNEL) for weights in shapes]
    for row, value in zip(rows, wanted, strict=True):
        # Apertures that touch share a little noise: their number overstates what is known by less than a half.
        assert row.factor == pytest.approx(value, abs=5 * row.error), row
    assert wanted[0] == pytest.approx(np.sqrt((KERNEL**2).sum()))  # the reference itself: a pixel's own variance
    assert 0.3 < wanted[0] < 0.6 < 0.8 < wanted[-2] < 1  # the kernel keeps sums: large areas come close to 1
    found = summary(rows)
    assert found["correlation"] == pytest.approx(wanted[-1] / wanted[0], rel=0.05)


def test_wrongly_declared_noise_is_in_the_factor_and_not_in_the_correlation():
    found = summary(measure(1.3 * noise(7), np.zeros((SIDE, SIDE), bool), gaussian(), SETTINGS, "r"))
    assert found["factor"] == pytest.approx(1.3, abs=5 * found["error"])
    assert found["correlation"] == pytest.approx(1, abs=0.06)


def test_too_little_sky_says_nothing():
    blocked = np.ones((SIDE, SIDE), bool)
    blocked[:20, :20] = False
    found = summary(measure(noise(1), blocked, gaussian(), SETTINGS, "r"))
    assert found["factor"] is None
    assert found["correlation"] is None
    assert found["places"] < 50


@pytest.mark.parametrize(("width", "believed"), [(0.02, False), (0.4, True), (8.0, True), (15.0, False)])
def test_a_factor_beyond_belief_is_none(width, believed):
    """Errors 20 times too small would be worse than errors that stay as they are."""
    found = summary(measure(width * noise(4), np.zeros((SIDE, SIDE), bool), gaussian(), SETTINGS, "r"))
    assert (found["factor"] is not None) == (found["error"] is not None) == (found["reason"] is None) == believed
    if not believed:
        assert "of the declared noise, expected 0.3 to 10" in found["reason"]


def test_sky_without_any_scatter_has_no_factor():
    rows = measure(np.ones((SIDE, SIDE), "f4"), np.zeros((SIDE, SIDE), bool), gaussian(), SETTINGS, "r")
    assert all(row.factor is None and row.error is None for row in rows[:2])
    found = summary([*rows[:-1], rows[-1]._replace(factor=None)], 0.25)
    assert found["factor"] is None
    assert found["reason"] == "sums over empty sky are all equal; 25 % of the pixels are blank, without any noise"


def test_the_clipped_scatter_is_that_of_the_core():
    rng = np.random.default_rng(4)
    values = rng.normal(5, 2, 200_000)
    # 1 / sqrt(2 n) = 0.16 %; the correction for the cut tails is 0.3 %: without it, this would fail.
    assert clipped_sd(values) == pytest.approx(2, rel=0.0025)
    with_sources = np.concatenate([values, rng.exponential(500, 2000)])
    assert clipped_sd(with_sources) == pytest.approx(2, rel=0.01)
    steps = np.rint(rng.normal(0, 0.8, 100_000))
    assert clipped_sd(steps) == pytest.approx(steps.std(), rel=0.01)


def test_catalogued_detected_and_bad_pixels_are_no_sky():
    image = noise(2)
    image[100:103, 200:203] += 50
    bad = np.zeros(image.shape, bool)
    bad[400, 400] = True
    white = noise(3)[:300, :300]
    white[50:54, 60:64] += 40
    sources = pd.DataFrame({"x_pix": [600.0, np.nan], "y_pix": [700.0, 5.0], "sw_re": [10.0, np.nan]})
    blocked = blocked_pixels(image, bad, sources, white, (10, 20))
    assert blocked[101, 201]
    assert blocked[400, 400]
    assert blocked[72, 72]  # of the white stack, whose first pixel is (10, 20)
    assert blocked[700, 600]
    assert blocked[700, 624]
    assert not blocked[700, 630]
    assert blocked.mean() < 0.05


@pytest.mark.parametrize("sky", [0.0, 3000.0, 60_000.0])
def test_blank_edges_are_found_under_a_subtracted_sky_and_nothing_else_is(sky):
    """The sky is a tilted plane: after it, no two neighbouring pixels of the edge are equal."""
    y, x = np.indices((SIDE, SIDE))
    image = 4 * noise(6) + sky
    image[:, :300] = 0.0
    image[500:520, 600:640] = 70.0
    image = (image.astype("f4") - (sky + 0.01 * x - 0.02 * y)).astype("f4")
    blank = blank_pixels(image, np.full(image.shape, 4.0, "f4"))
    data = np.ones(blank.shape, bool)
    data[:, :300] = data[500:520, 600:640] = False
    assert blank[~data].all()
    # Beside them, a pixel or two go with them, and no others.
    assert blank[data].sum() <= 2 * (SIDE + 2 * 60 + 8)


@pytest.mark.parametrize("step", [0.5, 1.25, 3.0])
def test_digital_steps_are_not_blank(step):
    """In steps of three times the noise, nine of ten pixels are equal to their neighbours."""
    image = step * np.rint(noise(8) / step)
    assert blank_pixels(image.astype("f4"), np.ones(image.shape, "f4")).mean() < 0.02


def test_correlated_noise_is_not_blank():
    image = ndimage.gaussian_filter(noise(9), 3.0)
    assert not blank_pixels(image, np.ones(image.shape, "f4")).any()


def rule(folder, image: np.ndarray, mask: np.ndarray, sigma: float) -> dict:
    """What the rule writes of an image with a Gaussian PSF."""
    header = fits.Header([("NOISE", "sky"), ("GAIN", 2.0), ("BAND", "r"), ("SKYSIG", sigma)])
    write_frame(folder / "r.fits", image.astype("f4"), sigma, mask, header)
    stack = fits.Header([("CROPX0", 0), ("CROPY0", 0)])
    planes = [fits.ImageHDU(np.zeros((SIDE, SIDE), "f4") + k, stack, name=n) for k, n in enumerate(("WHITE", "NOISE"))]
    fits.HDUList([fits.PrimaryHDU(), *planes]).writeto(folder / "white.fits")
    pd.DataFrame({"x_pix": [5.0], "y_pix": [5.0], "sw_re": [np.nan]}).to_parquet(folder / "sources.parquet")
    made = {"method": "stack", "fallback": False, "reason": "", "pooled": False, "n_stars": 9, "n_held": 1}
    psf = store.BandPsf("r", gaussian()[None], 400.0, 400.0, 100.0, **made, norm_radius=10.0)
    store.write(folder / "c.fits", [psf], np.zeros(0, store.STARS))
    names = (folder / name for name in ("r.fits", "white.fits", "sources.parquet"))
    measure_noise(*names, [folder / "c.fits"], Noise(), folder / "r.json")
    return json.loads((folder / "r.json").read_text())


def test_the_rule_writes_what_it_measured(tmp_path):
    mask = np.zeros((SIDE, SIDE), "u1")
    mask[300:310, :] = 1
    found = rule(tmp_path, np.where(mask, 1e4, 4 * np.random.default_rng(9).normal(size=mask.shape)), mask, 4.0)
    assert found["band"] == "r"
    assert found["factor"] == pytest.approx(1, abs=4 * found["error"])
    assert found["reason"] is None
    # 1 / sum(P^2) of a Gaussian is 4 pi sd^2; what is cut off takes a little.
    assert found["area"] == pytest.approx(4 * np.pi * 1.5**2, rel=0.15)
    assert [row["kind"] for row in found["apertures"]] == ["pixel"] + ["disk"] * 6 + ["psf"]


def test_blank_edges_of_a_mosaic_leave_the_factor_as_it_is(tmp_path):
    """Taken for sky, most of an image without noise made errors 20 times too small."""
    image = 4 * noise(12)
    image[:, 300:] = -7.0
    found = rule(tmp_path, image, np.zeros((SIDE, SIDE), "u1"), 4.0)
    assert found["factor"] == pytest.approx(1, abs=4 * found["error"])
    assert 200 < found["places"] <= 300 * SIDE / len(psf_weights(gaussian())) ** 2


@pytest.mark.parametrize("level", [0.0, 5.0])
def test_a_constant_band_has_no_factor_and_is_told(tmp_path, caplog, level):
    with caplog.at_level(logging.WARNING):
        found = rule(tmp_path, np.full((SIDE, SIDE), level), np.zeros((SIDE, SIDE), "u1"), 4.0)
    assert found["factor"] is None
    assert "r: no noise factor: 0 empty places" in caplog.text
    assert "100 % of the pixels are blank" in caplog.text
