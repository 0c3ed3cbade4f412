"""Unit-flux templates of stars and galaxies, with analytic derivatives, in all bands at once.

A source is a set of modes, its profile and the derivatives of it in Fourier space, which all bands share; a band's
templates are the modes times the transform of its PSF. Sources of one kind on grids of one size are drawn together.
"""

from typing import NamedTuple

import numpy as np

from . import sersic, shape
from .psf import Grid, PixelPsf

SIZES = np.array([24, 32, 40, 48, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 512, 640, 768, 1024, 1536])
INDEX_OF = {"exp": 1.0, "dev": 4.0}
# Which of the nonlinear parameters x, y, ln r, e1, e2, ln n a model has.
PARAMETERS = {"star": (0, 1), "exp": (0, 1, 2, 3, 4), "dev": (0, 1, 2, 3, 4), "sersic": (0, 1, 2, 3, 4, 5)}
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
    return len(PARAMETERS[model])


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
    margin = (canvas - size) // 2
    corner = np.array(centre) - size // 2 - margin
    wanted = PARAMETERS[model] if derivatives else ()
    offset, values = (np.array(position) - corner)[None], np.concatenate([position, parameters])[None]
    spectrum = psf.at(canvas, *position)[:, None] * modes(psf.grid(canvas), [model], offset, values, wanted)
    box = cut(centre, size, extent)
    x0, x1, y0, y1 = (int(edge - corner[axis]) for edge, axis in zip(box, (0, 0, 1, 1), strict=True))
    return Stamp(box, draw(spectrum)[:, :, y0:y1, x0:x1])


def cut(centre: tuple[int, int], size: int, extent: tuple[int, int]) -> tuple[int, int, int, int]:
    """Box (x0, x1, y0, y1) of a stamp as far as it lies on the image of `extent` (ny, nx); empty where it does not."""
    x0, y0 = int(centre[0]) - size // 2, int(centre[1]) - size // 2
    bx0, by0 = max(x0, 0), max(y0, 0)
    return bx0, max(bx0, min(x0 + size, extent[1])), by0, max(by0, min(y0 + size, extent[0]))


def draw(spectrum: np.ndarray) -> np.ndarray:
    """Images (..., side, side) float32 of spectra (..., side, side // 2 + 1) complex64, side even; they are lost."""
    # numpy's transforms in single precision: scipy's cost a job as long to import as to fit a dozen sources.
    return np.fft.irfft(np.fft.ifft(spectrum, axis=-2, out=spectrum), axis=-1)


def analyse(images: np.ndarray) -> np.ndarray:
    """Spectra (..., side, side // 2 + 1) complex64 of images (..., side, side) float32, over the number of pixels."""
    # Only with a normalisation does numpy stay in single precision all the way.
    rows = np.fft.rfft(images, axis=-1, norm="forward")
    return np.fft.fft(rows, axis=-2, norm="forward", out=rows)


def modes(
    grid: Grid, models: list[str], offsets: np.ndarray, nonlinear: np.ndarray, wanted: tuple[int, ...]
) -> np.ndarray:
    """Profiles and derivatives in Fourier space, shape (n, 1 + len(wanted), side, side // 2 + 1), complex64.

    Parameters
    ----------
    models : of n sources, either all stars or all galaxies. offsets : (n, 2), from the first pixel of the grid [pix].
    nonlinear : (n, 6) x, y, ln r, e1, e2, ln n. wanted : parameters to derive by, in ascending order.
    """
    shift = np.asarray(offsets, "f4")
    ahead = np.exp(-1j * shift[:, :1, None] * grid.kx)
    phase = np.exp(-1j * shift[:, 1:, None] * grid.ky) * ahead
    out = np.empty((len(models), 1 + len(wanted), *phase.shape[1:]), np.complex64)
    bent = None
    if models[0] == "star":
        out[:, 0] = phase
    else:
        radial = _Radial(grid, models, nonlinear, bool(set(wanted) - {0, 1}))
        np.multiply(phase, radial.value, out=out[:, 0])
        if radial.slope is not None:
            bent = phase * radial.slope
    for place, parameter in enumerate(wanted, start=1):
        if parameter < 2:
            np.multiply(out[:, 0], (-1j * (grid.kx, grid.ky)[parameter]).astype(np.complex64), out=out[:, place])
        elif parameter < 5:
            np.multiply(bent, radial.tilt(parameter - 2), out=out[:, place])
        else:
            np.multiply(phase, radial.along_index, out=out[:, place])
    return out


class _Radial:
    """Profiles of n galaxies at the wave numbers of a grid: value, -F'(u)/(2u), and dF/d(ln n); (n, side, half)."""

    def __init__(self, grid: Grid, models: list[str], nonlinear: np.ndarray, derivatives: bool) -> None:
        self._grid = grid
        forms, slopes = zip(*map(shape.matrix, nonlinear[:, 2:5]), strict=True)
        form, self._slopes = (np.array(part, "f4")[..., None, None] for part in (forms, slopes))
        u2 = form[:, 1] * grid.kxy
        u2 += form[:, 0] * grid.kxx
        u2 += form[:, 2] * grid.kyy
        self.value = np.empty_like(u2)
        self.slope = np.empty_like(u2) if derivatives else None
        self.along_index = np.zeros_like(u2) if derivatives and "sersic" in models else None
        for index, model in enumerate(models):
            self._fill(index, model, float(nonlinear[index, 5]), u2[index])

    def tilt(self, parameter: int) -> np.ndarray:
        """Derivative of u^2 by ln r, e1 or e2 (0, 1, 2)."""
        by, grid = self._slopes[:, parameter], self._grid
        total = by[:, 1] * grid.kxy
        total += by[:, 0] * grid.kxx
        total += by[:, 2] * grid.kyy
        return total

    def _fill(self, index: int, model: str, ln_index: float, u2: np.ndarray) -> None:
        if model == "exp":
            inner = 1 / (1 + _EXP_SCALE * u2)
            np.multiply(inner, np.sqrt(inner), out=self.value[index])
            if self.slope is not None:
                np.multiply(self.value[index], inner, out=self.slope[index])
                self.slope[index] *= np.float32(-1.5) * _EXP_SCALE
            return
        table = sersic.transform(ln_index if model == "sersic" else float(np.log(INDEX_OF[model])))
        place = sersic.Place(np.sqrt(u2))
        self.value[index] = place.read(table.value)
        if self.slope is not None:
            self.slope[index] = place.read(table.slope)
            self.slope[index] *= np.float32(-0.5)
        if self.along_index is not None and model == "sersic":
            self.along_index[index] = place.read(table.index_derivative)
