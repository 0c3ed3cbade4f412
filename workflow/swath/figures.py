"""Which figure files a run makes: names only, for the planner and the rules."""

from collections.abc import Sequence

from .config.figures import Figures
from .plan import Plan

PSF_KINDS = ("stars", "growth_curve", "residuals", "background", "local_background")
Names = dict[str, list[str]]


def figure_files(figures: Figures, plan: Plan, calibrated: bool = True) -> list[str]:
    """Paths under the tile's `figures/` folder, as the switches ask for them; zero points only where `calibrated`."""
    if not figures.enabled:
        return []
    names = ["white.png"] * figures.white + ["overlay.png"] * figures.overlay + ["psf/grid.png"] * figures.psf.grid
    names += _flat(catalog_figures()) if figures.catalog else []
    names += _flat(source_figures(figures))
    names += [name.format(cell=cell) for cell in plan.cells for name in _flat(psf_figures(figures))]
    names += [name.format(patch=tag) for tag in plan.patch_tags for name in _flat(patch_figures(figures))]
    names += _flat(zeropoint_figures(plan.bands)) if figures.zeropoint and calibrated else []
    return names


def psf_figures(figures: Figures) -> Names:
    """The figures of a PSF cell that are switched on: kind to names with the wildcard `cell`."""
    return {kind: [f"psf/{{cell}}/{kind}.png"] for kind in PSF_KINDS if getattr(figures.psf, kind)}


def patch_figures(figures: Figures) -> Names:
    """The figures of a patch that are switched on: kind to names with the wildcard `patch`."""
    kinds = {"overview": ("patches", figures.patches), "montage": ("montage", figures.montage.enabled)}
    return {kind: [f"{folder}/{{patch}}.png"] for kind, (folder, wanted) in kinds.items() if wanted}


def source_figures(figures: Figures) -> Names:
    """The montages of the whole tile that are switched on: choice of the sources to names."""
    montage = figures.montage
    choices = ["snr", "chi2"] * bool(montage.of_tile) + ["id"] * bool(montage.ids)
    return {choice: [f"sources/{choice}.png"] for choice in choices if montage.enabled}


def catalog_figures() -> Names:
    """The figures of the catalogue."""
    return {kind: [f"catalog/{kind}.png"] for kind in ("cmd", "residuals")}


def zeropoint_figures(bands: Sequence[str]) -> Names:
    """The zero-point figures: one of each band, in order, and those of all bands together."""
    return {
        "bands": [f"zeropoint/zp_vs_mag__{band}.png" for band in bands],
        "field": ["zeropoint/zp_map.png"],
        "color": ["zeropoint/zp_color.png"],
    }


def record_of(name: str) -> str:
    """The record, under `records/`, of the job that draws a figure of this name."""
    folder, _, stem = name.removesuffix(".png").rpartition("/")
    if folder in ("patches", "montage"):
        return f"fig_patch/{stem}.json"
    if folder.startswith("psf/"):
        return f"fig_psf/{folder.removeprefix('psf/')}.json"
    rule = {"": stem, "psf": "grid"}.get(folder, folder)
    return f"fig_{rule}/{rule}.json"


def spread(tags: Sequence[str], most: int) -> list[str]:
    """At most `most` of the tags, evenly spread from the first to the last."""
    if len(tags) <= most:
        return list(tags)
    if most < 2:
        return [tags[len(tags) // 2]] * most
    return [tags[round(index * (len(tags) - 1) / (most - 1))] for index in range(most)]


def _flat(names: Names) -> list[str]:
    return [name for group in names.values() for name in group]
