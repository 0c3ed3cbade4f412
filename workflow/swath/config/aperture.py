"""Aperture photometry of targets on single exposures."""

from typing import Literal

from .base import File, Section, key

# ASSUME pixels with these flags say nothing reliable of the sky behind them. SOURCE is not among them: it is on nearly
# every pixel of a target's aperture, and has a rule of its own in the background.
BAD_FLAGS = (
    "TRANSIENT", "OVERFLOW", "SUR_ERROR", "NONFUNC", "DICHROIC", "MISSING_DATA", "HOT", "COLD", "PHANMISS", "NONLINEAR",
    "PERSIST", "OUTLIER",
)  # fmt: skip
# ASSUME pixels with these hold no measurement at all; those of the others still hold the target's light.
EMPTY_FLAGS = ("SUR_ERROR", "NONFUNC", "MISSING_DATA", "HOT", "COLD")
OLD = "spxquery.photometry."


class Aperture(Section):
    """Aperture, background and errors of the photometry of single exposures, all of them on the pixels as they are."""

    method: Literal["fwhm", "fixed"] = key(
        "fwhm", "aperture sized by the PSF at the target's place, or the same everywhere", "", OLD + "aperture_method"
    )
    diameter_pix: float = key(
        3.0, "diameter of the aperture for aperture.method: fixed", "pix", OLD + "aperture_diameter", gt=0.2, le=100
    )
    fwhm_multiplier: float = key(
        2.5,
        "diameter of the aperture in FWHM, for aperture.method: fwhm; the FWHM is that of the PSF averaged "
        "over pixels, as they see it, and not that of the optics alone",
        "",
        OLD + "fwhm_multiplier",
        gt=0.2,
        le=50,
    )
    correct: bool = key(
        True, "divide by the share of the PSF that aperture less background holds: fluxes of point sources, whole"
    )
    psf_error: float = key(
        0.0, "uncertainty of the PSF's share in the aperture, as a fraction; added to the flux's error", ge=0, lt=1
    )
    bad_flags: tuple[int | str, ...] = key(
        BAD_FLAGS,
        "pixels with these flags (names in the file's header, or bits) are not used for "
        "backgrounds; in the aperture they are, unless aperture.empty_flags has them too, and the quality says so",
        "",
        OLD + "bad_flags",
    )
    empty_flags: tuple[int | str, ...] = key(
        EMPTY_FLAGS, "pixels with these flags count as missing, as those that are not a number do"
    )
    max_missing: float = key(
        0.5,
        "largest share of the aperture's light that may fall on missing pixels: their part is then filled by the PSF, "
        "and the row's quality says so; beyond it there is no flux",
        ge=0,
        lt=1,
    )
    background: Literal["annulus", "window"] = key(
        "annulus",
        "pixels of the local background: a ring, or all of a box around it",
        "",
        OLD + "background_method",
    )
    annulus_inner_offset: float = key(
        1.414,
        "distance of the background's pixels from the aperture's edge",
        "pix",
        OLD + "annulus_inner_offset",
        ge=0,
        le=100,
    )
    min_annulus_area: float = key(
        100.0, "area of the first annulus that is tried", "pix2", OLD + "min_annulus_area", gt=0, le=1e6
    )
    max_outer_radius: float = key(
        10.0, "largest outer radius of the annulus", "pix", OLD + "max_outer_radius", gt=0, le=500
    )
    max_annulus_attempts: int = key(
        5,
        "how often the annulus grows when it has too few usable pixels",
        "",
        OLD + "max_annulus_attempts",
        ge=0,
        le=100,
    )
    annulus_expansion_step: float = key(
        0.5, "how much its outer radius grows each time", "pix", OLD + "annulus_expansion_step", gt=0, le=100
    )
    window_size: tuple[int, int] = key(
        (50, 50), "height and width of the box for aperture.background: window", "pix", OLD + "window_size"
    )
    min_usable_pixels: int = key(
        10, "fewest pixels of a background, before and after clipping", "pix", OLD + "min_usable_pixels", ge=3
    )
    bg_sigma_clip_sigma: float = key(
        3.0,
        "background pixels that deviate by more than this many standard deviations are left out",
        "",
        OLD + "bg_sigma_clip_sigma",
        ge=1,
    )
    bg_sigma_clip_maxiters: int = key(
        3, "rounds of clipping, at most; 0 for none", "", OLD + "bg_sigma_clip_maxiters", ge=0, le=100
    )
    subtract_zodi: bool = key(
        True, "subtract the file's model of the zodiacal light, scaled to the image", "", OLD + "subtract_zodi"
    )
    zodi_scale_min: float = key(
        0.0, "scales of the zodiacal light not above this are not believed", "", OLD + "zodi_scale_min", ge=0
    )
    zodi_scale_max: float = key(
        10.0,
        "scales of the zodiacal light above this are not believed; the model is then taken as it is, and the row's "
        "quality says so",
        "",
        OLD + "zodi_scale_max",
        gt=0,
    )
    zodi_box_pix: int = key(
        200, "the zodiacal light is scaled within a box of this size around the target", "pix", ge=8, le=4096
    )
    zodi_min_pixels: int = key(
        100, "fewest pixels that scale the zodiacal light; where fewer are clean, those of sources are clipped", ge=3
    )
    solid_angle_maps: File | None = key(
        None,
        "folder with FITS maps of the pixels' solid angles [arcsec2], one whose name holds D1, one with D2 ...; null "
        "takes the solid angle from the celestial WCS of the image, which is good to about 0.5 percent",
    )
    magnitude: Literal["asinh", "log"] = key(
        "asinh", "asinh magnitudes (Lupton et al. 1999), or logarithmic ones that are empty for fluxes <= 0"
    )
    asinh_softening: float = key(
        20.0, "softening of asinh magnitudes: half of the flux below which they are about linear in flux", "uJy", gt=0
    )
    max_failed_fraction: float = key(
        0.5,
        "largest fraction of the planned exposures whose files may be missing or unreadable; beyond it the run stops",
        ge=0,
        le=1,
    )
