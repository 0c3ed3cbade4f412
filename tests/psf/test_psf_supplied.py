"""PSF images of the user: one sample per pixel or several, with the pixel in it or without; and those that are none."""

import sys
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from swath.config.psf import Psf
from swath.errors import InputError
from swath.psf import grid
from swath.psf.supplied import SuppliedImage, stamp_problems, supplied_psf

sys.path.insert(0, str(Path(__file__).parents[1] / "models"))

from galsim_stars import effective, moffat


def written(folder, stamp, **cards):
    path = folder / "psf.fits"
    fits.writeto(path, stamp, fits.Header(cards.items()), overwrite=True)
    return path


def normed(stamp):
    return stamp / (stamp * grid.disk(stamp.shape[-1], 12)).sum()


@pytest.mark.parametrize(("key", "card"), [(4, None), (None, 4), (4, 4), (None, 4.0)])
def test_an_oversampled_psf_comes_to_the_pixels(tmp_path, key, card):
    light = moffat(2.2)
    path = written(tmp_path, 3 * effective(light, 61, 4), **({} if card is None else {"OVERSAMP": card}))
    made = supplied_psf(SuppliedImage(path, samples=key), Psf())
    assert made.planes.shape == (1, 55, 55)
    assert made.fine is None
    assert made.planes[0] == pytest.approx(normed(effective(light, 55)), abs=5e-4 * made.planes.max())
    fine = supplied_psf(SuppliedImage(path, samples=key), Psf(form="oversampled"))
    assert fine.samples == 4
    assert fine.fine.shape == (1, 217, 217)
    assert fine.fine[0, ::4, ::4] == pytest.approx(fine.planes[0])


@pytest.mark.parametrize("samples", [2, 3, 5])
def test_light_before_the_pixels_is_averaged_over_them(tmp_path, samples):
    """Bins of GalSim, `samples` to a pixel; red if the pixel is left out (off by 5 % at the peak) or taken twice."""
    light, side = moffat(2.5), samples * 60 + 1
    bins = light.drawImage(nx=side, ny=side, scale=1 / samples, dtype=float).array
    path = written(tmp_path, bins)
    made = supplied_psf(SuppliedImage(path, samples=samples, of="optics"), Psf())
    true = normed(effective(light, 55))
    assert np.abs(made.planes[0] - true).max() < 2e-3 * true.max()
    without = supplied_psf(SuppliedImage(path, samples=samples), Psf())
    assert np.abs(without.planes[0] - true).max() > 0.03 * true.max()


def test_an_oversampled_psf_off_its_centre_is_moved_there(tmp_path):
    path = written(tmp_path, np.roll(effective(moffat(3.0), 61, 3), 1, axis=1))
    made = supplied_psf(SuppliedImage(path, samples=3), Psf())
    assert np.hypot(*grid.centre(made.planes[0], 3.0)) < 0.01


GOOD = effective(moffat(3.5), 41)
HOT = GOOD.copy()
HOT[3, 4] = np.nan


@pytest.mark.parametrize(
    ("stamp", "cards", "image", "settings", "says"),
    [
        (np.zeros((41, 41)), {}, {}, {}, "all pixels of the PSF are 0"),
        (np.full((41, 41), np.nan), {}, {}, {}, "1681 of 1681 pixels of the PSF are not numbers"),
        (HOT, {}, {}, {}, "1 of 1681 pixels of the PSF are not numbers"),
        (-GOOD, {}, {}, {}, "sums to -0.99.*expected a positive sum"),
        (GOOD * 1e30, {}, {}, {}, r"sums to 9.99.*e\+29, expected a positive sum from 1e-06 to 1e\+09"),
        (GOOD * 1e-12, {}, {}, {}, "sums to 9.99.*e-13"),
        (np.roll(GOOD, 1, axis=0), {}, {}, {}, r"centred \([-+]0.00, \+1.00\) pix off its middle pixel"),
        (GOOD + 3e-3, {}, {}, {}, "% of the PSF's light is within psf.norm_radius_pix.*subtract its background"),
        (GOOD[:40], {}, {}, {}, "a PSF of 41 x 40 pix; both sides must be odd"),
        (GOOD[19:22, 19:22], {}, {}, {}, "expected at least 5 on each side"),
        (np.ones((1003, 5)), {}, {}, {}, "expected at most 1001 on each side: is this a PSF"),
        (GOOD, {"OVERSAMP": 2}, {"samples": 4}, {}, "OVERSAMP = 2 in the header, but psf_oversampling: 4"),
        (GOOD, {"OVERSAMP": 1.5}, {}, {}, "OVERSAMP = 1.5, expected a whole number from 1 to 16"),
        (GOOD, {"OVERSAMP": "two"}, {}, {}, "OVERSAMP = 'two', expected a whole number"),
        (GOOD, {}, {"of": "optics"}, {}, "psf_of: optics with one sample per pixel"),
        (GOOD[:, 14:27], {}, {"samples": 3}, {}, "13 x 41 samples, 3 to a pixel, expected at least 5 pixels"),
        (GOOD, {}, {}, {"form": "oversampled"}, "nothing says how many samples this PSF has per pixel"),
    ],
)
def test_unusable_psfs_say_what_is_wrong_and_what_to_do(tmp_path, stamp, cards, image, settings, says):
    """Before the run (`stamp_problems`), and in the job."""
    given = SuppliedImage(written(tmp_path, stamp, **cards), **image)
    (sentence,) = stamp_problems(given, Psf(**settings))
    assert sentence.startswith(f"{tmp_path}/psf.fits: ")
    with pytest.raises(InputError, match=says):
        supplied_psf(given, Psf(**settings))


def test_a_psf_with_wrong_sampling_tells_its_other_faults_too(tmp_path):
    """They used to be told by the next run."""
    given = SuppliedImage(written(tmp_path, HOT, OVERSAMP=2), samples=4)
    sampling, values = stamp_problems(given, Psf())
    assert "which is it?" in sampling
    assert "1 of 1681 pixels of the PSF are not numbers" in values
    sides, values = stamp_problems(SuppliedImage(written(tmp_path, -GOOD[:40])), Psf())
    assert "both sides must be odd" in sides
    assert "sums to -0.99" in values


def test_a_good_psf_has_no_problem(tmp_path):
    assert stamp_problems(SuppliedImage(written(tmp_path, GOOD)), Psf()) == []
    assert stamp_problems(SuppliedImage(written(tmp_path, GOOD), samples=1), Psf(form="oversampled")) == []
    assert "no such file" in stamp_problems(SuppliedImage(tmp_path / "none.fits"), Psf())[0]
