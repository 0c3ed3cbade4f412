"""One band from its input image to a frame: scaled, masked, with its noise and without its sky."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits

from ..config.images import Load
from ..config.inputs import Image, Keywords
from ..errors import RunError
from ..files import write_json
from ..flags import MASK
from ..images import read_image, write_fits
from ..telemetry import clock, tell
from .header import ImageFacts, image_facts
from .sky import Sky, remove_sky
from .wcscards import copy_cards

log = logging.getLogger(__name__)

# ASSUME declared and measured noise agree within this factor; beyond it the run goes on, with a warning.
NOISE_AGREES = 1.4


def load_band(
    image: Image, frame: str | Path, facts: str | Path, keywords: Keywords, settings: Load, weight_kind: str
) -> None:
    """Write the frame of one band (FITS) and its facts (JSON).

    The planes are IMAGE, SIGMA, TOTAL (float32) and MASK (uint8), as frames.frame.Frame describes them; the header of
    IMAGE holds the input's WCS to the letter and the facts. Weights are inverse variances in image units^-2;
    `weight_kind` 'total' says that they hold the sources' noise too.

    Raises
    ------
    InputError : image, weights or mask cannot be used. RunError : no free pixel to measure the sky on.
    """
    known = image_facts(image, keywords)
    scale = 10 ** (-0.4 * (known.zero_point - settings.zp_ref))
    limit = None if known.saturation is None else known.saturation * settings.saturation_fraction
    pixels, _ = read_image(image.path, image.hdu)
    mask = flag_pixels(pixels, limit)
    if image.mask:
        mask[read_image(image.mask, image.mask_hdu, dtype=None)[0] != 0] |= MASK["USER"]
    if image.weight:
        sigma = _sigma_from(read_image(image.weight, image.weight_hdu, dtype=None)[0], mask, scale)
    else:
        sigma = known.sky_sigma * scale
    unknown = mask & MASK["NOT_FINITE"] != 0
    pixels[unknown] = 0
    pixels *= np.float32(scale)
    bad = mask != 0
    try:
        with clock("sky"):
            sky = remove_sky(pixels, sigma, bad, settings.sky)
    except RunError as error:
        raise RunError(f"{known.band} ({image.path}): {error}") from None
    pixels[unknown] = 0
    noise = weight_kind if image.weight else "sky"
    header = _frame_header(known, settings.zp_ref, scale, limit, noise, sky, mask)
    _put(header, "SKYSIG", _typical(sigma, bad), "median noise of the sky per pixel")
    write_frame(frame, pixels, sigma, mask, header)
    write_json(facts, _facts(known, header, sky))
    _tell(header, sky, bad)
    ratio = [] if sky.noise_ratio is None else [sky.noise_ratio]
    tell(
        {name: int(np.count_nonzero(mask & bit)) for name, bit in MASK.items()},
        {"measured/declared noise": ratio},
        bands=1,
    )


def flag_pixels(pixels: np.ndarray, limit: float | None) -> np.ndarray:
    """MASK_FLAGS of raw pixels, uint8: not finite, and at or above the saturation limit (None for no limit)."""
    mask = np.zeros(pixels.shape, np.uint8)
    mask[~np.isfinite(pixels)] = MASK["NOT_FINITE"]
    if limit is not None:
        mask[pixels >= limit] |= MASK["SATURATED"]
    return mask


def write_frame(
    path: str | Path, pixels: np.ndarray, sigma: np.ndarray | float, mask: np.ndarray, header: fits.Header
) -> None:
    """Write the four planes of a frame; `sigma` (one number or a map) becomes NaN where masked, TOTAL follows."""
    sigma = np.full(pixels.shape, sigma, np.float32) if np.isscalar(sigma) else sigma
    sigma[mask != 0] = np.nan
    total = sigma.copy() if header["NOISE"] == "total" else total_sigma(pixels, sigma, header["GAIN"])
    planes = {"IMAGE": (pixels, header), "SIGMA": (sigma, None), "TOTAL": (total, None), "MASK": (mask, None)}
    write_fits(
        path, [fits.PrimaryHDU(), *(fits.ImageHDU(data, head, name=name) for name, (data, head) in planes.items())]
    )


def total_sigma(pixels: np.ndarray, sigma: np.ndarray, gain: float) -> np.ndarray:
    """Noise of sky and sources: sqrt(sigma^2 + max(pixels, 0) / gain), float32.

    From noisy pixels it is good for display and selection only: as a fit's weight it biases faint fluxes.
    """
    total = np.maximum(pixels, 0)
    total /= np.float32(gain)
    total += sigma**2
    return np.sqrt(total, out=total)


def _sigma_from(weight: np.ndarray, mask: np.ndarray, scale: float) -> np.ndarray:
    """Scaled noise, float32, from inverse variances; without weight the mask says so and the median stands."""
    weight = weight if weight.dtype.kind == "f" else weight.astype("f4")
    sample = weight.ravel()[:: max(weight.size // 1_000_000, 1)]
    sample = sample[np.isfinite(sample) & (sample > 0)]
    typical = np.median(sample) if sample.size else 1.0
    # ASSUME a weight a million times below the median says "no data" as 0 does.
    without = ~(np.isfinite(weight) & (weight > 1e-6 * typical))
    mask[without] |= MASK["NO_WEIGHT"]
    weight[without] = typical
    np.sqrt(weight, out=weight)
    np.divide(scale, weight, out=weight)
    return weight.astype("f4")


def _typical(sigma: np.ndarray | float, bad: np.ndarray) -> float | None:
    if np.isscalar(sigma):
        return float(sigma)
    return None if bad.all() else float(np.median(sigma[~bad]))


def _frame_header(
    known: ImageFacts, zp_ref: float, scale: float, limit: float | None, noise: str, sky: Sky, mask: np.ndarray
) -> fits.Header:
    header = fits.Header(copy_cards(known.header))
    _put(header, "BAND", known.band, "name of the band")
    _put(header, "ZPIN", known.zero_point, "[mag] zero point of the input image")
    _put(header, "ZPREF", zp_ref, "[mag] zero point of these pixels")
    _put(header, "SCALE", scale, "these pixels over those of the input")
    _put(header, "GAIN", known.gain / scale, "electrons per unit of these pixels")
    _put(header, "NOISE", noise, "SIGMA: noise of the sky alone, or total")
    _put(header, "SATUR", limit, "input pixels from here on are masked")
    _put(header, "FWHMPIX", known.fwhm_pix, "[pix] seeing, as the input header has it")
    _put(header, "SKYMODEL", sky.model, "sky that was subtracted")
    _put(header, "SKYC0", sky.c0, "sky = C0 + CX (x-xc)/nx + CY (y-yc)/ny")
    _put(header, "SKYCX", sky.cx, "xc = (nx-1)/2, yc = (ny-1)/2, x = 0...nx-1")
    _put(header, "SKYCY", sky.cy)
    _put(header, "NMASK", int(np.count_nonzero(mask)), "masked pixels")
    _put(header, "NSATUR", int(np.count_nonzero(mask & MASK["SATURATED"])), "saturated pixels")
    return header


def _put(header: fits.Header, key: str, value: Any, comment: str = "") -> None:
    if value is not None:
        header[key] = value, comment


def _facts(known: ImageFacts, header: fits.Header, sky: Sky) -> dict[str, Any]:
    return {
        "band": known.band,
        "file": Path(known.path).name,  # no folder: the record has it, and products are the same in every folder
        "shape": list(known.shape),
        "zp_in": known.zero_point,
        "scale": header["SCALE"],
        "gain": header["GAIN"],
        "noise": header["NOISE"],
        "sky_sigma": header.get("SKYSIG"),
        "fwhm_pix": known.fwhm_pix,
        "saturation": header.get("SATUR"),
        "sky": sky._asdict(),
        "n_masked": header["NMASK"],
        "n_saturated": header["NSATUR"],
    }


def _tell(header: fits.Header, sky: Sky, bad: np.ndarray) -> None:
    band, sigma = header["BAND"], header.get("SKYSIG")
    if bad.all():
        log.warning("%s: every pixel is masked; its fluxes will be missing", band)
        return
    if sky.noise_ratio is not None and not 1 / NOISE_AGREES <= sky.noise_ratio <= NOISE_AGREES:
        log.warning(
            "%s: the pixels scatter by %.2f times the declared noise; errors and chi2 will be off by that much",
            band,
            sky.noise_ratio,
        )
    log.info(
        "%s: %d x %d pix, zero point %.3f -> %.3f, sky (%s) %.4g +- %.2g = %.4f sigma, noise %.4g (%s), "
        "masked %.2f %% (%d saturated)",
        band,
        *bad.shape[::-1],
        header["ZPIN"],
        header["ZPREF"],
        sky.model,
        sky.c0,
        sky.error,
        sky.c0 / sigma,
        sigma,
        "not checked" if sky.noise_ratio is None else f"measured {sky.noise_ratio:.3f} of it",
        100 * bad.mean(),
        header["NSATUR"],
    )
