"""URLs of parts of images: IRSA's `?center=&size=`, and SODA's CIRCLE."""

import math
import re
from typing import Literal, NamedTuple
from urllib.parse import quote, urlsplit, urlunsplit

from ..config.download import Cutout
from ..errors import ConfigError

DEGREES = {"arcsec": 1 / 3600, "arcmin": 1 / 60, "deg": 1.0, "rad": 180 / math.pi, "": 1.0}
PIXELS = ("px", "pix", "pixels")
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_QUANTITY = re.compile(rf"\s*({_NUMBER})\s*(?:,\s*({_NUMBER})\s*)?([a-z]*)\s*")


class Quantity(NamedTuple):
    """One or two numbers and their unit, as the config has them; no unit is deg."""

    values: tuple[float, ...]
    unit: str

    @property
    def in_pixels(self) -> bool:
        """Is it a count of pixels, not an angle?"""
        return self.unit in PIXELS

    @property
    def degrees(self) -> tuple[float, ...]:
        """The numbers in deg.

        Raises
        ------
        ConfigError : a count of pixels.
        """
        if self.in_pixels:
            raise ConfigError(f"{self}: pixels have no angle here; expected arcsec, arcmin, deg or rad")
        return tuple(value * DEGREES[self.unit] for value in self.values)

    def __str__(self) -> str:
        return ",".join(plain(value) for value in self.values) + self.unit


def quantity(text: str, key: str) -> Quantity:
    """One or two numbers with a unit (px, pix, pixels, arcsec, arcmin, deg, rad; none is deg), as IRSA takes them.

    Raises
    ------
    ConfigError : something else; `key` names where it stands.
    """
    found = _QUANTITY.fullmatch(text)
    if not found or found[3] not in (*DEGREES, *PIXELS):
        units = ", ".join((*PIXELS, *filter(None, DEGREES)))
        raise ConfigError(
            f"{key}: found {text!r}; expected one number or two with a comma, and one of {units} or no unit"
        )
    values = tuple(float(value) for value in found.groups()[:2] if value is not None)
    if not all(map(math.isfinite, values)):
        raise ConfigError(f"{key}: found {text!r}; expected finite numbers")
    return Quantity(values, found[3])


def plain(value: float) -> str:
    """A number in at most 13 digits, without an exponent, without zeros behind."""
    text = f"{value:.13f}".rstrip("0").rstrip(".")
    return text if text not in ("", "-0") else "0"


def cutout_url(url: str, ra: float, dec: float, settings: Cutout, kind: Literal["center", "soda"] = "center") -> str:
    """The URL of the part of an image around a position; `url` itself where the config wants whole files.

    Parameters
    ----------
    url : of the file (`center`), or of the SODA service with the file's ID in it (`soda`).
    ra, dec : the target, ICRS [deg]; `cutout.center` takes its place where it is given.

    Raises
    ------
    ConfigError : a size or centre that is none, or that the service does not take.
    """
    if settings.size is None:
        return url
    size = quantity(settings.size, "download.cutout.size")
    if min(size.values) <= 0:
        raise ConfigError(f"download.cutout.size: found {settings.size!r}; expected sizes above 0")
    center = Quantity((ra, dec), "")
    if settings.center is not None:
        center = quantity(settings.center, "download.cutout.center")
        if len(center.values) != 2:
            raise ConfigError(f"download.cutout.center: found {settings.center!r}; expected two numbers")
    if kind == "soda":
        return _with_query(url, f"CIRCLE={quote(_circle(center, size), safe='')}")
    return _with_query(url, f"center={center}&size={size}")


def _circle(center: Quantity, size: Quantity) -> str:
    """ASSUME the service cuts the circle's bounding box: a circle of half the larger side holds the part asked for."""
    return " ".join(plain(value) for value in (*center.degrees, max(size.degrees) / 2))


def _with_query(url: str, more: str) -> str:
    """The URL with parameters behind those that it has."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query=f"{parts.query}&{more}".lstrip("&")))
