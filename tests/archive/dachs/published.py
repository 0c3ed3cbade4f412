"""What the archive is told of itself, and what it publishes: the shipped Stripe 82 field and its reference stars."""

import csv
import gzip
import shutil
from pathlib import Path

HERE = Path(__file__).parent
FIELD = HERE.parents[2] / "config" / "tiny480"
BANDS = "ugriz"
EPOCH = 2016.0
CONFIG = """\
[general]
rootDir: {root}/gavo
group: {group}
maintainerAddress: nobody@localhost
sendmail: cat >/dev/null
[web]
bindAddress: 127.0.0.1
serverPort: {port}
serverURL: http://127.0.0.1:{port}
user: {user}
sitename: Test archive
realm: test
[ivoa]
authority: org.example.swath
dalDefaultLimit: 10000
[async]
maxTAPRunning: 4
defaultExecTime: 60
defaultLifetime: 3600
"""
META = """\
publisher: Test
publisherID: ivo://org.example.swath
contact.name: Test
contact.address: nowhere
contact.email: nobody@localhost
contact.telephone: 0
creator.name: Test
organization.title: Test
organization.description: test archive
authority.creationDate: 2026-01-01T00:00:00Z
authority.title: Test
authority.shortName: test
authority.description: test archive
authority.referenceURL: http://127.0.0.1:{port}
authority.managingOrg: ivo://org.example.swath/org
"""


def write_inputs(folder: Path) -> None:
    """Resource descriptors, images and tables, in the folder where DaCHS looks for them."""
    survey, gaia = folder / "survey", folder / "gaia"
    for data in (survey / "data", gaia / "data"):
        data.mkdir(parents=True)
    shutil.copy(HERE / "survey.rd", survey / "q.rd")
    shutil.copy(HERE / "gaia.rd", gaia / "q.rd")
    for band in BANDS:
        with gzip.open(FIELD / f"S82_{band}.fits.gz") as packed:
            (survey / f"data/S82_{band}.fits").write_bytes(packed.read())
    write_stars(gaia / "data")


def write_stars(folder: Path) -> None:
    """The shipped reference stars as Gaia's two tables.

    The stars are given small proper motions, and positions at Gaia's epoch that lead back to the shipped ones at that
    of the images.
    """
    with open(FIELD / "synphot.csv") as text:
        stars = list(csv.DictReader(text))
    years = EPOCH - 1998.716  # the images' night
    sources, photometry = [], []
    for number, star in enumerate(stars):
        pmra, pmdec = 4.0 * (number % 5 - 2), 3.0 * (number % 3 - 1)  # mas / yr
        sources.append({
            "source_id": star["source_id"], "ref_epoch": EPOCH, "ra": float(star["ra"]) + pmra * years / 3.6e6,
            "ra_error": 0.1, "dec": float(star["dec"]) + pmdec * years / 3.6e6, "dec_error": 0.1, "parallax": 1.0,
            "parallax_error": 0.1, "pmra": pmra, "pmra_error": 0.1, "pmdec": pmdec, "pmdec_error": 0.1, "ruwe": 1.0,
            "phot_g_mean_mag": star["mag_r"], "phot_bp_mean_mag": star["mag_g"], "phot_rp_mean_mag": star["mag_i"],
        })  # fmt: skip
        row = {"source_id": star["source_id"], "c_star": 0.0}
        for band in BANDS:
            mag = star[f"mag_{band}"]
            flux = 10 ** (-0.4 * (float(mag) + 56.1)) if mag else ""
            row |= {
                f"{band}_sdss_mag": mag,
                f"{band}_sdss_flux": flux,
                f"{band}_sdss_flux_error": "",
                f"{band}_sdss_flag": 1,
            }
        photometry.append(row)
    for name, rows in (("gaia_source", sources), ("synthetic_photometry_gspc", photometry)):
        with open(folder / f"{name}.csv", "w", newline="") as out:
            writer = csv.DictWriter(out, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
