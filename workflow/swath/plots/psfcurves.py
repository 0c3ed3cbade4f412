"""How well a PSF describes its stars: encircled energy, and the median star with what the PSF leaves of it."""

import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import AsinhNorm
from matplotlib.lines import Line2D

from ..config.psf import Psf
from ..psf import grid
from ..psf.words import no_score, score_text
from . import style
from .arrays import robust_sd
from .psfstars import BandStars, encircled, headline, psf_encircled
from .style import Sheet

BINS = np.linspace(-5, 5, 51)
NAMES = ("median star", "PSF", "residual")
ON_DATA = {"fc": "white", "ec": "none", "pad": 1, "alpha": 0.8}
STEP = 2.4  # inches from band to band
LOOKS = {
    "PSF": {"color": "black", "lw": 1.2},
    "used stars": {"color": "tab:blue", "lw": 1, "ls": "--"},
    "held-out stars": {"color": "tab:orange", "lw": 1, "ls": "-."},
    "stars of the cell": {"color": "violet", "lw": 1, "ls": "--"},
    "norm radius": {"color": "0.5", "lw": 1, "ls": ":"},
    "half of the light": {"color": "0.5", "lw": 1},
}


def draw_growth_curve(cell: str, bands: Sequence[BandStars], settings: Psf, dpi: int, colorbar: bool) -> Sheet:
    """Encircled energy of the PSF, and of its used and held-out stars, per band."""
    columns = min(max(len(bands), 2), 3)
    lines = max(-(-len(bands) // columns), 1)
    sheet = Sheet(0.2 + 3.6 * columns, 0.9 + 3.0 * lines, dpi)
    drawn: set[str] = set()
    sheet.text(0.2, 0.12, f"Encircled energy of the PSFs of cell {cell}", style.TITLE)
    for index, band in enumerate(bands):
        line, column = divmod(index, columns)
        axes = sheet.axes(0.75 + 3.6 * column, 1.15 + 3.0 * line, 2.9, 2.2)
        half = _growth(axes, band)
        drawn |= {line.get_label() for line in axes.lines}
        text = f"{headline(band)}; half of the light within {half:.2f} pix"
        axes.set_title("\n".join(textwrap.wrap(text, 54)[:3]), fontsize=style.SMALL)
        if column == 0:
            axes.set_ylabel("light / light within the norm radius", fontsize=style.SMALL)
    handles = [Line2D([], [], **look, label=name) for name, look in LOOKS.items() if name in drawn]
    sheet.figure.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(0.2 / sheet.width, 1 - 0.36 / sheet.height), ncols=6,
        fontsize=style.SMALL, borderaxespad=0, frameon=False,
    )  # fmt: skip
    return sheet


def draw_residuals(cell: str, bands: Sequence[BandStars], settings: Psf, dpi: int, colorbar: bool) -> Sheet:
    """Per band the median star, the median model, their difference, and the histogram of residual over noise."""
    medians = [_medians(band) if len(band.rows) else None for band in bands]
    # the median over the bands, so that one bad PSF does not pale the others
    tops = [style.symmetric(median[2], 99.5, 0.005).vmax for median in medians if median is not None]
    flux, rest = AsinhNorm(0.01, vmin=-0.02, vmax=1.0), style.symmetric(np.array(tops), 50, 0.005)
    sheet = Sheet(8.6, 0.6 + STEP * max(len(bands), 1) + 0.75, dpi)
    sheet.text(0.15, 0.12, f"Median star, PSF and residual of cell {cell}, over the peak of the PSF", style.TITLE)
    sheet.text(0.15, 0.36, "drawn out to 1.5 norm radii; the histograms hold the pixels within the norm radius")
    for index, (band, median) in enumerate(zip(bands, medians, strict=True)):
        top = 0.85 + STEP * index
        sheet.text(0.15, top - 0.2, f"{headline(band)}; {scores(band, settings)}", style.SMALL)
        if median is None:
            sheet.text(0.15, top + 0.1, "no star to compare with")
            continue
        for column, (image, norm, name) in enumerate(zip(median, (flux, flux, rest), NAMES, strict=True)):
            painted = style.paint(image, norm, style.RESIDUAL if norm is rest else style.STAMP)
            sheet.picture(painted, 0.15 + 1.85 * column, top, 1.75, 1.75, frame=True)
            look = {"bbox": ON_DATA} if norm is rest else {"color": "white"}
            sheet.text(0.2 + 1.85 * column, top + 0.05, name, style.SMALL, **look)
        _histogram(sheet.axes(6.2, top, 2.2, 1.75), band)
    if colorbar:
        for norm, colour, place, label in (
            (flux, style.STAMP, 0.15, "median star, PSF / peak"),
            (rest, style.RESIDUAL, 4.1, "residual / peak"),
        ):
            sheet.bar(ScalarMappable(norm, style.colours(colour)), place, sheet.height - 0.6, 3.4, 0.12, label)
    return sheet


def scores(band: BandStars, settings: Psf) -> str:
    """The scores on held-out stars with their limits, in one line; or why there are none."""
    psf = band.psf
    if psf.rms_score is None:
        return f"no score: {no_score(psf.n_held)}"
    text = f"residual rms / peak: {score_text(psf.rms_score)} (limit {settings.score_max_rms:g})"
    if psf.ee_score is not None:
        text += f"; encircled energy off by: {score_text(psf.ee_score, signed=True)} (limit {settings.score_max_ee:g})"
    return text


def _growth(axes: Axes, band: BandStars) -> float:
    """Draw the curves of one band; returns the PSF's half-light radius [pix]."""
    last = max(band.psf.planes.shape[-1] // 2, band.psf.norm_radius)
    radii = np.arange(0.25, last + 0.5, 0.25)
    curve = psf_encircled(band.psf, radii)
    half = float(np.interp(0.5, curve, radii))
    axes.set(xlim=(0, last), ylim=(0, max(1.1, float(curve.max()) * 1.03)))
    axes.plot([band.psf.norm_radius] * 2, axes.get_ylim(), **LOOKS["norm radius"], label="norm radius")
    axes.plot([half, half, 0], [0, 0.5, 0.5], **LOOKS["half of the light"], label="half of the light")
    if len(band.rows):
        _stars_growth(axes, band)
    axes.plot(radii, curve, **LOOKS["PSF"], label="PSF")
    axes.set_xlabel("radius [pix]", fontsize=style.SMALL)
    axes.tick_params(labelsize=style.SMALL)
    return half


def _stars_growth(axes: Axes, band: BandStars) -> None:
    """Median of each group of stars, and the 16 to 84 % range where there are at least three."""
    radii = np.arange(1, band.stamps.size // 2 + 1.0)
    curves = encircled(band, radii)
    for which, name in _groups(band):
        look = LOOKS[name]
        if which.sum() > 2:
            low, high = np.percentile(curves[which], (16, 84), axis=0)
            axes.fill_between(radii, low, high, color=look["color"], alpha=0.25, lw=0)
        axes.plot(radii, np.median(curves[which], axis=0), **look, label=name)


def _groups(band: BandStars) -> list[tuple[np.ndarray, str]]:
    """Which stars are looked at together, bool (n,), and their name; groups without a star are left out."""
    groups = [(band.used, "used stars"), (band.held_out, "held-out stars")]
    if not band.made_from:
        groups = [(np.ones(len(band.rows), bool), "stars of the cell")]
    return [group for group in groups if group[0].any()]


def _medians(band: BandStars) -> list[np.ndarray]:
    """Median star, model and residual over the peak of the PSF, all stars moved to the middle pixel.

    Only the part that matters is returned, out to half as much again as the norm radius; NaN where no star was seen.
    """
    fits = band.fits
    residual = grid.shift(np.nan_to_num(band.residual) / fits.flux[:, None, None], -fits.dx, -fits.dy)
    model = grid.shift(band.light, -fits.dx, -fits.dy)
    chosen = band.used if band.used.any() else np.ones(len(model), bool)
    seen = np.where(band.stamps.good, 1, np.nan)
    half, middle = min(int(np.ceil(1.5 * band.psf.norm_radius)), model.shape[-1] // 2), model.shape[-1] // 2
    inner = slice(middle - half, middle + half + 1)
    parts = [part[chosen, inner, inner] for part in ((model + residual) * seen, model, residual * seen)]
    peak = np.nanmax(np.median(model[chosen], axis=0))
    return [np.ma.median(np.ma.masked_invalid(part), axis=0).filled(np.nan) / peak for part in parts]


def _histogram(axes: Axes, band: BandStars) -> None:
    """Residual over noise within the norm radius, of used and held-out stars, beside a unit Gaussian."""
    pulls = np.where(grid.radii(band.stamps.size) <= band.psf.norm_radius, band.residual / band.noise, np.nan)
    for which, name in _groups(band):
        values = pulls[which][np.isfinite(pulls[which])]
        if not len(values):
            continue
        shown, label = np.clip(values, BINS[0], BINS[-1]), f"{name}: sigma {robust_sd(values):.2f}"
        axes.hist(shown, BINS, density=True, histtype="step", color=LOOKS[name]["color"], lw=1, label=label)
    axes.plot(BINS, np.exp(-(BINS**2) / 2) / np.sqrt(2 * np.pi), color="0.4", ls=":", lw=1, label="unit Gaussian")
    axes.set_xlim(BINS[0], BINS[-1])
    axes.set_ylim(0, 0.85)
    axes.set_xlabel("residual / noise", fontsize=style.TINY, labelpad=0)
    axes.tick_params(labelsize=style.TINY)
    axes.legend(loc="upper right", fontsize=style.TINY)
