"""From a noiseless image to what a detector delivers: photons, sky, saturation, bad pixels and columns."""

import numpy as np

from ..config.simulate import Simulate
from ..streams import stream
from .sky import SKY_LEVEL, SKY_TILT, Camera

GARBAGE = 300.0  # bad pixels that the mask names hold values of this many sigma, of either sign


def observe(
    light: np.ndarray, camera: Camera, settings: Simulate, band: str, with_sky: bool
) -> tuple[np.ndarray, np.ndarray]:
    """The image (ny, nx) float32 with its noise and defects, and the mask (uint8, 1 for the bad pixels it names).

    Sources have Poisson noise, the sky Gaussian noise; pixels end at the saturation level. Half of the isolated bad
    pixels are NaN and not in the mask. `with_sky` leaves a tilted plane below a sigma, as a pipeline would.
    """
    rng = stream(settings.seed, "noise", band)
    photons = rng.poisson(np.maximum(light, 0) * camera.gain) / camera.gain + np.minimum(light, 0)
    image = photons + rng.normal(0, camera.noise, light.shape)
    if with_sky:
        image += sky_plane(light.shape, camera, rng)
    np.minimum(image, camera.saturation, out=image)
    mask = np.zeros(light.shape, np.uint8)
    _spoil(image, mask, camera, settings, rng)
    return image.astype("f4"), mask


def sky_plane(shape: tuple[int, int], camera: Camera, rng: np.random.Generator) -> np.ndarray:
    """A tilted sky, shape (ny, nx), in image units."""
    y, x = (np.linspace(-1, 1, n) for n in shape)
    angle, level = rng.uniform(0, 2 * np.pi), SKY_LEVEL * rng.choice([-1, 1])
    return camera.noise * (level + SKY_TILT * (np.cos(angle) * x + np.sin(angle) * y[:, None]))


def _spoil(image: np.ndarray, mask: np.ndarray, camera: Camera, settings: Simulate, rng: np.random.Generator) -> None:
    """Bad pixels and columns, in place."""
    (ny, nx), count = image.shape, int(image.size * settings.bad_pixel_fraction / 2)
    dead = rng.integers(0, image.size, count)
    named = rng.integers(0, image.size, count)
    image.flat[dead] = np.nan
    mask.flat[named] = 1
    for column in rng.integers(0, nx, settings.bad_columns):
        first, last = np.sort(rng.integers(0, ny, 2))
        mask[first:last, column] = 1
    bad = mask > 0
    image[bad] = camera.noise * GARBAGE * rng.normal(size=np.count_nonzero(bad))
