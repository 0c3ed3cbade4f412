"""The white image: the inverse-variance weighted mean of all bands, and its noise."""

import logging
import math
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from astropy.io import fits

from ..errors import InputError
from ..images import native, write_fits
from ..telemetry import clock, tell
from .crop import Box
from .frame import read_header
from .wcscards import copy_cards, shift_origin

log = logging.getLogger(__name__)

PREVIEW_PIX = 2048


def make_white(
    frames: Sequence[str | Path], output: str | Path, box: Box, chunk_rows: int = 512, downsample: int | None = None
) -> None:
    """Stack the frames of all bands and write WHITE and NOISE (within `box`) and PREVIEW (all of it, block-averaged).

    Parameters
    ----------
    frames : files written by `load`, the reference band first.
    box : crop box (x0, x1, y0, y1), half open, in pixels of the frames.
    downsample : side of the blocks of PREVIEW; None keeps its sides under 2048 pixels.
    chunk_rows : rows stacked at once; the result does not depend on it.

    Raises
    ------
    InputError : frames of unequal shape.
    """
    headers = [read_header(path) for path in frames]
    _same_shape(frames, headers)
    with clock("stack"):
        white, noise = stack(frames, chunk_rows)
    downsample = downsample or math.ceil(max(white.shape) / PREVIEW_PIX)
    x0, x1, y0, y1 = box
    header = _white_header(headers, box)
    small = fits.Header({"DOWNSAMP": downsample, "ZPREF": header["ZPREF"]})
    hdus = [
        fits.PrimaryHDU(),
        fits.ImageHDU(native(white[y0:y1, x0:x1]), header, name="WHITE"),
        fits.ImageHDU(native(noise[y0:y1, x0:x1]), header, name="NOISE"),
        fits.ImageHDU(block_average(white, downsample), small, name="PREVIEW"),
    ]
    write_fits(output, hdus)
    empty = np.count_nonzero(np.isnan(hdus[1].data))
    tell(bands=len(frames), pixels_without_data=empty)
    log.info("white: %d bands, x %d..%d, y %d..%d, %d pixels without data", len(frames), x0, x1, y0, y1, empty)


def stack(frames: Sequence[str | Path], chunk_rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Inverse-variance weighted mean of the frames and its standard deviation, both (ny, nx) float32.

    Only `chunk_rows` rows of one band are in memory at a time. Pixels without data in any band are NaN in both.
    """
    header = read_header(frames[0])
    white, noise = (np.empty((header["NAXIS2"], header["NAXIS1"]), np.float32) for _ in range(2))
    with ExitStack() as files:
        # Not memory-mapped: pages of the maps would stay resident and count as memory of the job.
        opened = [files.enter_context(fits.open(path, memmap=False, lazy_load_hdus=True)) for path in frames]
        for y0 in range(0, len(white), chunk_rows):
            rows = slice(y0, min(y0 + chunk_rows, len(white)))
            white[rows], noise[rows] = _stack_rows(opened, rows)
    return white, noise


def block_average(image: np.ndarray, side: int) -> np.ndarray:
    """Mean of the finite pixels of side x side blocks, float32; the last blocks may be narrower, empty ones are NaN."""
    step = side * max(1, 512 // side)
    return np.concatenate([_average_rows(image[y : y + step], side) for y in range(0, len(image), step)])


def _stack_rows(opened: list[fits.HDUList], rows: slice) -> tuple[np.ndarray, np.ndarray]:
    signal, weight = 0.0, 0.0
    for hdus in opened:
        sigma = hdus["SIGMA"].section[rows].astype(float)
        inverse = np.where(np.isfinite(sigma), sigma, np.inf) ** -2.0
        signal = signal + inverse * hdus["IMAGE"].section[rows]
        weight = weight + inverse
    known = weight > 0
    nothing = np.full_like(weight, np.nan)
    mean = np.divide(signal, weight, out=nothing.copy(), where=known)
    return mean, np.divide(1, np.sqrt(weight), out=nothing, where=known)


def _average_rows(image: np.ndarray, side: int) -> np.ndarray:
    rows, columns = (np.arange(0, n, side) for n in image.shape)
    finite = np.isfinite(image)
    total, count = (
        np.add.reduceat(np.add.reduceat(values, rows, axis=0, dtype=float), columns, axis=1)
        for values in (np.where(finite, image, 0), finite)
    )
    return np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0).astype(np.float32)


def _white_header(headers: Sequence[fits.Header], box: Box) -> fits.Header:
    header = fits.Header(copy_cards(headers[0]))
    shift_origin(header, box[0], box[2])
    header["ZPREF"] = headers[0]["ZPREF"], "[mag] zero point of these pixels"
    for key, value in zip(("CROPX0", "CROPX1", "CROPY0", "CROPY1"), box, strict=True):
        header[key] = value, "[pix] crop box in the full frame, half open"
    header["NBANDS"] = len(headers), "bands in the stack"
    for number, band in enumerate(headers, 1):
        header[f"BAND{number}"] = band["BAND"]
    return header


def _same_shape(frames: Sequence[str | Path], headers: Sequence[fits.Header]) -> None:
    shapes = [(header["NAXIS1"], header["NAXIS2"]) for header in headers]
    problems = [
        f"{path}: {nx} x {ny} pix, expected {shapes[0][0]} x {shapes[0][1]} pix as {headers[0]['BAND']} has; "
        "resample the images to one grid"
        for path, (nx, ny) in zip(frames, shapes, strict=True)
        if (nx, ny) != shapes[0]
    ]
    if problems:
        raise InputError(problems, "Bands of unequal shape cannot be stacked:")
