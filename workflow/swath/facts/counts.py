"""What a run found, in tables: bands, sources, flags, patches, PSFs, zero points."""

import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..files import read_json
from ..flags import FIT_FLAGS
from ..psf.words import no_score, score_text
from .tables import Table, number, share

Facts = Mapping[str, Any]


def band_table(frames: Sequence[Facts]) -> Table:
    """The images as they were loaded. frames : `frames/{band}.json`, in band order."""
    header = ["band", "image", "pixels", "zero point of the file [mag]", "sky noise [ct]", "measured / declared noise",
              "FWHM [pix]", "masked", "saturated", "sky"]  # fmt: skip
    rows = [
        [
            facts["band"], facts["file"], f"{facts['shape'][1]} x {facts['shape'][0]}",
            number(facts["zp_in"], 4), f"{facts['sky_sigma']:.4g}", number(facts["sky"].get("noise_ratio"), 3),
            number(facts.get("fwhm_pix"), 2),
            share(facts["n_masked"], int(np.prod(facts["shape"]))), facts["n_saturated"], facts["sky"]["model"],
        ]
        for facts in frames
    ]  # fmt: skip
    note = "Measured noise: the scatter of the pixels between the sources, over the noise that the file declares there."
    return Table("Images", header, rows, note)


def noise_table(bands: Sequence[Facts], applied: bool) -> Table:
    """The noise of empty sky. bands : `noise/{band}.json`, in band order. applied : do the flux errors hold it?"""
    radii = [row["radius"] for row in bands[0]["apertures"] if row["kind"] == "disk"] if bands else []
    header = ["band", "factor", "standard error", "pixels alone", "correlation", "PSF area [pix]", "empty places",
              *(f"radius {radius:g} pix" for radius in radii)]  # fmt: skip
    rows = [
        [
            facts["band"], number(facts["factor"]), number(facts["error"]), number(facts["pixel"]),
            number(facts["correlation"]), number(facts["area"], 1), facts["places"],
            *(number(row["factor"]) for row in facts["apertures"] if row["kind"] == "disk"),
        ]
        for facts in bands
    ]  # fmt: skip
    note = (
        "Scatter of sums over empty sky, over what the declared noise makes of them if pixels are independent. Factor: "
        "of sums weighted with the PSF, as a star's flux is measured; pixels alone: of single pixels; correlation: the "
        f"one over the other. Flux errors {'are' if applied else 'are not'} multiplied by it (noise.correct_errors)."
    )
    return Table("Noise of empty sky", header, rows, note)


def source_table(catalog: pd.DataFrame) -> Table:
    """Where the sources come from."""
    injected = catalog["injected"].astype(bool)
    matched = (catalog["gaia_source_id"].fillna("") != "") & ~injected
    rows = [
        ["rows of the catalogue", len(catalog)],
        ["of the input catalogue or detected", int((~injected).sum())],
        ["matched with a reference star", int(matched.sum())],
        ["reference stars injected as sources", int(injected.sum())],
    ]
    return Table("Sources", ["", "sources"], rows)


def attrition_table(attrition: pd.DataFrame) -> Table:
    """What became of every source, from `merge/attrition.csv`."""
    total = int(attrition["count"].sum())
    rows = [[row.reason, int(row.count_), share(int(row.count_), total)] for row in _named(attrition)]
    return Table("What became of them", ["reason", "sources", "share"], [*rows, ["all", total, share(total, total)]])


def model_table(catalog: pd.DataFrame, bands: Sequence[str]) -> Table:
    """Fits by model: convergence and chi2."""
    models = catalog["stype_fit"].fillna("").astype(str)
    names = [name for name in ("opt_converged", *(f"opt_converged_{band}" for band in bands)) if name in catalog]
    converged = catalog[names].fillna(False).astype(bool).all(axis=1)
    rows = []
    for name in sorted(set(models) - {""}):
        part = models == name
        chi2 = [_median(_ratio(catalog[part], band)) for band in bands]
        rows.append([name, int(part.sum()), share(int((converged & part).sum()), int(part.sum())), *chi2])
    header = ["model", "sources", "converged", *(f"chi2 / pixel {band}" for band in bands)]
    note = "Converged: in all bands. chi2: medians over the sources, of the good pixels in their cores."
    return Table("Fits by model", header, rows, note)


def flag_table(catalog: pd.DataFrame) -> Table:
    """How often each flag is set."""
    flags = catalog["fit_flags"].to_numpy(int)
    rows = [
        [flag.name, count, share(count, len(flags)), flag.meaning]
        for flag in FIT_FLAGS
        if (count := int(((flags & flag.bit) > 0).sum()))
    ]
    none = int((flags == 0).sum())
    return Table("Flags", ["flag", "sources", "share", "meaning"], [*rows, ["none", none, share(none, len(flags)), ""]])


