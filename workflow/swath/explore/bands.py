"""Bands that the config names for the page, against those of the run: known before anything is computed."""

from collections.abc import Sequence

from ..config.explore import Explore
from ..errors import ConfigError


def check_bands(settings: Explore, bands: Sequence[str]) -> None:
    """Are the bands of the picture there, and is there one wavelength for each band?

    Raises
    ------
    ConfigError : all that is wrong at once.
    """
    listed = ", ".join(bands)
    problems = [
        f"explore.rgb: no band {band}; the bands are {listed}" for band in settings.rgb or () if band not in bands
    ]
    given = settings.wavelengths
    if given is not None and len(given) != len(bands):
        problems.append(
            f"explore.wavelengths: {len(given)} values found, expected one for each of the {len(bands)} bands: {listed}"
        )
    if problems and settings.enabled:
        raise ConfigError(problems)
