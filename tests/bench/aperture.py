"""Aperture photometry judged: `PYTHONPATH=workflow python tests/bench/aperture.py [N]`.

N sources (16 if not said) of each flux from -200 to 300,000 uJy, on each detector, with the PSFs of QR2 and of QR3, are
put into built SPHEREx files and measured with the defaults: biases without and with noise, pulls, and how many rows
were lost. Then the CPU of 300 exposures as a batch measures them, in light files and in whole ones. Two CPU-minutes.
Ends with status 1 when something asked for is missed: 0.3 % of bias (with noise: or 3 standard errors), standard
deviations of pulls from 0.9 to 1.15, no row lost, 30 ms per exposure.
"""

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))
from spherex.build import SKY, Scene, write, write_calibration
from spherex.fetched import checksums
from spherex.injected import FLUXES, field, recovered, scenes
from swath.config.aperture import Aperture
from swath.photometry.batch import measure_batch
from swath.tables import write_csv, write_parquet

RELEASES = ("qr2", "qr3")
BIAS, SPREAD, CPU_MS = 0.003, (0.9, 1.15), 30.0
PER_FIELD = 8  # sources of each flux
EXPOSURES = 300


def measured(folder: Path, count: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows of sources without noise, and of `count` per flux with it."""
    clean, noisy = [], []
    for number, (detector, release) in enumerate((d, r) for d in range(1, 7) for r in RELEASES):
        group = {"detector": detector, "release": release}
        for seed in range(number * 1000, number * 1000 + max(count // PER_FIELD, 1)):
            for rows, noise, fluxes in (clean, False, FLUXES), (noisy, True, FLUXES * PER_FIELD):
                if noise or seed < number * 1000 + 3:
                    scene = field(scenes(detector, release, seed, noise=noise), fluxes, seed)
                    rows.append(recovered(folder, scene, Aperture()).assign(**group))
    return pd.concat(clean, ignore_index=True), pd.concat(noisy, ignore_index=True)


def judged(clean: pd.DataFrame, noisy: pd.DataFrame) -> list[str]:
    """Print tables; sentences for what is missed."""
    missed = []
    for name, rows in ("without noise", clean), ("with noise", noisy):
        if lost := int((rows.status != "ok").sum()):
            missed.append(f"{name}: {lost} of {len(rows)} sources without a flux")
    worst = (clean.flux / clean.true - 1)[clean.true != 0].abs()
    print(f"without noise: {len(clean)} sources, largest bias {worst.max():.5%}, median {worst.median():.5%}")
    if worst.max() > BIAS:
        missed.append(f"bias without noise of {worst.max():.3%}")
    noisy = noisy.assign(pull=(noisy.flux - noisy.true) / noisy.flux_err)
    print(f"with noise: {len(noisy)} sources")
    print(f"{'flux [uJy]':>12}{'n':>6}{'bias %':>10}{'+-':>8}{'mean pull':>11}{'sd':>7}{'median S/N':>12}")
    for true, rows in noisy.groupby("true"):
        offset = (rows.flux - true) / (abs(true) or np.nan)
        error = offset.std() / len(rows) ** 0.5
        mean, spread = rows.pull.mean(), rows.pull.std()
        print(
            f"{true:12.0f}{len(rows):6d}{offset.mean():10.3%}{error:8.3%}{mean:11.3f}{spread:7.3f}{rows.snr.median():12.1f}"
        )
        if abs(offset.mean()) > max(BIAS, 3 * error):
            missed.append(f"bias of {offset.mean():.2%} +- {error:.2%} at {true:.0f} uJy")
        if not SPREAD[0] <= spread <= SPREAD[1]:
            missed.append(f"pulls at {true:.0f} uJy with a standard deviation of {spread:.2f}")
    for group, rows in noisy.groupby(["release", "detector"]):
        print(f"{group[0]} D{group[1]}: {len(rows)} pulls, mean {rows.pull.mean():.3f}, sd {rows.pull.std():.3f}")
        if not SPREAD[0] <= rows.pull.std() <= SPREAD[1]:
            missed.append(f"pulls of {group[0]} D{group[1]} with a standard deviation of {rows.pull.std():.2f}")
    return missed


def cost(folder: Path, light: bool, size: int) -> float:
    """CPU-ms per exposure of a batch, after one that warms up."""
    rows = []
    for detector in range(1, 7):
        write_calibration(folder / f"cal{detector}.fits", detector)
    for number in range(EXPOSURES if light else EXPOSURES // 5):
        detector, place = number % 6 + 1, (100.0 + 6.1 * number, 150.0 + 5.7 * number)
        scene = Scene(detector=detector, at=place, size=(size, size), sources=((*SKY, 500.0),), seed=number)
        write(folder / f"{number}.fits", scene, psf=not light)
        texts = dict.fromkeys(("obs_id", "collection", "release", "version", "file_reason"), "")
        rows.append(texts | {"target": "one", "exposure": str(number), "band": f"D{detector}", "mjd": 60800.0,
                             "exptime": 113.6, "status": "ok", "file": f"{number}.fits",
                             "calibration": f"cal{detector}.fits" if light else ""}
                    | checksums(folder / f"{number}.fits")
                    | checksums(folder / f"cal{detector}.fits", "calibration_"))  # fmt: skip
    write_parquet(folder / "plan.parquet", pd.DataFrame(rows))
    target = {"slug": "one", "ra": SKY[0], "dec": SKY[1], "epoch": 2016.0, "pmra": 12.0, "pmdec": -3.0}
    write_csv(folder / "targets.csv", pd.DataFrame([target]))
    for _ in range(2):
        started = time.process_time()
        measure_batch(folder / "plan.parquet", folder / "targets.csv", Aperture(), folder, folder / "out.parquet")
    return (time.process_time() - started) / len(rows) * 1e3


def main(count: int = 16) -> int:
    """Measure and judge; the number of things missed."""
    with tempfile.TemporaryDirectory() as name:
        missed = judged(*measured(Path(name), count))
        for light, size in (True, 60), (True, 200), (False, 60):
            spent = cost(Path(name), light, size)
            kind = "light files" if light else "whole files"
            print(f"CPU per exposure: {spent:.1f} ms, {kind} of {size} x {size} pixels")
            if spent > CPU_MS:
                missed.append(f"{spent:.1f} CPU-ms per exposure of {kind}")
    print(*(f"missed: {sentence}" for sentence in missed), sep="\n")
    return len(missed)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])) > 0)
