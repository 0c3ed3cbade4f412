"""What must hold for the keys of archive images and their grid together."""

from collections.abc import Callable, Iterator
from typing import Any

from ..regrid.expression import keys_of

Rule = tuple[tuple[str, ...], Callable[..., bool], str]
NUMBERS = ("zero_point", "sky_sigma", "gain", "saturation", "fwhm_arcsec")
MEASURED = ("sky_sigma", "gain")


def grid_rules() -> Iterator[Rule]:
    """Keys, what must hold for their values, and the sentence that says so."""
    yield (
        ("inputs.archive.bands",),
        lambda bands: len({band.name.lower() for band in bands}) == len(bands),
        "bands of different names (not in case alone)",
    )
    yield (
        ("inputs.archive.bands", "targets.table", "targets.ra"),
        lambda bands, table, ra: not bands or (table is None and ra is None),
        "either bands in inputs.archive.bands or positions in targets: a config asks one archive for one kind of thing",
    )
    yield (
        ("inputs.archive.bands", "archive.service"),
        lambda bands, service: not bands or service != "irsa_spherex",
        "archive.service: obscore, sia2 or list for images of a catalogue",
    )
    yield (
        ("inputs.archive.bands", "archive.reprocessed"),
        lambda bands, policy: not bands or policy != "all",
        "archive.reprocessed: latest or pin for images of a catalogue, in which the same light would count twice",
    )
    yield (
        ("inputs.archive.bands", "inputs.added_images"),
        lambda bands, added: not (bands and added),
        "inputs.added_images for images of your own alone; a band of an archive is added to inputs.archive.bands",
    )
    yield (
        ("inputs.archive.bands", "psf.method"),
        lambda bands, method: not bands or method != "supplied",
        "another psf.method than supplied for images of an archive, which come without",
    )
    yield (
        ("inputs.archive.bands", "grid.like", "grid.ra", "grid.dec", "grid.width", "grid.pixel_scale_arcsec"),
        lambda bands, like, *own: not bands or like is not None or None not in own,
        "grid.ra, dec, width and pixel_scale_arcsec (or grid.like) for images of an archive",
    )
    yield (
        ("grid.like", "grid.ra", "grid.dec", "grid.width", "grid.height", "grid.pixel_scale_arcsec"),
        lambda like, *own: like is None or not any(own),
        "either grid.like or grid.ra, dec, width, height and pixel_scale_arcsec, and not both",
    )
    for name in NUMBERS:
        words = " or measure" if name in MEASURED else ""
        yield (
            (f"inputs.archive.header.{name}",),
            lambda value, name=name: _usable(value, name in MEASURED),
            f"a number, a header key (in capitals), an expression of both such as 2.5 * log10(EXPTIME){words}",
        )


def _usable(value: Any, measured: bool) -> bool:
    if not isinstance(value, str) or (measured and value == "measure"):
        return True
    try:
        keys_of(value)
    except ValueError:
        return False
    return True
