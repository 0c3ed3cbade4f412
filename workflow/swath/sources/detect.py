"""Sources found on the white stack, for fields without a catalogue."""

import logging
from typing import NamedTuple

import numpy as np
import pandas as pd
import sep
from astropy.wcs import WCS

from .. import extraction
from ..config.sources import Detection
from ..errors import RunError
from .angles import Axis, theta_from_phi
from .positions import Box

log = logging.getLogger(__name__)

BRIGHT_SNR = 20.0
FEWEST_STARS = 3
SMALLEST_RE_PIX = 0.3
LARGEST_ELL = 0.9
SUB_OBJECTS = 16384


class Detections(NamedTuple):
    """Detections with full-frame pixels x, y; each of shape (n,).

    a, b : rms along the axes [pix]. phi : major axis, degrees counter-clockwise from +x. hlr : half-light radius [pix].
    snr : of the Kron flux, sky noise only. flag : sep's.
    """

    x: np.ndarray
    y: np.ndarray
    a: np.ndarray
    b: np.ndarray
    phi: np.ndarray
    hlr: np.ndarray
    snr: np.ndarray
    flag: np.ndarray


def detected_catalog(
    white: np.ndarray,
    noise: np.ndarray,
    crop_box: Box,
    wcs: WCS,
    fwhm_pix: float | None,
    settings: Detection,
    theta_from: Axis,
) -> pd.DataFrame:
    """A catalogue of the white stack: ID, RA, DEC [deg], TYPE (STAR or EXP), ELL, THETA [deg], Re [pix].

    Parameters
    ----------
    white, noise : the stack and its noise within `crop_box`, shape (ny, nx); pixels that are not numbers are masked.
    wcs : of the full frame. fwhm_pix : largest seeing FWHM of the bands, None when not known.

    Raises
    ------
    RunError : nothing detected, or too much for sep.
    """
    found = detect(white, noise, crop_box, settings)
    stellar = stellar_radius(found.hlr, found.snr, found.flag, fwhm_pix, settings.star_size_tolerance)
    star = found.hlr <= stellar * (1 + settings.star_size_tolerance)
    re, ell = intrinsic_shapes(found, star, stellar)
    ra, dec = wcs.all_pix2world(found.x, found.y, 0)
    log.info("%d sources detected, %d of them stars (half-light radius %.2f pix)", len(star), star.sum(), stellar)
    galaxy = {"ELL": ell, "THETA": theta_from_phi(found.phi, theta_from), "Re": re}
    names = {"ID": [f"D{i + 1:06d}" for i in range(len(star))], "RA": ra, "DEC": dec}
    types = {"TYPE": np.where(star, "STAR", "EXP")}
    return pd.DataFrame(names | types | {name: np.where(star, np.nan, values) for name, values in galaxy.items()})


def detect(white: np.ndarray, noise: np.ndarray, crop_box: Box, settings: Detection) -> Detections:
    """Run sep (Barbary 2016, JOSS 1, 58; Bertin & Arnouts 1996) on the stack, neighbours masked in the photometry."""
    mask = ~(np.isfinite(white) & np.isfinite(noise) & (noise > 0))
    data = np.where(mask, 0, white).astype(np.float32)
    err = np.where(mask, 1, noise).astype(np.float32)
    objects, segments = extraction.extract(
        data,
        settings.thresh_sigma,
        err=err,
        mask=mask,
        minarea=settings.minarea,
        deblend_nthresh=settings.deblend_nthresh,
        deblend_cont=settings.deblend_cont,
        segmentation_map=True,
    )
    if not len(objects):
        raise RunError(
            f"no source stands {settings.thresh_sigma:g} sigma above the noise of the white stack; "
            "lower sources.detection.thresh_sigma or give a catalogue (inputs.catalog)"
        )
    hlr, snr = half_light(data, err, mask, segments, objects)
    x0, _, y0, _ = crop_box
    phi = np.degrees(objects["theta"])
    return Detections(objects["x"] + x0, objects["y"] + y0, objects["a"], objects["b"], phi, hlr, snr, objects["flag"])


def half_light(
    data: np.ndarray, err: np.ndarray, mask: np.ndarray, segments: np.ndarray, objects: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Half-light radius [pix] within the Kron ellipse and S/N of its flux, each of shape (n,)."""
    x, y = objects["x"], objects["y"]
    # sep refuses axes that are not numbers or in the wrong order, which footprints of a few pixels can have.
    a = np.maximum(np.nan_to_num(objects["a"]), 0.5)
    b = np.clip(np.nan_to_num(objects["b"]), 0.5, a)
    theta = np.clip(np.nan_to_num(objects["theta"]), -np.pi / 2, np.pi / 2)
    common = {"mask": mask, "segmap": segments, "seg_id": np.arange(1, len(objects) + 1, dtype=np.int32)}
    kron, _ = sep.kron_radius(data, x, y, a, b, theta, 6.0, **common)
    # Kron (1980) factor 2.5, least radius 3.5 rms widths: SExtractor's defaults for MAG_AUTO.
    radius = np.maximum(2.5 * np.nan_to_num(kron), 3.5)
    flux, flux_err, _ = sep.sum_ellipse(data, x, y, a, b, theta, radius, err=err, subpix=5, **common)
    hlr, _ = sep.flux_radius(data, x, y, radius * a, 0.5, normflux=flux, subpix=5, **common)
    return hlr, flux / flux_err


def stellar_radius(
    hlr: np.ndarray, snr: np.ndarray, flag: np.ndarray, fwhm_pix: float | None, tolerance: float
) -> float:
    """Half-light radius of stars [pix]: the first crowd on the way from small to large among clean, bright sources.

    A crowd is half as many as fit into the fullest window of +-`tolerance`; its median is then iterated. With a known
    seeing no star is larger than its FWHM. NaN when there is nothing to go by.
    """
    largest = np.inf if fwhm_pix is None else fwhm_pix
    sizes = np.sort(hlr[(snr > BRIGHT_SNR) & (flag == 0) & (hlr > 0) & (hlr < largest)])
    if len(sizes) < FEWEST_STARS:
        # ASSUME a Moffat profile of beta 3.5, whose half-light radius is 0.58 FWHM, where no star can be measured.
        return np.nan if fwhm_pix is None else 0.58 * fwhm_pix
    crowd = np.searchsorted(sizes, sizes * (1 + tolerance) / (1 - tolerance), side="right") - np.arange(len(sizes))
    radius = sizes[np.argmax(crowd >= 0.5 * crowd.max())] / (1 - tolerance)
    for _ in range(10):
        radius = np.median(sizes[np.abs(sizes / radius - 1) <= tolerance * (1 + 1e-9)])
    return float(radius)


def intrinsic_shapes(found: Detections, star: np.ndarray, stellar: float) -> tuple[np.ndarray, np.ndarray]:
    """Re along the major axis [pix] and ELL without the seeing, in quadrature: starting values, no measurements."""
    blur = stellar if np.isfinite(stellar) else 0.0
    width = np.median(found.a[star] * found.b[star]) if star.any() else 0.0
    major, minor = (np.maximum(axis**2 - width, SMALLEST_RE_PIX**2) for axis in (found.a, found.b))
    ratio = np.clip(np.sqrt(minor / major), 1 - LARGEST_ELL, 1.0)
    circular = np.sqrt(np.maximum(found.hlr**2 - blur**2, SMALLEST_RE_PIX**2))
    return circular / np.sqrt(ratio), 1 - ratio
