"""Patches and the fit."""

from typing import Literal

from .base import Section, key


class Patches(Section):
    """How cells are divided into fitting patches."""

    ngrid: int = key(6, "patches per side of a cell", "", "epsf.ngrid", ge=1)
    halo_min_pix: int = key(30, "least halo around a patch", "pix", "patches.halo_pix_min", ge=0)
    halo_max_pix: int = key(120, "largest halo that a patch's big sources may ask for", "pix", ge=0)
    skip_empty: bool = key(True, "leave out patches without an active source", formerly="patch_inputs.skip_empty_patch")


class Priors(Section):
    """Weak Gaussian priors that keep faint galaxies from running away."""

    enabled: bool = key(True, "use them")
    log_re_sd: float = key(1.0, "width in ln(Re) about the starting value", ge=1e-3)
    ellipticity_sd: float = key(0.6, "width of each component of ln(a/b) about 0", ge=1e-3)
    log_n_sd: float = key(1.0, "width in ln(n) about sersic_n_init", ge=1e-3)


class Auto(Section):
    """How `fit.models: auto` weighs models against each other: penalised chi2, star < exp, dev < sersic."""

    galaxy_penalty: float = key(
        9.0, "chi2 that exp or dev must gain over a star, beyond one for each further parameter (9: 3 sigma)", ge=0
    )
    sersic_penalty: float = key(
        9.0, "chi2 that sersic must gain over exp and dev, beyond one for its further parameter", ge=0
    )
    psf_error: float = key(
        0.01,
        "fraction of a star's chi2 against no source that a galaxy must gain, so that errors of the PSF make no galaxy "
        "of a bright star",
        ge=0,
        le=1,
    )


class ByTractor(Section):
    """How `fit.engine: tractor` drives the Tractor."""

    optimizer: Literal["lsqr", "constrained", "ceres", "per_source"] = key(
        "lsqr",
        "its optimiser for all sources of a patch at once, or its constrained one source by source, which "
        "takes over where the others fail",
    )
    iterations: int = key(50, "steps, or sweeps over all sources, at one set of weights", ge=1)
    tolerance: float = key(
        0.1,
        "ends when chi2 falls by less, and a source has converged when its next step would lower chi2 by less; finite "
        "differences know the optimum no better",
        gt=0,
    )
    alphas: tuple[float, ...] | None = key(
        (0.1, 0.3, 1.0), "fractions of a step that are tried, ascending; null: its own 13, which cost more"
    )
    shared_params: bool = key(False, "look for parameters that sources share, as it does by itself; there are none")
    psf: Literal["pixelized", "hybrid", "gaussian_mixture"] = key("pixelized", "its form of the PSF")
    gaussians: int = key(4, "Gaussians of the hybrid's and of the mixture", ge=1, le=9)


class Fit(Section):
    """The fit of one patch."""

    engine: Literal["native", "tractor"] = key(
        "native", "what fits: swath itself, or Dustin Lang's Tractor where it is installed"
    )

    mode: Literal["free", "forced_position", "forced"] = key(
        "free",
        "what is fitted beside the fluxes: positions and shapes, shapes alone (positions stay at the catalogue's), or "
        "nothing (one linear solution, repeated with the model's own noise; a free Sersic index is then "
        "sersic_n_init); what is held has no error",
    )
    models: Literal["catalog", "unknown", "auto"] = key(
        "catalog",
        "what sources are fitted as: their TYPE; TYPE, and where it is missing or unknown the best of star, exp, dev "
        "and sersic; or the best of the four for every source",
    )
    auto: Auto = key(Auto, "choice of the model")
    multi_band: bool = key(
        True,
        "positions and shapes shared by all bands; false fits each band alone",
        formerly="patch_run.enable_multi_band_simultaneous_fitting",
    )
    noise: Literal["model", "sky"] = key("model", "sky plus the model's own Poisson noise (iterated), or the sky alone")
    max_iterations: int = key(
        100, "iterations after which a source counts as not converged", "", "patch_run.n_opt_iters", ge=1
    )
    tolerance: float = key(
        1e-3, "a source has converged when its step would change chi2 by less", "", "patch_run.dlnp_stop", gt=0
    )
    aperture_radius_pix: float = key(
        5.0, "aperture of the starting flux where the catalogue has none", "pix", "patch_run.r_ap", gt=0
    )
    flux_floor: float = key(1e-4, "least starting flux", "flux at zp_ref", "patch_run.eps_flux", gt=0)
    sersic_n_init: float = key(1.5, "starting Sersic index", "", "patch_run.sersic_n_init", gt=0.4, lt=6.3)
    max_shift_pix: float = key(3.0, "a position may move this far from its start", "pix", gt=0)
    stamp_threshold: float = key(0.03, "models are drawn out to this surface brightness in units of the noise", gt=0)
    stamp_max_pix: int = key(512, "largest side of a model stamp", "pix", ge=32, le=1024)
    blend_flag_fraction: float = key(
        0.5, "sources whose light is overlapped by more than this fraction are flagged", gt=0, le=1
    )
    poor_fit_chi2: float = key(4.0, "sources whose core has more chi2 per pixel in some band are flagged", gt=1)
    deadline_s: float | None = key(
        None, "time after which a patch ends with what it has, flagged; null: no limit", "s", gt=0
    )
    priors: Priors = key(Priors, "shape priors")
    tractor: ByTractor = key(ByTractor, "the Tractor")
