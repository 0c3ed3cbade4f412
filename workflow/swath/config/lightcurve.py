"""Light curves and spectra: which measurements are good, and how they are drawn."""

from .base import Section, key

# ASSUME what makes a measurement useless whatever its size: pixels that hold no valid sample of the sky (OVERFLOW,
# SUR_ERROR, NONFUNC, MISSING_DATA, HOT, COLD, NONLINEAR, PHANMISS, DICHROIC) or something of short life on top of it
# (TRANSIENT, PERSIST, OUTLIER, SNOWBALL, SATELLITE_HALO). Ghosts, halos and blooms of neighbours are left to the user.
BAD_FLAGS = (
    "TRANSIENT", "OVERFLOW", "SUR_ERROR", "NONFUNC", "DICHROIC", "MISSING_DATA", "HOT", "COLD", "PHANMISS", "NONLINEAR",
    "PERSIST", "OUTLIER", "SNOWBALL", "SATELLITE_HALO",
)  # fmt: skip


class SpectrumFigure(Section):
    """The figures of a target: its spectrum and light curve in one, and a page that sums up the measurements."""

    use_magnitude: bool = key(False, "AB magnitudes instead of fluxes", formerly="spxquery.visualization.use_magnitude")
    show_errorbars: bool = key(True, "draw error bars", formerly="spxquery.visualization.show_errorbars")
    wavelength_cmap: str = key(
        "rainbow", "colours of wavelengths, in the light curve", formerly="spxquery.visualization.wavelength_cmap"
    )
    date_cmap: str = key("viridis", "colours of times, in the spectrum", formerly="spxquery.visualization.date_cmap")
    ylim_percentile_min: float = key(
        1.0,
        "lower end of the flux axis, among the good measurements; what lies beyond is an arrow at the edge",
        "percent",
        "spxquery.visualization.ylim_percentile_min",
        ge=0,
        le=100,
    )
    ylim_percentile_max: float = key(
        99.0, "upper end of the flux axis", "percent", "spxquery.visualization.ylim_percentile_max", ge=0, le=100
    )
    ylim_padding_fraction: float = key(
        0.1,
        "how much the flux axis goes on at both ends, as a fraction of what lies between them",
        "",
        "spxquery.visualization.ylim_padding_fraction",
        ge=0,
        le=10,
    )
    marker_size_good: float = key(
        3.0, "diameter of filled circles", "pt", "spxquery.visualization.marker_size_good", gt=0, le=100
    )
    marker_size_rejected: float = key(
        3.0, "size of grey crosses", "pt", "spxquery.visualization.marker_size_rejected", gt=0, le=100
    )
    marker_size_upper_limit: float = key(
        4.0, "size of downward triangles", "pt", "spxquery.visualization.marker_size_upper_limit", gt=0, le=100
    )
    marker_alpha: float = key(0.9, "opacity of markers", "", "spxquery.visualization.marker_alpha", gt=0, le=1)
    errorbar_alpha: float = key(0.4, "opacity of error bars", "", "spxquery.visualization.errorbar_alpha", gt=0, le=1)
    errorbar_linewidth: float = key(
        0.5, "width of error bars", "pt", "spxquery.visualization.errorbar_linewidth", gt=0, le=20
    )
    figsize: tuple[float, float] = key(
        (10.0, 8.0), "width and height of the combined figure", "inch", "spxquery.visualization.figsize"
    )
    dpi: int = key(150, "resolution", "", "spxquery.visualization.dpi", ge=20, le=1200)


class LightCurve(Section):
    """Which measurements of a target are good; none is left out of its tables."""

    sigma_threshold: float = key(
        5.0,
        "least signal to noise of a good measurement",
        "",
        "spxquery.visualization.sigma_threshold",
        gt=0,
    )
    upper_limit_sigma: float = key(
        3.0,
        "a measurement of less signal to noise (and below sigma_threshold) is an upper limit, of this many sigma above "
        "the flux, or above 0 where the flux is negative",
        gt=0,
    )
    bad_flags: tuple[int | str, ...] = key(
        BAD_FLAGS,
        "a measurement with one of these flags (names, or bits) in its aperture is rejected; SOURCE, which nearly "
        "every aperture of a source has, cannot be among them",
        "",
        "spxquery.photometry.bad_flags",
    )
    sigma_clip_sigma: float | None = key(
        3.0,
        "a measurement that lies this many sigma off its neighbours in wavelength (same band, within half a bandwidth) "
        "is rejected; null clips none: choose it for targets that flare or vary fast",
        "",
        "spxquery.visualization.sigma_clip_sigma",
        ge=1,
    )
    sigma_clip_maxiters: int = key(
        10, "rounds of clipping, at most", "", "spxquery.visualization.sigma_clip_maxiters", ge=1, le=100
    )
    bins_per_band: int = key(
        17,
        "bins of each band in spectrum.csv, of equal ratio of wavelengths; 17 make SPHEREx's 102, each as wide as a "
        "bandpass",
        ge=1,
        le=10_000,
    )
    figure: SpectrumFigure = key(SpectrumFigure, "the figures")
