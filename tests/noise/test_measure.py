"""The noise of empty sky on fields whose noise is known: white, smoothed with a known kernel, wrongly declared."""

import json

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from scipy import ndimage
from scipy.signal import fftconvolve
from swath.config.noise import Noise
from swath.frames.load import write_frame
from swath.noise.apertures import disk_weights, psf_weights
from swath.noise.empty import blocked_pixels
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


def test_the_rule_writes_what_it_measured(tmp_path):
    rng = np.random.default_rng(9)
    sigma, header = 4.0, fits.Header([("NOISE", "sky"), ("GAIN", 2.0), ("BAND", "r"), ("SKYSIG", 4.0)])
    mask = np.zeros((SIDE, SIDE), "u1")
    mask[300:310, :] = 1
    image = np.where(mask, 1e4, sigma * rng.normal(size=mask.shape)).astype("f4")
    write_frame(tmp_path / "r.fits", image, sigma, mask, header)
    stack = fits.Header([("CROPX0", 0), ("CROPY0", 0)])
    planes = [fits.ImageHDU(np.zeros((SIDE, SIDE), "f4") + k, stack, name=n) for k, n in enumerate(("WHITE", "NOISE"))]
    fits.HDUList([fits.PrimaryHDU(), *planes]).writeto(tmp_path / "white.fits")
    pd.DataFrame({"x_pix": [5.0], "y_pix": [5.0], "sw_re": [np.nan]}).to_parquet(tmp_path / "sources.parquet")
    made = {"method": "stack", "fallback": False, "reason": "", "pooled": False, "n_stars": 9, "n_held": 1}
    psf = store.BandPsf("r", gaussian()[None], 400.0, 400.0, 100.0, **made, norm_radius=10.0)
    store.write(tmp_path / "c.fits", [psf], np.zeros(0, store.STARS))
    out = tmp_path / "r.json"
    measure_noise(tmp_path / "r.fits", tmp_path / "white.fits", tmp_path / "sources.parquet", [tmp_path / "c.fits"],
                  Noise(), out)  # fmt: skip
    found = json.loads(out.read_text())
    assert found["band"] == "r"
    assert found["factor"] == pytest.approx(1, abs=4 * found["error"])
    # 1 / sum(P^2) of a Gaussian is 4 pi sd^2; what is cut off takes a little.
    assert found["area"] == pytest.approx(4 * np.pi * 1.5**2, rel=0.15)
    assert [row["kind"] for row in found["apertures"]] == ["pixel"] + ["disk"] * 6 + ["psf"]
