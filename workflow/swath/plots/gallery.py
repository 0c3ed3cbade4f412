"""Montages of the whole tile: the brightest sources, the worst fits, and those asked for by ID."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from ..config.figures import Montage
from ..config.fit import Fit
from ..provenance.records import recorded
from ..tables import read_table
from .choice import order
from .montage import Cutouts, alone, cut, draw_sources, title
from .rendering import read_drawn

HEADS = {
    "snr": "highest signal to noise of all bands together",
    "chi2": "worst chi2 per pixel of all bands together",
    "id": "as asked for in figures.montage.ids",
}


def draw_gallery(
    catalog: str | Path,
    payloads: Sequence[str | Path],
    fits: Sequence[str | Path],
    outputs: Mapping[str, str | Path],
    bands: Sequence[str],
    fit: Fit,
    montage: Montage,
    dpi: int,
) -> None:
    """Draw a montage for each choice that `outputs` names: snr, chi2, id.

    Parameters
    ----------
    catalog : the merged catalogue, any format. payloads, fits : records of all patches' payloads and fits; what they
        name is opened only for the patches that are drawn.
    outputs : choice -> path. fit : as the patches were fitted with.
    """
    table = read_table(catalog, allow_empty=True)
    chosen = {choice: choose(table, bands, choice, montage) for choice in outputs}
    wanted = np.unique(np.concatenate([*chosen.values(), np.zeros(0, int)])).astype(int)
    files = {Path(path).stem: (path, result) for path, result in zip(payloads, fits, strict=True)}
    cutouts = dict(_cutouts(table, wanted, files, fit, montage.cutout_size))
    for choice, rows in chosen.items():
        shown = [cutouts[row] for row in rows if row in cutouts]
        head = f"{len(shown)} of {len(table)} sources: {HEADS[choice]}"
        about = _not_drawn(table, rows, montage.ids) if choice == "id" else ""
        draw_sources(shown, bands, head, about + alone(not fit.multi_band), montage, dpi).save(outputs[choice])


def choose(table: pd.DataFrame, bands: Sequence[str], choice: str, montage: Montage) -> np.ndarray:
    """Rows of the catalogue that are drawn, in order; only sources that a patch owns."""
    rows = np.flatnonzero(table["patch_tag"].fillna("") != "")
    part = table.iloc[rows]
    names = ("FLUX_{}_fit", "FLUXERR_{}_fit", "CHI2_{}", "NPIX_{}")
    columns = (np.stack([part[name.format(band)].to_numpy(float) for band in bands], axis=1) for name in names)
    found = rows[order(choice, *columns, part["ID"].astype(str).to_list(), montage.ids)]
    return found if choice == "id" else found[: montage.of_tile]


def _not_drawn(table: pd.DataFrame, rows: np.ndarray, ids: Sequence[str]) -> str:
    """Which of the IDs are not in the montage, for the line below its title."""
    drawn = set(table["ID"].iloc[rows].astype(str))
    left = [name for name in ids if name not in drawn]
    return f"not fitted or not in the catalogue: {', '.join(left)}; " if left else ""


def _cutouts(
    table: pd.DataFrame, wanted: np.ndarray, files: Mapping[str, tuple], fit: Fit, size: int
) -> Iterable[tuple[int, Cutouts]]:
    """Catalogue row and cutouts of the wanted sources; every patch is drawn once."""
    tags = table["patch_tag"].iloc[wanted].astype(str).to_numpy()
    for tag in dict.fromkeys(tags):
        drawn = read_drawn(*(recorded(record, ".fits")[0] for record in files[tag]), fit)
        owned = drawn.owned
        for row in wanted[tags == tag]:
            number = np.flatnonzero(owned["row"] == row)
            if len(number):
                text = f"{title(owned[number[0]])}   (patch {tag}, number {number[0] + 1} in its overview)"
                yield int(row), cut(drawn, owned[number], size, text)
