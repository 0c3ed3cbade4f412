"""Do the images show the same pixels of the sky, one image per band, and the bands that the catalogue speaks of?"""

from collections.abc import Iterable, Sequence

from ..config.images import Checks, WcsTolerance
from .header import ImageFacts
from .wcscards import wcs_terms


def alignment_problems(reference: ImageFacts, other: ImageFacts, checks: Checks) -> list[str]:
    """One sentence for a deviating shape and for every WCS key that deviates, with file, values and tolerance."""
    problems = shape_problems(reference, other) if checks.require_same_shape else []
    if checks.require_wcs_alignment:
        problems += wcs_mismatches(reference, other, checks.wcs_tolerance)
    return problems


def duplicate_bands(facts: Sequence[ImageFacts]) -> list[str]:
    """One sentence for each band that more than one image claims."""
    files: dict[str, list[str]] = {}
    for fact in facts:
        files.setdefault(fact.band, []).append(fact.path)
    return [
        f"band {band} comes from {len(paths)} images ({', '.join(paths)}); keep one, stack them, or tell them apart "
        "with `band:`"
        for band, paths in files.items()
        if len(paths) > 1
    ]


def shape_problems(reference: ImageFacts, other: ImageFacts) -> list[str]:
    """Does the image have the reference's shape?"""
    if other.shape == reference.shape:
        return []
    found, expected = (f"{nx} x {ny}" for ny, nx in (other.shape, reference.shape))
    return [f"{other.path}: {found} pix, expected {expected} pix; resample the images to one grid"]


def wcs_mismatches(reference: ImageFacts, other: ImageFacts, tolerance: WcsTolerance) -> list[str]:
    """One sentence for each WCS key that differs from the reference's by more than its tolerance."""
    expected, found = wcs_terms(reference.header), wcs_terms(other.header)
    sentences = (
        _mismatch(key, found.get(key, 0.0), expected.get(key, 0.0), tolerance)
        for key in sorted(expected.keys() | found.keys())
    )
    return [f"{other.path}: {sentence}" for sentence in sentences if sentence]


def flux_column_problems(columns: Iterable[str], bands: Sequence[str]) -> list[str]:
    """A catalogue with any FLUX_<band> column must have exactly those of the images' bands: one sentence for each."""
    listed = [name.removeprefix("FLUX_") for name in columns if name.startswith("FLUX_")]
    if not listed or set(listed) == set(bands):
        return []
    problems = [
        f"column FLUX_{band}: there is no image of band {band!r} (there are {', '.join(bands)}); rename or remove the "
        "column, or list the image"
        for band in listed
        if band not in bands
    ]
    return problems + [
        f"no column FLUX_{band}, though there is an image of band {band!r}; rename or add it (without any FLUX_ column "
        "the starting fluxes are measured)"
        for band in bands
        if band not in listed
    ]


def _mismatch(key: str, found: float | str, expected: float | str, tolerance: WcsTolerance) -> str:
    if isinstance(found, str):
        return "" if found == expected else f"{key} = {found!r}, expected {expected!r}; resample the images to one grid"
    name, limit, unit = _limit(key, tolerance)
    difference = abs(found - expected)
    if key == "CRVAL1":
        difference = min(difference, abs(360 - difference))
    if difference <= limit:
        return ""
    return (
        f"{key} = {found!r}, expected {expected!r}; they differ by {difference:.3g}{unit}, "
        f"checks.wcs_tolerance.{name} allows {limit:.3g}; "
        "resample the images to one grid"
    )


def _limit(key: str, tolerance: WcsTolerance) -> tuple[str, float, str]:
    if key.startswith("CRVAL"):
        return "crval", tolerance.crval, " deg"
    if key.startswith("CRPIX"):
        return "crpix", tolerance.crpix, " pix"
    return "cd", tolerance.cd, ""
