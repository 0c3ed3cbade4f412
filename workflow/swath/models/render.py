"""Unit-flux templates of stars and galaxies, with analytic derivatives, in all bands at once."""

from typing import NamedTuple

import numpy as np
import scipy.fft

from . import sersic, shape
from .psf import Grid, PixelPsf

SIZES = np.array(
    [16, 20, 24, 32, 40, 48, 56, 64, 72, 80, 96, 112, 128, 144, 160, 192, 224, 256, 320, 384, 512, 640, 768, 1024, 1536]
)
INDEX_OF = {"exp": 1.0, "dev": 4.0}
_EXP_SCALE = np.float32(1 / 1.6783469900166605**2)  # b_n(1), exact


class Stamp(NamedTuple):
    """Templates of one source on its stamp.

    box : (x0, x1, y0, y1), the stamp's pixels, half open, cut to the image.
    templates : (nband, 1 + nderiv, ny, nx) float32: the unit-flux image and its derivatives by x, y and, for
        galaxies, ln r, e1, e2 (and ln n for Sersic profiles).
    """

    box: tuple[int, int, int, int]
    templates: np.ndarray


def canvas_size(size: int, radius: float) -> int:
    """Side of the grid on which a source that shines out to `radius` does not come back into its stamp of `size`."""
    return max(size, int(SIZES[min(np.searchsorted(SIZES, size // 2 + radius + 1), len(SIZES) - 1)]))


def stamp_size(radius: float, largest: int) -> int:
    """Smallest allowed even stamp side that holds `radius` pixels on each side of the centre."""
    wanted = min(2 * radius + 2, largest)
    return int(SIZES[min(np.searchsorted(SIZES, wanted), len(SIZES) - 1)])


def nderiv(model: str) -> int:
    """How many position and shape derivatives a model has."""
    return {"star": 2, "exp": 5, "dev": 5, "sersic": 6}[model]


def render(
    psf: PixelPsf,
    model: str,
    position: np.ndarray,
    parameters: np.ndarray,
    centre: tuple[int, int],
    size: int,
    extent: tuple[int, int],
    derivatives: bool = True,
    canvas: int | None = None,
) -> Stamp:
    """Render one source.

    Parameters
    ----------
    psf : PSFs of all bands.
    model : 'star', 'exp', 'dev' or 'sersic'.
    position : (2,) x, y [pix].
    parameters : (4,) ln r [pix], e1, e2, ln n; not read for stars.
    centre : (x, y) pixel in the middle of the stamp.
    size : even side of the stamp.
    extent : (ny, nx) of the image.
    derivatives : False leaves out all but the unit-flux image.
    canvas : even side, at least `size`, of the periodic grid that the source is drawn on before the stamp is cut out
        (default `size`). What reaches beyond the grid comes back in on the other side.
    """
    canvas = canvas or size
    x0, y0 = centre[0] - size // 2, centre[1] - size // 2
    margin = (canvas - size) // 2
    grid = psf.grid(canvas)
    phase = _phase(grid, position[0] - x0 + margin, position[1] - y0 + margin)
    modes = _star(grid, phase, derivatives) if model == "star" else _galaxy(grid, phase, model, parameters, derivatives)
    spectrum = psf.at(canvas, *position)[:, None] * modes[None]
    images = scipy.fft.irfft2(spectrum, s=(canvas, canvas), overwrite_x=True)
    x0, y0 = x0 - margin, y0 - margin
    bx0, bx1 = max(x0 + margin, 0), min(x0 + margin + size, extent[1])
    by0, by1 = max(y0 + margin, 0), min(y0 + margin + size, extent[0])
    bx1, by1 = max(bx0, bx1), max(by0, by1)
    return Stamp((bx0, bx1, by0, by1), images[:, :, by0 - y0 : by1 - y0, bx0 - x0 : bx1 - x0])


def _phase(grid: Grid, dx: float, dy: float) -> np.ndarray:
    return np.exp(-1j * np.float32(dy) * grid.ky) * np.exp(-1j * np.float32(dx) * grid.kx)


def _star(grid: Grid, phase: np.ndarray, derivatives: bool) -> np.ndarray:
    if not derivatives:
        return phase[None]
    return np.stack([phase, phase * (-1j * grid.kx), phase * (-1j * grid.ky)])


def _galaxy(grid: Grid, phase: np.ndarray, model: str, parameters: np.ndarray, derivatives: bool) -> np.ndarray:
    c, slopes = shape.matrix(parameters[:3])
    form = c.astype("f4")
    u2 = form[0] * grid.kxx + form[1] * grid.kxy + form[2] * grid.kyy
    value, slope, along_index = _profile(model, float(parameters[3]), u2, derivatives)
    image = phase * value
    if not derivatives:
        return image[None]
    modes = [image, image * (-1j * grid.kx), image * (-1j * grid.ky)]
    bent = phase * (np.float32(-0.5) * slope)
    for by in slopes.astype("f4"):
        modes.append(bent * (by[0] * grid.kxx + by[1] * grid.kxy + by[2] * grid.kyy))
    if model == "sersic":
        modes.append(phase * along_index)
    return np.stack(modes)


def _profile(
    model: str, ln_index: float, u2: np.ndarray, derivatives: bool
) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
    if model == "exp":
        inner = 1 / (1 + _EXP_SCALE * u2)
        value = inner * np.sqrt(inner)
        return value, 3 * _EXP_SCALE * value * inner, None
    table = sersic.transform(ln_index if model == "sersic" else float(np.log(INDEX_OF[model])))
    u = np.sqrt(u2)
    value = sersic.lookup(table.value, u)
    if not derivatives:
        return value, None, None
    along_index = sersic.lookup(table.index_derivative, u) if model == "sersic" else None
    return value, sersic.lookup(table.slope, u), along_index
