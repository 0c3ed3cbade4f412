"""The `payload` stage: everything that the fit of one patch needs, in one FITS file.

`IMAGE`, `SIGMA`, `MASK` (nband, ny, nx), `PSF` (nband, nplanes, m, m; with `WINGS` and `CELLS` where there are any, see
`psfs`), and the tables `BANDS` and `SOURCES`. A
source's role: 0 owned by the patch, 1 a neighbour in the halo, fitted too, 2 beyond the halo but shining in,
modelled at its starting values, 3 excluded from the catalogue but in the image, fitted so that its light is not
taken for its neighbours'. `n` is the Sersic index of a shape that a fit has found, NaN where there is none yet.
"""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from astropy.io import fits

from ..config.fit import Fit
from ..files import read_json
from ..fit.drawing import reach
from ..fit.scene import Sources
from ..frames.frame import Frame, read_frame
from ..images import table_rows, write_fits
from ..models.psf import PixelPsf
from ..models.sersic import TRUNCATION
from ..psf.store import BandPsf
from ..telemetry import clock, tell
from . import starts
from .grid import Box, grow, inside
from .psfs import Parts, assembled, patch_psf, psf_hdus, read_parts
from .stored import stored_sources

log = logging.getLogger(__name__)

OWNED, HALO, FIXED, EXCLUDED = 0, 1, 2, 3
# ASSUME a starting flux beyond this is a mark for "unknown"; the fit's normal equations would overflow with it.
_LARGEST_FLUX = 1e25


class Payload(NamedTuple):
    """One patch in memory; positions are full-frame pixels, `roi` says where the images lie."""

    patch: str
    cell: str
    roi: Box
    base: Box
    image: np.ndarray
    sigma: np.ndarray
    mask: np.ndarray
    psf: np.ndarray
    bands: np.ndarray
    sources: np.ndarray
    parts: Parts = Parts()

    def pixel_psf(self) -> PixelPsf:
        """The PSFs of all bands, for positions in pixels of the images."""
        return assembled(self.psf, self.bands, self.parts, self.roi)


def build_payload(
    patch: str,
    hub_path: Path,
    sources_path: Path,
    epsf_path: Path,
    output: Path,
    settings: Fit,
    around: Sequence[Path] = (),
    fitted: Path | None = None,
) -> None:
    """Cut one patch out of all bands and write its payload.

    epsf_path : the PSFs of its cell. around : those of neighbouring cells, to be interpolated with them.
    fitted : the fit of the patch in other bands, from which sources, positions and shapes are taken.
    """
    hub = read_json(hub_path)
    row = next(row for row in hub["patches"] if row["tag"] == patch)
    with fits.open(sources_path) as hdus:
        table = table_rows(hdus["SOURCES"])
    roi, base, shape = tuple(row["roi"]), tuple(row["base"]), tuple(hub["shape"])
    psf, psfs = patch_psf(epsf_path, around, roi)
    if fitted is None:
        near = _near(table, roi, psf.extent + 0.5, settings.stamp_max_pix / 2)
    else:
        near = stored_sources(fitted, table, len(hub["bands"]))
    frames = [read_frame(band["frame"], _window(near, roi, settings, shape)) for band in hub["bands"]]
    with clock("fluxes"):
        chosen = _choose(
            near, roi, base, tuple(hub["crop_box"]), frames, psf, settings, _window(near, roi, settings, shape)
        )
    cut = _cut(_window(near, roi, settings, shape), roi)
    header = fits.Header([("TILE", hub["tile"]), ("PATCH", patch), ("CELL", row["cell"])])
    for name, box in (("ROI", roi), ("BASE", base)):
        header.update({f"{name}{axis}": value for axis, value in zip(("X0", "X1", "Y0", "Y1"), box, strict=True)})
    header["ZPREF"] = frames[0].zp_ref
    write_fits(
        output,
        [
            fits.PrimaryHDU(header=header),
            fits.ImageHDU(np.stack([frame.image[cut] for frame in frames]), name="IMAGE"),
            fits.ImageHDU(np.stack([frame.sigma[cut] for frame in frames]), name="SIGMA"),
            fits.ImageHDU(np.stack([frame.mask[cut] for frame in frames]), name="MASK"),
            *psf_hdus(psf),
            fits.BinTableHDU(_bands(frames, psfs, psf.samples), name="BANDS"),
            fits.BinTableHDU(chosen, name="SOURCES"),
        ],
    )
    counts = [int((chosen["role"] == role).sum()) for role in (OWNED, HALO, FIXED, EXCLUDED)]
    tell(patches=1, sources=counts[0], in_halo=counts[1])
    log.info("%s: %d owned, %d in the halo, %d beyond it, %d excluded sources", patch, *counts)


@clock("read")
def read_payload(path: Path) -> Payload:
    """Read a payload written by `build_payload`."""
    with fits.open(path, memmap=False) as hdus:
        header = hdus[0].header
        boxes = [tuple(header[f"{name}{axis}"] for axis in ("X0", "X1", "Y0", "Y1")) for name in ("ROI", "BASE")]
        images = [np.ascontiguousarray(hdus[name].data, dtype="f4") for name in ("IMAGE", "SIGMA")]
        mask, psf = np.array(hdus["MASK"].data, "u1"), np.ascontiguousarray(hdus["PSF"].data, "f4")
        tables = [table_rows(hdus[name]) for name in ("BANDS", "SOURCES")]
        parts = read_parts(hdus)
    return Payload(header["PATCH"], header["CELL"], *boxes, *images, mask, psf, *tables, parts)


