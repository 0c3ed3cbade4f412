"""Figures and the report."""

from typing import Literal

from .base import Section, key


class Montage(Section):
    """Cutouts of data, model and residual per source."""

    enabled: bool = key(True, "draw them", formerly="patch_run.no_cutouts")
    choice: Literal["row", "snr", "chi2", "id"] = key(
        "row",
        "which of a patch's sources come first: row takes them as in the catalogue, snr the highest signal to noise, "
        "chi2 the worst chi2 per pixel, id none but those in ids, in their order",
    )
    ids: tuple[str, ...] = key(
        (), "IDs (texts) of sources to draw: in a montage of the whole tile and, with choice id, in those of patches"
    )
    of_tile: int = key(
        12, "how many sources of the whole tile are drawn in each of two montages: by snr, by chi2; 0 for none", ge=0
    )
    cutout_size: int = key(48, "side of a cutout", "pix", "patch_run.cutout_size", ge=8)
    max_sources: int | None = key(
        24, "how many sources per patch, at most; null for all", "", "patch_run.cutout_max_sources", ge=1
    )
    start: int = key(0, "first source", "", "patch_run.cutout_start", ge=0)
    data_percentiles: tuple[float, float] = key(
        (1.0, 99.8), "display range of the data", "percent", "patch_run.cutout_data_p_lo, patch_run.cutout_data_p_hi"
    )
    model_percentiles: tuple[float, float] = key(
        (1.0, 99.8), "display range of the model", "percent", "patch_run.cutout_model_p_lo, patch_run.cutout_model_p_hi"
    )
    residual_percentile: float = key(
        99.0, "display range of the residual, both signs", "percent", "patch_run.cutout_resid_p_abs", gt=0, le=100
    )


class PsfFigures(Section):
    """Figures of each PSF cell, and one of all cells together."""

    grid: bool = key(True, "the PSFs of all cells and bands with their scores on held-out stars")
    stars: bool = key(True, "the stars used", formerly="epsf.save_star_montage_max")
    growth_curve: bool = key(True, "encircled energy", formerly="epsf.save_growth_curve")
    residuals: bool = key(True, "median star, model, residual", formerly="epsf.save_residual_diagnostics")
    background: bool = key(True, "cell raw, background, subtracted", formerly="epsf.save_patch_background_diagnostics")
    local_background: bool = key(
        True, "annulus background star by star", formerly="epsf.save_star_local_background_diagnostics"
    )
    max_stars: int = key(100, "stars shown", "", "epsf.save_star_montage_max, epsf.residual_diag_max_stars", ge=1)
    colorbar: bool = key(True, "with colour bars", formerly="epsf.diagnostics_show_colorbar")


class Report(Section):
    """How much of a large tile `snakemake --report` holds; all figures are drawn all the same.

    Those in the report are spread evenly over the tile: which ones must be known before anything is computed. The
    montages of the whole tile are in it always.
    """

    cells: int = key(4, "most PSF cells whose figures are in the report", ge=0)
    patches: int = key(4, "most patches whose overview and montage are in the report", ge=0)


class Figures(Section):
    """Which figures are drawn; none of them is drawn inside a fit job."""

    enabled: bool = key(True, "draw figures at all")
    white: bool = key(True, "white stack before and after the crop", formerly="crop.plot_pre_crop")
    overlay: bool = key(True, "sources over the white stack", formerly="crop.overlay_catalog")
    patches: bool = key(True, "data, model and residual of every patch", formerly="patch_run.no_patch_overview")
    catalog: bool = key(True, "colour-magnitude diagram and summary of the residuals")
    zeropoint: bool = key(True, "zero-point figures")
    psf: PsfFigures = key(PsfFigures, "PSF figures")
    montage: Montage = key(Montage, "source montages")
    report: Report = key(Report, "limits of the report")
    dpi: int = key(120, "resolution", "", "plotting.dpi", ge=20, le=1200)
    downsample: int | None = key(
        None,
        "most block averaging of whole-image figures, which are averaged as far as their own pixels ask for; "
        "null for no limit, 1 for none",
        "pix",
        "crop.display_downsample, crop.post_crop_display_downsample, "
        "crop.overlay_downsample_full, crop.overlay_downsample_crop",
        ge=1,
    )
