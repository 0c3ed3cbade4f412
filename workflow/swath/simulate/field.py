"""The stages `truth` and `simulate`: the tables of the field, and the images of a band."""

import logging
from pathlib import Path

import numpy as np
import pandas as pd
from astropy.io import fits
from astropy.wcs import WCS

from ..config.simulate import Simulate
from ..config.sources import Gaia
from ..images import Hdu, write_fits
from ..tables import write_csv
from . import render, tables
from .draw import draw_sources
from .pixels import observe
from .psffield import PsfField, psf_field
from .sky import camera, wcs_header

log = logging.getLogger(__name__)

PSF_SIDE, PSF_PLACES = 61, 3  # stamps of the true PSF, on so many places per side of a cell


def write_truth(
    settings: Simulate,
    gaia: Gaia,
    bands: list[str],
    zp_ref: float,
    norm_radius: float,
    truth_csv: str | Path,
    catalog_csv: str | Path,
    gaia_csv: str | Path,
) -> None:
    """Write the exact truth, the perturbed catalogue and the reference stars.

    Parameters
    ----------
    bands : their names, in order. zp_ref : zero point of the fluxes [mag].
    norm_radius : radius of the flux convention [pix]; the truth holds each PSF's light within it.

    Raises
    ------
    RunError : GalSim is not installed.
    """
    truth = true_sources(settings, bands, zp_ref)
    wcs = WCS(wcs_header(settings))
    truth = tables.with_references(tables.with_sky(truth, wcs), settings, gaia, bands)
    shares = {
        f"EE_{band}": render.encircled(psf_field(settings, i), truth["x"], truth["y"], norm_radius)
        for i, band in enumerate(bands)
    }
    errors = {f"ZPERR_{band}": camera(settings, i).error for i, band in enumerate(bands)}
    flags = {name: truth[name].astype(int) for name in ("saturated", "blend", "in_catalog")}
    write_csv(truth_csv, truth.assign(**shares, **errors, **flags))
    write_csv(catalog_csv, tables.catalog(truth, wcs, settings, bands))
    write_csv(gaia_csv, tables.references(truth, bands))
    log.info("%d sources: %s", len(truth), ", ".join(f"{n} {kind}" for kind, n in truth["TYPE"].value_counts().items()))


def true_sources(settings: Simulate, bands: list[str], zp_ref: float) -> pd.DataFrame:
    """The sources with FLUX_<band> at `zp_ref`, as `draw_sources` describes them."""
    truth = draw_sources(settings, float(np.mean(settings.fwhm_pix)))
    return truth.assign(**{f"FLUX_{band}": 10 ** (0.4 * (zp_ref - truth[f"MAG_{band}"])) for band in bands})


def write_band(
    settings: Simulate,
    bands: list[str],
    band: str,
    with_sky: bool,
    image: str | Path,
    mask: str | Path,
    psf: str | Path,
) -> None:
    """Render one band: its image with all header keys, its mask, and its true PSF on a grid of places.

    Raises
    ------
    RunError : GalSim is not installed.
    """
    number = bands.index(band)
    field, optics = psf_field(settings, number), camera(settings, number)
    truth = true_sources(settings, bands, optics.zero_point)
    light = render.render_sources(truth, truth[f"FLUX_{band}"].to_numpy(), field, optics.noise)
    pixels, bad = observe(light, optics, settings, band, with_sky)
    header = wcs_header(settings)
    header["FILTER"] = band
    header["ZP_AUTO"] = optics.zero_point + optics.error, "[mag] with its error"
    header["SKYSIG"] = optics.noise
    header["EGAIN"] = optics.gain
    header["SATURATE"] = optics.saturation
    header["PEEING"] = field.fwhm, "[pix] FWHM"
    write_fits(image, [fits.PrimaryHDU(pixels, header)])
    write_fits(mask, [fits.PrimaryHDU(bad)])
    write_fits(psf, _true_psf(field, settings))
    log.info("%s: FWHM %.2f pix, zero point %.3f with an error of %+.3f", band, field.fwhm, *optics[:2])


def _true_psf(field: PsfField, settings: Simulate) -> list[Hdu]:
    count, margin = PSF_PLACES * settings.psf_ngrid, settings.crop_margin_pix
    axis = margin + (np.arange(count) + 0.5) * (field.side - 2 * margin) / count - 0.5
    x, y = (places.ravel() for places in np.meshgrid(axis, axis))
    stamps = np.stack([render.psf_stamp(field, *place, PSF_SIDE) for place in zip(x, y, strict=True)])
    places = np.zeros(len(x), [("x", "f8"), ("y", "f8")])
    places["x"], places["y"] = x, y
    return [fits.PrimaryHDU(), fits.ImageHDU(stamps, name="PSF"), fits.BinTableHDU(places, name="PLACES")]
