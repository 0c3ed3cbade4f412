"""PSF stars and the empirical PSF."""

from typing import Literal

from .base import Section, key


class Stars(Section):
    """Selection of PSF stars, per band."""

    mode: Literal["sep", "sep+gaia", "gaia"] = key(
        "sep+gaia", "where candidates come from", formerly="epsf.psfstar_mode, epsf.use_gaiaxp"
    )
    thresh_sigma: float = key(5.0, "SEP detection threshold, in units of the noise", "", "epsf.thresh_sigma", gt=0)
    minarea: int = key(5, "fewest pixels of a SEP detection", "pix", "epsf.minarea", ge=1)
    edge_pad: int = key(10, "least distance from the image border", "pix", "epsf.edge_pad", ge=0)
    min_sep: float = key(12.0, "least distance from any comparable detection", "pix", "epsf.min_sep", ge=0)
    neighbour_flux: float = key(
        0.02, "neighbours fainter than this fraction of the star are masked in its stamp instead of rejecting it", gt=0
    )
    max_stars: int = key(30, "brightest stars kept per cell", "", "epsf.max_stars", ge=1)
    axis_ratio_max: float = key(1.15, "largest a/b, relative to the stellar median", "", "epsf.q_range", gt=1)
    locus_width: float = key(
        0.08,
        "largest relative deviation of the half-light radius from the stellar locus, less where the noise is low",
        gt=0,
    )
    snr_min: float = key(60.0, "least S/N in an aperture of one FWHM", gt=0)
    gaia_mag_min: float = key(10.0, "brightest Gaia seed", "mag", "epsf.gaia_mag_min")
    gaia_mag_max: float = key(30.0, "faintest Gaia seed", "mag", "epsf.gaia_mag_max")
    gaia_match_r_pix: float = key(
        5.0, "radius within which a Gaia seed meets a detection", "pix", "epsf.gaia_match_r_pix", gt=0
    )
    gaia_snap_to_sep: bool = key(
        True, "take the detection's centre for matched seeds", formerly="epsf.gaia_snap_to_sep"
    )
    gaia_snr_min: float = key(20.0, "least S/N of a Gaia seed, in the forced aperture", "", "epsf.gaia_snr_min", gt=0)
    gaia_forced_k_fwhm: float = key(1.5, "forced aperture radius in FWHM", "", "epsf.gaia_forced_k_fwhm", gt=0)
    gaia_forced_rmin_pix: float = key(3.0, "smallest forced aperture", "pix", "epsf.gaia_forced_rmin_pix", gt=0)
    gaia_forced_rmax_pix: float = key(15.0, "largest forced aperture", "pix", "epsf.gaia_forced_rmax_pix", gt=0)
    gaia_seed_sat_r: int = key(
        5, "a seed with a saturated pixel within this radius is left out", "pix", "epsf.gaia_seed_sat_r", ge=0
    )
    gaia_seed_sat_div: float = key(
        1.3,
        "pixels above the saturation level divided by this count as saturated for seeds",
        "",
        "epsf.gaia_seed_sat_div",
        gt=0,
    )
    held_out_fraction: float = key(
        0.2, "fraction of the stars kept out of the PSF to test it, chosen by position", ge=0, lt=1
    )


class Background(Section):
    """Two-dimensional background of the cell, subtracted before stars are cut out."""

    enabled: bool = key(
        False, "subtract it (the frame's own sky is subtracted already)", formerly="epsf.background_subtract_patch"
    )
    boxsize: int = key(96, "mesh width", "pix", "epsf.background_boxsize", ge=16)
    filtersize: int = key(
        9, "width of the median filter over the mesh, in mesh cells", "", "epsf.background_filtersize", ge=1
    )
    mask_sigma: float = key(
        3.0, "threshold of the source mask, in units of the noise", "", "epsf.background_source_mask_sigma", gt=0
    )
    mask_dilate: int = key(1, "pixels by which the mask grows", "pix", "epsf.background_mask_dilate", ge=0)


class LocalBackground(Section):
    """Background of each star from an annulus in its stamp."""

    enabled: bool = key(True, "subtract it", formerly="epsf.star_local_bkg_subtract")
    rin_pix: float = key(20.0, "inner radius", "pix", "epsf.star_local_bkg_annulus_rin_pix", gt=0)
    rout_pix: float = key(
        30.0, "outer radius, clamped to the stamp", "pix", "epsf.star_local_bkg_annulus_rout_pix", gt=0
    )
    clip_sigma: float = key(
        3.0, "pixels of the annulus are clipped at this many sigma", "", "epsf.star_local_bkg_sigma", gt=0
    )
    min_pixels: int = key(
        30, "fewest usable pixels; with fewer, nothing is subtracted", "pix", "epsf.star_local_bkg_minpix", ge=1
    )


