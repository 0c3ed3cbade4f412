"""The figures of one PSF cell, all made by one job: the stars are cut out and fitted once."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from ..config.psf import Psf
from . import psfbackground, psfcurves, psfstamps
from .psfstars import read_cell

_OF_STARS = {
    "stars": psfstamps.draw_stars,
    "local_background": psfstamps.draw_local_background,
    "growth_curve": psfcurves.draw_growth_curve,
    "residuals": psfcurves.draw_residuals,
}


def draw_psf(
    cell: str,
    box: Sequence[int],
    epsf: str | Path,
    frames: Sequence[str | Path],
    stars: Sequence[str | Path],
    outputs: Mapping[str, str | Path],
    settings: Psf,
    dpi: int,
    max_stars: int,
    colorbar: bool,
    downsample: int | None,
    added: Sequence[tuple[str | Path, Sequence[str | Path], Sequence[str | Path]]] = (),
) -> None:
    """Draw the figures that `outputs` names: stars, growth_curve, residuals, background, local_background.

    Parameters
    ----------
    cell, box : tag and box (x0, x1, y0, y1) of the cell.
    epsf, frames, stars : `epsf/{cell}.fits`; `frames/{band}.fits` and `stars/{band}.fits` in band order.
    outputs : kind -> path. max_stars : drawn per band. colorbar : with colour bars.
    added : `epsf`, `frames` and `stars` of added bands.
    downsample : most block averaging of the background figure [pix], None for as much as its panels ask for.
    """
    wanted = {kind: draw for kind, draw in _OF_STARS.items() if kind in outputs}
    files = [(epsf, frames, stars), *added] if wanted else []
    bands = [band for paths in files for band in read_cell(cell, *paths, settings, max_stars)]
    for kind, draw in wanted.items():
        draw(cell, bands, settings, dpi, colorbar).save(outputs[kind])
    if "background" in outputs:
        images = [path for _, paths, _ in ((epsf, frames, stars), *added) for path in paths]
        psfbackground.draw_background(cell, box, images, settings, dpi, colorbar, downsample).save(
            outputs["background"]
        )
