"""The `compare_page` stage: one table of all fluxes, one figure, and the page that holds it."""

from collections.abc import Sequence
from pathlib import Path

from .. import __version__
from ..facts.page import page
from ..files import write_text
from ..fit.tractor.find import find
from ..plots.engines import draw_engines
from ..tables import write_csv
from . import counts
from .gather import gather


def write_page(
    tile: str,
    bands: Sequence[str],
    comparisons: Sequence[str | Path],
    costs: Sequence[str | Path],
    zp_ref: float,
    patches: int,
    dpi: int,
    table: str | Path,
    figure: str | Path,
    output: str | Path,
) -> None:
    """Write fluxes of both engines as CSV, their differences as a figure, and the page.

    Parameters
    ----------
    comparisons, costs : what `compare_patch` wrote, patch by patch. patches : how many the tile has.
    zp_ref : zero point of the fluxes [mag].
    """
    found = gather(comparisons, costs, zp_ref)
    write_csv(table, found.fluxes)
    draw_engines(found.fluxes, bands, figure, dpi)
    tables = [
        counts.engine_table(found),
        counts.flux_table(found),
        counts.model_table(found),
        counts.position_table(found),
        counts.reason_table(found),
        counts.patch_table(found),
    ]
    about = (
        f"swath {__version__} and the Tractor {find().version}: {len(comparisons)} of {patches} patches, "
        f"bands {', '.join(bands)}"
    )
    text = "Fluxes of the Tractor less those of swath, in errors, against magnitude"
    write_text(output, page(f"{tile}: both engines", about, tables, [(text, Path(figure).read_bytes())]))
