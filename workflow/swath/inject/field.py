"""The rules `inject_sources` and `inject_image`: truth and catalogue of a derived tile, and its images."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from astropy.io import fits
from astropy.wcs import WCS

from ..config.inject import Inject
from ..config.inputs import Image, Keywords
from ..errors import InputError
from ..flags import MASK
from ..frames.frame import Frame, read_frame, read_header
from ..frames.header import full_header, image_facts
from ..images import read_image, write_fits
from ..patches.grid import Box
from ..psf import store
from ..sources.angles import theta_from_phi
from ..sources.positions import equatorial_wcs
from ..tables import read_table, write_csv
from ..telemetry import clock, tell
from . import draw
from .add import add_sources, total_weight
from .derive import WEIGHT_HDU
from .psfs import psf_field

log = logging.getLogger(__name__)

DEPTH_SIGMA = 5.0
SHAPES = {"Re": "sw_re", "ELL": "sw_ell", "phi": "sw_phi"}


def write_sources(
    sources: str | Path,
    frames: Mapping[str, str | Path],
    epsfs: Mapping[str, str | Path],
    boxes: Mapping[str, Box],
    settings: Inject,
    number: int,
    truth_csv: str | Path,
    catalog_csv: str | Path,
) -> None:
    """Write the added sources as they are, and the catalogue of the user's sources with theirs, as a user has them.

    Parameters
    ----------
    sources : source list of the user's tile. frames : band to its frame. epsfs, boxes : of the cells, by tag.
    number : of the realisation.

    Raises
    ------
    InputError : no source was placed, and on average less than one has room.
    """
    listed, headers = pd.read_parquet(sources), {band: read_header(path) for band, path in frames.items()}
    psfs = [store.read(path) for path in epsfs.values()]
    depths = {band: star_depth(headers[band], [p for cell in psfs for p in cell if p.band == band]) for band in frames}
    first = next(iter(headers.values()))
    drawn = draw.draw_sources(settings, number, list(boxes.values()), depths)
    x, y = listed["x_pix"].to_numpy(), listed["y_pix"].to_numpy()
    truth = draw.apart(drawn, x, y, settings.keep_apart_pix or 0.0)
    if truth.empty:
        _check_room(settings, draw.room(settings, list(boxes.values()), x, y), number)
    zero_point = float(first["ZPREF"])
    truth = truth.assign(**{f"FLUX_{band}": 10 ** (0.4 * (zero_point - truth[f"MAG_{band}"])) for band in frames})
    write_csv(truth_csv, truth)
    seen = draw.perturbed(truth, settings, number, list(frames))
    wcs = equatorial_wcs(first, str(next(iter(frames.values()))))
    write_csv(catalog_csv, catalogue(listed, seen, wcs, list(frames)))
    tell(sources=len(listed), added=len(truth))
    deep = ", ".join(f"{band} {depth:.2f}" for band, depth in depths.items())
    log.info("%d sources added to %d; 5 sigma depths of stars [mag]: %s", len(truth), len(listed), deep)


def _check_room(settings: Inject, room: float, number: int) -> None:
    """Tell of a realisation without sources, which is chance where one or more have room."""
    if room < 1:
        apart = settings.keep_apart_pix or "null"
        raise InputError(
            f"inject.spacing_pix: {settings.spacing_pix:g}, inject.keep_apart_pix: {apart}; found room for {room:.2g} "
            "sources in one copy of the field, expected 1 or more; lower them"
        )
    log.warning("copy %d holds no added source: by chance, none of its places is free", number)


def star_depth(header: fits.Header, psfs: Sequence[store.BandPsf]) -> float:
    """Magnitude of a star of 5 times the noise of the sky under the mean PSF of a band (King 1983, PASP 95, 163)."""
    area = np.mean([1 / (psf.at(psf.x0, psf.y0) ** 2).sum(dtype=float) for psf in psfs])
    return float(header["ZPREF"] - 2.5 * np.log10(DEPTH_SIGMA * header["SKYSIG"] * np.sqrt(area)))


def catalogue(listed: pd.DataFrame, seen: pd.DataFrame, wcs: WCS, bands: Sequence[str]) -> pd.DataFrame:
    """ID, RA, DEC, TYPE, ELL, THETA (from +x), Re, FLUX_<band> of the source list and, below it, the added sources.

    Parameters
    ----------
    listed : the source list, with the models and shapes that its fit begins from. seen : from `draw.perturbed`.
    """
    fluxes = [f"FLUX_{band}" for band in bands]
    own = listed[listed["x_pix"].notna() & listed["y_pix"].notna()]
    columns = {"ID": own["ID"].astype(str), "TYPE": own["sw_model"].str.upper(), "x": own["x_pix"], "y": own["y_pix"]}
    columns |= {name: own[column] for name, column in SHAPES.items()} | {name: own[name] for name in fluxes}
    whole = pd.concat([pd.DataFrame(columns), seen[list(columns)]], ignore_index=True)
    ra, dec = wcs.all_pix2world(whole["x"], whole["y"], 0)
    theta = theta_from_phi(whole["phi"].to_numpy(float), "x")
    whole = whole.assign(RA=ra, DEC=dec, THETA=theta)
    return whole[["ID", "RA", "DEC", "TYPE", "ELL", "THETA", "Re", *fluxes]]


def write_image(
    image: Image,
    frame: str | Path,
    truth: str | Path,
    epsfs: Mapping[str, str | Path],
    boxes: Mapping[str, Box],
    keywords: Keywords,
    weight_kind: str,
    zp_ref: float,
    seed: int,
    interpolate: bool,
    output: str | Path,
) -> None:
    """Write a band's input image without its sky and with the added sources.

    Its weights are with it where they hold the sources' noise, too.

    Parameters
    ----------
    image : of the user's list. frame : the one made from it. truth : from `write_sources`.
    epsfs, boxes : of the cells, by tag. interpolate : `psf.interpolate`.
    """
    known = image_facts(image, keywords)
    pixels = without_sky(read_image(image.path, image.hdu)[0], read_frame(frame))
    table = read_table(truth, allow_empty=True)
    flux = table[f"FLUX_{known.band}"].to_numpy(float) * 10 ** (0.4 * (known.zero_point - zp_ref))
    psf_at = psf_field(
        {cell: _of_band(store.read(path), known.band) for cell, path in epsfs.items()}, boxes, interpolate
    )
    with clock("draw"):
        light = add_sources(pixels, table, flux, psf_at, known.gain, seed, known.band)
    header = full_header(image.path, image.hdu).copy(strip=True)
    for name in ("BZERO", "BSCALE", "BLANK"):
        header.remove(name, ignore_missing=True)
    hdus = [fits.PrimaryHDU(pixels, header)]
    if image.weight and weight_kind == "total":
        weight, _ = read_image(image.weight, image.weight_hdu)
        hdus.append(fits.ImageHDU(total_weight(weight, light, known.gain), name=WEIGHT_HDU))
    write_fits(output, hdus)
    tell(bands=1, sources=len(table))
    log.info("%s: %d sources, %.4g image units of light", known.band, len(table), light.sum(dtype=float))


def without_sky(raw: np.ndarray, frame: Frame) -> np.ndarray:
    """A frame in the units of its input image, shape (ny, nx) float32; saturated and undefined pixels as they were.

    A constant per patch (`load.sky.model: patch`) is in no frame: it stays.
    """
    # ASSUME the sky is far below the saturation level: added light saturates where it reaches that level alone.
    kept = frame.mask & (MASK["NOT_FINITE"] | MASK["SATURATED"]) != 0
    return np.where(kept, raw, frame.image / np.float32(frame.header["SCALE"]))


def _of_band(psfs: Sequence[store.BandPsf], band: str) -> store.BandPsf:
    return next(psf for psf in psfs if psf.band == band)
