"""The one registry of flags: bit, name, sentence. The docs table and the FITS headers are made from it."""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple


class Flag(NamedTuple):
    """One bit and what it says."""

    bit: int
    name: str
    meaning: str


FIT_FLAGS = (
    Flag(1 << 0, "EXCLUDED_CROP", "outside the crop box; not fitted"),
    Flag(1 << 1, "EXCLUDED_SATURATION", "too close to saturated pixels; not fitted"),
    Flag(1 << 2, "BAD_POSITION", "RA or DEC is not a number, or lies outside the image; not fitted"),
    Flag(1 << 3, "PATCH_FAILED", "the fit of the whole patch ended with an error; see patch_status"),
    Flag(1 << 4, "NO_DATA", "every pixel of the source is masked in every band; not fitted"),
    Flag(1 << 5, "BAND_MISSING", "no usable pixel in at least one band; that band's flux is not a number"),
    Flag(1 << 6, "NOT_CONVERGED", "the fit ended before chi2 settled; see opt_stop_reason"),
    Flag(1 << 7, "AT_BOUND", "a position or shape parameter ended at its bound"),
    Flag(1 << 8, "ILL_CONDITIONED", "the errors are uncertain: the Fisher matrix is close to singular here"),
    Flag(1 << 9, "MASKED_CENTER", "the central pixel is masked in at least one band"),
    Flag(1 << 10, "SATURATED", "saturated pixels within the model's stamp core"),
    Flag(
        1 << 11,
        "TRUNCATED",
        "the core of the model reaches beyond the image or the patch's pixels, or its wings beyond fit.stamp_max_pix",
    ),
    Flag(1 << 12, "BLENDED", "neighbours overlap more than the configured fraction of the light"),
    Flag(1 << 13, "NEGATIVE_FLUX", "negative flux in at least one band"),
    Flag(1 << 14, "PSF_FALLBACK", "the PSF of at least one band is a fallback model"),
    Flag(1 << 15, "PSF_POOLED", "the PSF of at least one band uses stars of neighbouring cells"),
    Flag(1 << 16, "TYPE_ASSUMED", "TYPE was missing or unknown; the configured model was used"),
    Flag(1 << 17, "SHAPE_ASSUMED", "the starting shape was missing or impossible; the fallback was used"),
    Flag(1 << 18, "POOR_FIT", "chi2 per pixel of the core is above fit.poor_fit_chi2 in at least one band"),
)

MASK_FLAGS = (
    Flag(1 << 0, "NOT_FINITE", "the pixel is not a number"),
    Flag(1 << 1, "SATURATED", "at or above the saturation limit"),
    Flag(1 << 2, "USER", "masked by the mask image"),
    Flag(1 << 3, "NO_WEIGHT", "the weight is not a positive number"),
)

FIT = {flag.name: flag.bit for flag in FIT_FLAGS}
MASK = {flag.name: flag.bit for flag in MASK_FLAGS}


def names(value: int, registry: tuple[Flag, ...] = FIT_FLAGS) -> list[str]:
    """Names of the bits that are set in `value`."""
    return [flag.name for flag in registry if value & flag.bit]


def counted(values: Iterable[int], registry: tuple[Flag, ...] = FIT_FLAGS) -> dict[str, int]:
    """How many of the values have each flag, in the registry's order; flags that none has are left out."""
    distinct = Counter(map(int, values))
    counts = {flag.name: sum(n for value, n in distinct.items() if value & flag.bit) for flag in registry}
    return {name: count for name, count in counts.items() if count}


def markdown(registry: tuple[Flag, ...] = FIT_FLAGS) -> str:
    """The registry as a Markdown table."""
    rows = [f"| {flag.bit} | `{flag.name}` | {flag.meaning} |" for flag in registry]
    return "\n".join(["| bit | name | meaning |", "|---|---|---|", *rows]) + "\n"