def patch_table(catalog: pd.DataFrame) -> Table:
    """Patches by status, and how many sources they own."""
    owned = catalog[catalog["patch_tag"].fillna("") != ""].groupby("patch_tag")
    sizes, status = owned.size(), owned["patch_status"].first()
    rows = [
        [name, int((status == name).sum()), int(part.min()), number(float(part.median()), 0), int(part.max())]
        for name in sorted(set(status))
        if len(part := sizes[status == name])
    ]
    header = ["status", "patches", "fewest sources", "median", "most"]
    return Table("Patches", header, rows, "Patches that own a source.")


def psf_table(cells: Sequence[Facts], bands: Sequence[str]) -> Table:
    """How the PSFs were made and what held-out stars say. cells : `epsf/{cell}.json`."""
    header = ["band", "cells", "own stars", "pooled", "fallback", "supplied", "stars used", "clipped", "held out",
              "median FWHM [pix]",
              "median score", "without a score"]  # fmt: skip
    rows = [_psf_row(band, [cell["bands"][band] for cell in cells if band in cell["bands"]]) for band in bands]
    note = (
        "Score: residual rms over peak on held-out stars, the noise taken off; median over the cells. Stars: medians "
        "over the cells that have some; used ones made the PSF, clipped ones did not agree with it."
    )
    return Table("PSFs", header, rows, note)


def zero_point_table(zeropoint: Facts) -> Table:
    """Zero points, from `zeropoint/zeropoint.json`."""
    header = ["band", "zero point [mag]", "error", "scatter beyond the errors", "stars kept", "clipped",
              "colour term [mag/mag]", "trend [sigma]", "depth [mag]"]  # fmt: skip
    failed = any(row["reason"] for row in zeropoint["bands"])
    header += ["why not"] * failed
    rows = [
        [
            row["band"], number(row["zp_median"], 4), number(row["zp_err"], 4), number(row["scatter"], 4),
            row["n_kept"], row["n_clipped"], number(row["color_term"], 4), number(row["trend_sigma"], 1),
            number(row["depth"], 2), *[row["reason"] or ""] * failed,
        ]
        for row in zeropoint["bands"]
    ]  # fmt: skip
    return Table("Zero points", header, rows, f"Fluxes are in counts at {zeropoint['zp_ref']:g} mag.")


def read_all(paths: Iterable[str | Path]) -> list[Facts]:
    """JSON files in their order."""
    return [read_json(path) for path in paths]


def _psf_row(band: str, psfs: Sequence[Facts]) -> list:
    supplied = sum(psf["method"] == "supplied" for psf in psfs)
    fallback, pooled = (sum(psf[name] for psf in psfs) for name in ("fallback", "pooled"))
    scores = [psf["rms_score"] for psf in psfs if psf["rms_score"] is not None]
    made = [psf for psf in psfs if psf["nstars_used"]]
    why = Counter(no_score(psf["nstars_held_out"]) for psf in made if psf["rms_score"] is None)
    without = [f"{len(psfs) - len(scores)}", *(f"{count}: {reason}" for reason, count in sorted(why.items()))]
    return [
        band, len(psfs), len(psfs) - supplied - fallback - pooled, pooled, fallback, supplied,
        number(_middle([psf["nstars_used"] for psf in made]), 0),
        number(_middle([psf["nstars_clipped"] for psf in made]), 0),
        number(_middle([psf["nstars_held_out"] for psf in made]), 0),
        number(_middle([psf["epsf_qa"]["fwhm_pix"] for psf in psfs]), 2),
        score_text(statistics.median(scores)) if scores else "–",
        "; ".join(without) if len(scores) < len(psfs) else "0",
    ]  # fmt: skip


def _middle(values: Sequence[float]) -> float | None:
    return statistics.median(values) if values else None


def _named(table: pd.DataFrame) -> Iterable[Any]:
    return table.rename(columns={"count": "count_"}).itertuples(index=False)


def _ratio(catalog: pd.DataFrame, band: str) -> np.ndarray:
    chi2, npix = (catalog[f"{name}_{band}"].to_numpy(float) for name in ("CHI2", "NPIX"))
    return (chi2 / np.where(npix > 0, npix, np.nan))[npix > 0]


def _median(values: np.ndarray) -> str:
    values = values[np.isfinite(values)]
    return number(float(np.median(values)) if len(values) else None, 2)
