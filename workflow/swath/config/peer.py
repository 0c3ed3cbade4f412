"""tract7dt's parameters, for people who come from it: its defaults, and why some have no counterpart here.

What replaces a parameter is said where our key is declared (`formerly`); nothing else is listed by hand. Facts of
tract7dt 0.6.0.
"""

DEFAULTS = {
    "inputs": (
        "tile_name=your_tile_name; input_catalog=path/to/input_catalog.csv; image_list_file=path/to/image_list.txt; "
        "gaiaxp_synphot_csv=path/to/gaiaxp_synphot.csv"
    ),
    "outputs": (
        "work_dir=path/to/work_dir; cropped_images_dir=cropped_images; epsf_dir=EPSFs; patches_dir=patches; "
        "patch_inputs_dir=patch_payloads; tractor_out_dir=outputs; final_catalog=output_catalog.csv"
    ),
    "image_scaling": "zp_ref=25.0",
    "crop": (
        "enabled=true; margin=500; plot_pre_crop=true; display_downsample=4; post_crop_display_downsample=4; "
        "overlay_catalog=true; overlay_downsample_full=4; overlay_downsample_crop=4"
    ),
    "checks": (
        "require_wcs_alignment=true; wcs_tolerance.crval=1e-6; wcs_tolerance.crpix=1e-6; wcs_tolerance.cd=1e-9; "
        "wcs_tolerance.cdelt=1e-9; require_same_shape=true"
    ),
    "source_saturation_cut": "enabled=true; radius_pix=20.0; require_all_bands=false",
    "logging": (
        "ignore_warnings=true; level=INFO; file=auto; format=%(asctime)s | %(name)s | %(levelname)s | %(message)s"
    ),
    "plotting": "dpi=300",
    "performance": "frame_prep_workers=auto; white_stack_workers=auto",
    "epsf": (
        "use_gaiaxp=true; epsf_ngrid=7; ngrid=6; skip_empty_epsf_patches=true; thresh_sigma=10.0; minarea=25; "
        "cutout_size=61; edge_pad=10; min_sep=30.0; max_stars=30; q_range=[0.7, 1.3]; psfstar_mode=sep+gaia; "
        "gaia_mag_min=10.0; gaia_mag_max=30.0; gaia_snap_to_sep=true; gaia_forced_k_fwhm=1.5; "
        "gaia_forced_rmin_pix=3.0; gaia_forced_rmax_pix=15.0; gaia_snr_min=20.0; gaia_match_r_pix=5.0; "
        "gaia_seed_sat_r=5; gaia_seed_sat_div=1.3; oversamp=1; maxiters=30; do_clip=true; recenter_boxsize=9; "
        "final_psf_size=55; save_star_montage_max=100; background_subtract_patch=true; background_boxsize=96; "
        "background_filtersize=9; background_source_mask_sigma=3.0; background_mask_dilate=1; "
        "star_local_bkg_subtract=true; star_local_bkg_annulus_rin_pix=20.0; star_local_bkg_annulus_rout_pix=30.0; "
        "star_local_bkg_sigma=3.0; star_local_bkg_minpix=30; save_patch_background_diagnostics=true; "
        "save_star_local_background_diagnostics=true; diagnostics_show_colorbar=true; save_growth_curve=true; "
        "save_residual_diagnostics=true; residual_diag_max_stars=100; parallel_bands=true; max_workers=auto"
    ),
    "patches": "halo_pix_min=20",
    "patch_inputs": (
        "save_patch_inputs=true; skip_empty_patch=true; include_wcs_in_payload=false; max_workers=16; "
        "gzip_compresslevel=1; keep_payloads_in_memory=false"
    ),
    "patch_run": (
        "enable_multi_band_simultaneous_fitting=true; python_exe=python; resume=false; max_workers=32; "
        "threads_per_process=1; gal_model=exp; n_opt_iters=20; dlnp_stop=1e-6; r_ap=5.0; eps_flux=0.0001; "
        "sersic_n_init=3.0; re_fallback_pix=3.0; psf_model=pixelized; psf_fallback_model=moffat; "
        "min_epsf_nstars_for_use=2; ncircular_gaussian_n=3; hybrid_psf_n=9; gaussian_mixture_n=4; "
        "fallback_default_fwhm_pix=4.0; fallback_stamp_radius_pix=25.0; cutout_size=100; cutout_max_sources=null; "
        "cutout_start=0; cutout_data_p_lo=1; cutout_data_p_hi=99; cutout_model_p_lo=1; cutout_model_p_hi=99; "
        "cutout_resid_p_abs=99; no_cutouts=false; no_patch_overview=false; flag_maxiter_margin=0"
    ),
    "moffat_psf": "fwhm_default_pix=4.0; beta=3.5; radius_pix=25.0; module_path=null",
    "merge": "pattern=*_cat_fit.csv; wcs_fits=null",
    "zp": (
        "enabled=true; inject_gaia_sources=true; gaia_mag_min=8.0; gaia_mag_max=18.0; match_radius_arcsec=3.0; "
        "min_box_size_pix=3000; clip_sigma=3.0; clip_max_iters=10"
    ),
}