class EpsfBuilder(Section):
    """photutils' EPSFBuilder, for psf.method: epsfbuilder."""

    oversampling: int = key(1, "oversampling factor", "", "epsf.oversamp", ge=1)
    maxiters: int = key(30, "most iterations", "", "epsf.maxiters", ge=1)
    recentering_boxsize: int = key(
        9, "side of the box in which stars are centred (odd)", "pix", "epsf.recenter_boxsize", ge=3
    )
    sigma_clip: bool = key(True, "sigma-clip the stacked samples", formerly="epsf.do_clip")


class Fallback(Section):
    """The PSF of a cell that has too few good stars."""

    model: Literal["moffat", "ncircular_gaussian", "gaussian_mixture"] = key(
        "moffat", "its profile", formerly="patch_run.psf_fallback_model"
    )
    fwhm_pix: float = key(
        4.0,
        "FWHM where no header gives one",
        "pix",
        "patch_run.fallback_default_fwhm_pix, moffat_psf.fwhm_default_pix",
        gt=0,
    )
    moffat_beta: float = key(3.5, "Moffat exponent", "", "moffat_psf.beta", gt=1)
    fwhm_of: Literal["image", "optics"] = key(
        "image", "what the FWHM is that of: the image, its pixels included, or the light before the pixels average it"
    )
    n_circular: int = key(
        3,
        "number of Gaussians of ncircular_gaussian, as form or model",
        "",
        "patch_run.ncircular_gaussian_n",
        ge=1,
        le=6,
    )
    n_mixture: int = key(
        4, "number of Gaussians of gaussian_mixture, as form or model", "", "patch_run.gaussian_mixture_n", ge=1, le=9
    )


class Psf(Section):
    """The empirical PSF of each band in each cell."""

    ngrid: int = key(7, "cells per side", "", "epsf.epsf_ngrid", ge=1)
    skip_empty_cells: bool = key(
        True, "leave out cells without an active source", formerly="epsf.skip_empty_epsf_patches"
    )
    method: Literal["stack", "epsfbuilder", "supplied"] = key(
        "stack", "a Moffat plus the stacked residual of the stars, photutils' EPSFBuilder, or inputs.images[].psf"
    )
    form: Literal["pixelized", "oversampled", "hybrid", "gaussian_mixture", "moffat", "ncircular_gaussian"] = key(
        "pixelized",
        "what the fit is given: the stamp; a stamp of several samples per pixel, for a FWHM below 2.5 pix; the stamp "
        "with a Moffat beyond it, for bright stars; or Gaussians, a Moffat or round Gaussians fitted to it, endless",
        formerly="patch_run.psf_model",
    )
    oversampling: int = key(
        2, "samples per pixel and axis of form: oversampled; a supplied PSF keeps its own", "", ge=2, le=6
    )
    interpolate: bool = key(
        False,
        "interpolate between the centres of neighbouring cells, so that a source on a border does not jump; else every "
        "patch has the PSF of its cell",
    )
    stamp_size: int = key(61, "side of the star stamps (odd)", "pix", "epsf.cutout_size", ge=15)
    size: int = key(55, "side of the final PSF (odd)", "pix", "epsf.final_psf_size", ge=11)
    norm_radius_pix: float = key(12.0, "the PSF sums to 1 within this radius: the flux convention", "pix", gt=2)
    taper_pix: tuple[float, float] = key((6.0, 10.0), "the stacked residual fades out between these radii", "pix")
    variation: Literal["constant", "linear"] = key("linear", "how the PSF may vary within a cell")
    linear_min_stars: int = key(8, "fewest stars for a linear variation", ge=4)
    min_stars: int = key(2, "fewest stars for an empirical PSF", "", "patch_run.min_epsf_nstars_for_use", ge=1)
    pool_min_stars: int = key(6, "with fewer stars than this, those of neighbouring cells are pooled", ge=1)
    score_max_rms: float = key(0.05, "largest residual rms over peak on held-out stars", gt=0)
    score_max_ee: float = key(0.05, "largest encircled-energy error on held-out stars", gt=0)
    background: Background = key(Background, "background of the cell")
    local_background: LocalBackground = key(LocalBackground, "background of each star")
    epsfbuilder: EpsfBuilder = key(EpsfBuilder, "settings of method: epsfbuilder")
    fallback: Fallback = key(Fallback, "fallback PSF")
