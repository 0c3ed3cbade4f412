"""Which figure files a run makes: names only, for the planner."""

from .config.products import Figures
from .plan import Plan


def figure_files(figures: Figures, plan: Plan) -> list[str]:
    """Paths under the tile's `figures/` folder, as the switches ask for them."""
    if not figures.enabled:
        return []
    psf = [name for name in psf_kinds(figures) for _ in [0]]
    names = ["white.png"] * figures.white + ["overlay.png"] * figures.overlay + ["zeropoint.done"] * figures.zeropoint
    names += [f"psf/{cell}/{kind}.png" for cell in plan.cells for kind in psf]
    names += [f"patches/{patch}.png" for patch in plan.patch_tags] if figures.patches else []
    names += [f"montage/{patch}.png" for patch in plan.patch_tags] if figures.montage.enabled else []
    return names


def psf_kinds(figures: Figures) -> list[str]:
    """The PSF figures that are switched on."""
    kinds = ("stars", "growth_curve", "residuals", "background", "local_background")
    return [kind for kind in kinds if getattr(figures.psf, kind)]
