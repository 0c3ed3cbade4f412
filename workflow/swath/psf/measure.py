"""What is measured on every candidate: centre, half-light radius, flux, signal to noise, masked pixels."""

from typing import NamedTuple

import numpy as np
import sep

from ..flags import MASK
from ..frames.frame import Frame

HLR_APERTURE = 5.0  # half-light radii are measured within this many stellar half-light radii
FWHM_PER_HLR = 1.75  # Moffat of exponent 2.5 to 4 within that aperture; a Gaussian has 2


class Sky(NamedTuple):
    """A band as SEP likes it: contiguous floats, bad pixels apart, other objects known by their segments."""

    image: np.ndarray
    sigma: np.ndarray
    bad: np.ndarray
    segments: np.ndarray
    gain: float


def prepare(frame: Frame, segments: np.ndarray) -> Sky:
    """Arrays of a frame for aperture work; `segments` from the deep detection."""
    bad = frame.mask != 0
    typical = frame.sky_sigma if np.isfinite(frame.sky_sigma) else 1.0
    sigma = np.where(bad, np.float32(typical), frame.sigma)
    # a sigma that already holds the sources' noise must not get it twice
    gain = frame.gain if frame.noise == "sky" else np.inf
    return Sky(frame.image, sigma, bad, segments, gain)


def half_light(sky: Sky, x: np.ndarray, y: np.ndarray, aperture: np.ndarray | float) -> np.ndarray:
    """Half-light radius [pix] of the light within `aperture` [pix], other objects' segments left out; NaN if none."""
    if len(x) == 0:
        return np.zeros(0)
    radius, _ = sep.flux_radius(
        sky.image,
        x,
        y,
        np.zeros(len(x)) + aperture,
        0.5,
        mask=sky.bad,
        segmap=sky.segments,
        seg_id=own_segment(sky.segments, x, y),
        subpix=7,
    )
    return np.where((radius > 0) & np.isfinite(radius), radius, np.nan)


def aperture_flux(sky: Sky, x: np.ndarray, y: np.ndarray, radius: float) -> tuple[np.ndarray, np.ndarray]:
    """Flux within `radius` [pix] and its error from the sky and the source's own photons, shape (n,)."""
    if len(x) == 0:
        return np.zeros(0), np.zeros(0)
    flux, sky_error, _ = sep.sum_circle(
        sky.image,
        x,
        y,
        radius,
        err=sky.sigma,
        mask=sky.bad,
        segmap=sky.segments,
        seg_id=own_segment(sky.segments, x, y),
    )
    return flux, np.sqrt(sky_error**2 + np.maximum(flux, 0) / sky.gain)


def windowed_centre(sky: Sky, x: np.ndarray, y: np.ndarray, fwhm: float) -> tuple[np.ndarray, np.ndarray]:
    """Gaussian-windowed centres [pix]; where the window runs away by more than half a FWHM the input is kept."""
    if len(x) == 0:
        return x, y
    new_x, new_y, flags = sep.winpos(sky.image, x, y, np.full(len(x), fwhm / 2.355), mask=sky.bad)
    settled = (flags == 0) & (np.hypot(new_x - x, new_y - y) < fwhm / 2)
    return np.where(settled, new_x, x), np.where(settled, new_y, y)


def own_segment(segments: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Segment under each centre as SEP's `seg_id`: others are left out; without an own one, all others (-> -max)."""
    ix = np.clip(np.rint(x).astype(int), 0, segments.shape[1] - 1)
    iy = np.clip(np.rint(y).astype(int), 0, segments.shape[0] - 1)
    own = segments[iy, ix]
    return np.where(own > 0, own, np.iinfo("i4").max).astype("i4")


def near_bad(mask: np.ndarray, x: np.ndarray, y: np.ndarray, radius: float, bits: int) -> np.ndarray:
    """Does a pixel with one of the mask `bits` lie within `radius` [pix] of each position?"""
    flagged = (mask & bits) != 0
    if len(x) == 0 or not flagged.any():
        return np.zeros(len(x), bool)
    return sep.sum_circle(flagged, x, y, radius, subpix=5)[0] > 0


SATURATED = MASK["SATURATED"]
OTHER_BAD = MASK["NOT_FINITE"] | MASK["USER"] | MASK["NO_WEIGHT"]
