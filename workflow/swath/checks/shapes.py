"""Starting shapes that cannot be what the columns' names say."""

import numpy as np
import pandas as pd

from ..config.sources import Sources
from ..sources.start import LARGEST_RE_PIX, starting_models, types_of
from ..tables import rows_text

_SEVERAL = 5  # fewer galaxies say nothing of a column
_HALF, _MOST = 0.5, 0.9
_TINY_PIX, _SMALL_PIX = 0.1, 0.7
_MANY = 20
_ROUND_ELL, _RARE = 0.2, 0.05


def shape_problems(table: pd.DataFrame, settings: Sources, scale: float | None) -> tuple[list[str], list[str]]:
    """Errors and notes about the columns TYPE, Re and ELL of a checked catalogue.

    A value that is impossible is a note: the fit starts from the fallback there and the source is flagged. A whole
    column of half-light radii that are next to nothing is an error, since the fit would start from them.

    Parameters
    ----------
    scale : of the images [arcsec/pix], None when not known.
    """
    types = types_of(table)
    models, assumed = starting_models(types, settings.unknown_type)
    galaxies = np.flatnonzero(models != "star")
    notes = _unknown_types(types[assumed].str.strip(), settings)
    if "ELL" in table:
        ell = table["ELL"].to_numpy()[galaxies]
        notes += _impossible(table["ELL"], galaxies[(ell < 0) | (ell >= 1)], "1 - b/a, from 0 to below 1")
        notes += _axis_ratios(ell[(ell >= 0) & (ell <= 1)])
    if "Re" not in table:
        return [], notes
    re = table["Re"].to_numpy()[galaxies]
    notes += _impossible(table["Re"], galaxies[(re <= 0) | (re > LARGEST_RE_PIX)], f"0 to {LARGEST_RE_PIX:g} pix")
    good = re[(re > 0) & (re <= LARGEST_RE_PIX)]
    if len(good) < _SEVERAL or np.median(good) >= _SMALL_PIX:
        return [], notes
    hopeless = np.mean(good < _TINY_PIX) >= _MOST
    return ([_sizes(good, scale)], notes) if hopeless else ([], [*notes, _sizes(good, scale)])


def _unknown_types(words: pd.Series, settings: Sources) -> list[str]:
    words = words[~words.str.upper().isin(["", "GAL"])]
    if not len(words):
        return []
    listing = ", ".join(sorted(set(words))[:_SEVERAL])
    return [
        f"column TYPE: {_counted(len(words), 'row')} with words that are not known ({listing}), expected STAR, EXP, "
        f"DEV or SERSIC; fitted as {settings.unknown_type} (sources.unknown_type) and flagged TYPE_ASSUMED"
    ]


def _impossible(column: pd.Series, rows: np.ndarray, expected: str) -> list[str]:
    if not len(rows):
        return []
    many = " (most of the column: is it another quantity?)" if len(rows) > _HALF * column.notna().sum() else ""
    return [
        f"column {column.name}: {_counted(len(rows), 'impossible value')} of galaxies{many}, "
        f"{rows_text(rows, column, most=5)}; expected {expected}; they start from the fallback and are flagged "
        "SHAPE_ASSUMED"
    ]


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _axis_ratios(ell: np.ndarray) -> list[str]:
    """Round galaxies are common, and hardly any is flatter than 5 to 1: which of both lacks tells ELL from b/a."""
    if len(ell) < _MANY or np.mean(ell < _ROUND_ELL) > _RARE or np.median(ell) < _HALF:
        return []
    return [
        f"column ELL: hardly any galaxy has less than {_ROUND_ELL} and half have more than {np.median(ell):.2f}, "
        "expected 1 - b/a; if the column holds the axis ratio b/a, write 1 - b/a"
    ]


def _sizes(good: np.ndarray, scale: float | None) -> str:
    advice = f"; if it is in arcsec, divide by {scale:.4g}; if in deg, by {scale / 3600:.4g}" if scale else ""
    return f"column Re: half of the galaxies are smaller than {np.median(good):.2g} pix, expected pixels{advice}"
