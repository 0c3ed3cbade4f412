"""Merge, zero point, figures, log."""

from typing import Literal

from .base import Section, key


class Merge(Section):
    """From patches to one catalogue."""

    max_failed_fraction: float = key(0.05, "the run fails when more of the active sources have no fit", ge=0, le=1)
    depth_sigma: float = key(5.0, "depth is quoted for point sources at this many sigma", gt=0)


class ZeroPoint(Section):
    """Zero points from the matched reference stars."""

    enabled: bool = key(True, "calibrate; when off the magnitude columns are there, empty", formerly="zp.enabled")
    clip_sigma: float = key(3.0, "stars are clipped at this many scaled MAD", "", "zp.clip_sigma", gt=0)
    clip_max_iters: int = key(10, "most rounds of clipping", "", "zp.clip_max_iters", ge=1)
    min_stars: int = key(3, "fewest stars of a band's zero point", ge=1)
    upper_limit_sigma: float = key(3.0, "magnitude limits of undetected sources are quoted at this many sigma", gt=0)
    asinh_softening_sigma: float = key(
        1.0, "softening of asinh magnitudes in units of the band's median flux error", gt=0
    )
    color_bands: tuple[str, str] | None = key(
        None, "the two bands of the colour term; null takes the first and last of the image list"
    )
    trend_sigma: float = key(4.0, "significance at which a spatial trend of the residuals is reported", gt=0)


class Montage(Section):
    """Cutouts of data, model and residual per source."""

    enabled: bool = key(True, "draw them", formerly="patch_run.no_cutouts")
    cutout_size: int = key(48, "side of a cutout", "pix", "patch_run.cutout_size", ge=8)
    max_sources: int | None = key(
        24, "how many sources per patch; null for all", "", "patch_run.cutout_max_sources", ge=1
    )
    start: int = key(0, "first source", "", "patch_run.cutout_start", ge=0)
    data_percentiles: tuple[float, float] = key(
        (1.0, 99.0), "display range of the data", "percent", "patch_run.cutout_data_p_lo, patch_run.cutout_data_p_hi"
    )
    model_percentiles: tuple[float, float] = key(
        (1.0, 99.0), "display range of the model", "percent", "patch_run.cutout_model_p_lo, patch_run.cutout_model_p_hi"
    )
    residual_percentile: float = key(
        99.0, "display range of the residual, both signs", "percent", "patch_run.cutout_resid_p_abs", gt=0, le=100
    )


class PsfFigures(Section):
    """Figures of each PSF cell."""

    stars: bool = key(True, "the stars used", formerly="epsf.save_star_montage_max")
    growth_curve: bool = key(True, "encircled energy", formerly="epsf.save_growth_curve")
    residuals: bool = key(True, "median star, model, residual", formerly="epsf.save_residual_diagnostics")
    background: bool = key(True, "cell raw, background, subtracted", formerly="epsf.save_patch_background_diagnostics")
    local_background: bool = key(
        True, "annulus background star by star", formerly="epsf.save_star_local_background_diagnostics"
    )
    max_stars: int = key(100, "stars shown", "", "epsf.save_star_montage_max, epsf.residual_diag_max_stars", ge=1)
    colorbar: bool = key(True, "with colour bars", formerly="epsf.diagnostics_show_colorbar")


class Figures(Section):
    """Which figures are drawn; none of them is drawn inside a fit job."""

    enabled: bool = key(True, "draw figures at all")
    white: bool = key(True, "white stack before and after the crop", formerly="crop.plot_pre_crop")
    overlay: bool = key(True, "sources over the white stack", formerly="crop.overlay_catalog")
    patches: bool = key(True, "data, model and residual of every patch", formerly="patch_run.no_patch_overview")
    zeropoint: bool = key(True, "zero-point figures")
    psf: PsfFigures = key(PsfFigures, "PSF figures")
    montage: Montage = key(Montage, "source montages")
    dpi: int = key(120, "resolution", "", "plotting.dpi", ge=20, le=1200)
    downsample: int = key(
        4,
        "block averaging of whole-image figures",
        "pix",
        "crop.display_downsample, crop.post_crop_display_downsample, "
        "crop.overlay_downsample_full, crop.overlay_downsample_crop",
        ge=1,
    )


class Log(Section):
    """What is written down while the run goes on."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = key("INFO", "least severe message", formerly="logging.level")
    file: str = key(
        "auto",
        "run log; auto is <results>/<tile>/run.log, any other path begins at the working directory",
        formerly="logging.file",
    )
    format: str = key(
        "%(asctime)s %(levelname)-7s %(name)s: %(message)s", "format of a line", formerly="logging.format"
    )
    ignore_warnings: bool = key(True, "keep library warnings out of the log", formerly="logging.ignore_warnings")
