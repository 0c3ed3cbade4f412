"""Synthetic sources in the user's own images (`snakemake inject`)."""

from .base import Section, key


class Inject(Section):
    """Sources of known flux that `snakemake inject` adds to the images of the field."""

    enabled: bool = key(
        False,
        "make it part of every run and of its report; `snakemake inject` does it either way, and ends with exit "
        "code 1 where a bound is missed (a run that it is part of does not)",
    )
    seed: int = key(1, "another seed, other sources", ge=0)
    realisations: int = key(4, "so many copies of the images, each with its own sources", ge=1, le=99)
    spacing_pix: float = key(36.0, "mean distance of the added sources in one copy", "pix", ge=12)
    jitter_pix: float = key(
        4.0, "they leave the nodes of that grid, which lies anew in every copy, by as much along x and y", "pix", ge=0
    )
    keep_apart_pix: float | None = key(
        None, "least distance from sources of the catalogue; null lets them fall anywhere", "pix", gt=0
    )
    depth_range_mag: tuple[float, float] = key(
        (-5.0, 1.0), "magnitudes are spread evenly between these, counted from the 5 sigma depth of stars in each band"
    )
    color_scatter_mag: float = key(0.3, "standard deviation of each band's own departure from that", "mag", ge=0)
    bin_mag: float = key(1.0, "width of the magnitude bins of tables and figure", "mag", ge=0.05)
    star_share: float = key(0.5, "share of stars", ge=0, le=1)
    dev_share: float = key(
        0.4, "share of de Vaucouleurs profiles among galaxies; the others are exponential", ge=0, le=1
    )
    re_pix: float = key(2.5, "median half-light radius of the galaxies along the major axis", "pix", gt=0.3, le=6)
    re_scatter: float = key(0.35, "standard deviation of its ln", ge=0, le=1)
    position_error_pix: float = key(0.15, "standard deviation of the catalogue's positions per axis", "pix", ge=0)
    shape_error: float = key(0.15, "standard deviation of the catalogue's ln Re and ellipticity components", ge=0)
    flux_error: float = key(0.2, "standard deviation of the catalogue's ln fluxes", ge=0)
    min_snr: float = key(5.0, "true S/N above which pulls are judged and a source counts as recovered", gt=0)
    recovery_sigma: float = key(5.0, "a recovered flux is within so many of its errors of the truth", gt=0)
