"""How the field is divided, told before anything is computed: a grid that is too fine is slow, or has no stars."""

from ..config.model import Config
from .rows import Row

_SOURCES_OF_A_PATCH = 5  # with fewer, the start of a patch's jobs costs more than its fit
_SOURCES_OF_A_CELL = 12  # about half of a catalogue's sources are stars, and a PSF wants 6 of them


def division_row(config: Config, cells: int, patches: int, sources: int | None) -> Row:
    """The table's row of cells and patches in use, with notes where they hold few sources.

    Parameters
    ----------
    sources : those that may be active, None when they are not known yet.
    """
    found = f"{_counted(patches, 'patch', 'patches')} in {_counted(cells, 'PSF cell', 'PSF cells')}"
    if sources is None or not patches:
        return Row("grid", "", found)
    each, of_cell = sources / patches, sources / cells
    notes = []
    if each < _SOURCES_OF_A_PATCH and config.patches.ngrid > 1:
        notes.append(
            f"patches.ngrid {config.patches.ngrid}: {each:.1f} sources in a patch on average; every patch is a job "
            "that pays with 10 to 50: lower it"
        )
    if of_cell < _SOURCES_OF_A_CELL and config.psf.ngrid > 1:
        notes.append(
            f"psf.ngrid {config.psf.ngrid}: {of_cell:.1f} sources in a PSF cell on average, and a PSF wants at least 6 "
            "good stars: lower it"
        )
    return Row("grid", "", f"{found}, {each:.1f} sources in a patch", (), tuple(notes))


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"
