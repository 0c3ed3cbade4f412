"""How well a PSF describes its stars: encircled energy, and the median star with what the PSF leaves of it."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import AsinhNorm

from ..config.psf import Psf
from ..psf import grid
from . import style
from .psfstars import BandStars, encircled, headline, psf_encircled
from .style import Sheet

BINS = np.linspace(-5, 5, 51)


def draw_growth_curve(cell: str, bands: Sequence[BandStars], settings: Psf, dpi: int, colorbar: bool) -> Sheet:
    """Encircled energy of the PSF, and of its used and held-out stars, per band."""
    columns = min(max(len(bands), 1), 3)
    lines = max(-(-len(bands) // columns), 1)
    sheet = Sheet(0.2 + 3.6 * columns, 0.6 + 3.0 * lines, dpi)
    sheet.text(0.2, 0.12, f"Encircled energy of the PSFs of cell {cell}", style.TITLE)
    for index, band in enumerate(bands):
        line, column = divmod(index, columns)
        axes = sheet.axes(0.75 + 3.6 * column, 0.8 + 3.0 * line, 2.9, 2.2)
        _growth(axes, band)
        axes.set_title(_wrapped(headline(band)), fontsize=style.SMALL)
        if column == 0:
            axes.set_ylabel(f"light / light within {band.psf.norm_radius:g} pix", fontsize=style.SMALL)
    return sheet


def draw_residuals(cell: str, bands: Sequence[BandStars], settings: Psf, dpi: int, colorbar: bool) -> Sheet:
    """Per band the median star, the median model, their difference, and the histogram of residual over noise."""
    medians = [_medians(band) if len(band.rows) else None for band in bands]
    left = np.array([m[2] for m in medians if m is not None])
    flux, rest = AsinhNorm(0.01, vmin=-0.02, vmax=1.0), style.symmetric(left, 99.5, 0.005)
    sheet = Sheet(8.6, 0.6 + 2.2 * max(len(bands), 1) + 0.75, dpi)
    sheet.text(0.15, 0.12, f"Median star, PSF and residual of cell {cell}, over the peak of the PSF", style.TITLE)
    sheet.text(0.15, 0.36, "drawn out to 1.5 norm radii; the histograms hold the pixels within the norm radius")
    for index, (band, median) in enumerate(zip(bands, medians, strict=True)):
        top = 0.85 + 2.2 * index
        sheet.text(0.15, top - 0.2, f"{headline(band)}; {scores(band, settings)}", style.SMALL)
        if median is None:
            style.say(sheet.axes(0.15, top, 8.3, 1.75), f"{band.psf.band}: no star to compare with")
            continue
        for column, (image, norm, name) in enumerate(zip(median, (flux, flux, rest), NAMES, strict=True)):
            axes = sheet.axes(0.15 + 1.85 * column, top, 1.75, 1.75)
            style.show(axes, image, norm, "RdBu_r" if norm is rest else "viridis")
            style.bare(axes)
            axes.text(0.03, 0.97, name, transform=axes.transAxes, va="top", fontsize=style.SMALL,
                      color="black" if norm is rest else "white")  # fmt: skip
        _histogram(sheet.axes(6.2, top, 2.2, 1.75), band)
    if colorbar:
        for norm, colour, place, label in (
            (flux, "viridis", 0.15, "median star, PSF / peak"),
            (rest, "RdBu_r", 4.1, "residual / peak"),
        ):
            sheet.bar(ScalarMappable(norm, style.colours(colour)), place, sheet.height - 0.6, 3.4, 0.12, label)
    return sheet


NAMES = ("median star", "PSF", "residual")


def scores(band: BandStars, settings: Psf) -> str:
    """The scores on held-out stars with their limits, in one line."""
    if band.psf.rms_score is None:
        return "no score: no held-out star"
    text = f"residual rms / peak {band.psf.rms_score:.4f} (limit {settings.score_max_rms:g})"
    if band.psf.ee_score is not None:
        text += f", encircled energy off by {band.psf.ee_score:+.4f} (limit {settings.score_max_ee:g})"
    return text


def _growth(axes: Axes, band: BandStars) -> None:
    norm_radius = band.psf.norm_radius
    last = max(band.psf.planes.shape[-1] // 2, norm_radius)
    radii = np.arange(0.25, last + 0.5, 0.25)
    curve = psf_encircled(band.psf, radii)
    half = float(np.interp(0.5, curve, radii))
    axes.axvline(norm_radius, color="0.5", ls=":", lw=1, label=f"norm radius {norm_radius:g} pix")
    axes.axvline(half, color="0.5", ls="--", lw=1, label=f"half of the light {half:.2f} pix")
    if len(band.rows):
        _stars_growth(axes, band)
    axes.plot(radii, curve, color="black", lw=1.2, label="PSF")
    axes.set(xlim=(0, last), ylim=(0, max(1.1, float(curve.max()) * 1.03)))
    axes.set_xlabel("radius [pix]", fontsize=style.SMALL)
    axes.tick_params(labelsize=style.SMALL)
    axes.legend(loc="lower right", fontsize=style.TINY + 1)


def _stars_growth(axes: Axes, band: BandStars) -> None:
    """Median of the used stars with their 16 to 84 % range, and of the held-out ones."""
    radii = np.arange(1, band.stamps.size // 2 + 1.0)
    curves = encircled(band, radii)
    for which, colour, name in _groups(band):
        label = f"median of {which.sum()} {name} star{'s' if which.sum() > 1 else ''}"
        if name != "held-out":
            low, high = np.percentile(curves[which], (16, 84), axis=0)
            axes.fill_between(radii, low, high, color=colour, alpha=0.25, lw=0)
            label += ", 16 to 84 %"
        axes.plot(radii, np.median(curves[which], axis=0), color=colour, lw=1, ls="-.", label=label)


def _groups(band: BandStars) -> list[tuple[np.ndarray, str, str]]:
    """Which stars are looked at together, bool (n,), with colour and name; groups without a star are left out."""
    groups = [(band.used, "tab:blue", "used"), (band.held_out, "tab:orange", "held-out")]
    if not band.made_from:
        groups = [(np.ones(len(band.rows), bool), "violet", "selected")]
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
    for which, colour, name in _groups(band):
        values = pulls[which][np.isfinite(pulls[which])]
        if not len(values):
            continue
        spread = 1.4826 * np.median(np.abs(values - np.median(values)))
        shown, label = np.clip(values, BINS[0], BINS[-1]), f"{name}: sigma {spread:.2f}"
        axes.hist(shown, BINS, density=True, histtype="step", color=colour, lw=1, label=label)
    axes.plot(BINS, np.exp(-(BINS**2) / 2) / np.sqrt(2 * np.pi), color="0.4", ls=":", lw=1, label="unit Gaussian")
    axes.set_xlim(BINS[0], BINS[-1])
    axes.set_ylim(0, 0.65)
    axes.set_xlabel("residual / noise", fontsize=style.TINY + 1, labelpad=0)
    axes.tick_params(labelsize=style.TINY + 1)
    axes.legend(loc="upper right", fontsize=style.TINY)


def _wrapped(text: str, width: int = 52) -> str:
    import textwrap

    return "\n".join(textwrap.wrap(text, width)[:3])
