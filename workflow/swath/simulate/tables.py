"""What the workflow is given about the field: a catalogue with errors and a table of reference stars."""

import numpy as np
import pandas as pd
from astropy.wcs import WCS

from ..config.simulate import Simulate
from ..config.sources import Gaia
from ..models import shape
from ..sources.angles import theta_from_phi
from ..streams import stream

FIRST_SOURCE_ID = 3836000000000000001  # of Gaia's length: more digits than a float holds
FAINTEST_REFERENCE = 19.0
UNCATALOGUED = 0.05  # share of the reference stars that the catalogue lacks, where the run injects them


def with_sky(truth: pd.DataFrame, wcs: WCS) -> pd.DataFrame:
    """The sources with RA, DEC [deg] of their pixels."""
    ra, dec = wcs.all_pix2world(truth["x"], truth["y"], 0)
    return truth.assign(RA=ra, DEC=dec)


def with_references(truth: pd.DataFrame, settings: Simulate, gaia: Gaia, bands: list[str]) -> pd.DataFrame:
    """The sources with `source_id` ('' unless in the reference table), `phot_g_mean_mag` and `in_catalog`."""
    rng = stream(settings.seed, "reference")
    star = (truth["TYPE"] == "STAR").to_numpy()
    magnitude = truth[f"MAG_{bands[len(bands) // 2]}"].to_numpy()
    referred = star & (magnitude < FAINTEST_REFERENCE)
    ids = [str(FIRST_SOURCE_ID + 97 * i) if known else "" for i, known in enumerate(referred)]
    able = gaia.inject & referred & (magnitude > gaia.mag_min + 0.01) & (magnitude < gaia.mag_max - 0.01)
    able &= ~(truth["saturated"] | truth["blend"]).to_numpy()
    absent = able & (rng.uniform(size=len(truth)) < UNCATALOGUED)
    return truth.assign(source_id=ids, phot_g_mean_mag=np.where(referred, magnitude, np.nan), in_catalog=~absent)


def catalog(truth: pd.DataFrame, wcs: WCS, settings: Simulate, bands: list[str]) -> pd.DataFrame:
    """The perturbed catalogue: ID, RA, DEC, TYPE, ELL, THETA (from +x), Re, FLUX_<band> of all sources that it has."""
    rng = stream(settings.seed, "catalog")
    count, galaxy = len(truth), (truth["TYPE"] != "STAR").to_numpy()
    x, y = (truth[axis] + settings.position_error_pix * rng.normal(size=count) for axis in ("x", "y"))
    ra, dec = wcs.all_pix2world(x, y, 0)
    true = shape.from_ellipse(*(np.where(galaxy, truth[name], filler) for name, filler in SHAPE_FILLERS))
    re, ell, phi = shape.to_ellipse(true + settings.shape_error * rng.normal(size=(count, 3)))
    columns = {
        "ID": truth["ID"],
        "RA": ra,
        "DEC": dec,
        "TYPE": truth["TYPE"],
        "ELL": np.where(galaxy, ell, np.nan),
        "THETA": np.where(galaxy, theta_from_phi(phi, "x"), np.nan),
        "Re": np.where(galaxy, re, np.nan),
    }
    for band in bands:
        columns[f"FLUX_{band}"] = truth[f"FLUX_{band}"] * np.exp(settings.flux_error * rng.normal(size=count))
    return pd.DataFrame(columns)[truth["in_catalog"].to_numpy()]


SHAPE_FILLERS = (("Re", 1.0), ("ELL", 0.0), ("phi", 0.0))


def references(truth: pd.DataFrame, bands: list[str]) -> pd.DataFrame:
    """The reference stars as synthetic photometry gives them: source_id, ra, dec, phot_g_mean_mag, mag_<band>."""
    stars = truth[truth["source_id"] != ""]
    columns = {"source_id": stars["source_id"], "ra": stars["RA"], "dec": stars["DEC"]}
    columns |= {"phot_g_mean_mag": stars["phot_g_mean_mag"]} | {f"mag_{band}": stars[f"MAG_{band}"] for band in bands}
    return pd.DataFrame(columns)
