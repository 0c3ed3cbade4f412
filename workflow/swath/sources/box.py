"""The square around the active sources in which reference stars are used."""

import math

import numpy as np

from .positions import Box


def reference_box(x: np.ndarray, y: np.ndarray, crop_box: Box, min_size: int) -> Box | None:
    """The smallest square of whole pixels around the sources, of at least `min_size`; half open.

    It is centred on the sources; where it would reach beyond the crop box it is shifted back, and where the crop box
    is smaller than its side it is the crop box's side. None without a source.

    Parameters
    ----------
    x, y : pixels of the active sources, within the crop box, shape (n,).
    """
    if not len(x):
        return None
    spans = _spans(x, y)
    side = max(min_size, *(hi - lo for lo, hi in spans))
    limits = crop_box[:2], crop_box[2:]
    return sum((_placed(span, side, limit) for span, limit in zip(spans, limits, strict=True)), ())


def widest_box(x: np.ndarray, y: np.ndarray, crop_box: Box, min_size: int) -> Box | None:
    """A box that holds `reference_box` of every choice of some of the sources.

    Which sources are saturated is not known before the pixels are read, and the square around fewer sources may lie
    elsewhere.
    """
    if not len(x):
        return None
    spans = _spans(x, y)
    side = max(min_size, *(hi - lo for lo, hi in spans))
    limits = crop_box[:2], crop_box[2:]
    return sum((_reach(span, side, limit) for span, limit in zip(spans, limits, strict=True)), ())


def _spans(x: np.ndarray, y: np.ndarray) -> list[tuple[int, int]]:
    return [(math.floor(values.min()), math.floor(values.max()) + 1) for values in (x, y)]


def _placed(span: tuple[int, int], side: int, limit: tuple[int, int]) -> tuple[int, int]:
    """A stretch of length `side` centred on `span` and shifted into `limit`, or all of `limit`."""
    (lo, hi), (first, last) = span, limit
    if side >= last - first:
        return first, last
    start = min(max(lo - (side - (hi - lo)) // 2, first), last - side)
    return start, start + side


def _reach(span: tuple[int, int], side: int, limit: tuple[int, int]) -> tuple[int, int]:
    """From the lowest start to the highest end of `_placed` for any span within `span` and any shorter side."""
    (lo, hi), (first, last) = span, limit
    start, end = lo - side // 2, hi + (side + 1) // 2
    shifted_up, shifted_down = start < first, end > last
    if shifted_up:
        end = max(end, first + side)
    if shifted_down:
        start = min(start, last - side)
    return max(start, first), min(end, last)
