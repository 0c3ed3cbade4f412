"""What an archive's header says, by the mapping of the config."""

import math
from typing import NamedTuple

from astropy.io import fits

from ..config.mapping import ArchiveHeader
from ..frames.header import full_header
from ..frames.wcscards import wcs_problems
from ..sources.motion import JULIAN_YEAR, MJD_J2000, image_epoch
from .expression import evaluate, keys_of

MEASURE = "measure"
REQUIRED = ("zero_point", "sky_sigma", "gain")
OPTIONAL = ("saturation", "fwhm_arcsec")


class Known(NamedTuple):
    """What is known of an image before its pixels are read, in its own units.

    zero_point [mag]. sky_sigma, gain [electrons per unit] : None where they are to be measured, or not asked for.
    saturation, fwhm_arcsec, mjd : None where the header is silent.
    """

    zero_point: float
    sky_sigma: float | None
    gain: float | None
    saturation: float | None
    fwhm_arcsec: float | None
    mjd: float | None


def read(path: str, hdu: int | str | None) -> fits.Header:
    """Header of an image, completed from the primary one; InputError when unreadable."""
    return full_header(path, hdu)


def filter_of(header: fits.Header, key: str) -> str:
    """Name of the filter, '' where the header is silent."""
    value = header.get(key)
    return "" if value is None or isinstance(value, fits.card.Undefined) else str(value).strip()


def known_of(header: fits.Header, mapping: ArchiveHeader, weighted: bool) -> tuple[Known | None, list[str]]:
    """What a header says, or all that is wrong with it, a sentence each.

    Parameters
    ----------
    weighted : there is a map of the noise, so that no sky sigma is asked for.
    """
    problems = wcs_problems(header)
    values: dict[str, float | None] = {}
    for name in (*REQUIRED, *OPTIONAL):
        if name == "sky_sigma" and weighted:
            values[name] = None
            continue
        value, problem = quantity(header, getattr(mapping, name), positive=name != "zero_point")
        if problem and not (name in OPTIONAL and _silent(header, getattr(mapping, name))):
            problems.append(f"{name}: {problem}")
        values[name] = value
    return (None, problems) if problems else (Known(**values, mjd=_mjd(header)), [])


def quantity(header: fits.Header, given: float | str | None, positive: bool) -> tuple[float | None, str]:
    """A number from a header and what is wrong with it; None without fault where it is to be measured, or not known."""
    if given is None or given == MEASURE:
        return None, ""
    try:
        value = evaluate(given, _numbers(header, given)) if isinstance(given, str) else float(given)
    except ValueError as error:
        return None, f"{given}: {error}" if str(given) not in str(error) else str(error)
    if positive and not value > 0:
        return None, f"{given} = {value:g}, expected a positive number"
    return (value, "") if math.isfinite(value) else (None, f"{given} = {value}, expected a number")


def _numbers(header: fits.Header, text: str) -> dict[str, object]:
    """Values of the keys that an expression names; unreadable cards as their texts."""
    found: dict[str, object] = {}
    for key in keys_of(text):
        try:
            value = header.get(key)
        except fits.VerifyError:
            value = header.cards[key].image.strip()
        found[key] = None if isinstance(value, fits.card.Undefined) else value
    return found


def _silent(header: fits.Header, given: float | str | None) -> bool:
    """Does the header lack a key that is asked for?"""
    return isinstance(given, str) and any(value is None for value in _numbers(header, given).values())


def _mjd(header: fits.Header) -> float | None:
    epoch = image_epoch(header, None)
    return None if epoch is None else round(MJD_J2000 + (epoch - 2000.0) * JULIAN_YEAR, 6)
