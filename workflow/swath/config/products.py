"""Merge, zero point, log."""

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
    heartbeat_s: float = key(
        60.0,
        "seconds between lines that say how far a run without a terminal, and a long job, are; 0 for none",
        "s",
        ge=0,
    )
    ignore_warnings: bool = key(True, "keep library warnings out of the log", formerly="logging.ignore_warnings")
