"""Starting fluxes, measured where the catalogue gives none."""

import numpy as np

from ..models import sersic, shape
from ..models.psf import PixelPsf
from ..models.render import INDEX_OF, canvas_size, render, stamp_size

# With less of the light than this on good pixels the aperture says little; the whole stamp is used instead.
_LEAST_ENCLOSED = 0.1
SMALLEST_PIX, LARGEST_ELL = 0.5, 0.9


def nonlinear(model: str, x: float, y: float, re: float, ell: float, phi: float, sersic_n: float) -> np.ndarray:
    """Starting (x, y, ln r, e1, e2, ln n), shape (6,); stars carry a round dummy shape."""
    if model == "star":
        return np.array([x, y, 0.0, 0.0, 0.0, 0.0])
    index = INDEX_OF.get(model, sersic_n)
    log_r, e1, e2 = shape.from_ellipse(re, min(ell, LARGEST_ELL), phi)
    # A galaxy that starts as a point has no derivative by its size: it would stay one.
    return np.array([x, y, max(log_r, np.log(SMALLEST_PIX)), e1, e2, np.log(index)])


def measure(
    image: np.ndarray,
    good: np.ndarray,
    psf: PixelPsf,
    model: str,
    start: np.ndarray,
    radius: float,
    floor: float,
) -> np.ndarray:
    """Fluxes (nband,) of one source: the aperture sum over what its starting model has on the same good pixels.

    Where the aperture is masked (a saturated core), the model is matched to the good pixels of its whole stamp.

    Parameters
    ----------
    image, good : (nband, ny, nx). start : (6,) in pixels of `image`. radius : of the aperture [pix].
    floor : least flux returned.
    """
    extent = np.exp(start[2] + np.hypot(start[3], start[4]) / 2) if model != "star" else 0.0
    size = stamp_size(max(psf.half, 4 * extent), 256)
    centre = tuple(np.rint(start[:2]).astype(int))
    canvas = canvas_size(size, sersic.TRUNCATION * extent)
    stamp = render(psf, model, start[:2], start[2:], centre, size, image.shape[1:], False, canvas)
    x0, x1, y0, y1 = stamp.box
    if x0 >= x1 or y0 >= y1:
        return np.full(len(image), floor)
    unit = stamp.templates[:, 0] * good[:, y0:y1, x0:x1]
    data = image[:, y0:y1, x0:x1]
    y, x = np.mgrid[y0:y1, x0:x1]
    aperture = np.hypot(x - start[0], y - start[1]) <= radius
    enclosed = (unit * aperture).sum(axis=(1, 2), dtype="f8")
    summed = (data * good[:, y0:y1, x0:x1] * aperture).sum(axis=(1, 2), dtype="f8")
    power = (unit**2).sum(axis=(1, 2), dtype="f8")
    matched = (unit * data).sum(axis=(1, 2), dtype="f8")
    flux = np.where(
        enclosed > _LEAST_ENCLOSED, summed / np.maximum(enclosed, 1e-30), matched / np.maximum(power, 1e-30)
    )
    return np.maximum(np.where(power > 0, flux, floor), floor)
