"""The catalogue at a glance: colours and magnitudes, and how well every source was fitted."""

from collections.abc import Sequence
from pathlib import Path

from ..tables import read_table
from .cmd import draw_cmd
from .photometry import read_band
from .residuals import draw_residuals


def draw_catalog(
    catalog: str | Path,
    cmd: str | Path,
    residuals: str | Path,
    bands: Sequence[str],
    zp_ref: float,
    dpi: int,
    depth_sigma: float = 5.0,
) -> None:
    """Draw the colour-magnitude diagram and the summary of the residuals.

    Parameters
    ----------
    catalog : the calibrated catalogue, any format. cmd, residuals : output paths. bands : in order.
    zp_ref : stands in for a zero point where a band has none. depth_sigma : of the depths in the catalogue.
    """
    table = read_table(catalog, allow_empty=True)
    photometry = [read_band(table, band, zp_ref) for band in bands]
    models = table["stype_fit"].fillna("").astype(str).to_numpy()
    draw_cmd(photometry, models, dpi, depth_sigma).save(cmd)
    draw_residuals(table, photometry, models, dpi).save(residuals)
