"""The list of sources: catalogue, detection, exclusion, Gaia."""

from typing import Literal

from .base import Section, key


class SaturationCut(Section):
    """Sources close to saturated pixels are kept in the catalogue but not fitted."""

    enabled: bool = key(True, "apply the cut", formerly="source_saturation_cut.enabled")
    radius_pix: float = key(
        20.0,
        "a saturated pixel within this radius excludes the source",
        "pix",
        "source_saturation_cut.radius_pix",
        ge=0,
    )
    require_all_bands: bool = key(
        False,
        "exclude only when saturated in all bands, not in any",
        formerly="source_saturation_cut.require_all_bands",
    )


class Detection(Section):
    """Detection on the white stack, used when no catalogue is given."""

    thresh_sigma: float = key(3.0, "threshold in units of the noise, after smoothing with a small kernel", gt=0)
    minarea: int = key(5, "fewest pixels of a source", "pix", ge=1)
    deblend_nthresh: int = key(32, "deblending levels", ge=1)
    deblend_cont: float = key(0.005, "smallest contrast of a deblended source", ge=0, le=1)
    star_size_tolerance: float = key(
        0.1, "a source whose half-light radius is within this fraction of the stellar one is a star", gt=0
    )


class Sources(Section):
    """Reading the catalogue and the starting values of the fit."""

    theta_from: Literal["x", "y"] = key(
        "x", "axis from which THETA is counted, degrees counter-clockwise; SExtractor's THETA_IMAGE is from x"
    )
    unknown_type: Literal["exp", "dev", "sersic", "star"] = key(
        "exp",
        "model of sources whose TYPE is GAL, missing or unknown (matched reference stars are stars)",
        formerly="patch_run.gal_model",
    )
    re_fallback_pix: float = key(
        3.0, "starting half-light radius where Re is missing", "pix", "patch_run.re_fallback_pix", gt=0
    )
    image_epoch: float | None = key(
        None,
        "epoch of the images for proper motions; null reads MJD-OBS or DATE-OBS of the reference band",
        "yr",
        ge=1800,
        le=2200,
    )
    catalog_epoch: float | None = key(
        None,
        "epoch of the catalogue's positions where it has no epoch column; null applies no proper motion",
        "yr",
        ge=1800,
        le=2200,
    )
    saturation_cut: SaturationCut = key(SaturationCut, "exclusion around saturated pixels")
    detection: Detection = key(Detection, "used when inputs.catalog is null")


class Fetch(Section):
    """Fetching the reference stars of a field from an archive, where `inputs.gaia` names no table of them."""

    enabled: bool = key(False, "fetch them")
    urls: tuple[str, ...] = key(
        (
            "https://gea.esac.esa.int/tap-server/tap",
            "https://gaia.aip.de/tap",
            "https://gaia.ari.uni-heidelberg.de/tap",
        ),
        "TAP services that hold the tables, asked in turn until one answers in full",
    )
    table: str = key("gaiadr3.gaia_source", "table of positions, proper motions and epochs")
    photometry_table: str | None = key(
        "gaiadr3.synthetic_photometry_gspc", "table of synthetic photometry, joined by source_id; null joins none"
    )
    magnitudes: tuple[str, ...] = key(
        ("u=u_sdss_mag", "g=g_sdss_mag", "r=r_sdss_mag", "i=i_sdss_mag", "z=z_sdss_mag"),
        "bands and the columns of AB magnitudes that stand for them, as band=column; they become mag_<band>",
    )
    ra: float | None = key(None, "right ascension of the field's centre; null takes the image's", "deg", ge=0, lt=360)
    dec: float | None = key(None, "declination of the field's centre; null takes the image's", "deg", ge=-90, le=90)
    radius_arcmin: float | None = key(
        None, "radius of the circle; null takes one that holds the image", "arcmin", gt=0, le=10800
    )
    maxrec: int = key(200000, "most stars", ge=1)


class Gaia(Section):
    """Matching the catalogue with the reference stars, and injecting the unmatched ones."""

    enabled: bool = key(True, "use inputs.gaia (when given)", formerly="zp.enabled")
    inject: bool = key(True, "add unmatched reference stars to the catalogue", formerly="zp.inject_gaia_sources")
    mag_min: float = key(8.0, "brightest phot_g_mean_mag used", "mag", "zp.gaia_mag_min")
    mag_max: float = key(18.0, "faintest phot_g_mean_mag used", "mag", "zp.gaia_mag_max")
    match_radius_arcsec: float = key(3.0, "largest separation of a match", "arcsec", "zp.match_radius_arcsec", gt=0)
    min_box_size_pix: int = key(
        3000, "smallest side of the box around the active sources", "pix", "zp.min_box_size_pix", ge=1
    )
    fetch: Fetch = key(Fetch, "fetching the stars from an archive")