_FOLDER = "the products have fixed names under <results>/<tile>/"
_CORES = "Snakemake's --cores decides"
_PAYLOAD = "payloads are always written, as FITS files"
_STAMP = "fallback PSFs have the size psf.size"

GONE = {
    "outputs.cropped_images_dir": _FOLDER,
    "outputs.epsf_dir": _FOLDER,
    "outputs.patches_dir": _FOLDER,
    "outputs.patch_inputs_dir": _FOLDER,
    "outputs.tractor_out_dir": _FOLDER,
    "outputs.final_catalog": "<results>/<tile>/catalog.csv, .fits and .parquet",
    "performance.frame_prep_workers": _CORES,
    "performance.white_stack_workers": _CORES + "; the stack is made by chunks of rows",
    "epsf.parallel_bands": _CORES,
    "epsf.max_workers": _CORES,
    "patch_inputs.save_patch_inputs": _PAYLOAD,
    "patch_inputs.include_wcs_in_payload": "positions are turned into RA and DEC once, when the patches are merged",
    "patch_inputs.max_workers": _CORES,
    "patch_inputs.gzip_compresslevel": _PAYLOAD,
    "patch_inputs.keep_payloads_in_memory": _PAYLOAD,
    "patch_run.python_exe": "jobs run in the Python that runs Snakemake, or in the rule's own environment",
    "patch_run.resume": "Snakemake reruns what is missing or out of date, a changed config included",
    "patch_run.max_workers": _CORES,
    "patch_run.threads_per_process": "a patch is fitted by one thread",
    "patch_run.hybrid_psf_n": "galaxies are convolved with the pixel PSF itself, in Fourier space",
    "patch_run.fallback_stamp_radius_pix": _STAMP,
    "patch_run.flag_maxiter_margin": "opt_hit_max_iters is set at fit.max_iterations exactly",
    "moffat_psf.radius_pix": _STAMP,
    "moffat_psf.module_path": "the Moffat PSF is built in",
    "merge.pattern": "the list of patches is known; nothing is searched for by name",
    "merge.wcs_fits": "the WCS of the reference band, the first image",
}

NOTES = {
    "patch_run.no_cutouts": "the other way round",
    "patch_run.no_patch_overview": "the other way round",
    "epsf.use_gaiaxp": "false is stars.mode: sep",
    "epsf.q_range": "its upper limit",
    "epsf.save_star_montage_max": "0 is figures.psf.stars: false",
    "patch_run.psf_model": "its hybrid is pixelized here; gaussian_mixture_from_stamp is gaussian_mixture",
    "patch_run.dlnp_stop": "a change of chi2, for each source",
    "patch_run.cutout_max_sources": "null is all, as before",
    "zp.enabled": "matching and calibration are switched apart",
    "inputs.image_list_file": "paths in it are relative to the list itself, no longer to the config file",
    "epsf.background_subtract_patch": "off by default: the frame's sky is already subtracted",
    "checks.wcs_tolerance.cdelt": "PC times CDELT is compared as a CD matrix",
}


def defaults() -> dict[str, str]:
    """Every tract7dt parameter (dotted) with its default, in its order."""
    pairs = (f"{section}.{pair}".partition("=") for section, text in DEFAULTS.items() for pair in text.split("; "))
    return {name: value for name, _, value in pairs}


def replacements() -> dict[str, list[str]]:
    """Of every tract7dt parameter, the keys that replace it here; an empty list for one that is gone."""
    from .keys import keys

    found: dict[str, list[str]] = {name: [] for name in defaults()}
    for key in keys():
        for name in key.formerly:
            found[name].append(key.path)
    return found


def advice(name: str) -> str:
    """What became of a parameter of tract7dt or SPXQuery, as the end of a sentence; empty when it never was one."""
    from .keys import keys

    if name in GONE:
        return f"no longer needed: {GONE[name]}"
    if ours := replacements().get(name):
        note = f" ({NOTES[name]})" if name in NOTES else ""
        return f"is now {' and '.join(ours)}{note}"
    theirs = [key.path for key in keys() if name in key.in_spxquery]
    return f"is now {' and '.join(theirs)}" if theirs else ""
