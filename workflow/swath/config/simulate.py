"""The field of known truth that `snakemake test_field` renders, reduces and judges."""

from .base import Section, key


class Simulate(Section):
    """The simulated field of `snakemake test_field`; its sources, PSFs and noise follow from these values alone."""

    seed: int = key(1, "another seed, another field", ge=0)
    bands: int = key(5, "number of bands, named b1, b2 ...", ge=1, le=60)
    side_pix: int = key(2000, "side of the field", "pix", ge=300, le=6000)
    pixel_scale_arcsec: float = key(0.4, "side of a pixel", "arcsec", gt=0)
    stars: int = key(360, "stars that are not saturated", ge=10)
    saturated: int = key(6, "saturated stars", ge=0)
    exp: int = key(280, "exponential galaxies", ge=0)
    dev: int = key(200, "de Vaucouleurs galaxies", ge=0)
    sersic: int = key(200, "Sersic galaxies", ge=0)
    blends: int = key(40, "sources of these that are moved to 1.2 to 2.5 FWHM from another one", ge=0)
    fwhm_pix: tuple[float, float] = key((3.2, 4.2), "FWHM of the PSF in the last and the first band", "pix")
    fwhm_variation: float = key(
        0.03, "largest relative departure of the FWHM from its mean over the field", ge=0, lt=0.3
    )
    ellipticity: float = key(0.04, "largest ellipticity 1 - b/a of the PSF over the field", ge=0, lt=0.5)
    moffat_beta: float = key(3.5, "exponent of the PSF's Moffat profile", gt=1.5)
    zero_point_error_mag: float = key(0.05, "standard deviation of the errors of the headers' zero points", "mag", ge=0)
    position_error_pix: float = key(0.15, "standard deviation of the catalogue's positions per axis", "pix", ge=0)
    shape_error: float = key(0.15, "standard deviation of the catalogue's ln Re and ellipticity components", ge=0)
    flux_error: float = key(0.2, "standard deviation of the catalogue's ln fluxes", ge=0)
    bad_pixel_fraction: float = key(3e-4, "isolated bad pixels, half of them NaN, half in the mask", ge=0, lt=0.1)
    bad_columns: int = key(2, "bad columns per band", ge=0)
    psf_ngrid: int = key(2, "PSF cells per side", ge=1)
    patch_ngrid: int = key(3, "patches per side of a cell", ge=1)
    crop_margin_pix: int = key(17, "margin that is cropped: the positions must survive it", "pix", ge=0)
