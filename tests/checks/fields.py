"""A small field on disk with its config: two bands, 30 sources, six reference stars. Tests spoil it."""

import numpy as np
import pandas as pd
from astropy.io import fits
from swath.checks.survey import survey
from swath.config.load import load_config
from swath.errors import InputError
from swath.sources.positions import equatorial_wcs

NX, NY = 300, 240
SCALE = 0.4 / 3600
CARDS = {
    "ZP_AUTO": 25.0,
    "SKYSIG": 1.5,
    "EGAIN": 2.0,
    "SATURATE": 5e4,
    "PEEING": 3.0,
    "CTYPE1": "RA---TAN",
    "CTYPE2": "DEC--TAN",
    "CRVAL1": 150.0,
    "CRVAL2": 2.2,
    "CRPIX1": 150.5,
    "CRPIX2": 120.5,
    "CD1_1": -SCALE,
    "CD1_2": 0.0,
    "CD2_1": 0.0,
    "CD2_2": SCALE,
}


class Field:
    """Files in `folder`, and what they were made from."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.inputs = {"images": ["g.fits", "r.fits"], "catalog": "cat.csv", "gaia": "stars.csv"}
        for band in "gr":
            self.image(band)
        rng = np.random.default_rng(5)
        x, y = rng.uniform(20, NX - 20, 30), rng.uniform(20, NY - 20, 30)
        ra, dec = equatorial_wcs(self.header("g")).all_pix2world(x, y, 0)
        types = np.where(np.arange(30) < 6, "STAR", "EXP")
        shapes = {"ELL": rng.uniform(0, 0.6, 30), "THETA": rng.uniform(0, 180, 30), "Re": rng.uniform(1.5, 6, 30)}
        self.catalog = pd.DataFrame({"ID": np.arange(30), "RA": ra, "DEC": dec, "TYPE": types, **shapes})
        self.stars = pd.DataFrame(
            {"source_id": np.arange(100, 106), "ra": ra[:6], "dec": dec[:6], "phot_g_mean_mag": 15.0}
        )
        self.stars = self.stars.assign(mag_g=15.2, mag_r=14.9)
        self.write()

    def header(self, band, **cards):
        return fits.Header({k: v for k, v in ({"FILTER": band} | CARDS | cards).items() if v is not None})

    def image(self, band, name=None, shape=(NY, NX), **cards):
        """Write an image; a card of None is left out."""
        header = self.header(band, **cards)
        fits.writeto(self.folder / (name or f"{band}.fits"), np.zeros(shape, "f4"), header, overwrite=True)

    def write(self, **columns):
        """Write catalogue and stars, with the given columns of the catalogue replaced (None: left out)."""
        table = self.catalog.assign(**{k: v for k, v in columns.items() if v is not None})
        table.drop(columns=[k for k, v in columns.items() if v is None]).to_csv(self.folder / "cat.csv", index=False)
        self.stars.to_csv(self.folder / "stars.csv", index=False)

    def config(self, **sections):
        sections = {"psf": {"ngrid": 1}, "patches": {"ngrid": 2}} | sections
        base = {"tile": "t", "results": str(self.folder / "results"), "inputs": self.inputs}
        return load_config(base | sections, self.folder)

    def errors(self, **sections):
        """What is said to be wrong; nothing for a field that can be used."""
        try:
            survey(self.config(**sections))
        except InputError as error:
            return error.problems
        return []

    def notes(self, **sections):
        """What is noted of a field that can be used."""
        return [note for row in survey(self.config(**sections)).rows for note in row.notes]

    def row(self, name, **sections):
        """The row of one input."""
        return next(row for row in survey(self.config(**sections)).rows if row.name == name)


def spoil_bytes(path, keep):
    """Cut a file to its first `keep` bytes, or all but the last -`keep`."""
    path.write_bytes(path.read_bytes()[:keep])