def _near(table: np.ndarray, roi: Box, psf_reach: float, farthest: float) -> np.ndarray:
    """Sources in the region, or near enough to shine in; `farthest` is half the largest stamp."""
    x0, x1, y0, y1 = roi
    gap = np.maximum(0, np.maximum.reduce([x0 - table["x"], table["x"] - (x1 - 1)]))
    gap = np.hypot(gap, np.maximum(0, np.maximum.reduce([y0 - table["y"], table["y"] - (y1 - 1)])))
    # Stars end with their PSF, galaxies at 8 Re: nothing farther away can shine in.
    reach = np.where(table["model"] == "star", psf_reach, psf_reach + TRUNCATION * np.nan_to_num(table["re"]))
    return table[np.isfinite(gap) & (gap < np.minimum(reach, farthest))]


def _window(near: np.ndarray, roi: Box, settings: Fit, shape: tuple[int, int]) -> Box:
    """The region with the apertures of all near sources, as far as there are pixels."""
    margin = int(np.ceil(settings.aperture_radius_pix)) + 2
    x = np.clip(near["x"], 0, shape[1] - 1)
    y = np.clip(near["y"], 0, shape[0] - 1)
    low_x, high_x = min(x.min(initial=roi[0]), roi[0]), max(x.max(initial=roi[1]), roi[1])
    low_y, high_y = min(y.min(initial=roi[2]), roi[2]), max(y.max(initial=roi[3]), roi[3])
    return grow((int(low_x), int(np.ceil(high_x)), int(low_y), int(np.ceil(high_y))), margin, shape)


def _cut(window: Box, roi: Box) -> tuple[slice, slice]:
    return slice(roi[2] - window[2], roi[3] - window[2]), slice(roi[0] - window[0], roi[1] - window[0])


def _choose(
    near: np.ndarray, roi: Box, base: Box, crop: Box, frames: list[Frame], psf: PixelPsf, settings: Fit, window: Box
) -> np.ndarray:
    """The near sources that matter, with roles and starting values."""
    image = np.stack([frame.image for frame in frames])
    good = np.stack([frame.mask == 0 for frame in frames])
    noise = np.array([frame.sky_sigma for frame in frames])
    local = psf.moved(window[0], window[2])
    owned = near["active"] & inside(
        np.clip(np.rint(near["x"]), crop[0], crop[1] - 1), np.clip(np.rint(near["y"]), crop[2], crop[3] - 1), base
    )
    within = inside(near["x"], near["y"], roi)
    role = np.select([owned, within & near["active"], within], [OWNED, HALO, EXCLUDED], FIXED)
    stored = "role" in near.dtype.names
    role = near["role"] if stored else role
    starting = ("x", "y", "re", "ell", "phi")
    rows = []
    for source, kind in zip(near, role, strict=True):
        model = str(source["model"])
        start = starts.nonlinear(
            model, source["x"] - window[0], source["y"] - window[2], source["re"], source["ell"], source["phi"],
            settings.sersic_n_init,
        )  # fmt: skip
        given = (source["flux"] > 0) & (source["flux"] < _LARGEST_FLUX)
        flux = source["flux"]
        if not given.all():
            seen = starts.measure(image, good, local, model, start, settings.aperture_radius_pix, settings.flux_floor)
            flux = np.where(given, flux, seen)
        if kind == FIXED and not stored and not _reaches(local, model, start, flux, noise, settings, window, roi):
            continue
        rows.append(
            (
                *(source["row"], source["ID"], kind, model, *(source[k] for k in starting), flux, source["assumed"]),
                source["n"] if stored else np.nan,
            )
        )
    dtype = [
        ("row", "i4"), ("ID", near.dtype["ID"]), ("role", "i2"), ("model", "U8"), ("x", "f8"), ("y", "f8"),
        ("re", "f8"), ("ell", "f8"), ("phi", "f8"), ("flux_start", "f8", (len(frames),)),
        ("assumed", "?"), ("n", "f8"),
    ]  # fmt: skip
    return np.array(rows, dtype)


def _reaches(
    psf: PixelPsf,
    model: str,
    start: np.ndarray,
    flux: np.ndarray,
    noise: np.ndarray,
    settings: Fit,
    window: Box,
    roi: Box,
) -> bool:
    """Does a source beyond the region shine into it above the drawing threshold?"""
    source = Sources(np.array([model]), start[None], flux[None], np.array([False]))
    radius = reach(psf, source, 0, noise, settings.stamp_threshold)
    x, y = start[0] + window[0], start[1] + window[2]
    gap = np.hypot(max(roi[0] - x, x - (roi[1] - 1), 0), max(roi[2] - y, y - (roi[3] - 1), 0))
    return bool(gap < radius)


def _bands(frames: list[Frame], psfs: list[BandPsf], samples: np.ndarray) -> np.ndarray:
    names = [frame.band for frame in frames]
    reasons = [psf.reason for psf in psfs]
    dtype = [
        ("band", f"U{max(map(len, names))}"), ("gain", "f8"), ("noise", "U8"), ("sky_sigma", "f8"),
        ("psf_x0", "f8"), ("psf_y0", "f8"), ("psf_scale", "f8"), ("psf_planes", "i4"), ("psf_samples", "i4"),
        ("psf_fallback", "?"), ("psf_pooled", "?"), ("psf_nstars", "i4"), ("psf_norm_radius", "f8"),
        ("rms_score", "f8"), ("psf_reason", f"U{max(1, *map(len, reasons))}"),
    ]  # fmt: skip
    rows = [
        (
            frame.band, frame.gain, frame.noise, frame.sky_sigma, psf.x0, psf.y0, psf.scale, len(psf.planes),
            count, psf.fallback, psf.pooled, psf.n_stars, psf.norm_radius,
            np.nan if psf.rms_score is None else psf.rms_score, psf.reason,
        )
        for frame, psf, count in zip(frames, psfs, samples, strict=True)
    ]  # fmt: skip
    return np.array(rows, dtype)
