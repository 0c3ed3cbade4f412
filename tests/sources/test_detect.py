"""Detection on a rendered white stack with known truth."""

import galsim
import numpy as np
import pytest
from swath.config.sources import Detection
from swath.errors import RunError
from swath.sources.detect import detected_catalog, stellar_radius
from swath.sources.positions import equatorial_wcs, to_pixels

from .synthetic import make_header

BOX = (30, 380, 20, 290)
SIGMA = 1.0
FWHM = 4.0


def scene():
    """White stack in BOX with 20 stars and 8 exponentials (Re 4-6 pix, ELL 0.5); truth: x, y, galaxy, phi."""
    rng = np.random.default_rng(5)
    psf = galsim.Moffat(beta=3.5, fwhm=FWHM)
    image = galsim.ImageF(400, 300, scale=1.0)
    # A grid with jitter: no blends.
    places = [(55 + 52 * i, 45 + 60 * j) for i in range(7) for j in range(4)]
    truth = []
    for k, (gx, gy) in enumerate(places):
        x, y = gx + rng.uniform(-8, 8), gy + rng.uniform(-8, 8)
        galaxy, phi = k % 7 in (2, 5), rng.uniform(0, 180)
        profile = psf.withFlux(rng.uniform(800, 20000))
        if galaxy:
            # q = 0.5: the half-light radius of the circularised profile is sqrt(q) of the major axis's.
            disk = galsim.Exponential(half_light_radius=rng.uniform(4, 6) * np.sqrt(0.5), flux=rng.uniform(6000, 20000))
            profile = galsim.Convolve(disk.shear(q=0.5, beta=phi * galsim.degrees), psf)
        profile.drawImage(image, add_to_image=True, center=galsim.PositionD(x + 1, y + 1))
        truth.append((x, y, galaxy, phi))
    x0, x1, y0, y1 = BOX
    pixels = image.array[y0:y1, x0:x1] + rng.normal(0, SIGMA, (y1 - y0, x1 - x0))
    return pixels, np.array(truth)


@pytest.fixture(scope="module")
def found():
    pixels, truth = scene()
    noise = np.full(pixels.shape, SIGMA)
    pixels[:, 200], noise[:, 200] = np.nan, np.nan
    wcs = equatorial_wcs(make_header(angle=20))
    table = detected_catalog(pixels, noise, BOX, wcs, FWHM, Detection(thresh_sigma=3.0), "y")
    return table, truth, np.stack(to_pixels(wcs, table["RA"].to_numpy(), table["DEC"].to_numpy()), axis=-1)


def nearest(found):
    _, truth, places = found
    return [int(np.argmin(np.hypot(*(places - spot[:2]).T))) for spot in truth], truth, places


def test_every_source_is_found_once_where_it_is(found):
    """0.3 pix: ten times the centroid error of the faintest (S/N about 60), a crop offset would be 20 pix."""
    rows, truth, places = nearest(found)
    good = np.abs(truth[:, 0] - 230) > 6
    assert len(set(rows)) == len(truth)
    assert np.hypot(*(places[rows] - truth[:, :2]).T)[good].max() < 0.3


def test_stars_and_galaxies_are_told_apart(found):
    table, (rows, truth, _) = found[0], nearest(found)
    good = np.abs(truth[:, 0] - 230) > 12
    types = table["TYPE"].to_numpy()[rows]
    assert (types[good] == np.where(truth[good, 2], "EXP", "STAR")).all()
    assert table.loc[table["TYPE"] == "STAR", ["ELL", "THETA", "Re"]].isna().all(axis=None)


def test_galaxies_start_near_their_shape_in_the_declared_convention(found):
    table, (rows, truth, _) = found[0], nearest(found)
    galaxies = (truth[:, 2] == 1) & (np.abs(truth[:, 0] - 230) > 20)
    shapes = table.iloc[np.array(rows)[galaxies]]
    turn = (shapes["THETA"].to_numpy() + 90 - truth[galaxies, 3] + 90) % 180 - 90
    # Starting values: 10 deg, a third in Re and 0.2 in ELL are far better than the fit needs.
    assert np.abs(turn).max() < 10
    assert shapes["Re"].between(3, 8).all()
    assert shapes["ELL"].between(0.3, 0.7).all()


def test_ids_are_unique_and_detections_on_noise_are_rare(found):
    table, truth, _ = found
    assert table["ID"].is_unique
    assert len(truth) <= len(table) <= len(truth) + 3


def test_an_empty_stack_is_a_clear_error():
    wcs = equatorial_wcs(make_header())
    for pixels in (np.zeros((270, 350)), np.full((270, 350), np.nan)):
        with pytest.raises(RunError, match="no source stands 3 sigma above"):
            detected_catalog(pixels, np.ones((270, 350)), BOX, wcs, None, Detection(), "x")


def test_the_stellar_locus_is_found_among_more_galaxies():
    """40 stars of 2.3 pix (3 % scatter), 200 galaxies of 2.4 to 8 pix, junk below: right to 3 %."""
    rng = np.random.default_rng(2)
    sizes = np.concatenate([rng.normal(2.3, 0.07, 40), rng.uniform(2.4, 8, 200), [0.4, 0.9]])
    snr, flag = np.full(242, 50.0), np.zeros(242, int)
    assert stellar_radius(sizes, snr, flag, None, 0.1) == pytest.approx(2.3, rel=0.03)
    assert stellar_radius(sizes, snr, flag, 4.0, 0.1) == pytest.approx(2.3, rel=0.03)


def test_without_bright_sources_the_seeing_decides():
    nothing = np.array([3.0]), np.array([5.0]), np.array([0])
    assert stellar_radius(*nothing, 4.0, 0.1) == pytest.approx(2.32)
    assert np.isnan(stellar_radius(*nothing, None, 0.1))
