"""Fetching the files of observations."""

import re

from .base import Section, key

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_UNIT = r"(?:px|pix|pixels|arcsec|arcmin|deg|rad)"
_QUANTITIES = rf"\s*{_NUMBER}(?:\s*,\s*{_NUMBER})?\s*{_UNIT}?\s*"


class Cutout(Section):
    """Parts of images instead of whole ones, as the archive's own service cuts them."""

    size: str | None = key(
        None,
        "side of the square, or two sides with a comma, and their unit (px, pix, pixels, arcsec, arcmin, deg, rad; deg "
        "without one), such as 3arcmin or 40,60px; null takes whole files",
    )
    center: str | None = key(
        None,
        "centre, two numbers with a comma and their unit as for size; null takes each target's position",
    )


class Download(Section):
    """Fetching files: how many at a time, which parts of them, how much of the disk they may take."""

    connections: int = key(2, "connections to one host at a time; IRSA answers 503 to the fourth", ge=1, le=16)
    batches: int = key(
        8,
        "jobs that the files are shared between; an exposure's name says which, so that more do not move",
        ge=1,
        le=1000,
    )
    cutout: Cutout = key(Cutout, "parts of images")
    skip_psf: bool = key(
        True,
        "stop reading a SPHEREx file before its PSF, 97 % of a cutout, which is fetched once for each detector and "
        "calibration; false fetches all of every file",
    )
    attempts: int = key(8, "how often a file is tried after faults that may pass", ge=1, le=100)
    low_speed_kbs: float = key(1.0, "a transfer slower than this is given up and tried again", "kB/s", ge=0)
    low_speed_s: float = key(30.0, "time over which its speed is taken", "s", gt=0)
    budget_gb: float | None = key(
        None, "most that the files of one tile may take on the disk; null sets no bound but the free space", "GB", gt=0
    )
    reserve_gb: float = key(1.0, "free space that is left on the disk", "GB", ge=0)
    hdus: tuple[str, ...] | None = key(
        None, "names of the HDUs that every file must have; null asks those of SPHEREx of its files, and none of others"
    )
    max_nan_fraction: float = key(0.99, "largest share of NaN among the pixels of a file's images", ge=0, le=1)
    verify_checksums: bool = key(
        True, "check DATASUM and CHECKSUM of HDUs that have them, and digests that servers send along"
    )


def is_size(text: str | None) -> bool:
    """Is it one side or two, all above zero, with or without a unit? True for None."""
    return text is None or (bool(numbers := _numbers(text)) and all(number > 0 for number in numbers))


def is_center(text: str | None) -> bool:
    """Is it two numbers, with or without a unit? True for None."""
    return text is None or len(_numbers(text)) == 2


def _numbers(text: str) -> list[float]:
    """The numbers of a size or centre; none where it is not written as one."""
    return [float(number) for number in re.findall(_NUMBER, text)] if re.fullmatch(_QUANTITIES, text) else []
