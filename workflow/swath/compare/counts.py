"""The tables of the page of compared engines."""

import numpy as np
import pandas as pd

from ..facts.tables import Table, number, share
from .gather import Compared
from .patch import ENGINES

BRIGHT = 20.0  # signal-to-noise ratio
_NAMES = {"native": "native", "tractor": "the Tractor"}


def engine_table(found: Compared) -> Table:
    """Time, convergence and chi2 of each engine over all patches."""
    patches, sources = found.patches, found.fluxes.drop_duplicates(["patch", "ID"])
    total, npix = patches["sources"].sum(), patches["npix"].sum()
    rows = []
    for engine in ENGINES:
        seconds = patches[engine].sum()
        own = patches["chi2_own"].sum() if engine == "tractor" else None
        rows.append(
            [
                _NAMES[engine],
                number(seconds, 2),
                number(1000 * seconds / max(total, 1), 1),
                number(seconds / max(patches["native"].sum(), 1e-9), 1),
                share(int((sources[f"reason_{engine}"] == "converged").sum()), len(sources)),
                number(patches[f"chi2_{engine}"].sum(), 1),
                number(patches[f"chi2_{engine}"].sum() / max(npix, 1), 4),
                number(own, 1),
            ]
        )
    header = ["engine", "CPU [s]", "CPU per source [ms]", "times native", "converged", "chi2", "chi2 per pixel"]
    note = (
        "CPU of the optimisation alone, all bands together. chi2: both solutions in swath's own drawing, at the "
        "weights of the native one. Own drawing: the Tractor's picture of its own solution, at the same weights."
    )
    return Table("Engines", [*header, "chi2, own drawing"], rows, note)


def flux_table(found: Compared) -> Table:
    """Flux differences by band."""
    rows = [[band, *_differences(part)] for band, part in found.fluxes.groupby("band", sort=False)]
    return Table("Fluxes by band", ["band", *_DIFFERENCES], rows, "Differences are the Tractor's less the native ones.")


def model_table(found: Compared) -> Table:
    """Flux differences by type: galaxies' are of definition too."""
    rows = [[model, *_differences(part)] for model, part in found.fluxes.groupby("model")]
    note = (
        "The Tractor's profiles are sums of Gaussians, its exp and dev are those of SDSS, which fade out at 3-4 and "
        "7-8 half-light radii; swath's end at 8. Fluxes of galaxies differ by that."
    )
    return Table("Fluxes by type", ["type", *_DIFFERENCES], rows, note)


_DIFFERENCES = ("fluxes", "median, in errors", "robust sd, in errors", "largest, in errors",
                f"median ratio at S/N > {BRIGHT:.0f}", "its robust sd")  # fmt: skip


def _differences(part: pd.DataFrame) -> list[str | int]:
    values = part["difference"].dropna().to_numpy()
    bright = part[part["flux_native"] > BRIGHT * part["flux_err"]]
    ratio = (bright["flux_tractor"] / bright["flux_native"]).to_numpy()
    return [
        len(values),
        number(_median(values)),
        number(_scatter(values)),
        number(float(np.abs(values).max()) if len(values) else None, 2),
        number(_median(ratio), 4),
        number(_scatter(ratio), 4),
    ]


def position_table(found: Compared) -> Table:
    """Distances of positions by type."""
    rows = []
    for model, part in found.fluxes.drop_duplicates(["patch", "ID"]).groupby("model"):
        apart = np.hypot(part["x_tractor"] - part["x_native"], part["y_tractor"] - part["y_native"]).to_numpy()
        apart = apart[np.isfinite(apart)]
        most = float(apart.max()) if len(apart) else None
        high = float(np.percentile(apart, 90)) if len(apart) else None
        rows.append([model, len(part), number(_median(apart), 4), number(high, 4), number(most, 3)])
    return Table("Positions", ["type", "sources", "median distance [pix]", "90 % below [pix]", "largest [pix]"], rows)


def reason_table(found: Compared) -> Table:
    """How the fits of sources ended."""
    sources = found.fluxes.drop_duplicates(["patch", "ID"])
    counts = {engine: sources[f"reason_{engine}"].value_counts() for engine in ENGINES}
    names = sorted(set().union(*(count.index for count in counts.values())))
    rows = [[name, *(int(counts[engine].get(name, 0)) for engine in ENGINES)] for name in names]
    return Table("How fits ended", ["reason", *(_NAMES[engine] for engine in ENGINES)], rows)


def patch_table(found: Compared) -> Table:
    """Every patch."""
    rows = [
        [
            row.patch, int(row.sources), number(row.native, 3), number(row.tractor, 2),
            number(row.tractor / row.native if row.native > 0 else None, 0), number(row.chi2_native, 1),
            number(row.chi2_tractor, 1), number(row.chi2_own, 1),
        ]
        for row in found.patches.itertuples()
    ]  # fmt: skip
    header = ["patch", "sources fitted", "native [CPU s]", "the Tractor [CPU s]", "ratio", "chi2 native"]
    return Table("Patches", [*header, "chi2 the Tractor", "chi2, own drawing"], rows)


def _median(values: np.ndarray) -> float | None:
    return float(np.nanmedian(values)) if len(values) else None


def _scatter(values: np.ndarray) -> float | None:
    return float(1.4826 * np.nanmedian(np.abs(values - np.nanmedian(values)))) if len(values) else None
